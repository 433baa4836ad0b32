"""What people read for each stable code: ``messages.zh.yaml``, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

_FALLBACK: Final = "zhichao"
_ABSENT: Final = "—"


@cache
def templates() -> Mapping[str, str]:
    """Return every sentence by its code.

    Raises:
        TypeError: the file is not a flat mapping of text to text.
    """
    found = yaml.safe_load((files("station.contract") / "messages.zh.yaml").read_text("utf-8"))
    if not isinstance(found, dict) or not all(
        isinstance(part, str) for pair in found.items() for part in pair
    ):
        raise TypeError("messages.zh.yaml is not a flat mapping of text to text")
    return found


def message(code: str, fields: Mapping[str, str | int]) -> str:
    """Return the Chinese sentence for *code*, filled with *fields*; a field ``why`` has its own.

    A code without a sentence gets the general one, with the code in it; a field that is not there
    shows as a dash; a field whose value is one of our own words shows in Chinese. Never raises: it
    is called where errors are shown.
    """
    template = templates().get(f"why.{fields.get('why')}") or templates().get(code)
    if template is None:
        return templates()[_FALLBACK].format_map(_Fields({"detail": code}))
    words = {key: templates().get(f"value.{key}.{value}", value) for key, value in fields.items()}
    return template.format_map(_Fields(words)).strip()


class _Fields(dict[str, str | int]):
    def __missing__(self, key: str) -> str:
        return "" if key == "detail" else _ABSENT
