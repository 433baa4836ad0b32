"""The rules benchmark: runs its parts in order and gathers their ratios."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.openfisca_process import OpenFisca, versions
from benchmarks.report import Row, rounded
from benchmarks.rules_bulk import bulk, growth
from benchmarks.rules_cases import steps
from benchmarks.rules_single import decided, lookups
from station.rules.lawbook import lawbook

RATIOS = ("decide_us", "lookup_us", "vs_rule_engine", "vs_zen_engine", "bulk_vs_copy")


def run(records: int, progress: Callable[[str], None]) -> tuple[dict[str, float | None], list[Row]]:
    """Run everything.

    Args:
        records: in bulk.
        progress: told what is being timed.

    Returns:
        The ratios of :data:`RATIOS`, and a row for each engine at each task.
    """
    progress("setting up openfisca-core")
    with OpenFisca(steps(lawbook())) as openfisca:
        progress("look-ups")
        found, rows = lookups(openfisca)
        progress("verdicts")
        verdicts, verdict_rows = decided()
        masses, mass_rows = bulk(records, openfisca, progress)
    found |= verdicts | masses
    rows += [*verdict_rows, *mass_rows, *growth(records, progress)]
    rows.append(Row(task="run", engine=versions(), unit="", median=None))
    ratios = {name: None if (value := found[name]) is None else rounded(value) for name in RATIOS}
    return ratios, rows
