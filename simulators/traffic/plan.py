"""Which truck comes when, with which load, and what must come of it. Equal seeds, equal plans."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulators.traffic.limits import DIVISION_KG, Limits, Verdict
from simulators.traffic.scenario import Traffic
from simulators.traffic.trucks import Truck

_MOST_OVER_OF_100: Final = 35
_LEAST_FREE_OF_100: Final = 2
_SECONDS_AN_HOUR: Final = 3600
_HABITUAL_OF_100: Final = 30
_EAGER: Final = 2
"""The first offender is the one over in each station's first so many cases: a short run, too, has
someone to put on the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One truck on its way to one station, loaded.

    Attributes:
        gap_s: seconds after the truck before it, at speed 1.
        gross_kg: on the scale, a multiple of the division.
        expected: what must come of the first weighing.
        after_unloading: gross mass after each unloading; only the last one is lawful. Empty when
            nothing has to be unloaded.
    """

    trip_id: str
    gap_s: float
    truck: Truck
    gross_kg: int
    expected: Verdict
    after_unloading: tuple[int, ...]


class Plan:
    """The endless plan of one station."""

    def __init__(
        self, *, seed: int, node: str, traffic: Traffic, limits: Limits, fleet: Sequence[Truck]
    ) -> None:
        self._rng = random.Random(f"plan {seed} {node}")
        self._node, self._traffic, self._limits = node, traffic, limits
        self._offenders = fleet[: traffic.habitual_offenders]
        self._deck = list(fleet[traffic.habitual_offenders :])
        self._rng.shuffle(self._deck)
        self._violations = 0

    def trips(self) -> Iterator[Trip]:
        """Yield the trips in order of arrival, without end."""
        mean_s = _SECONDS_AN_HOUR / self._traffic.trucks_per_hour
        for number, verdict in enumerate(self._verdicts(), 1):
            truck = self._truck(verdict)
            gross = self._gross(truck, verdict)
            over = verdict is Verdict.VIOLATION
            yield Trip(
                trip_id=f"{self._node}-{number}",
                gap_s=self._rng.expovariate(1 / mean_s),
                truck=truck,
                gross_kg=gross,
                expected=self._limits.verdict(gross_kg=gross, limit_kg=truck.limit_kg),
                after_unloading=self._unloaded(truck, gross) if over else (),
            )

    def _verdicts(self) -> Iterator[Verdict]:
        """Yield verdicts in blocks that hold exactly their share of violations and warnings."""
        every, warned = self._traffic.violation_in, self._traffic.warning_in
        while True:
            blocks = []
            for _ in range(warned):
                block = [Verdict.LAWFUL] * every
                block[self._rng.randrange(every)] = Verdict.VIOLATION
                blocks += block
            lawful = [at for at, verdict in enumerate(blocks) if verdict is Verdict.LAWFUL]
            for at in self._rng.sample(lawful, len(blocks) // warned):
                blocks[at] = Verdict.WARNING
            yield from blocks

    def _truck(self, verdict: Verdict) -> Truck:
        if verdict is Verdict.VIOLATION:
            self._violations += 1
            if self._violations <= _EAGER:
                return self._offenders[0]
            if self._rng.randrange(100) < _HABITUAL_OF_100:
                return self._rng.choice(self._offenders)
        truck = self._deck.pop(0)
        self._deck.append(truck)
        return truck

    def _gross(self, truck: Truck, verdict: Verdict) -> int:
        limit, tolerance = truck.limit_kg, self._limits.warning_up_to_kg
        if verdict is Verdict.LAWFUL:
            return _down(max(truck.kerb_kg, limit * truck.full_permille // 1000))
        if verdict is Verdict.WARNING:
            return self._between(limit + 1, limit + tolerance)
        most = max(limit * _MOST_OVER_OF_100 // 100, 2 * tolerance)
        return self._between(limit + tolerance + 1, limit + most)

    def _unloaded(self, truck: Truck, gross: int) -> tuple[int, ...]:
        """Return the gross mass after each unloading: now and then the first is not enough."""
        limit = truck.limit_kg
        clear = _down(limit - self._rng.randint(0, limit * _LEAST_FREE_OF_100 // 100))
        if self._rng.randrange(100) >= self._traffic.unload_twice_of_100:
            return (clear,)
        return (self._between(limit + 1, gross - 1), clear)

    def _between(self, low: int, high: int) -> int:
        """Return a multiple of the division from *low* to *high*, both included."""
        first = -(-low // DIVISION_KG)
        return self._rng.randint(first, high // DIVISION_KG) * DIVISION_KG


def _down(kg: int) -> int:
    return kg // DIVISION_KG * DIVISION_KG
