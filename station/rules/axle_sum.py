"""The sum of the axle limits of GB 1589, which a total mass may not exceed either.

Source: 《超限运输车辆行驶公路管理规定》第三条第二款. The numbers of GB 1589 are data, marked as
recalled where the standard's table was not read.
"""

from __future__ import annotations

from station.domain.units import Kg, Mm
from station.domain.vehicles import Tyres
from station.rules.in_force import AxleLimits
from station.rules.shape import Group, Shape

_TANDEM, _TRIDEM = 2, 3


def axle_sum(shape: Shape, limits: AxleLimits, *, air_suspension: bool | None) -> Kg:
    """Return the sum of the limits of all axles and groups, kg."""
    return Kg(sum(group_limits(shape, limits, air_suspension=air_suspension)))


def group_limits(
    shape: Shape, limits: AxleLimits, *, air_suspension: bool | None
) -> tuple[Kg, ...]:
    """Return the limit of each axle group, kg, in their order.

    What is not known (tyres, suspension, a spacing) counts in the driver's favour: the sum can
    only lower a limit.
    """
    air = air_suspension is not False
    return tuple(Kg(_group_limit(group, limits, air)) for group in shape.groups)


def _group_limit(group: Group, limits: AxleLimits, air: bool) -> int:
    alone = 0
    for driven, tyres in group.axles:
        alone += _axle_limit(driven, tyres, limits, air)
    count = len(group.axles)
    if count == 1 or group.widest is None:
        return alone
    if count == _TANDEM:
        return min(alone, _tandem_limit(group, group.widest, limits, air, alone))
    if count == _TRIDEM and group.widest <= limits.spacing_tridem_wide:
        near = group.widest <= limits.spacing_tridem_near
        return min(alone, limits.tridem_up_to_1300 if near else limits.tridem_up_to_1400)
    return alone


def _axle_limit(driven: bool, tyres: Tyres | None, limits: AxleLimits, air: bool) -> int:
    if tyres is Tyres.SINGLE:
        return limits.single_tyre
    if tyres is Tyres.WIDE:
        return limits.wide_tyre_driven if driven else limits.wide_tyre
    if driven:
        return limits.dual_tyre_driven
    return limits.dual_tyre_air if air else limits.dual_tyre


def _tandem_limit(group: Group, widest: Mm, limits: AxleLimits, air: bool, alone: int) -> int:
    if widest < limits.spacing_tandem_close:
        return (
            limits.tandem_below_1000_motor if group.on_motor else limits.tandem_below_1000_trailer
        )
    if widest < limits.spacing_tandem_near:
        return limits.tandem_below_1300
    if widest < limits.spacing_tandem_wide:
        dual = all(tyres in (Tyres.DUAL, None) for _, tyres in group.axles)
        if group.on_motor and group.driven and dual and air:
            return limits.tandem_below_1800_air_driven
        return limits.tandem_below_1800
    return alone if group.on_motor else limits.tandem_from_1800_trailer
