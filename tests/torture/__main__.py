"""``python -m tests.torture [--scenario T2 …] [--seed N] [--faults N] [--states N] [--json]``."""

from __future__ import annotations

import os
import secrets
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.torture import (
    t1_kill_storm,
    t2_power_cut,
    t3_partitions,
    t4_bad_disk,
    t5_clock,
    t6_forks,
    t7_bit_rot,
    t8_double_fine,
    t9_insider,
    t12_simulation,
)
from tests.torture.harness import Options, Report, run_scenario, scratch_folder

SCENARIOS = (
    t1_kill_storm,
    t2_power_cut,
    t3_partitions,
    t4_bad_disk,
    t5_clock,
    t6_forks,
    t7_bit_rot,
    t8_double_fine,
    t9_insider,
    t12_simulation,
)

_NAMES = ", ".join(module.NAME for module in SCENARIOS)


def main(
    *,
    scenario: Annotated[list[str] | None, typer.Option(help=f"Of {_NAMES}; all.")] = None,
    seed: Annotated[int | None, typer.Option(help="Printed always; by chance.")] = None,
    faults: Annotated[int | None, typer.Option(min=1, help="How many; the scenario's own.")] = None,
    states: Annotated[int | None, typer.Option(min=1, help="How many; the scenario's own.")] = None,
    mutants: Annotated[bool, typer.Option(help="Run the wrong programs too.")] = True,
    mutant: Annotated[list[str] | None, typer.Option(help="Only these wrong programs.")] = None,
    strict: Annotated[
        bool, typer.Option(help="A skipped scenario is a failure, as in CI.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each.")] = False,
) -> None:
    """Try to break the promises of the ledger; exit status 1 when one broke or a mutant lived."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    strict = strict or bool(os.environ.get("CI"))
    chosen = [m for m in SCENARIOS if not scenario or m.NAME in scenario]
    if not chosen or len(chosen) < len(set(scenario or ())):
        raise typer.BadParameter(f"one of {_NAMES}", param_hint="--scenario")
    errors = Console(stderr=True)
    errors.print(f"seed {seed}")
    reports = []
    with scratch_folder() as scratch, errors.status("") as status:
        options = Options(seed=seed, scratch=scratch, faults=faults, states=states)
        for module in chosen:
            wrong = tuple(m for m in module.MUTANTS if mutants and (not mutant or m in mutant))
            report = run_scenario(module, options, mutants=wrong, status=status.update)
            reports.append(report)
            if as_json:
                sys.stdout.write(report.line() + "\n")
                sys.stdout.flush()
    if not as_json:
        _show(reports)
    failed = [r for r in reports if not r.sound or (strict and r.skipped)]
    raise typer.Exit(1 if failed else 0)


def _show(reports: list[Report]) -> None:
    table = Table()
    columns = ("scenario", "seed", "faults", "acknowledged", "lost", "duplicated", "mutants caught")
    for name in (*columns, "seconds", "result"):
        table.add_column(name)
    for report in reports:
        result = f"skipped: {report.skipped}" if report.skipped else "sound"
        table.add_row(
            report.scenario,
            *(str(getattr(report, name)) for name in columns[1:-1]),
            f"{report.mutants_caught} of {report.mutants}",
            str(report.seconds),
            result if report.sound else "BROKEN",
        )
    console = Console()
    console.print(table)
    for report in reports:
        for text in report.broken:
            console.print(f"{report.scenario}: {text}", markup=False)
        for name in report.alive:
            console.print(f"{report.scenario}: mutant {name} was not caught", markup=False)


if __name__ == "__main__":
    typer.run(main)
