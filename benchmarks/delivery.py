"""The delivery benchmark: how records travel, from a station's disk to the screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks import audit, commit, fanout, ingest
from benchmarks.report import Row

RATIOS: Final = (*ingest.RATIOS, *fanout.RATIOS, *commit.RATIOS, *audit.RATIOS)


def run(progress: Callable[[str], None]) -> tuple[dict[str, float | None], list[Row]]:
    """Run every part in one go; see each for what its ratios say."""
    ratios: dict[str, float | None] = {}
    rows: list[Row] = []
    for part in (ingest.run, fanout.run, commit.run, audit.run):
        found, more = part(progress)
        ratios |= found
        rows += more
    return ratios, rows
