"""New plates that keep to the grammar (GA 36-2018), each number once."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from station.domain.plates import DIGITS, SERIAL_LETTERS, Plate, PlateColour, parse

_LETTER_OF_100 = 18
_ELECTRIC = "D"
_Make = Callable[[str], Plate]


class PlateMaker:
    """Gives each truck plates of its own."""

    def __init__(self, rng: random.Random, regions: Mapping[str, int]) -> None:
        self._rng = rng
        self._regions = regions
        self._given: set[str] = set()

    def tractor(self) -> Plate:
        """Return a yellow plate (大型汽车)."""
        return self._new(lambda head: Plate(head + self._serial(5), PlateColour.YELLOW))

    def small(self) -> Plate:
        """Return a blue plate (小型汽车), as light trucks carry it."""
        return self._new(lambda head: Plate(head + self._serial(5), PlateColour.BLUE))

    def electric(self) -> Plate:
        """Return a yellow-green plate (大型新能源汽车)."""
        return self._new(lambda head: Plate(self._electric(head), PlateColour.YELLOW_GREEN))

    def trailer(self) -> Plate:
        """Return a trailer's plate (挂车)."""
        return self._new(lambda head: Plate(head + self._serial(4) + "挂", PlateColour.YELLOW))

    def _new(self, make: _Make) -> Plate:
        while True:
            heads = list(self._regions)
            head = self._rng.choices(heads, weights=[self._regions[head] for head in heads])[0]
            plate = make(head)
            if plate.number not in self._given and _ordinary(plate):
                self._given.add(plate.number)
                return plate

    def _electric(self, head: str) -> str:
        return head + "".join(self._rng.choices(DIGITS, k=5)) + _ELECTRIC

    def _serial(self, length: int) -> str:
        return "".join(
            self._rng.choice(SERIAL_LETTERS)
            if self._rng.randrange(100) < _LETTER_OF_100
            else self._rng.choice(DIGITS)
            for _ in range(length)
        )


def _ordinary(plate: Plate) -> bool:
    """Tell whether no officer would have to look twice at such a number."""
    return parse(plate.number, plate.colour) == plate and not plate.flags
