"""Requests about legal clocks (法定期限): of one case, and what is due or overdue in all."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from fastapi import APIRouter, Depends

from station.api.errors import SEEING
from station.api.schemas import Shape
from station.api.services import Serving, watching
from station.application.reminding import Reminder, Sheet
from station.rules.surcharge import Surcharge

seeing = APIRouter(prefix="/api", dependencies=[Depends(watching)], responses=SEEING)


class ClockOut(Shape):
    """One deadline. ``title`` and ``source`` are of the law data, ``unit`` its kind of day.

    ``confidence``: ``recalled`` or ``inferred`` where a person must confirm the basis. ``due_on``
    null: it cannot be calculated, since the days off of a year are not kept here. ``unrecorded``:
    its time is over, and cases do not record whether it was done.
    """

    case_no: str
    plate: str
    key: str
    title: str
    source: str
    confidence: Literal["seen", "recalled", "inferred"]
    unit: Literal["hour", "working_day", "calendar_day", "month", "year", "date"]
    whose: Literal["office", "duty", "right", "unseen"]
    began_on: date
    due_on: date | None
    due_at: datetime | None
    state: Literal["running", "suspended", "met", "overdue", "lapsed", "unrecorded", "incalculable"]
    soon: bool


class SurchargeOut(Shape):
    """What is added to a fine that is not paid in time (加处罚款), up to now; never above it."""

    amount_fen: int
    cap_fen: int
    days: int
    from_on: date
    suspended: bool


class ClocksOut(Shape):
    """``GET /api/cases/{no}/clocks`` (all of a case), ``GET /api/clocks`` (running or overdue).

    ``time``: whose time ``at`` is: the ``station``'s, verified; the ``centre``'s, carried on since
    it was last heard, while the station's own is not verified; ``unverified``: nobody's.
    """

    at: datetime
    time: Literal["station", "centre", "unverified"]
    clocks: list[ClockOut]
    surcharge: SurchargeOut | None


@seeing.get("/clocks")
async def due(services: Serving) -> ClocksOut:
    """List what is due next and what is overdue, the longest overdue first."""
    return _out(await services.reminding.due())


@seeing.get("/cases/{case_no}/clocks")
async def of_case(services: Serving, case_no: str) -> ClocksOut:
    """Show the clocks of one case."""
    return _out(await services.reminding.of(case_no))


def _out(sheet: Sheet) -> ClocksOut:
    return ClocksOut.model_validate(
        {
            "at": sheet.time.at,
            "time": sheet.time.whose,
            "clocks": [_clock_out(one) for one in sheet.reminders],
            "surcharge": None if sheet.surcharge is None else _surcharge_out(sheet.surcharge),
        }
    )


def _clock_out(one: Reminder) -> ClockOut:
    clock = one.clock
    return ClockOut.model_validate(
        {
            "case_no": one.case.case_no,
            "plate": one.case.plate,
            "key": clock.key,
            "title": clock.title,
            "source": clock.source,
            "confidence": clock.confidence.value,
            "unit": clock.unit,
            "whose": clock.whose.value,
            "began_on": clock.began_on,
            "due_on": clock.due_on,
            "due_at": clock.due_at,
            "state": clock.state.value,
            "soon": one.soon,
        }
    )


def _surcharge_out(one: Surcharge) -> SurchargeOut:
    return SurchargeOut(
        amount_fen=one.amount_fen,
        cap_fen=one.cap_fen,
        days=one.days,
        from_on=one.from_on,
        suspended=one.suspended,
    )
