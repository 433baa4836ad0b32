"""Why a bundle is refused: a stable code, the place, and the Chinese sentence for the code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_LONGEST: Final = 200


class Refused(Exception):
    """The bundle does not pass. ``where``: file, line and field, as far as they are known."""

    def __init__(self, code: str, where: str) -> None:
        super().__init__(f"{code} at {where}")
        self.code = code
        self.where = where


def shown(text: str) -> str:
    """Return a stranger's text fit for a terminal: printable, and not without end."""
    plain = "".join(character if character.isprintable() else "�" for character in text)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about a bundle that passes."""

    code: str
    where: str


@cache
def sentences() -> Mapping[str, str]:
    """Return every sentence by its code."""
    text = (files(__package__) / "messages.zh.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found
