"""The verdict in words (认定说明), for the slip and the screen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from station.domain.units import Kg, tonnes_text
from station.rules.verdict import DimensionFinding, Outcome, Reason, Verdict

_ENTRY = "expressway_entry"


def explain(verdict: Verdict, *, recheck: bool = False) -> str:
    """Explain *verdict* in one Chinese paragraph: finding, adjustments, penalties, sources.

    Args:
        verdict: of one weighing.
        recheck: of the weighing after unloading (复检). The tolerance is none there: all of the
            excess must be gone; and penalties follow from the first weighing, not from this one.
    """
    say = phrases()
    parts = [_finding(verdict, say, recheck=recheck)]
    parts += [_adjustment(reason, say) for reason in verdict.reasons if reason.effect in _TOLD]
    parts += [_dimension(finding, say) for finding in verdict.dimensions]
    parts += [] if recheck else _penalties(verdict, say)
    if verdict.law_applied == "decision":
        parts.append(say["decision_law"])
    parts += _sources(verdict, say)
    if verdict.review:
        notes = ";".join(say["notes"].get(code, code) for code in verdict.review)
        parts.append(say["review"].format(notes=notes))
    return "".join(parts)


_TOLD = frozenset({"adjust", "cap", "compare"})


@cache
def phrases() -> Mapping[str, Any]:
    """Return the sentences that the explanation is made of, and the words of review codes."""
    text = files("station.rules").joinpath("phrases.zh.yaml").read_text("utf-8")
    phrases: Mapping[str, Any] = yaml.safe_load(text)
    return phrases


def _finding(verdict: Verdict, say: Mapping[str, Any], *, recheck: bool) -> str:
    by_effect = {reason.effect: reason for reason in verdict.reasons}
    values: dict[str, object] = {
        "what": by_effect["base"].title if "base" in by_effect else "",
        "limit": "" if verdict.limit is None else tonnes_text(verdict.limit),
        "gross": tonnes_text(verdict.gross),
        "excess": "" if verdict.excess is None else tonnes_text(verdict.excess),
        "rate": verdict.over_limit_permille,
    }
    for effect in ("tolerance", "ceiling", "permit"):
        if effect in by_effect:
            values[effect] = tonnes_text(by_effect[effect].kg)
    sentence = _sentence(verdict, by_effect)
    after = f"{sentence}_at_recheck"
    return str(say[after if recheck and after in say else sentence].format_map(values))


def _sentence(verdict: Verdict, by_effect: Mapping[str, Reason]) -> str:
    known = verdict.limit is not None
    if verdict.dimensions and verdict.mass_outcome is not Outcome.VIOLATION:
        if verdict.mass_outcome is Outcome.PERMITTED:
            return "permitted_but_dimensions"
        return "dimensions_only" if known else "dimensions_without_limit"
    if verdict.outcome is Outcome.NEEDS_REVIEW and not known:
        return "needs_review_without_limit"
    at_entry = verdict.mode == _ENTRY and "ceiling" in by_effect
    return _SENTENCES[verdict.outcome] + ("_at_entry" if at_entry else "")


_SENTENCES = {
    Outcome.RELEASE: "lawful",
    Outcome.PERMITTED: "permitted",
    Outcome.WARNING: "warning",
    Outcome.VIOLATION: "violation",
    Outcome.NEEDS_REVIEW: "needs_review",
}


def _adjustment(reason: Reason, say: Mapping[str, Any]) -> str:
    change = f"{'+' if reason.kg > 0 else ''}{tonnes_text(reason.kg)}"
    values = {
        "title": reason.title,
        "change": change,
        "kg": tonnes_text(reason.kg),
        "source": reason.source,
    }
    return str(say[reason.effect].format_map(values))


def _dimension(finding: DimensionFinding, say: Mapping[str, Any]) -> str:
    return str(
        say["dimension"].format(
            title=finding.title,
            limit=_metres(finding.limit),
            actual=_metres(finding.actual),
            excess=_metres(finding.excess),
        )
    )


def _metres(size: int) -> str:
    return tonnes_text(Kg(size)).removesuffix("t") + "m"


def _penalties(verdict: Verdict, say: Mapping[str, Any]) -> list[str]:
    police, road_admin, told = verdict.police, verdict.road_admin, []
    if police.overload_permille:
        told.append(say["overload"].format(rate=police.overload_permille))
    if police.fine_yuan is not None:
        low, high = police.fine_yuan
        told.append(say["police_fine"].format(low=low, high=high))
    if police.points:
        told.append(say["police_points"].format(points=police.points))
    if police.hearing_notice:
        told.append(say["hearing"])
    if road_admin.fine_yuan is not None:
        told.append(say["road_admin_fine"].format(yuan=road_admin.fine_yuan))
    for band in (road_admin.dimension_yuan, police.dimension_yuan):
        if band is not None:
            told.append(say["dimension_fine"].format(low=band[0], high=band[1]))
    return told


def _sources(verdict: Verdict, say: Mapping[str, Any]) -> list[str]:
    cited: list[Reason | DimensionFinding] = [*verdict.reasons, *verdict.dimensions]
    if not cited:
        return []
    marked = dict.fromkeys(
        f"{item.source}{'*' if item.confidence == 'recalled' else ''}" for item in cited
    )
    told = [say["sources"].format(sources=";".join(marked))]
    if any(item.confidence == "recalled" for item in cited):
        told.append(say["recalled"])
    return told
