"""From a stream of readings to one weighing (称重): when a vehicle came, settled and left. Pure.

A weight counts only when the platform showed it without a break, in frames that were really sent.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from station.domain.units import Kg
from station.domain.weighing import Reading

NS_PER_MS: Final = 1_000_000
PRESENCE: Final = Kg(500)
DIVISION: Final = Kg(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuringRules:
    """What the station demands of a weight.

    Attributes:
        presence: kg; from here on a vehicle stands on the platform.
        division: kg; the scale's division (分度值). A settled weight moves by no more than one.
        settle_ms: for how long it must stand still.
        least_frames: how many frames that window must hold.
        confirm: how many readings in a row make an arrival or a departure.
        longest_gap_ms: a silence longer than this breaks the window.
    """

    presence: Kg = PRESENCE
    division: Kg = DIVISION
    settle_ms: int = 1500
    least_frames: int = 6
    confirm: int = 3
    longest_gap_ms: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A vehicle is on the platform. ``resumed``: the platform was not seen empty before."""

    at_ns: int
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The weight stood still: this is the weighing.

    Attributes:
        gross: the value shown most often in the window; of two, the lower.
        frames: raw frames of the window, in order.
    """

    gross: Kg
    frames: tuple[bytes, ...]
    spread: Kg
    settled_ms: int
    arrived_ns: int
    at_ns: int
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The weight settled again at another value before the platform was empty.

    The vehicle had not been on it whole, or another drove on: ``again`` says what stands there now,
    and nothing can say whose it is.
    """

    again: Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The vehicle is gone. ``settled`` False: no valid weight came of it.

    Attributes:
        reason: ``not_settled``, or the code of the fault that ended the weighing; "" when settled.
    """

    at_ns: int
    arrived_ns: int
    settled: bool
    reason: str
    highest: Kg


PlatformEvent = Arrived | Settled | Changed | Left


class _State(Enum):
    EMPTY = auto()
    WEIGHING = auto()
    WEIGHED = auto()


class Platform:
    """Watches one platform. Feed it every reading; it tells what happened, if anything.

    It starts as *not seen empty*: a vehicle may stand there already.
    """

    def __init__(self, rules: MeasuringRules) -> None:
        self._rules = rules
        self._state = _State.EMPTY
        self._seen_empty = False
        self._window: deque[tuple[int, Kg, bytes]] = deque()
        self._recent: deque[tuple[int, Kg]] = deque()
        self._streak = 0
        self._arrived_ns = 0
        self._highest = Kg(0)
        self._recorded: Kg | None = None
        self._resumed = False

    @property
    def occupied(self) -> bool:
        """Tell whether a vehicle is on the platform."""
        return self._state is not _State.EMPTY

    @property
    def steady(self) -> bool:
        """Tell whether the weight shown stands still, for the eye: with or without a vehicle."""
        weights = [weight for _, weight in self._recent]
        return (
            len(weights) >= self._rules.least_frames
            and max(weights) - min(weights) <= self._rules.division
        )

    def feed(self, reading: Reading, at_ns: int) -> PlatformEvent | None:
        """Take one reading, received at *at_ns* (monotonic)."""
        weight = reading.gross
        if weight is None:  # over range, or net: there is something, but not a weight
            self._window.clear()
            self._recent.clear()
            return None
        self._remember(reading, weight, at_ns)
        present = weight >= self._rules.presence
        if present is not self.occupied:
            return self._maybe_turn(present=present, weight=weight, at_ns=at_ns)
        self._streak = 0
        if not present:
            self._seen_empty = True
            return None
        self._highest = max(self._highest, weight)
        if self._window and at_ns - self._window[-1][0] > self._rules.longest_gap_ms * NS_PER_MS:
            self._window.clear()
        self._window.append((at_ns, weight, reading.raw))
        if reading.stable is False:
            self._window.clear()
        return self._settle(at_ns)

    def lost(self, reason: str, at_ns: int) -> Left | None:
        """Note that the line failed: what stands on the platform is no longer known."""
        was, self._state = self._state, _State.EMPTY
        self._seen_empty = False
        self._window.clear()
        self._recent.clear()
        self._streak = 0
        if was is not _State.WEIGHING:
            return None
        return self._left(at_ns, settled=False, reason=reason)

    def _remember(self, reading: Reading, weight: Kg, at_ns: int) -> None:
        self._recent.append((at_ns, weight))
        while at_ns - self._recent[0][0] > self._rules.settle_ms * NS_PER_MS:
            self._recent.popleft()
        if reading.stable is False:
            self._recent.clear()

    def _maybe_turn(self, *, present: bool, weight: Kg, at_ns: int) -> PlatformEvent | None:
        self._streak += 1
        self._window.clear()
        if self._streak < self._rules.confirm:
            return None
        self._streak = 0
        if present:
            self._state = _State.WEIGHING
            self._arrived_ns = at_ns
            self._highest = weight
            self._resumed = not self._seen_empty
            self._recorded = None
            return Arrived(at_ns=at_ns, resumed=self._resumed)
        settled = self._state is _State.WEIGHED
        self._state = _State.EMPTY
        self._seen_empty = True
        return self._left(at_ns, settled=settled, reason="" if settled else "not_settled")

    def _left(self, at_ns: int, *, settled: bool, reason: str) -> Left:
        return Left(
            at_ns=at_ns,
            arrived_ns=self._arrived_ns,
            settled=settled,
            reason=reason,
            highest=self._highest,
        )

    def _settle(self, at_ns: int) -> PlatformEvent | None:
        window = self._window
        while window and _spread(window) > self._rules.division:
            window.popleft()
        if len(window) < self._rules.least_frames:
            return None
        stood_ms = (at_ns - window[0][0]) // NS_PER_MS
        if stood_ms < self._rules.settle_ms:
            return None
        settled = Settled(
            gross=_most_shown(window),
            frames=tuple(raw for _, _, raw in window),
            spread=_spread(window),
            settled_ms=stood_ms,
            arrived_ns=self._arrived_ns,
            at_ns=at_ns,
            resumed=self._resumed,
        )
        window.clear()
        before, self._state = self._recorded, _State.WEIGHED
        if before is not None and abs(settled.gross - before) <= self._rules.division:
            return None
        self._recorded = settled.gross
        return settled if before is None else Changed(again=replace(settled, resumed=False))


def _spread(window: deque[tuple[int, Kg, bytes]]) -> Kg:
    weights = [weight for _, weight, _ in window]
    return Kg(max(weights) - min(weights))


def _most_shown(window: deque[tuple[int, Kg, bytes]]) -> Kg:
    shown = Counter(weight for _, weight, _ in window)
    most = max(shown.values())
    return min(weight for weight, times in shown.items() if times == most)
