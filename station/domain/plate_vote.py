"""Settles the plates of one vehicle from several readings of them."""

from __future__ import annotations

from collections.abc import Iterable

from station.domain.plates import PlateReading, Settled, VehiclePlates


def settled(readings: Iterable[PlateReading]) -> VehiclePlates:
    """Settle tractor's and trailer's plate apart (分别核发号牌).

    A plate is certain when at least one reading of it was certain and no certain reading gave
    another number. Uncertain readings neither confirm nor contradict: they are only shown.
    """
    tractor: list[PlateReading] = []
    trailer: list[PlateReading] = []
    for reading in readings:
        (trailer if reading.best_guess.endswith("挂") else tractor).append(reading)
    return VehiclePlates(tractor=_one(tractor), trailer=_one(trailer))


def _one(readings: list[PlateReading]) -> Settled:
    ranked = sorted(readings, key=lambda reading: -reading.confidence_permille)
    certain = [reading for reading in ranked if reading.text is not None]
    numbers = dict.fromkeys(reading.best_guess for reading in certain)
    guesses = [reading.best_guess for reading in ranked if reading.best_guess][:1]
    return Settled(
        reading=certain[0] if len(numbers) == 1 else None,
        ambiguous=len(numbers) > 1,
        candidates=tuple(dict.fromkeys([*numbers, *guesses])),
    )
