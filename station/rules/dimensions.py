"""Outer dimensions of vehicle and load (外廓尺寸) against their limits."""

from __future__ import annotations

from station.domain.units import Mm
from station.rules.facts import Exemption, Facts
from station.rules.in_force import DimensionLimit, InForce
from station.rules.verdict import DimensionFinding, Yuan


def exceeded(facts: Facts, law: InForce) -> tuple[DimensionFinding, ...]:
    """Return what exceeds its limit; exactly at the limit is lawful, and not measured is no excess.

    A vehicle that conforms to GB 1589 counts as such only by ``facts.exempt``: a refrigerated one
    may be as wide as GB 1589 lets it be, a special-purpose one is not measured by these limits.

    Source: 《超限运输车辆行驶公路管理规定》第三条第一款第(一)至(三)项、第二款第(五)项.
    """
    if facts.exempt is Exemption.SPECIAL_PURPOSE:
        return ()
    wide = law.width_refrigerated if facts.exempt is Exemption.REFRIGERATED else law.width
    return tuple(
        _finding(actual, limit)
        for actual, limit in (
            (facts.height, law.height),
            (facts.width, wide),
            (facts.length, law.length),
        )
        if actual is not None and actual > limit.mm
    )


def road_admin_band(facts: Facts, law: InForce) -> Yuan:
    """Return the road administration's band for the dimensions of *facts*, one of which exceeds.

    Source: 《超限运输车辆行驶公路管理规定》第四十三条第一款第(一)项.
    """
    height, width, length = facts.height or 0, facts.width or 0, facts.length or 0
    for row in law.dimension_rows:
        if height <= row.height and width <= row.width and length <= row.length:
            return row.band
    return law.dimension_beyond


def _finding(actual: Mm, limit: DimensionLimit) -> DimensionFinding:
    dimension, most, rule, title, source, confidence = limit
    excess = Mm(actual - most)
    return DimensionFinding(dimension, actual, most, excess, rule, title, source, confidence)
