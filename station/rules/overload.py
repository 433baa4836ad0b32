"""Overload (超载): above the approved load mass or the registered total mass. Never 超限.

The two ratios here and the over-limit ratio have three denominators; they are never mixed.
"""

from __future__ import annotations

from typing import NamedTuple

from station.domain.vehicles import Vehicle
from station.rules.in_force import Points


class Overloads(NamedTuple):
    """How far one weighing is above both bases, kg; excesses are never negative, None unknown.

    Excess and basis are both kept, so that exactly thirty per cent can be told.

    Attributes:
        load_excess: the load above 核定载质量; needs the kerb mass too.
        load_basis: 核定载质量.
        gross_excess: the mass above 最大允许总质量 (行驶证总质量, of the combination).
        gross_basis: 最大允许总质量.
    """

    load_excess: int | None
    load_basis: int
    gross_excess: int | None
    gross_basis: int

    @property
    def known(self) -> bool:
        """Tell whether there is anything to compare with."""
        return self.load_excess is not None or self.gross_excess is not None

    @property
    def load_permille(self) -> int | None:
        """超载率 in thousandths, floored."""
        return None if self.load_excess is None else self.load_excess * 1000 // self.load_basis

    @property
    def gross_permille(self) -> int | None:
        """Mass above the registered one in thousandths, floored."""
        return None if self.gross_excess is None else self.gross_excess * 1000 // self.gross_basis


NOT_KNOWN = Overloads(None, 1, None, 1)


def overloads_of(gross: int, vehicle: Vehicle | None) -> Overloads:
    """Return how far *gross* (kg) is above the vehicle's own masses.

    Source: 《道路交通安全法》第九十二条第二款 (fines), 记分标准 until 2022-03-31: 核定载质量.
    《道路交通安全违法行为记分管理办法》第十至十二条, from 2022-04-01: 最大允许总质量.
    """
    if vehicle is None:
        return NOT_KNOWN
    approved, kerb, registered = vehicle.approved_load, vehicle.kerb, vehicle.registered_gross
    load = above = None
    if approved is not None and kerb is not None:
        load = gross - kerb - approved
        load = load if load > 0 else 0
    if registered is not None:
        above = gross - registered
        above = above if above > 0 else 0
    return Overloads(load, approved or 1, above, registered or 1)


def points_for(excess: int, basis: int, points: Points) -> int:
    """Return the points for one overload; 0 when there is none."""
    if excess == 0:
        return 0
    # Exactly on a step counts upwards or downwards, by the era.
    actual = excess * 1000 + points.higher_at_boundary
    if actual > points.upper_from * basis:
        return points.upper
    return points.middle if actual > points.middle_from * basis else points.lower
