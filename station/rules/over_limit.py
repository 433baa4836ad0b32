"""The limit of a vehicle (认定限值) and how a gross mass stands to it (超限认定)."""

from __future__ import annotations

from enum import IntEnum

from station.domain.errors import AmbiguousVehicle
from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules import review_codes
from station.rules.axle_sum import axle_sum
from station.rules.codes import Configuration
from station.rules.configuration import variant
from station.rules.in_force import InForce
from station.rules.limit import Limit
from station.rules.shape import Shape, shape_of
from station.rules.verdict import Reason

_PAIR = 2
_MOST_REMEMBERED = 4096


class Standing(IntEnum):
    """How a gross mass stands to a limit; more weight never stands better."""

    WITHIN = 0  # 未超限
    WARNED = 1  # 超限不足以处罚
    OVER = 2  # 违法超限


def standing(gross: Kg, limit: Kg, law: InForce, at_entry: bool) -> Standing:
    """Tell how *gross* stands to *limit*; exactly at the limit is within it.

    At a station up to the tolerance (1 000 kg) over is warned. At an expressway entry a reading of
    up to 105 % is let through and anything above is refused.

    Raises:
        NoLawInForce: at an entry, before the day of that rule.

    Source: 《超限运输车辆行驶公路管理规定》第四十三条; 交办公路明电〔2019〕117号.
    """
    if gross <= limit:
        return Standing.WITHIN
    if at_entry:
        return Standing.WITHIN if gross * 1000 <= limit * law.entry.kg else Standing.OVER
    return Standing.WARNED if gross - limit <= law.tolerance_kg else Standing.OVER


def limit_of(vehicle: Vehicle, key: str, law: InForce, posted: Kg | None = None) -> Limit:
    """Find the limit of *vehicle* under *law*.

    Args:
        vehicle: with valid axles.
        key: of the same vehicle, by :func:`station.rules.shape.limit_key`.
        law: of the day.
        posted: kg on the road's sign, when there is one.

    Raises:
        AmbiguousVehicle: ``detail`` is the code of what is missing.

    Source: 《超限运输车辆行驶公路管理规定》第三条; 《公路货运车辆超限超载认定标准》.
    """
    sign = key if posted is None else f"{key} {posted}"
    known = law.limits.get(sign)
    if known is None:
        if len(law.limits) >= _MOST_REMEMBERED:
            law.limits.clear()
        found = _without_sign(shape_of(vehicle), vehicle, law)
        if posted is not None and law.posted_caps:
            found = _capped(found, posted, law.posted)
        known = law.limits[sign] = _settled(found)
    return known


def _settled(limit: Limit) -> Limit:
    readings = {
        limit.kg,
        limit.firm,
        limit.order62,
        limit.most,
        limit.least,
        limit.other_mode,
    }
    return limit._replace(undisputed=len(readings) == 1, lowest=min(readings))


def _without_sign(shape: Shape, vehicle: Vehicle, law: InForce) -> Limit:
    limit = (
        _by_registered_mass(vehicle, law)
        if shape.by_registered_mass
        else _by_drawing(shape, vehicle, law)
    )
    if law.axle_sum_caps:
        total = axle_sum(shape, law.axles, air_suspension=vehicle.air_suspension)
        if total < limit.kg:
            return _axle_capped(limit, total, law)
    return limit


def _by_registered_mass(vehicle: Vehicle, law: InForce) -> Limit:
    registered = vehicle.registered_gross
    if registered is None:
        raise AmbiguousVehicle(review_codes.REGISTERED_GROSS_UNKNOWN, kind=vehicle.kind.value)
    reasons = (law.registered_limit._replace(kg=registered),)
    return _plain(None, registered, registered, reasons)


def _by_drawing(shape: Shape, vehicle: Vehicle, law: InForce) -> Limit:
    code, name = variant(shape)
    drawn = law.drawn[name]
    limit = _plain(code, drawn.kg, drawn.order62_kg, drawn.reasons)
    if drawn.kg != drawn.order62_kg:
        limit = limit._replace(compare=(drawn.compare,))
    if vehicle.air_suspension is not False:
        limit = _with_air_suspension(limit, code, shape, vehicle, law)
    if shape.single or shape.untold:
        limit = _less_single_tyres(limit, shape, law)
    if code is Configuration.TR_02 and law.two_axle_capped:
        if vehicle.registered_gross is None:
            return limit._replace(notes=(*limit.notes, review_codes.REGISTERED_GROSS_UNKNOWN))
        limit = _capped(limit, vehicle.registered_gross, law.two_axle_cap)
    return limit


def _plain(code: Configuration | None, kg: Kg, order62: Kg, reasons: tuple[Reason, ...]) -> Limit:
    word = None if code is None else code.value
    return Limit(word, kg, kg, order62, kg, kg, kg, reasons)


def _with_air_suspension(
    limit: Limit, code: Configuration, shape: Shape, vehicle: Vehicle, law: InForce
) -> Limit:
    """Add what air suspension on dual-tyred drive axles gives (认定标准 note 4)."""
    if code in (Configuration.TR_03_R, Configuration.TR_04_R):
        gained, spread_known = limit.kg + law.air_bonus.kg, True
        reasons = (*limit.reasons, law.air_bonus)
    elif code is Configuration.TR_04_A and shape.trailer == _PAIR:
        if shape.spread is not None and shape.spread < law.air_spread_from:
            return limit
        gained, spread_known = law.air_spread.kg, shape.spread is not None
        reasons = law.air_spread.reasons
    else:
        return limit
    if shape.driven and shape.drive_dual is False:
        return limit
    missing = [
        word
        for word, known in (
            (review_codes.AIR_SUSPENSION_UNKNOWN, vehicle.air_suspension is not None),
            (review_codes.DRIVE_AXLES_UNKNOWN, shape.driven > 0),
            (review_codes.TYRES_UNKNOWN, shape.driven == 0 or shape.drive_dual is not None),
            (review_codes.TRAILER_SPACING_UNKNOWN, spread_known),
        )
        if not known
    ]
    kg = Kg(gained)
    if missing:
        return limit._replace(most=kg, missing=tuple(missing))
    return _plain(code, kg, kg, reasons)


def _less_single_tyres(limit: Limit, shape: Shape, law: InForce) -> Limit:
    """Take off for single tyres where the standard draws dual ones (认定标准 note 2, C4)."""
    step = law.single_tyre.kg
    per_axle = law.single_tyre_per_axle
    less = step * (shape.single if per_axle else min(shape.single, 1))
    other = step * (min(shape.single, 1) if per_axle else shape.single)
    worst_count = shape.single + shape.untold
    worst = step * (worst_count if per_axle else 1)
    changed = limit._replace(
        kg=Kg(limit.kg - less),
        firm=Kg(limit.firm - less),
        order62=Kg(limit.order62 - less),
        most=Kg(limit.most - less),
        least=Kg(limit.least - worst),
        other_mode=Kg(limit.other_mode - other),
    )
    if less:
        reasons = (*limit.reasons, law.single_tyre._replace(kg=Kg(-less)))
        changed = changed._replace(reasons=reasons)
    if shape.untold:
        changed = changed._replace(missing=(*limit.missing, review_codes.TYRES_UNKNOWN))
    return changed


def _capped(limit: Limit, cap: Kg, reason: Reason) -> Limit:
    reasons = (*limit.reasons, reason._replace(kg=cap)) if cap < limit.kg else limit.reasons
    return limit._replace(
        kg=min(limit.kg, cap),
        firm=min(limit.firm, cap),
        order62=min(limit.order62, cap),
        most=min(limit.most, cap),
        least=min(limit.least, cap),
        other_mode=min(limit.other_mode, cap),
        reasons=reasons,
    )


def _axle_capped(limit: Limit, total: Kg, law: InForce) -> Limit:
    """Cap by the axle limits; where one is only recalled, the firm limit stays as it was."""
    if law.axles_confidence != "recalled":
        return _capped(limit, total, law.axle_sum)
    return limit._replace(kg=total, reasons=(*limit.reasons, law.axle_sum._replace(kg=total)))
