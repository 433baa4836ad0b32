"""Facts as lines, verdicts as lines: the command ``python -m station decide``.

A line in, a line out, in order. A wrong line is answered with an error and the rest goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

from station.domain.errors import DomainError, InvalidFacts
from station.rules.decide import decide
from station.rules.lawbook import LawBook
from station.rules.records import facts_from_record
from station.rules.verdict import to_record


class Sink(Protocol):
    """Where lines go."""

    def write(self, line: bytes, /) -> object:
        """Take one line of UTF-8, its line feed included."""
        ...


def decide_lines(source: Iterable[bytes], sink: Sink, law: LawBook) -> int:
    """Decide each line of *source* (one JSON object of facts) and write one line to *sink*.

    Returns:
        The number of lines that were answered with an error.
    """
    wrong = 0
    for number, line in enumerate(source, 1):
        answer = _answered(line, number, law)
        wrong += "error" in answer
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        # A lone surrogate in an id came in as an escape and goes out as the same escape.
        sink.write(text.encode("utf-8", "backslashreplace") + b"\n")
    return wrong


def _answered(line: bytes, number: int, law: LawBook) -> dict[str, Any]:
    name: str | int | None = None
    try:
        given, twice = _parsed(line)
        if not isinstance(given, dict):
            raise InvalidFacts("a JSON object is needed")
        name = _name(given.pop("id", None))
        if name is None:
            raise InvalidFacts("text is needed", field="id")
        if twice:
            raise InvalidFacts("a key is written twice", field=twice[0])
        return {"id": name, **to_record(decide(facts_from_record(given), law))}
    except DomainError as error:
        shown = ", ".join(f"{key}={value}" for key, value in error.fields.items())
        message = ": ".join(part for part in (f"line {number}", error.detail, shown) if part)
        return {"id": name, "error": {"code": error.code, "message": message}}


def _name(value: object) -> str | int | None:
    return value if isinstance(value, str) or type(value) is int else None


def _parsed(line: bytes) -> tuple[object, list[str]]:
    """Return the value of one line, and the keys that it writes twice."""
    twice: list[str] = []

    def read(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice.extend(key for key in found if keys.count(key) > 1)
        return found

    try:
        return json.loads(line.decode("utf-8"), object_pairs_hook=read, parse_int=_whole), twice
    except (ValueError, RecursionError):
        raise InvalidFacts("the line is no JSON") from None


def _whole(digits: str) -> int | float:
    """Keep a huge number from being read at length; as a float no key takes it."""
    return int(digits) if len(digits) <= _LONGEST else float("inf")


_LONGEST = 18
