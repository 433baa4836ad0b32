"""How far the wall clock can be trusted (时钟核验): by the centre's time, and by its own steps.

The wall clock is never set from here: that is the machine's work. It is known how far it is off,
every entry says so, and that somebody set it is an entry of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from station.application.devices import CONNECTING, OK
from station.application.ports import Draft, Ledger
from station.contract.entries import Anchor, ClockChange, ClockState, Kind
from station.contract.sealing import Witnessed, stamp
from station.domain.clock import VERIFIED, Believed, Clock
from station.domain.errors import StoreCorrupt, StoreFull

UNVERIFIED: Final = "clock.unverified"
GRACE: Final = timedelta(seconds=60)
"""So long after the start the centre may take to be heard before that is a fault."""
STEP: Final = timedelta(seconds=2)
"""What wall and monotonic clock may differ by within WINDOW: more, and the wall clock was set."""
WINDOW: Final = timedelta(minutes=10)
"""NTP slews by half a millisecond a second: 0.3 s in this time, well below STEP."""
LOOK_EVERY_S: Final = 1.0

_NS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """When the wall clock counts as verified. No law names these numbers: they are the house's.

    Attributes:
        most_off: what the clock may be off the centre's, either way.
        longest_alone: so long the centre's time serves; a quartz clock drifts a few seconds a day.
    """

    most_off: timedelta = timedelta(seconds=60)
    longest_alone: timedelta = timedelta(hours=24)


USUAL: Final = Tolerance()


@dataclass(frozen=True, slots=True)
class _Point:
    """A moment on a clock that shows the date, and on the monotonic one."""

    at: datetime
    ns: int

    def then(self, ns: int) -> datetime:
        """Return the date and time at another moment of the monotonic clock."""
        return self.at + timedelta(microseconds=(ns - self.ns) // _NS)


class TimeKeeper:
    """Knows the centre's time. Asked from the event loop and from the store's thread."""

    def __init__(
        self, clock: Clock, newest: datetime | None = None, tolerance: Tolerance = USUAL
    ) -> None:
        """Begin; *newest*: the time of the last entry before this run, None for none."""
        self._clock = clock
        self._tolerance = tolerance
        self._lock = threading.Lock()
        self._pending: tuple[ClockChange, ...] = ()
        self._began_ns = clock.monotonic_ns()
        self._wall = _Point(clock.now(), self._began_ns)
        self._centre: _Point | None = None
        self._anchor: Anchor | None = None
        if newest is not None:
            self.continue_from(newest)

    def heard(self, at: datetime, asked_ns: int, came_ns: int) -> None:
        """Take the centre's time out of an answer: it was that in the middle of the request."""
        self._centre = _Point(at, (asked_ns + came_ns) // 2)

    def anchored(self, anchor: Anchor) -> None:
        """Take the newest checkpoint of the centre."""
        self._anchor = anchor

    def witnessed(self) -> Witnessed:
        """Return what the next entry says of its clock: ``centre`` only when that is verified."""
        centre, now, ns = self._centre, self._clock.now(), self._clock.monotonic_ns()
        if centre is None:
            return Witnessed(clock=ClockState(source="system"), anchor=self._anchor)
        state = ClockState(
            source="centre" if self._code(now, ns) == OK else "system",
            offset_ms=_ms(centre.then(ns) - now),
            age_s=(ns - centre.ns) // (_NS * 1000 * 1000),
        )
        return Witnessed(clock=state, anchor=self._anchor)

    def state(self) -> tuple[str, str]:
        """Return ``ok`` or what is wrong with the clock, and the seconds that it is off."""
        now, ns = self._clock.now(), self._clock.monotonic_ns()
        off = "" if self._centre is None else f"{_ms(self._centre.then(ns) - now) / 1000:+.1f} s"
        return self._code(now, ns), off

    def believed(self) -> Believed:
        """Return the wall clock's time when that is verified, else the centre's if it was heard."""
        centre, now, ns = self._centre, self._clock.now(), self._clock.monotonic_ns()
        if centre is None:
            return Believed(now, "unverified")
        if self._code(now, ns) == OK:
            return Believed(now, VERIFIED)
        return Believed(centre.then(ns), "centre")

    def pending(self) -> tuple[Draft, ...]:
        """See :class:`~station.application.centre_ports.Steps`."""
        self._look()
        return tuple(Draft(Kind.CLOCK_CHANGE, change) for change in self._pending)

    def written(self, count: int) -> None:
        """See :class:`~station.application.centre_ports.Steps`."""
        with self._lock:
            self._pending = self._pending[count:]

    def continue_from(self, newest: datetime) -> None:
        """See :class:`~station.application.centre_ports.Steps`."""
        with self._lock:
            now = self._clock.now()
            if newest - now > STEP:
                self._pending = (_change(newest, now),)

    async def run(
        self,
        ledger: Ledger,
        report: Callable[[str, str], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Look once a second; write a change of the clock at once, and report its state."""
        while True:
            if self.pending():
                # On a full or spoilt disk it waits, and goes before whatever comes next.
                with contextlib.suppress(StoreCorrupt, StoreFull):
                    await ledger.append()
            report(*self.state())
            await sleep(LOOK_EVERY_S)

    def _look(self) -> None:
        with self._lock:
            ns = self._clock.monotonic_ns()
            now, before = self._clock.now(), self._wall.then(ns)
            if abs(now - before) > STEP:
                self._pending += (_change(before, now),)
            elif ns - self._wall.ns < WINDOW.total_seconds() * _NS * 1000 * 1000:
                return
            self._wall = _Point(now, ns)

    def _code(self, now: datetime, ns: int) -> str:
        if self._centre is None:
            alone = timedelta(microseconds=(ns - self._began_ns) // _NS)
            return CONNECTING if alone <= GRACE else UNVERIFIED
        age = timedelta(microseconds=(ns - self._centre.ns) // _NS)
        off = abs(self._centre.then(ns) - now)
        good = off <= self._tolerance.most_off and age <= self._tolerance.longest_alone
        return OK if good else UNVERIFIED


def _change(before: datetime, after: datetime) -> ClockChange:
    return ClockChange(before=stamp(before), after=stamp(after), step_ms=_ms(after - before))


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
