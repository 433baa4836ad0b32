"""What is due next and what is overdue in the cases of all stations (到期与逾期), by central time.

Nothing of it is stored: the clocks follow from the cases and the law. What was found in a case is
kept in memory until the case goes on or one of its clocks runs out, so that a look at very many
cases works out few of them anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Final, Protocol

from central.domain.access import Scope
from central.domain.days import local_day
from station.domain.case import Case
from station.domain.clock import CHINA, Clock
from station.domain.errors import StorageError
from station.domain.officers import Role
from station.rules.clocks import USUAL, Ahead, LegalClock, Running, Whose, clocks
from station.rules.deadlines import WorkingDays
from station.rules.lawbook import LawBook

CLOSED: Final = timedelta(days=45)
"""What an office still owes in a closed case (抄告, 撤回公示) is a matter of working days."""
AT_ONCE: Final = 1000
"""Cases worked out in one go, in a thread."""

_SHOWN: Final = frozenset({Running.RUNNING, Running.OVERDUE, Running.INCALCULABLE})
_OFFICE: Final = frozenset({Whose.OFFICE, Whose.UNSEEN})
_LOG: Final = logging.getLogger(__name__)


class Pressing(Enum):
    """How pressing a clock is."""

    OVERDUE = "overdue"  # 逾期
    SOON = "soon"  # 即将到期
    RUNNING = "running"  # 进行中
    INCALCULABLE = "incalculable"  # 不能计算


class Actor(Enum):
    """Who has to act, or may."""

    ROAD = "road"
    POLICE = "police"
    PARTY = "party"  # 当事人


@dataclass(frozen=True, slots=True)
class Mark:
    """A case and the entry after which it stands as it does."""

    node: str
    case_no: str
    seq: int


@dataclass(frozen=True, slots=True)
class Filed:
    """A case as it stands after the entry of its mark."""

    mark: Mark
    case: Case


class CaseFiles(Protocol):
    """The cases of all stations, read."""

    async def marks(self, closed_since: date) -> list[Mark]:
        """Return every case that is open, or was closed on that local day or later."""
        ...

    async def files(self, marks: Sequence[Mark]) -> list[Filed]:
        """Return cases as they stand now; those that are gone are left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DueClock:
    """One clock of one case, running, overdue or beyond what is known."""

    node: str
    case_no: str
    plate: str
    actor: Actor
    clock: LegalClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which clocks are wanted; None: whatever. ``offset``, ``limit``: which of them."""

    actor: Actor | None = None
    pressing: Pressing | None = None
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePage:
    """Some of the clocks, the longest overdue first.

    Attributes:
        counts: of the scope and the actor, whatever else is asked.
        total: how many are as asked.
        missing_years: for which no days off are kept here, so that clocks cannot be calculated.
    """

    at: datetime
    counts: Mapping[Pressing, int]
    total: int
    missing_years: tuple[int, ...]
    clocks: tuple[tuple[Pressing, DueClock], ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """``until``: the last moment at which the clocks are so; None: until the case goes on."""

    seq: int
    clocks: tuple[DueClock, ...]
    until: datetime | None


class Due:
    """Looks at the clocks of all cases."""

    def __init__(
        self,
        *,
        files: CaseFiles,
        law: LawBook,
        working: WorkingDays,
        clock: Clock,
        ahead: Ahead = USUAL,
    ) -> None:
        self._files = files
        self._law = law
        self._working = working
        self._clock = clock
        self._ahead = ahead
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._sorted: list[DueClock] = []
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Look once, so that the first who asks does not wait for all cases to be worked out."""
        try:
            await self._look(self._clock.now())
        except StorageError as exc:
            _LOG.warning("legal clocks are looked at when asked for", extra={"code": exc.code})

    async def __call__(self, scope: Scope, asked: Asked) -> DuePage:
        """Return what is asked of the stations within *scope*.

        Raises:
            StorageError: the database is away.
        """
        at = self._clock.now()
        found = await self._look(at)
        return await asyncio.to_thread(_page, found, scope, asked, at, self._ahead)

    async def _look(self, at: datetime) -> list[DueClock]:
        """Bring what is kept up to *at*, and return every clock in its order."""
        async with self._looking:
            if at < self._looked_at:  # the clock was set back: what had run out runs again
                self._kept.clear()
            self._looked_at = at
            marks = await self._files.marks(local_day(at) - CLOSED)
            here = {(one.node, one.case_no) for one in marks}
            gone = self._kept.keys() - here
            for key in gone:
                del self._kept[key]
            stale = [one for one in marks if self._is_stale(one, at)]
            for some in _batches(stale):
                filed = await self._files.files(some)
                self._kept |= await asyncio.to_thread(self._worked_out, filed, at)
            if stale or gone:
                self._sorted = await asyncio.to_thread(_in_order, tuple(self._kept.values()))
            return self._sorted

    def _is_stale(self, mark: Mark, at: datetime) -> bool:
        kept = self._kept.get((mark.node, mark.case_no))
        if kept is None or kept.seq != mark.seq:
            return True
        return kept.until is not None and at > kept.until

    def _worked_out(self, filed: Iterable[Filed], at: datetime) -> dict[tuple[str, str], _Kept]:
        return {
            (one.mark.node, one.mark.case_no): self._of_case(one.mark, one.case, at)
            for one in filed
        }

    def _of_case(self, mark: Mark, case: Case, at: datetime) -> _Kept:
        found = clocks(case, at, self._law, self._working)
        shown = tuple(
            DueClock(
                node=mark.node,
                case_no=case.case_no,
                plate=case.plate,
                actor=Actor.PARTY if one.authority is None else _ACTORS[one.authority],
                clock=one,
            )
            for one in found
            if one.state in _SHOWN and (one.whose in _OFFICE or not case.closed)
        )
        ends = [_end(one.clock) for one in shown if one.clock.state is Running.RUNNING]
        return _Kept(mark.seq, shown, min(ends, default=None))


_ACTORS: Final = {Role.ROAD: Actor.ROAD, Role.POLICE: Actor.POLICE}


def _batches(marks: Sequence[Mark]) -> Iterable[Sequence[Mark]]:
    return (marks[first : first + AT_ONCE] for first in range(0, len(marks), AT_ONCE))


def _end(clock: LegalClock) -> datetime:
    """Return the last moment of a clock that runs."""
    if clock.due_at is not None:
        return clock.due_at
    assert clock.due_on is not None  # noqa: S101 - for the type: what runs has an end
    return datetime.combine(clock.due_on, time.max, CHINA)


def _in_order(kept: Iterable[_Kept]) -> list[DueClock]:
    """Return all clocks by their ends, those that cannot be calculated last."""
    return sorted((one for some in kept for one in some.clocks), key=_order)


def _order(one: DueClock) -> tuple[date, datetime, str, str, str]:
    clock = one.clock
    due_on = clock.due_on or date.max
    return due_on, clock.due_at or _LAST, one.node, one.case_no, clock.key


_LAST: Final = datetime.max.replace(tzinfo=UTC)


def _page(
    found: Iterable[DueClock], scope: Scope, asked: Asked, at: datetime, ahead: Ahead
) -> DuePage:
    seen = [
        (_pressing(one.clock, at, ahead), one)
        for one in found
        if scope.covers(one.node) and asked.actor in (None, one.actor)
    ]
    counts = Counter(pressing for pressing, _ in seen)
    wanted = [one for one in seen if asked.pressing in (None, one[0])]
    years = {one.clock.missing_year for _, one in seen} - {None}
    return DuePage(
        at=at,
        counts={one: counts[one] for one in Pressing},
        total=len(wanted),
        missing_years=tuple(sorted(year for year in years if year is not None)),
        clocks=tuple(wanted[asked.offset : asked.offset + asked.limit]),
    )


def _pressing(clock: LegalClock, at: datetime, ahead: Ahead) -> Pressing:
    if clock.state is not Running.RUNNING:
        return Pressing(clock.state.value)
    return Pressing.SOON if clock.is_soon(at, ahead) else Pressing.RUNNING
