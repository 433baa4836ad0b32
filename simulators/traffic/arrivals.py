"""When the next truck comes to one station."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from simulators.traffic.plan import Trip

FIRST_S: Final = 5.0
"""The first truck does not let anybody wait longer than this."""
LONGEST_QUEUE: Final = 2
"""More trucks than this do not come at a time: an hour's traffic cannot pass in a minute."""


class Arrivals:
    """Takes trips from a plan; the gaps between them are divided by *speed*.

    A truck that is still under way somewhere comes when it is free again.
    """

    def __init__(
        self,
        trips: Iterator[Trip],
        *,
        speed: float,
        under_way: Callable[[str], bool],
        now: float,
    ) -> None:
        self._trips, self._speed, self._under_way = trips, speed, under_way
        self._late: list[Trip] = []
        self._closed = False
        self._next = next(trips)
        self._next_at = now + min(self._next.gap_s / speed, FIRST_S)

    def close(self) -> None:
        """Let no further truck set out; those that are late still come."""
        self._closed = True

    @property
    def over(self) -> bool:
        """Tell whether nobody comes any more."""
        return self._closed and not self._late

    def due(self, now: float, waiting: int) -> Trip | None:
        """Return who arrives now, when *waiting* trucks stand in the queue."""
        if waiting >= LONGEST_QUEUE:
            return None
        for trip in self._late:
            if not self._under_way(trip.truck.plate.number):
                self._late.remove(trip)
                return trip
        if self._closed or now < self._next_at:
            return None
        trip, self._next = self._next, next(self._trips)
        self._next_at = now + self._next.gap_s / self._speed
        if self._under_way(trip.truck.plate.number):
            self._late.append(trip)
            return None
        return trip
