"""What the centre knows of a truck (已知情况): facts for the officer; they decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from station.application.centre_ports import CentreFacts
from station.application.views import PassageView, moment
from station.contract.entries import DecisionInForce, DriverRequest, Permit, UnloadingForm, Watched
from station.contract.sealing import local_day
from station.rules.lawbook import LawBook

FORM_HOURS: Final = "penalty.duplicate_guard_hours"
"""So long a form speaks of the load that is weighed now."""
DECISIONS_FOR: Final = timedelta(days=365)
"""How far back is shown. Which decisions count, the centre says by the law's own window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All of one truck at one moment, the newest first in each list.

    ``requests``: what its driver asks in the case of this weighing.
    """

    watched: Watched | None = None
    permits: tuple[Permit, ...] = ()
    decisions: tuple[DecisionInForce, ...] = ()
    forms: tuple[UnloadingForm, ...] = ()
    requests: tuple[DriverRequest, ...] = ()


async def known_of(facts: CentreFacts, view: PassageView, law: LawBook) -> Known:
    """Return what is known of the truck of a passage at its time, but for its own case here."""
    plate, at = view.plate, moment(view.passage.weighing.settled_at)
    if plate is None:
        return Known()
    day, own = local_day(at), {view.case_no, view.recheck_of}
    hours = law.provision(FORM_HOURS, date.fromisoformat(day)).value
    return Known(
        watched=await facts.watched(plate, date.fromisoformat(day)),
        permits=tuple(
            one for _, one in await facts.permits(plate) if one.first_on <= day <= one.last_on
        ),
        decisions=tuple(
            one
            for one in await facts.decisions(plate)
            if one.case_no not in own and _within(one.decided_at, at, DECISIONS_FOR)
        ),
        forms=tuple(
            one
            for one in await facts.unloading_forms(plate)
            if one.case_no not in own and _within(one.cleared_at, at, timedelta(hours=int(hours)))
        ),
        requests=tuple(one for one in await facts.requests(plate) if one.case_no in own),
    )


def _within(text: str, at: datetime, span: timedelta) -> bool:
    return timedelta() <= at - moment(text) <= span
