"""Requests of headquarters about legal clocks of all stations, and about evasion cases."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request

from central.api.errors import SEEING
from central.api.parts import parts_of
from central.api.schemas import NodeName, Shape
from central.api.security import permitted
from central.application.due import Actor, Asked, DueClock, Pressing
from central.application.ports import Session
from central.application.views import EvasionView
from station.domain.officers import Permission

ROUTER: Final = APIRouter(prefix="/api", tags=["headquarters"])
MOST_ROWS: Final = 500
MOST_SKIPPED: Final = 1_000_000

Watching = Annotated[Session, Depends(permitted(Permission.WATCH))]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Offset = Annotated[int, Query(ge=0, le=MOST_SKIPPED)]

PressingName = Literal["overdue", "soon", "running", "incalculable"]
ActorName = Literal["road", "police", "party"]


class DueClockOut(Shape):
    """One deadline. ``title`` and ``source`` are of the law data, ``unit`` its kind of day.

    ``actor``: whose act is due. ``due_on`` null: it cannot be calculated; ``missing_year``: whose
    days off are not kept at the centre, where that is why. ``confidence``: ``recalled`` or
    ``inferred`` where a person must confirm the basis.
    """

    node: str
    case_no: str
    plate: str
    actor: ActorName
    pressing: PressingName
    key: str
    title: str
    source: str
    confidence: Literal["seen", "recalled", "inferred"]
    unit: Literal["hour", "working_day", "calendar_day", "month", "year", "date"]
    began_on: date
    due_on: date | None
    due_at: datetime | None
    missing_year: int | None


class DueCountsOut(Shape):
    """How many clocks are how pressing."""

    overdue: int
    soon: int
    running: int
    incalculable: int


class DueOut(Shape):
    """``GET /api/clocks?node=&actor=&pressing=&offset=&limit=``, the longest overdue first.

    ``at``: the centre's time, by which it was looked. ``counts``: within the officer's scope, of
    that station and actor; ``total``: of that ``pressing`` too.
    """

    at: datetime
    counts: DueCountsOut
    total: int
    missing_years: list[int]
    clocks: list[DueClockOut]


class TransferOut(Shape):
    """The newest hand-over (移送): ``waiting`` for its answer, ``answered`` or ``returned``.

    ``result``: ``punished``, ``not_punished`` or ``filed`` of an answer, else "".
    """

    to: str
    body: str
    letter_no: str
    at: datetime
    state: Literal["waiting", "answered", "returned"]
    receipt_no: str
    result: str


class EvasionOut(Shape):
    """``GET /api/evasions?open=&node=`` (newest first): evasion cases, no over-limit cases.

    ``held``: the truck was towed or detained by art 67 and not given back yet. ``criterion``: of
    serious dishonesty (交办公路〔2017〕8号), null where none is met.
    """

    node: str
    evasion_no: str
    deed: str
    plate: str
    place: str
    occurred_at: datetime
    opened_at: datetime
    stage: str
    held: bool
    fine_fen: int | None
    criterion: int | None
    closed: bool
    acted_at: datetime | None
    transfer: TransferOut | None


def _asked(
    actor: ActorName | None = None,
    pressing: PressingName | None = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> Asked:
    return Asked(
        actor=Actor(actor) if actor else None,
        pressing=Pressing(pressing) if pressing else None,
        offset=offset,
        limit=limit,
    )


@ROUTER.get("/clocks", responses=SEEING)
async def due(
    request: Request,
    session: Watching,
    asked: Annotated[Asked, Depends(_asked)],
    node: NodeName = None,
) -> DueOut:
    """List what is due next and what is overdue in the cases of all stations."""
    scope = session.scope if node is None else session.scope.narrowed(node)
    page = await parts_of(request).due(scope, asked)
    return DueOut(
        at=page.at,
        counts=DueCountsOut(**{one.value: count for one, count in page.counts.items()}),
        total=page.total,
        missing_years=list(page.missing_years),
        clocks=[_clock_out(pressing, one) for pressing, one in page.clocks],
    )


@ROUTER.get("/evasions", responses=SEEING)
async def evasions(
    request: Request,
    session: Watching,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    node: NodeName = None,
    limit: Limit = 100,
) -> list[EvasionOut]:
    """List evasion cases, newest first; all, the open ones or the closed ones."""
    scope = session.scope if node is None else session.scope.narrowed(node)
    closed = None if is_open is None else not is_open
    found = await parts_of(request).reading.evasions(scope, closed=closed, limit=limit)
    return [_evasion_out(one) for one in found]


def _clock_out(pressing: Pressing, one: DueClock) -> DueClockOut:
    clock = one.clock
    return DueClockOut.model_validate(
        {
            "node": one.node,
            "case_no": one.case_no,
            "plate": one.plate,
            "actor": one.actor.value,
            "pressing": pressing.value,
            "key": clock.key,
            "title": clock.title,
            "source": clock.source,
            "confidence": clock.confidence.value,
            "unit": clock.unit,
            "began_on": clock.began_on,
            "due_on": clock.due_on,
            "due_at": clock.due_at,
            "missing_year": clock.missing_year,
        }
    )


def _evasion_out(one: EvasionView) -> EvasionOut:
    file, sent = one.file, one.transfer
    transfer = None
    if sent is not None:
        transfer = TransferOut.model_validate(
            {name: getattr(sent, name) for name in TransferOut.model_fields}
        )
    return EvasionOut(
        node=one.node,
        evasion_no=file.evasion_no,
        deed=file.deed.value,
        plate=file.plate,
        place=file.place,
        occurred_at=file.occurred_at,
        opened_at=file.opened_at,
        stage=file.stage.value,
        held=file.held,
        fine_fen=file.fine_fen,
        criterion=file.criterion,
        closed=file.closed,
        acted_at=file.history[-1].at if file.history else None,
        transfer=transfer,
    )
