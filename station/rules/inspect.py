"""Looking at the law book: ``python -m station law list``, ``law show KEY``, ``law check``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from station.domain.errors import NoLawInForce
from station.rules.lawbook import LawBook, edition, parsed_file
from station.rules.parameter import (
    Confidence,
    InvalidLaw,
    Parameter,
    Provision,
    Repeal,
)

UNIT_WORDS = {
    "kg": "千克",
    "mm": "毫米",
    "yuan": "元",
    "permille": "‰",
    "points": "分",
    "times": "次",
    "persons": "人",
    "code": "",
    "hour": "小时",
    "working_day": "个工作日",
    "calendar_day": "日(自然日)",
    "month": "个月",
    "year": "年",
    "choice": "",
}
"""How a unit is read after its number."""

CONFIDENCE_WORDS = {
    Confidence.SEEN: "见过原文或引文",
    Confidence.RECALLED: "凭记忆,须核实",
    Confidence.INFERRED: "推定",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What ``law check`` found.

    Attributes:
        problems: one line per file that cannot be used; the law is fit only when there is none.
        recalled: keys of parameters with a value or a day that nobody has read.
        open_points: which parameters settle which open point of the law.
    """

    files: int
    edition: str
    problems: tuple[str, ...]
    recalled: tuple[str, ...]
    open_points: Mapping[str, tuple[str, ...]]


def law_list(law: LawBook, on: date | None = None) -> Iterator[str]:
    """Give one line per parameter: key, value in force on the day (or its last), title."""
    for key, parameter in law.parameters.items():
        entry = parameter.history[-1] if on is None else parameter.entry_on(on)
        yield f"{key}\t{value_text(parameter, entry)}\t{parameter.title}"


def law_show(law: LawBook, key: str, on: date | None = None) -> Iterator[str]:
    """Give the lines that show one parameter with its history, or its value on one day.

    Raises:
        NoLawInForce: there is no such key, or no value in force on that day.
    """
    parameter = law.parameter(key)
    if on is not None:
        parameter.on(on)
    yield f"{parameter.key}  {parameter.title}"
    for entry in parameter.history if on is None else (parameter.entry_on(on),):
        if entry is not None:
            yield from _entry_lines(parameter, entry)
    if parameter.choices:
        yield f"  可选:{'、'.join(parameter.choices)}"
    if parameter.open_points:
        yield f"  未决:{'、'.join(parameter.open_points)}"
    if parameter.note:
        yield f"  说明:{parameter.note}"
    yield f"  版本:{law.edition}"


def law_check(law_files: Mapping[str, bytes]) -> Check:
    """Try every file by itself, then every period of the whole; report rather than raise."""
    problems: list[str] = []
    parameters: list[Parameter] = []
    for name in sorted(law_files):
        try:
            parameters.append(parsed_file(name, law_files[name]))
        except InvalidLaw as error:
            problems.append(str(error))
    if not problems:
        problems += _periods(law_files)
    points: dict[str, list[str]] = {}
    for parameter in parameters:
        for point in parameter.open_points:
            points.setdefault(point, []).append(parameter.key)
    return Check(
        files=len(law_files),
        edition=edition(law_files),
        problems=tuple(problems),
        recalled=tuple(p.key for p in parameters if _recalled(p)),
        open_points={
            point: tuple(points[point])
            for point in sorted(points, key=lambda word: (word[0], int(word[1:])))
        },
    )


def check_lines(check: Check) -> Iterator[str]:
    """Give the lines that ``law check`` prints."""
    yield f"{check.files} 个文件,版本 {check.edition}"
    for problem in check.problems:
        yield f"错误:{problem}"
    for key in check.recalled:
        yield f"凭记忆:{key}"
    for point, keys in check.open_points.items():
        yield f"未决 {point}:{'、'.join(keys)}"
    yield "不可用" if check.problems else "可用"


def value_text(parameter: Parameter, entry: Provision | Repeal | None) -> str:
    """Return a value with its unit as people read it; ``废止`` after a repeal, ``—`` before."""
    if isinstance(entry, Provision):
        return f"{entry.value}{UNIT_WORDS[parameter.unit]}"
    return "—" if entry is None else "废止"


def _entry_lines(parameter: Parameter, entry: Provision | Repeal) -> Iterator[str]:
    yield f"  自{entry.in_force_from}起:{value_text(parameter, entry)}"
    yield f"    依据:{entry.source}"
    yield (
        f"    可信度:数值{CONFIDENCE_WORDS[entry.confidence]};"
        f"日期{CONFIDENCE_WORDS[entry.day_confidence]}"
    )
    if entry.note:
        yield f"    说明:{entry.note}"


def _recalled(parameter: Parameter) -> bool:
    return any(
        Confidence.RECALLED in (entry.confidence, entry.day_confidence)
        for entry in parameter.history
    )


def _periods(law_files: Mapping[str, bytes]) -> Iterator[str]:
    """Compile the law of every day on which something changes, from its first day on."""
    law = LawBook(law_files)
    in_force = False
    for day in law.days:
        try:
            law.on(day)
            in_force = True
        except NoLawInForce as error:
            if in_force:
                yield f"{day}: {error}"
    if not in_force:
        yield "no day has a full law"
