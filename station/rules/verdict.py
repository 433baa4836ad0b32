"""The verdict on one weighing, with everything that it rests on, and its record."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from station.domain.units import Kg, Mm


class Outcome(Enum):
    """What follows from a weighing."""

    RELEASE = "release"  # 未超限, 放行
    PERMITTED = "permitted"  # 持超限运输车辆通行证, 按许可通行
    WARNING = "warning"  # 超限 1 t 以内, 警告、放行
    VIOLATION = "violation"  # 违法超限, 责令改正
    NEEDS_REVIEW = "needs_review"  # 转人工


RECORDED = {
    Outcome.RELEASE: "lawful",
    Outcome.PERMITTED: "permitted",
    Outcome.WARNING: "warning",
    Outcome.VIOLATION: "violation",
    Outcome.NEEDS_REVIEW: "needs_review",
}
"""The words of records and of the wire."""


class Reason(NamedTuple):
    """One provision that the verdict rests on.

    Attributes:
        rule: key of the parameter, e.g. ``limit.annex.tr_06_a``.
        kg: by *effect*: ``base`` the limit drawn; ``adjust`` a signed change of it; ``cap`` a
            lower limit that binds; ``compare`` what another norm says; ``tolerance`` how far over
            only warns; ``ceiling`` the highest reading let through at an expressway entry;
            ``permit`` what the permit allows.
        title: Chinese.
        confidence: ``seen``, ``recalled`` or ``inferred``.
    """

    rule: str
    kg: Kg
    effect: str
    title: str
    source: str
    confidence: str


def with_kg(reason: Reason, kg: Kg) -> Reason:
    """Return *reason* with its own mass; several times faster than ``_replace``."""
    rule, _, effect, title, source, confidence = reason
    return Reason(rule, kg, effect, title, source, confidence)


class DimensionFinding(NamedTuple):
    """One outer dimension that exceeds its limit.

    Attributes:
        dimension: ``height``, ``width`` or ``length``.
    """

    dimension: str
    actual: Mm
    limit: Mm
    excess: Mm
    rule: str
    title: str
    source: str
    confidence: str


Yuan = tuple[int, int]
"""A band of fines in yuan, both ends included."""


class Police(NamedTuple):
    """What the traffic police may impose (道路交通安全法 arts 90, 92; 记分管理办法).

    Attributes:
        overload_permille: 超载率 over the approved load mass, floored; 0 when not overloaded.
        gross_permille: over the maximum permitted total mass, floored; the basis of the points
            from 2022-04-01.
        fine_yuan: None when there is none to impose, or when its basis is not known.
        reference_yuan: the band that it would be, where another authority penalises.
        points: of this act; None when not known or not due.
        general_procedure: some fine within the band needs the general procedure (普通程序).
        hearing_notice: some fine within the band needs the hearing to be offered (告知听证).
        dimension_yuan, dimension_points: for the dimensions alone.
    """

    overload_permille: int | None = None
    gross_permille: int | None = None
    fine_yuan: Yuan | None = None
    reference_yuan: Yuan | None = None
    points: int | None = None
    general_procedure: bool | None = None
    hearing_notice: bool | None = None
    dimension_yuan: Yuan | None = None
    dimension_points: int | None = None


class RoadAdmin(NamedTuple):
    """What the road administration may impose (令2016年第62号 art 43).

    Attributes:
        fine_yuan: for the mass; None when this authority may not fine in this mode.
        reference_yuan: the amount that it would be, where it may not fine.
        dimension_yuan: the band for the dimensions; ``reference_dimension_yuan`` likewise.
    """

    fine_yuan: int | None = None
    reference_yuan: int | None = None
    dimension_yuan: Yuan | None = None
    reference_dimension_yuan: Yuan | None = None


class Verdict(NamedTuple):
    """What the law says about one weighing, with its reasons.

    Attributes:
        outcome: of mass and dimensions together; ``mass_outcome`` of the mass alone.
        configuration: ``TR-06-A`` …; None when unknown or when the registered mass is the limit.
        limit: kg; None when it cannot be told.
        excess: kg above the limit, never negative; None with the limit.
        over_limit_permille: 超限率, floored.
        review: stable codes of what is missing, disputed or merely to be noted.
        penalty_authority: ``police``, ``road_admin`` or None, by the mode alone.
        law_edition: digest of the law data.
        law_applied: ``act`` or ``decision``: the day whose law was used (从旧兼从轻).
    """

    outcome: Outcome
    mass_outcome: Outcome
    gross: Kg
    mode: str
    configuration: str | None
    limit: Kg | None
    reasons: tuple[Reason, ...]
    excess: Kg | None
    over_limit_permille: int | None
    review: tuple[str, ...]
    dimensions: tuple[DimensionFinding, ...]
    penalty_authority: str | None
    police: Police
    road_admin: RoadAdmin
    law_edition: str
    law_applied: str = "act"


def to_record(verdict: Verdict) -> dict[str, Any]:
    """Turn a verdict into a record of integers, strings, booleans and None only.

    The same verdict gives the same record; the verdict of a stored record is recomputed from its
    facts and edition, never parsed back.
    """
    police, road_admin = verdict.police, verdict.road_admin
    return {
        "configuration": verdict.configuration,
        "gross_kg": verdict.gross,
        "limit_kg": verdict.limit,
        "reasons": [
            {
                "rule": reason.rule,
                "effect": reason.effect,
                "kg": reason.kg,
                "title": reason.title,
                "source": reason.source,
                "confidence": reason.confidence,
            }
            for reason in verdict.reasons
        ],
        "excess_kg": verdict.excess,
        "over_limit_permille": verdict.over_limit_permille,
        "verdict": RECORDED[verdict.outcome],
        "mass_verdict": RECORDED[verdict.mass_outcome],
        "dimensions": [_dimension_record(finding) for finding in verdict.dimensions],
        "penalty_authority": verdict.penalty_authority,
        "police": {
            "overload_permille": police.overload_permille,
            "gross_permille": police.gross_permille,
            "fine_yuan": _band(police.fine_yuan),
            "reference_yuan": _band(police.reference_yuan),
            "points": police.points,
            "general_procedure": police.general_procedure,
            "hearing_notice": police.hearing_notice,
            "dimension_yuan": _band(police.dimension_yuan),
            "dimension_points": police.dimension_points,
        },
        "road_admin": {
            "fine_yuan": road_admin.fine_yuan,
            "reference_yuan": road_admin.reference_yuan,
            "dimension_yuan": _band(road_admin.dimension_yuan),
            "reference_dimension_yuan": _band(road_admin.reference_dimension_yuan),
        },
        "law_edition": verdict.law_edition,
        "law_applied": verdict.law_applied,
        "review": list(verdict.review),
    }


def _band(band: Yuan | None) -> list[int] | None:
    return None if band is None else list(band)


def _dimension_record(finding: DimensionFinding) -> dict[str, Any]:
    return {
        "dimension": finding.dimension,
        "actual_mm": finding.actual,
        "limit_mm": finding.limit,
        "excess_mm": finding.excess,
        "rule": finding.rule,
        "title": finding.title,
        "source": finding.source,
        "confidence": finding.confidence,
    }
