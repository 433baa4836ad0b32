"""Dated legal parameters (法定标准): one number of the law, with its history and its sources."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from station.domain.errors import NoLawInForce

UNITS = frozenset(
    {
        "kg",
        "mm",
        "yuan",
        "permille",
        "points",
        "times",
        "persons",
        "code",
        "hour",
        "working_day",
        "calendar_day",
        "month",
        "year",
        "choice",
    }
)
"""The closed list of units; ``choice`` means a word out of the file's own list of choices."""

_FILE_KEYS = frozenset({"title", "unit", "values", "note", "choices", "open"})
_ENTRY_KEYS = frozenset({"value", "source", "confidence", "day_confidence", "note"})
_REPEAL_KEYS = frozenset({"repealed", "source", "confidence", "day_confidence", "note"})
_OPEN_POINT = re.compile(r"[CU][1-9][0-9]?")
_HIGHEST = 10_000_000


class InvalidLaw(ValueError):
    """A law file cannot be used. The message names the file; nothing is loaded past it."""


class Confidence(Enum):
    """How well a number or a day is known."""

    SEEN = "seen"  # the text, or a copy or quotation of it, was read
    RECALLED = "recalled"  # general knowledge; an operator must confirm it
    INFERRED = "inferred"  # arithmetic or reading, the note says how


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One value of a parameter, from the day it took effect (施行日期).

    Attributes:
        value: an integer in the parameter's unit, or one of its choices.
        source: the Chinese citation printed on documents.
        confidence: of the value.
        day_confidence: of the day.
    """

    in_force_from: date
    value: int | str
    source: str
    confidence: Confidence
    day_confidence: Confidence
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeal:
    """From this day the parameter has no value (废止)."""

    in_force_from: date
    source: str
    confidence: Confidence
    day_confidence: Confidence
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number or a choice fixed by law, with its history.

    Attributes:
        key: dotted path of the file under ``law/``, e.g. ``limit.annex.tr_02``.
        title: the Chinese legal name shown on documents.
        unit: one of :data:`UNITS`.
        history: in ascending order of days, without duplicates.
        choices: the words allowed, for the unit ``choice`` only.
        open_points: conflicts (C..) and unknowns (U..) of the law that this value settles for now.
    """

    key: str
    title: str
    unit: str
    history: tuple[Provision | Repeal, ...]
    choices: tuple[str, ...] = ()
    open_points: tuple[str, ...] = ()
    note: str = ""

    def entry_on(self, day: date) -> Provision | Repeal | None:
        """Return what the history says of *day*; None before its first entry."""
        at = bisect_right([entry.in_force_from for entry in self.history], day)
        return self.history[at - 1] if at else None

    def on(self, day: date) -> Provision:
        """Return the provision in force on *day*.

        Raises:
            NoLawInForce: before the first provision, or after a repeal.
        """
        entry = self.entry_on(day)
        if not isinstance(entry, Provision):
            raise NoLawInForce(key=self.key, day=day.isoformat())
        return entry


def parse_parameter(key: str, tree: object) -> Parameter:
    """Build a :class:`Parameter` from one parsed YAML file. Pure: no file is opened here.

    Raises:
        InvalidLaw: unknown or missing keys, a value that is no integer (or no listed choice), a
            missing source or confidence, days that are not dates in ascending order.
    """
    top = _mapping(key, tree, _FILE_KEYS, {"title", "unit", "values"})
    unit = _text(key, top, "unit")
    if unit not in UNITS:
        raise InvalidLaw(f"{key}: unknown unit {unit!r}")
    choices = _words(key, top.get("choices", ()))
    if (unit == "choice") != bool(choices):
        raise InvalidLaw(f"{key}: 'choices' goes with the unit 'choice' and with no other")
    open_points = _words(key, top.get("open", ()))
    for point in open_points:
        if not _OPEN_POINT.fullmatch(point):
            raise InvalidLaw(f"{key}: {point!r} is no open point (C.. or U..)")
    return Parameter(
        key=key,
        title=_text(key, top, "title"),
        unit=unit,
        history=_history(key, top["values"], choices),
        choices=choices,
        open_points=open_points,
        note=_text(key, top, "note") if "note" in top else "",
    )


def _history(key: str, values: object, choices: tuple[str, ...]) -> tuple[Provision | Repeal, ...]:
    if not isinstance(values, Mapping) or not values:
        raise InvalidLaw(f"{key}: 'values' must map days to provisions")
    for day in values:
        if type(day) is not date:
            raise InvalidLaw(f"{key}: {day!r} is not a day (YYYY-MM-DD)")
    if list(values) != sorted(values):
        raise InvalidLaw(f"{key}: days must ascend")
    history = tuple(_entry(f"{key} {day}", day, tree, choices) for day, tree in values.items())
    if isinstance(history[0], Repeal):
        raise InvalidLaw(f"{key}: a history cannot start with a repeal")
    return history


def _entry(where: str, day: date, tree: object, choices: tuple[str, ...]) -> Provision | Repeal:
    repealed = isinstance(tree, Mapping) and "repealed" in tree
    allowed = _REPEAL_KEYS if repealed else _ENTRY_KEYS
    required = {"repealed" if repealed else "value", "source", "confidence"}
    entry = _mapping(where, tree, allowed, required)
    confidence = _confidence(where, entry["confidence"])
    day_confidence = _confidence(where, entry.get("day_confidence", entry["confidence"]))
    source = _text(where, entry, "source")
    note = _text(where, entry, "note") if "note" in entry else ""
    if repealed:
        if entry["repealed"] is not True:
            raise InvalidLaw(f"{where}: 'repealed' can only be true")
        return Repeal(
            in_force_from=day,
            source=source,
            confidence=confidence,
            day_confidence=day_confidence,
            note=note,
        )
    return Provision(
        in_force_from=day,
        value=_value(where, entry["value"], choices),
        source=source,
        confidence=confidence,
        day_confidence=day_confidence,
        note=note,
    )


def _value(where: str, value: object, choices: tuple[str, ...]) -> int | str:
    if choices:
        if not isinstance(value, str) or value not in choices:
            raise InvalidLaw(f"{where}: {value!r} is not one of {', '.join(choices)}")
        return value
    if type(value) is not int or not 0 <= value <= _HIGHEST:
        raise InvalidLaw(f"{where}: {value!r} is no whole number from 0 to {_HIGHEST}")
    return value


def _mapping(
    where: str, tree: object, allowed: frozenset[str], required: set[str]
) -> Mapping[str, object]:
    if not isinstance(tree, Mapping):
        raise InvalidLaw(f"{where}: a mapping is expected")
    unknown = sorted(str(name) for name in tree if name not in allowed)
    if unknown:
        raise InvalidLaw(f"{where}: unknown keys {', '.join(unknown)}")
    missing = sorted(required - set(tree))
    if missing:
        raise InvalidLaw(f"{where}: missing keys {', '.join(missing)}")
    return tree


def _text(where: str, tree: Mapping[str, object], name: str) -> str:
    text = tree[name]
    if not isinstance(text, str) or not text.strip():
        raise InvalidLaw(f"{where}: {name!r} must be text")
    return text.strip()


def _words(where: str, words: object) -> tuple[str, ...]:
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise InvalidLaw(f"{where}: a list of words is expected")
    if len(set(words)) != len(words):
        raise InvalidLaw(f"{where}: a word is listed twice")
    return tuple(words)


def _confidence(where: str, word: object) -> Confidence:
    try:
        return Confidence(word)
    except ValueError:
        raise InvalidLaw(f"{where}: {word!r} is no confidence (seen, recalled, inferred)") from None
