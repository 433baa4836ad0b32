"""One lane: joins what scale and camera saw into passages (过车). Pure: time is an argument.

A weight and a plate belong together when they were taken within ten seconds of one another, while
no other vehicle stood there. What is ambiguous or missing goes to the officer; nothing is guessed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

from station.application.measuring import (
    Arrived,
    Changed,
    Left,
    MeasuringRules,
    Platform,
    Settled,
)
from station.domain.plate_vote import settled as plates_of
from station.domain.plates import PlateReading, Sighting, VehiclePlates
from station.domain.units import Kg
from station.domain.weighing import Reading

NS: Final = 1_000_000_000
WINDOW_NS: Final = 10 * NS
"""Weight, plate and picture are matched within 10 s, as stations of the trade do."""
CONFIRM_NS: Final = 2 * NS
"""So long a single certain reading waits for a second one, or for one that contradicts it."""
READING_NS: Final = 3 * NS
"""After a vehicle left, its pictures may still be in the reader for so long."""
SAME_NS: Final = 60 * NS
"""After so short a loss of the line, an unread vehicle of the same weight is the same one."""
KEPT: Final = 60
"""Sightings remembered; a camera gives at most two or three in a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A vehicle was weighed. ``sightings`` are those that belong to it, oldest first."""

    settled: Settled
    plates: VehiclePlates
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unweighed:
    """A vehicle was there and no valid weight came of it. ``reason`` is a stable code."""

    reason: str
    began_ns: int
    plate: str | None
    highest: Kg | None
    sightings: tuple[Sighting, ...]


Outcome = Weighed | Unweighed | Changed


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPassage:
    """What was recorded last on this lane: a restart must not record it once more."""

    plate: str | None
    gross: Kg


@dataclass(slots=True)
class _Seen:
    """A plate that was read surely and has no weighing yet."""

    first_ns: int
    last_ns: int
    sightings: list[Sighting] = field(default_factory=list)


class Lane:
    """Feed it readings, sightings and the passing of time; it gives outcomes, in order."""

    def __init__(self, rules: MeasuringRules, last: LastPassage | None = None) -> None:
        self._rules = rules
        self._platform = Platform(rules)
        self._sightings: deque[Sighting] = deque(maxlen=KEPT)
        self._pending: Settled | None = None
        self._last = last
        self._lost_ns: int | None = None
        self._pending_left_ns: int | None = None
        self._arrived_ns = 0
        self._bound_ns = 0
        self._left_ns = 0
        self._cleared_ns = 0
        self._leftover: set[str] = set()
        self._leftover_before: set[str] = set()
        self._before_is_known = self._before_was_known = True
        self._seen: dict[str, _Seen] = {}
        self._fault: str | None = None

    @property
    def occupied(self) -> bool:
        """Tell whether a vehicle is on the platform."""
        return self._platform.occupied

    @property
    def steady(self) -> bool:
        """Tell whether the weight shown stands still."""
        return self._platform.steady

    @property
    def pending(self) -> bool:
        """Tell whether a weighing waits for its plate."""
        return self._pending is not None

    def reading(self, reading: Reading, at_ns: int) -> list[Outcome]:
        """Take one reading of the scale."""
        self._fault = None
        event = self._platform.feed(reading, at_ns)
        match event:
            case Arrived():
                outcomes = self._finish(at_ns)
                self._arrived_ns, self._bound_ns = at_ns, self._left_ns
                self._leftover_before = self._leftover
                self._before_was_known = self._before_is_known
                return outcomes
            case Settled():
                self._pending, self._pending_left_ns = event, None
                return self._try_finish(at_ns)
            case Changed():
                # What it changed from is written first.
                return [*self._finish(at_ns), event, self._weighed_again(event.again)]
            case Left():
                self._last = self._lost_ns = None
                return self._departed(event)
            case None:
                return []

    def scale_lost(self, code: str, at_ns: int) -> list[Outcome]:
        """Note that the scale gives no weight any more; *code* says why."""
        self._fault = code
        was_occupied = self._platform.occupied
        left = self._platform.lost(code, at_ns)
        if left:
            return self._departed(left)
        if was_occupied:
            # Whoever stands there from now on may be another vehicle.
            self._lost_ns = at_ns
            self._depart(at_ns)
        return []

    def sighting(self, sighting: Sighting) -> list[Outcome]:
        """Take what the camera saw."""
        if not sighting.readings:
            self._note_empty(sighting.mono_ns)
            return []
        self._sightings.append(sighting)
        self._note_leftover(sighting)
        self._note_unweighed(sighting)
        return self._try_finish(sighting.mono_ns) if self._pending else []

    def tick(self, at_ns: int) -> list[Outcome]:
        """Let time pass; call it several times a second."""
        if self._pending:
            return self._try_finish(at_ns)
        return self._unweighed(at_ns)

    def _try_finish(self, at_ns: int) -> list[Outcome]:
        settled = self._pending
        if settled is None:
            return []
        sightings = self._of_pending(settled, at_ns)
        tractor = _vote(sightings).tractor
        waited = at_ns - settled.at_ns
        left = self._pending_left_ns
        sure = tractor.reading is not None and (
            _times(sightings, tractor.reading) > 1 or waited >= CONFIRM_NS
        )
        over = waited >= WINDOW_NS or (left is not None and at_ns - left >= READING_NS)
        return self._finish(at_ns) if sure or tractor.ambiguous or over else []

    def _of_pending(self, settled: Settled, at_ns: int) -> tuple[Sighting, ...]:
        """Return its sightings; what was seen after it left shows the next vehicle."""
        left = self._pending_left_ns
        return self._belonging(at_ns if left is None else left)

    def _finish(self, at_ns: int) -> list[Outcome]:
        settled, self._pending = self._pending, None
        if settled is None:
            return []
        sightings = self._of_pending(settled, at_ns)
        plates = _vote(sightings)
        for text in plates.tractor.candidates:
            self._seen.pop(text, None)
        plate = plates.tractor.reading.text if plates.tractor.reading else None
        if settled.resumed and self._is_last(settled, plate):
            return []
        if self._pending_left_ns is None or self._lost_ns is not None:
            self._last = LastPassage(plate=plate, gross=settled.gross)
        self._before_is_known = plate is not None
        return [Weighed(settled=settled, plates=plates, sightings=sightings)]

    def _weighed_again(self, settled: Settled) -> Weighed:
        """Return a weighing that an officer must name: two vehicles may stand there."""
        sightings = self._belonging(settled.at_ns)
        plates = _vote(sightings)
        self._last = LastPassage(plate=None, gross=settled.gross)
        return Weighed(
            settled=settled,
            plates=VehiclePlates(
                tractor=replace(plates.tractor, reading=None),
                trailer=replace(plates.trailer, reading=None),
            ),
            sightings=sightings,
        )

    def _departed(self, left: Left) -> list[Outcome]:
        if left.settled:
            self._depart(left.at_ns)
            return self._try_finish(left.at_ns) if self._pending else []
        sightings = self._belonging(left.at_ns)
        reading = _vote(sightings).tractor.reading
        self._before_is_known = reading is not None
        self._depart(left.at_ns)
        return [
            Unweighed(
                reason=left.reason,
                began_ns=left.arrived_ns,
                plate=reading.text if reading else None,
                highest=left.highest,
                sightings=sightings,
            )
        ]

    def _depart(self, at_ns: int) -> None:
        """Note that the vehicle left: no plate seen with it is the next one's for now."""
        if self._pending:
            self._pending_left_ns = at_ns
            self._before_is_known = False  # until it is finished
        here = [s for s in self._sightings if self._bound_ns <= s.mono_ns <= at_ns]
        self._leftover = set().union(*map(_plates, here))
        for text in self._leftover:
            self._seen.pop(text, None)
        self._left_ns = at_ns

    def _note_empty(self, at_ns: int) -> None:
        """Note an empty scene: what is seen from now on came after the vehicle before."""
        if at_ns >= self._left_ns and not self._is_clear:
            self._cleared_ns = at_ns
            if not self._platform.occupied:
                self._leftover = set()

    @property
    def _is_clear(self) -> bool:
        return self._cleared_ns >= self._left_ns

    def _note_leftover(self, sighting: Sighting) -> None:
        """Keep in mind what may still show the vehicle before, on its way out."""
        late = sighting.mono_ns <= self._left_ns
        leaving = not (self._is_clear or self._platform.occupied or self._before_is_known)
        if late or leaving:
            self._leftover |= _plates(sighting)

    def _is_last(self, settled: Settled, plate: str | None) -> bool:
        """Tell whether this is the vehicle recorded last, still standing after an interruption."""
        last = self._last
        if last is None or abs(settled.gross - last.gross) > self._rules.division:
            return False
        lost = self._lost_ns
        brief = lost is not None and settled.arrived_ns - lost <= SAME_NS
        return plate == last.plate or (plate is None and brief)

    def _belonging(self, until_ns: int) -> tuple[Sighting, ...]:
        """Return the sightings of the vehicle that stands on the platform, or stood there last."""
        begin = max(self._bound_ns, self._arrived_ns - WINDOW_NS)
        return tuple(
            sighting
            for sighting in self._sightings
            if begin <= sighting.mono_ns <= until_ns and self._is_own(sighting)
        )

    def _is_own(self, sighting: Sighting) -> bool:
        """Tell whether the picture cannot show the vehicle before any more.

        Once the scene was seen empty it cannot. Until then a plate known from the vehicle before
        is in doubt; and before the arrival every plate is, if that vehicle's own was never read: a
        plate on its way out and one on its way in look alike.
        """
        if self._bound_ns <= self._cleared_ns < sighting.mono_ns:
            return True
        if sighting.mono_ns < self._arrived_ns and not self._before_was_known:
            return self._bound_ns == 0
        return not self._leftover_before & _plates(sighting)

    def _note_unweighed(self, sighting: Sighting) -> None:
        for text in _certain(sighting) - self._leftover:
            seen = self._seen.setdefault(text, _Seen(sighting.mono_ns, sighting.mono_ns))
            seen.last_ns = sighting.mono_ns
            seen.sightings.append(sighting)

    def _unweighed(self, at_ns: int) -> list[Outcome]:
        if self._platform.occupied:
            return []
        gone = [text for text, seen in self._seen.items() if at_ns - seen.last_ns > WINDOW_NS]
        outcomes: list[Outcome] = []
        for text in gone:
            seen = self._seen.pop(text)
            if len(seen.sightings) > 1:
                outcomes.append(
                    Unweighed(
                        reason=self._fault or "not_weighed",
                        began_ns=seen.first_ns,
                        plate=text,
                        highest=None,
                        sightings=tuple(seen.sightings),
                    )
                )
        return outcomes


def _vote(sightings: tuple[Sighting, ...]) -> VehiclePlates:
    return plates_of(reading for sighting in sightings for reading in sighting.readings)


def _certain(sighting: Sighting) -> set[str]:
    """Return the tractor plates that were certain in this picture."""
    plates = (reading.plate for reading in sighting.readings)
    return {plate.number for plate in plates if plate and not plate.is_trailer}


def _plates(sighting: Sighting) -> set[str]:
    """Return all plates that were certain in this picture, trailers' too."""
    return {reading.text for reading in sighting.readings if reading.text}


def _times(sightings: tuple[Sighting, ...], reading: PlateReading) -> int:
    return sum(any(r.text == reading.text for r in s.readings) for s in sightings)
