"""Overload (超载): above the approved load mass or the registered total mass. Never 超限.

The two ratios here and the over-limit ratio have three denominators; they are never mixed.
"""

from __future__ import annotations

from typing import NamedTuple

from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules.in_force import Points


class Above(NamedTuple):
    """A mass above a basis: exact, so that exactly thirty per cent can be told.

    Attributes:
        excess: kg, never negative.
    """

    excess: Kg
    basis: Kg

    @property
    def permille(self) -> int:
        """Ratio in thousandths, floored."""
        return self.excess * 1000 // self.basis

    def exceeds(self, permille: int, *, at_boundary: bool) -> bool:
        """Tell whether the ratio is above *permille*; *at_boundary* says what exactly on it is."""
        actual, step = self.excess * 1000, self.basis * permille
        return actual > step or (at_boundary and actual == step)


def above_approved_load(gross: Kg, vehicle: Vehicle) -> Above | None:
    """Return the load above 核定载质量; None when that or the kerb mass is not known.

    Source: 《道路交通安全法》第九十二条第二款 (fines); 记分标准 until 2022-03-31.
    """
    if vehicle.approved_load is None or vehicle.kerb is None:
        return None
    excess = gross - vehicle.kerb - vehicle.approved_load
    return Above(Kg(max(0, excess)), vehicle.approved_load)


def above_registered_gross(gross: Kg, vehicle: Vehicle) -> Above | None:
    """Return the mass above 最大允许总质量 (行驶证总质量, of the combination); None when not known.

    Source: 《道路交通安全违法行为记分管理办法》第十至十二条, from 2022-04-01.
    """
    if vehicle.registered_gross is None:
        return None
    excess = gross - vehicle.registered_gross
    return Above(Kg(max(0, excess)), vehicle.registered_gross)


def points_for(above: Above, points: Points) -> int:
    """Return the points for one overload; 0 when there is none."""
    if above.excess == 0:
        return 0
    if above.exceeds(points.upper_from, at_boundary=points.higher_at_boundary):
        return points.upper
    if above.exceeds(points.middle_from, at_boundary=points.higher_at_boundary):
        return points.middle
    return points.lower
