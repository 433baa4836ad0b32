"""Loads named statements from ``sql/*.sql``. No SQL text lives in a Python file."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

_HEADER: Final = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\n", re.MULTILINE)


def load(stem: str) -> dict[str, str]:
    """Return the statements of ``station/store/sql/<stem>.sql`` by name."""
    text = (files("station.store") / "sql" / f"{stem}.sql").read_text("utf-8")
    _, *parts = _HEADER.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))
