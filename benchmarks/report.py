"""What a benchmark found, as JSON or as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.rounds import Timed


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One engine at one task.

    Attributes:
        median: in *unit*; None when the engine could not run, and *note* says why.
        times: how many times as long as the first engine of the task; None for itself.
    """

    task: str
    engine: str
    unit: str
    median: float | None
    times: float | None = None
    note: str = ""


def row(task: str, unit: str, found: Timed, first: Timed | None = None, note: str = "") -> Row:
    """Make a row of what was timed; *first* is what it is compared with."""
    times = None if first is None or first is found else rounded(found.over(first))
    value = rounded(found.median * _UNITS[unit])
    return Row(task=task, engine=found.name, unit=unit, median=value, times=times, note=note)


def as_json(ratios: Mapping[str, float | None], rows: Sequence[Row]) -> str:
    """Return one line of JSON."""
    return json.dumps({"ratios": ratios, "rows": [asdict(one) for one in rows]}, ensure_ascii=False)


def show(ratios: Mapping[str, float | None], rows: Sequence[Row]) -> None:
    """Print a table for people."""
    table = Table(title=", ".join(f"{name} {value}" for name, value in ratios.items()))
    for heading in ("task", "engine"):
        table.add_column(heading)
    for heading in ("median", "unit", "times"):
        table.add_column(heading, justify="right")
    table.add_column("note")
    for one in rows:
        shown = ["" if value is None else f"{value:g}" for value in (one.median, one.times)]
        table.add_row(one.task, one.engine, shown[0], one.unit, shown[1], one.note)
    Console().print(table)


def rounded(value: float) -> float:
    """Keep three figures: the machine's noise is larger than the rest."""
    return float(f"{value:.3g}")


_UNITS = {"µs": 1e6, "ms": 1e3, "ns": 1e9}
