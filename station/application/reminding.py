"""What is due next in the cases of this station, what is overdue, and by whose time (期限提示)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from station.application.centre_ports import DriverAsked, DriverRequests
from station.application.ports import Views
from station.application.views import moment
from station.domain.asking import answerer, settled
from station.domain.case import Case
from station.domain.clock import Believed, local_date
from station.domain.errors import NoLawInForce, NotFound
from station.rules.clocks import USUAL, Ahead, LegalClock, Running, Whose, clocks
from station.rules.deadlines import WorkingDays
from station.rules.lawbook import LawBook
from station.rules.surcharge import Surcharge, surcharge

OPEN: Final = 1000
CLOSED: Final = 200
"""A closed case has one clock left, of a few days: the newest are enough."""
_SHOWN: Final = {Running.RUNNING, Running.OVERDUE, Running.INCALCULABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One clock of one case; ``soon``: it runs, and ends within the time of warning."""

    case: Case
    clock: LegalClock
    soon: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The clocks of one case, or of all; ``time``: by which they were looked at."""

    time: Believed
    reminders: tuple[Reminder, ...]
    surcharge: Surcharge | None = None


class Reminding:
    """Looks at the clocks. Nothing is kept: they follow from the cases and the law."""

    def __init__(
        self,
        *,
        views: Views,
        requests: DriverRequests,
        law: LawBook,
        working: WorkingDays,
        time: Callable[[], Believed],
        ahead: Ahead = USUAL,
    ) -> None:
        self._views = views
        self._requests = requests
        self._law = law
        self._working = working
        self._time = time
        self._ahead = ahead

    async def of(self, case_no: str) -> Sheet:
        """Return every clock of a case, and its surcharge.

        Raises:
            NotFound: no such case.
        """
        case, time = await self._views.case(case_no), self._time()
        try:
            added = surcharge(case, local_date(time.at), self._law)
        except NoLawInForce:
            added = None
        asked = await self._requests.of_case(case_no)
        found = (*self._reminders(case, time.at), *self._answers(case, asked, time.at))
        return Sheet(time=time, reminders=found, surcharge=added)

    async def due(self) -> Sheet:
        """Return what runs or is overdue in every case, the longest overdue first."""
        time = self._time()
        cases = await self._views.cases(closed=False, limit=OPEN)
        cases += await self._views.cases(closed=True, limit=CLOSED)
        found = [one for case in cases for one in self._reminders(case, time.at)]
        for asked in await self._requests.unanswered():
            with contextlib.suppress(NotFound):  # a case that this store has lost
                case = await self._views.case(asked.request.case_no)
                found += self._answers(case, [asked], time.at)
        shown = [one for one in found if one.clock.state in _SHOWN]
        return Sheet(time=time, reminders=tuple(sorted(shown, key=_order)))

    def _answers(self, case: Case, asked: Iterable[DriverAsked], at: datetime) -> list[Reminder]:
        """Return the clocks of what the driver asked, as the centre promised him the answer."""
        found = (_answer_clock(case, one, at, self._law) for one in asked)
        return [Reminder(case=case, clock=one, soon=one.is_soon(at, self._ahead)) for one in found]

    def _reminders(self, case: Case, at: datetime) -> tuple[Reminder, ...]:
        found = clocks(case, at, self._law, self._working)
        return tuple(
            Reminder(case=case, clock=one, soon=one.is_soon(at, self._ahead)) for one in found
        )


def _answer_clock(case: Case, one: DriverAsked, at: datetime, law: LawBook) -> LegalClock:
    asked_at, until = moment(one.request.at), moment(one.request.answer_by)
    key = f"deadline.answer_{one.request.what}"
    parameter = law.parameter(key)
    provision = parameter.on(local_date(asked_at))
    met = one.answer is not None or settled(one.asked, case, asked_at) is not None
    late = Running.OVERDUE if at > until else Running.RUNNING
    return LegalClock(
        key=key,
        title=parameter.title,
        source=provision.source,
        confidence=provision.confidence,
        unit=parameter.unit,
        whose=Whose.OFFICE,
        began_on=local_date(asked_at),
        due_on=local_date(until),
        due_at=until,
        authority=answerer(one.asked, case) or case.penal,
        missing_year=None,
        state=Running.MET if met else late,
    )


def _order(one: Reminder) -> tuple[bool, str, str, str]:
    clock = one.clock
    until = clock.due_on.isoformat() if clock.due_on else ""
    return clock.due_on is not None, until, one.case.case_no, clock.key
