"""The line to the centre as one state, though several tasks use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from station.application.devices import OK

Report = Callable[[str, str], None]
PUSH: Final = "push"
DOWN: Final = "down"


class Links:
    """Reports the first of the parts that is not well, in the order of their first word."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._parts: dict[str, tuple[str, str]] = {}

    def part(self, name: str) -> Report:
        """Return what one task reports to; nothing counts before its first word."""

        def report(code: str, detail: str) -> None:
            self._parts[name] = code, detail
            told = [part for part in self._parts.values() if part[0] != OK]
            self._report(*(told[0] if told else (OK, "")))

        return report
