"""Exact scaling of a displayed number to kilograms."""

from __future__ import annotations

from station.domain.units import Kg


def nearest_kg(value: int, numerator: int, denominator: int) -> Kg:
    """Return ``value * numerator / denominator`` as the nearest kg, halves away from zero.

    Away from zero as scales and balances round a display; the sign never changes the magnitude.
    """
    if denominator == 1:
        return Kg(value * numerator)
    magnitude = (2 * abs(value) * numerator + denominator) // (2 * denominator)
    return Kg(-magnitude if value < 0 else magnitude)
