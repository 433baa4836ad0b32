"""Requests about the file of a case (卷宗): what is there, what is missing, how it went."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from station.api import schemas
from station.api.errors import ACTING, SEEING
from station.api.services import Acting, Serving, watching
from station.application.filing import Witnessed
from station.application.views import moment
from station.contract.uplink import Receipt
from station.domain.closing import Item, missing

seeing = APIRouter(prefix="/api", dependencies=[Depends(watching)], responses=SEEING)
acting = APIRouter(prefix="/api", responses=ACTING)


@seeing.get("/cases/{case_no}/closing")
async def checklist(case_no: str, services: Serving) -> schemas.ChecklistOut:
    """Show what the file of a case must hold before it closes, and what is missing."""
    items = await services.filing.checklist(case_no)
    return schemas.ChecklistOut(ready=not missing(items), items=[_item_out(item) for item in items])


@seeing.get("/cases/{case_no}/timeline")
async def timeline(case_no: str, services: Serving) -> list[schemas.MomentOut]:
    """Show the whole process of a case, in the order of time."""
    return [_moment_out(one) for one in await services.filing.timeline(case_no)]


@acting.post("/documents/{number}/signature")
async def signature(
    number: str, asked: schemas.SignatureIn, services: Serving, officer: Acting
) -> schemas.Saved:
    """Record how the party took a document."""
    receipt = await services.filing.signed(
        number, asked.manner, asked.note, officer=officer, second_no=asked.second_officer
    )
    return schemas.Saved(receipt=receipt)


@acting.post("/cases/{case_no}/excuses")
async def excuse(
    case_no: str, asked: schemas.ExcuseIn, services: Serving, officer: Acting
) -> schemas.Saved:
    """Record why there is no recording of an act."""
    receipt = await services.filing.excused(
        case_no, asked.act_seq, asked.reason, officer=officer, second_no=asked.second_officer
    )
    return schemas.Saved(receipt=receipt)


def _item_out(item: Item) -> schemas.ChecklistItemOut:
    return schemas.ChecklistItemOut(
        need=item.need.value,
        name=item.name,
        title=item.title,
        number=item.number,
        seq=item.seq,
        standing=item.standing.value,
        blocks=item.blocks,
    )


def _moment_out(one: Witnessed) -> schemas.MomentOut:
    shown = one.moment
    return schemas.MomentOut(
        seq=shown.seq,
        receipt=shown.receipt,
        kind=shown.kind,
        name=shown.name,
        at=shown.at,
        until=shown.until,
        title=shown.title,
        officers=list(shown.officers),
        number=shown.number,
        note=shown.note,
        media=list(shown.media),
        about=list(shown.about),
        centre=None if one.receipt is None else _centre_out(one.receipt),
    )


def _centre_out(receipt: Receipt) -> schemas.CentreReceiptOut:
    return schemas.CentreReceiptOut(
        seq=receipt.seq, log_size=receipt.log_size, at=moment(receipt.at)
    )
