"""One page per rule, in plain words, generated from the law data: ``docs/reference/law/*.md``."""

from __future__ import annotations

from pathlib import Path

from station.rules.inspect import CONFIDENCE_WORDS, value_text
from station.rules.lawbook import LawBook
from station.rules.parameter import Parameter, Provision

_HEAD = "<!-- 由法规数据生成, 请勿手改: station/rules/pages.py -->"
_INDEX = "index.md"
_TOPICS = {
    "agency": "机构名称",
    "citation": "引用与核对",
    "closing": "结案",
    "count": "一年内次数",
    "credit": "信用",
    "deadline": "期限",
    "identifiers": "号牌",
    "limit": "限值",
    "metrology": "计量",
    "penalty": "处罚",
    "points": "记分",
    "procedure": "程序",
    "retention": "保存",
    "station": "检测站",
    "tolerance": "不予处罚的范围",
    "transport": "道路运输",
}


def pages(law: LawBook) -> dict[str, str]:
    """Return every page by its file name. The same law gives the same bytes."""
    found = {f"{key}.md": _page(parameter) for key, parameter in law.parameters.items()}
    return {_INDEX: _index(law), **found}


def write_pages(folder: Path, law: LawBook) -> int:
    """Write the pages into *folder*, remove those of rules that are gone, return their number."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages(law)
    for old in folder.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, "utf-8")
    return len(wanted)


def _index(law: LawBook) -> str:
    lines = [_HEAD, "# 法规数据", ""]
    lines += ["每条一页。数值按施行日期生效,行为时与决定时规定不同的,从旧兼从轻。", ""]
    topic = None
    for key, parameter in law.parameters.items():
        first = key.partition(".")[0]
        if first != topic:
            topic = first
            lines += ["", f"## {_TOPICS[first]}", "", "| 规则 | 现值 | 未决 |", "|---|---|---|"]
        now = value_text(parameter, parameter.history[-1])
        opened = "、".join(parameter.open_points)
        lines.append(f"| [{parameter.title}]({key}.md) | {now} | {opened} |")
    return "\n".join(lines) + "\n"


def _page(parameter: Parameter) -> str:
    lines = [_HEAD, f"# {parameter.title}", "", f"规则编号 `{parameter.key}`", ""]
    for entry in reversed(parameter.history):
        lines.append(
            f"- 自{_day(entry.in_force_from.isoformat())}起:**{value_text(parameter, entry)}**"
        )
        lines.append(f"    - 依据:{entry.source}")
        lines.append(
            f"    - {'数值' if isinstance(entry, Provision) else '废止'}:"
            f"{CONFIDENCE_WORDS[entry.confidence]};日期:{CONFIDENCE_WORDS[entry.day_confidence]}"
        )
        if entry.note:
            lines.append(f"    - {entry.note}")
    first = parameter.history[0].in_force_from
    lines += ["", f"{_day(first.isoformat())}以前没有规定。"]
    if parameter.choices:
        lines += ["", f"可选:{'、'.join(f'`{word}`' for word in parameter.choices)}。"]
    if parameter.note:
        lines += ["", parameter.note + "。"]
    if parameter.open_points:
        links = "、".join(parameter.open_points)
        lines += ["", f"未决:{links},见[法规说明](../../explanation/law.md)。"]
    return "\n".join(lines) + "\n"


def _day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{year}年{int(month)}月{int(day)}日"
