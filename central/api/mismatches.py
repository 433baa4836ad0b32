"""Requests of headquarters about vehicles that are not as they should be (车辆不符)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from central.api.errors import SEEING, refusals
from central.api.parts import parts_of
from central.api.schemas import Shape
from central.api.security import permitted
from central.application.ports import Session
from central.application.views import MismatchView
from station.contract.entries import MismatchAt
from station.domain.officers import Permission

ROUTER: Final = APIRouter(prefix="/api", tags=["headquarters"])
MOST: Final = 500
NO_CONTENT: Final = 204

Watching = Annotated[Session, Depends(permitted(Permission.WATCH))]
Exporting = Annotated[Session, Depends(permitted(Permission.EXPORT_LISTS))]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Home = Annotated[str, Field(min_length=2, max_length=2)]
HomeAsked = Annotated[str | None, Query(min_length=2, max_length=2)]


class MismatchOut(Shape):
    """``GET /api/vehicle-mismatches?home=&copied=&node=`` (newest first).

    ``home``: province and letter of the office that issued the plate; its police are told.
    ``letter_no``, ``copied_at``: null until they were. ``kinds``: not as GB 1589 (``standard``) or
    the licence (``licence``) says.
    """

    node: str
    seq: int
    passage_id: str
    case_no: str
    subject: Literal["tractor", "trailer"]
    plate: str
    home: str
    kinds: list[Literal["standard", "licence"]]
    facts: str
    noted_at: datetime
    noted_on: date
    letter_no: str | None
    copied_at: datetime | None


class MismatchNamed(Shape):
    """One row of the list."""

    node: Annotated[str, Field(max_length=64)]
    seq: Annotated[int, Field(ge=1, lt=2**63)]


class CopiedIn(Shape):
    """``POST /api/vehicle-mismatches/copies``: the police of a home were told by a letter."""

    home: Home
    letter_no: Annotated[str, Field(min_length=1, max_length=100)]
    mismatches: Annotated[list[MismatchNamed], Field(min_length=1, max_length=MOST)]


@ROUTER.get("/vehicle-mismatches", responses=SEEING)
async def mismatches(
    request: Request,
    session: Watching,
    *,
    home: HomeAsked = None,
    copied: bool | None = None,
    node: str | None = None,
    limit: Limit = 100,
) -> list[MismatchOut]:
    """List vehicles that were not as they should be, and whose home police were told."""
    scope = session.scope if node is None else session.scope.narrowed(node)
    found = await parts_of(request).reading.mismatches(scope, home=home, copied=copied, limit=limit)
    return [_out(one) for one in found]


@ROUTER.get(
    "/export/vehicle-mismatches.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **SEEING},
)
async def mismatches_csv(
    request: Request, session: Exporting, home: Annotated[str, Query(min_length=2, max_length=2)]
) -> Response:
    """Export what the police of a home are still to be told, as the enclosure of the letter."""
    parts = parts_of(request)
    found = await parts.reading.mismatches(session.scope, home=home, copied=False, limit=MOST)
    disposition = f"attachment; filename*=UTF-8''{quote(parts.mismatch_file_name(home))}"
    return Response(
        parts.mismatch_csv(found),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": disposition},
    )


@ROUTER.post(
    "/vehicle-mismatches/copies",
    status_code=NO_CONTENT,
    responses={**SEEING, **refusals(409, 413)},
)
async def copies(request: Request, session: Exporting, asked: CopiedIn) -> None:
    """Write down that a letter went to the police of a home."""
    await parts_of(request).copy_mismatches(
        asked.home,
        asked.letter_no,
        [MismatchAt(node=one.node, seq=one.seq) for one in asked.mismatches],
        officer=session.officer,
        scope=session.scope,
    )


def _out(one: MismatchView) -> MismatchOut:
    return MismatchOut.model_validate(
        {name: getattr(one, name) for name in MismatchOut.model_fields}
    )
