"""What really happens at one station: trucks queue, drive on the scale, wait, unload, leave.

Pure: ``now`` is an argument, seconds on any clock that does not step. Scale and camera look at
this world, and so do the officers: it is the truth that the station is held against.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from simulators.traffic.limits import DIVISION_KG
from simulators.traffic.plan import Trip

APPROACH_S: Final = 1.5
"""So long the camera sees a truck before its first axle is on the platform."""
DRIVE_S: Final = 1.2
"""From the first axle on (off) the platform to the last one."""
CLEAR_S: Final = 2.0
"""So long the platform stays empty before the next truck may come."""
PATIENCE_S: Final = 45.0
"""A driver whom nobody waves on leaves the platform after so long."""


class Place(Enum):
    """Where a truck is."""

    QUEUE = "queue"
    APPROACH = "approach"
    ONTO = "onto"
    PLATFORM = "platform"
    OFF = "off"
    LOT = "lot"  # 待处理停车区
    UNLOADING = "unloading"  # 卸载场
    UNLOADED = "unloaded"
    GONE = "gone"


@dataclass(slots=True)
class Visit:
    """One time on the platform.

    Attributes:
        number: 0 for the first weighing, 1 and more for re-checks.
        came_at: first axle on; gone_at: last axle off, None while it stands there.
        gave_up: nobody waved the driver on.
    """

    number: int
    gross_kg: int
    came_at: float
    gone_at: float | None = None
    gave_up: bool = False


@dataclass(slots=True)
class Journey:
    """A trip as it goes: where the truck is, and what was done to it."""

    trip: Trip
    place: Place
    since: float
    unloaded_at: float = 0.0
    unloadings: int = 0
    visits: list[Visit] = field(default_factory=list)

    @property
    def gross_kg(self) -> int:
        """Return what it weighs now."""
        unloaded = self.trip.after_unloading[: self.unloadings]
        return unloaded[-1] if unloaded else self.trip.gross_kg


class World:
    """One station's yard. Call ``tick`` several times a second."""

    def __init__(self) -> None:
        self.journeys: list[Journey] = []
        self._queue: deque[Journey] = deque()
        self._front: Journey | None = None
        self._goes_to = Place.LOT
        self._clear_since = float("-inf")

    @property
    def waiting(self) -> int:
        """Return how many trucks stand in the queue."""
        return len(self._queue)

    @property
    def under_way(self) -> list[Journey]:
        """Return every truck that has come and not left."""
        return [journey for journey in self.journeys if journey.place is not Place.GONE]

    def arrive(self, trip: Trip, now: float) -> Journey:
        """Let a truck come to the end of the queue."""
        journey = Journey(trip, Place.QUEUE, now)
        self.journeys.append(journey)
        self._queue.append(journey)
        return journey

    def to_scale(self, journey: Journey, now: float) -> None:
        """Send an unloaded truck to the head of the queue, to be weighed again (复检)."""
        _move(journey, Place.QUEUE, now)
        self._queue.appendleft(journey)

    def unload(self, journey: Journey, now: float, *, takes_s: float) -> None:
        """Begin to unload a truck that stands in the lot."""
        journey.unloaded_at = now + takes_s
        _move(journey, Place.UNLOADING, now)

    def let_go(self, journey: Journey, now: float) -> None:
        """Let a truck leave the lot."""
        _move(journey, Place.GONE, now)

    def wave_on(self, journey: Journey, to: Place, now: float) -> None:
        """Tell the driver on the platform to drive on, to the lot or away."""
        if journey is self._front and journey.place is Place.PLATFORM:
            self._goes_to = to
            _move(journey, Place.OFF, now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        for journey in self.under_way:
            if journey.place is Place.UNLOADING and now >= journey.unloaded_at:
                journey.unloadings += 1
                _move(journey, Place.UNLOADED, now)
        self._tick_lane(now)

    def _tick_lane(self, now: float) -> None:
        journey = self._front
        if journey is None:
            if self._queue and now - self._clear_since >= CLEAR_S:
                self._front = self._queue.popleft()
                _move(self._front, Place.APPROACH, now)
            return
        stood = now - journey.since
        if journey.place is Place.APPROACH and stood >= APPROACH_S:
            journey.visits.append(Visit(len(journey.visits), journey.gross_kg, now))
            _move(journey, Place.ONTO, now)
        elif journey.place is Place.ONTO and stood >= DRIVE_S:
            _move(journey, Place.PLATFORM, now)
        elif journey.place is Place.PLATFORM and stood >= PATIENCE_S:
            journey.visits[-1].gave_up = True
            again = journey.unloadings > 0
            self.wave_on(journey, Place.UNLOADED if again else Place.GONE, now)
        elif journey.place is Place.OFF and stood >= DRIVE_S:
            journey.visits[-1].gone_at = now
            _move(journey, self._goes_to, now)
            self._front, self._clear_since = None, now

    def load(self, now: float) -> tuple[int, bool]:
        """Return what lies on the platform, in kg, and whether it is at rest."""
        journey = self._front
        if journey is None or journey.place is Place.APPROACH:
            return 0, True
        if journey.place is Place.PLATFORM:
            return journey.gross_kg, True
        done = min((now - journey.since) / DRIVE_S, 1.0)
        onto = journey.place is Place.ONTO
        return _partly(journey, done if onto else 1.0 - done, front_first=onto), False

    @property
    def view(self) -> Journey | None:
        """Return who stands or rolls before the camera, None for an empty lane."""
        return self._front

    def visit_at(self, moment: float) -> tuple[Journey, Visit] | None:
        """Return who was on the platform at *moment*."""
        for journey in self.journeys:
            for visit in journey.visits:
                if visit.came_at <= moment and (visit.gone_at is None or moment <= visit.gone_at):
                    return journey, visit
        return None


def _move(journey: Journey, place: Place, now: float) -> None:
    journey.place, journey.since = place, now


def _partly(journey: Journey, share: float, *, front_first: bool) -> int:
    """Return the load of the axles on the platform when *share* of the truck is on it."""
    axles = journey.trip.truck.axles
    ordered = axles if front_first else axles[::-1]
    behind = [axle.to_next_mm or 0 for axle in axles[:-1]]
    gaps = behind if front_first else behind[::-1]
    at, on_it = 0, 0
    reach = share * sum(gaps)
    for axle, gap in zip(ordered, [*gaps, 0], strict=True):
        if at <= reach:
            on_it += axle.load_permille
        at += gap
    return journey.gross_kg * on_it // 1000 // DIVISION_KG * DIVISION_KG
