"""Requests about evasion cases (逃避、抗拒检测案件): see, open, act."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, Field

from station.api.errors import ACTING, SEEING
from station.api.papers import PDF, PDF_ANSWER
from station.api.schemas import Amount, Asked, Saved, Shape, Text, Word
from station.api.services import Acting, Services, Serving, watching
from station.application.evading import Incident
from station.application.views import moment
from station.contract.entries import Evidence
from station.domain.evasion import COMPUTED, RULES, Act, Evasion

seeing = APIRouter(prefix="/api", dependencies=[Depends(watching)], responses=SEEING)
acting = APIRouter(prefix="/api", responses=ACTING)

Limit = Annotated[int, Query(ge=1, le=500)]


class EvidenceIn(Asked):
    """A recording kept elsewhere, by its SHA-256 in lower-case hex, and what it shows."""

    digest: Word
    what: Text


class EvasionIn(Asked):
    """``POST /api/evasions``: two officers report what happened.

    ``deed``: of :class:`station.domain.evasion.Deed`. ``plate``: as it was seen, null when nobody
    could read it. ``passage_id``: the weighing that belongs to it, null when there is none.
    """

    deed: Word
    plate: Word | None = None
    place: Word
    occurred_at: Annotated[AwareDatetime, Field(strict=False)]
    passage_id: Word | None = None
    facts: Text
    evidence: Annotated[tuple[EvidenceIn, ...], Field(max_length=32, strict=False)] = ()
    second_officer: Word


class EvasionActIn(Asked):
    """``POST /api/evasions/{evasion_no}/acts``, see ``station.domain.evasion.RULES``."""

    act: Word
    second_officer: Word
    details: Annotated[dict[Word, Text | Amount], Field(max_length=16)]


class EvasionDoneOut(Shape):
    """One act done."""

    act: str
    at: datetime
    officers: list[str]
    details: dict[str, str | int]


class ProofOut(Shape):
    """A piece of evidence; whether it is kept here, ``GET /api/media/{sha256}`` tells."""

    what: str
    sha256: str
    receipt: str


class EvasionNextOut(Shape):
    """An act that is allowed now; ``fields``: what is asked for, ``string`` or ``integer``."""

    act: str
    fields: dict[str, str]


class EvasionOut(Shape):
    """``GET /api/evasions?open=``, ``GET /api/evasions/{evasion_no}``.

    ``transferred``: there is a letter, ``GET /api/evasions/{evasion_no}/letter.pdf``;
    ``held``: the truck was towed or detained by art 67 and not given back yet. ``criterion``: of
    serious dishonesty (交办公路〔2017〕8号), null where none is met.
    """

    evasion_no: str
    deed: str
    plate: str
    place: str
    occurred_at: datetime
    opened_at: datetime
    passage_id: str
    stage: str
    held: bool
    fine_fen: int | None
    criterion: int | None
    closed: bool
    facts: str
    evidence: list[ProofOut]
    transferred: bool
    history: list[EvasionDoneOut]
    next_acts: list[EvasionNextOut]


class ClipOut(Shape):
    """``GET /api/clips``: a clip that was taken in; ``officer`` wore the camera, "" for nobody."""

    sha256: str
    officer: str
    began_at: datetime
    ended_at: datetime
    source: str


@seeing.get("/evasions")
async def evasions(
    services: Serving, *, is_open: Annotated[bool, Query(alias="open")] = True, limit: Limit = 100
) -> list[EvasionOut]:
    """List the newest evasion cases that are open, or closed."""
    found = await services.evading.evasions.evasions(closed=not is_open, limit=limit)
    return [await _out(services, file) for file in found]


@seeing.get("/evasions/{evasion_no}")
async def evasion(evasion_no: str, services: Serving) -> EvasionOut:
    """Show one evasion case."""
    return await _out(services, await services.evading.evasions.evasion(evasion_no))


@seeing.get("/evasions/{evasion_no}/letter.pdf", response_class=Response, responses=PDF_ANSWER)
async def letter(evasion_no: str, services: Serving) -> Response:
    """Give the letter with which it was handed over: always the same bytes, without names."""
    made = await services.evading.letter(evasion_no)
    return Response(made, media_type=PDF, headers={"cache-control": "no-store"})


@seeing.get("/clips")
async def clips(services: Serving, limit: Limit = 50) -> list[ClipOut]:
    """List the clips that were taken in last."""
    return [
        ClipOut(
            sha256=one.sha256,
            officer=one.officer,
            began_at=moment(one.began_at),
            ended_at=moment(one.ended_at),
            source=one.source,
        )
        for one in await services.evading.clips(limit)
    ]


@acting.post("/evasions")
async def open_evasion(asked: EvasionIn, services: Serving, officer: Acting) -> EvasionOut:
    """Open an evasion case."""
    incident = Incident(
        deed=asked.deed,
        plate=asked.plate or "",
        place=asked.place,
        occurred_at=asked.occurred_at,
        passage_id=asked.passage_id or "",
        facts=asked.facts,
        evidence=[Evidence(digest=one.digest, what=one.what) for one in asked.evidence],
    )
    opened = await services.evading.open(incident, officer=officer, second_no=asked.second_officer)
    return await _out(services, opened)


@acting.post("/evasions/{evasion_no}/acts")
async def act_on_evasion(
    evasion_no: str, asked: EvasionActIn, services: Serving, officer: Acting
) -> Saved:
    """Do one act on an evasion case."""
    receipt = await services.evading.act(
        evasion_no,
        asked.act,
        asked.details,
        officer=officer,
        second_no=asked.second_officer,
    )
    return Saved(receipt=receipt)


async def _out(services: Services, file: Evasion) -> EvasionOut:
    record = await services.evading.record(file.evasion_no)
    return EvasionOut(
        evasion_no=file.evasion_no,
        deed=file.deed.value,
        plate=file.plate,
        place=file.place,
        occurred_at=file.occurred_at,
        opened_at=file.opened_at,
        passage_id=file.passage_id,
        stage=file.stage.value,
        held=file.held,
        fine_fen=file.fine_fen,
        criterion=file.criterion,
        closed=file.closed,
        facts=record.report.facts,
        evidence=[
            ProofOut(what=one.what, sha256=one.sha256, receipt=one.receipt)
            for one in record.evidence
        ],
        transferred=any(step.act is Act.TRANSFER for step in record.steps),
        history=[
            EvasionDoneOut(
                act=done.act.value, at=done.at, officers=list(done.officers), details=done.details
            )
            for done in file.history
        ],
        next_acts=[_next(act) for act in file.next_acts],
    )


def _next(act: Act) -> EvasionNextOut:
    computed = COMPUTED.get(act, frozenset())
    says = {name: kind for name, kind in RULES[act].says.items() if name not in computed}
    kinds = {name: "integer" if kind is int else "string" for name, kind in says.items()}
    return EvasionNextOut(act=act.value, fields=kinds)
