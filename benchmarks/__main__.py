"""``python -m benchmarks rules|delivery [--json]``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import rules as rules_benchmark
from benchmarks.delivery import measured
from benchmarks.report import as_json, show

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _benchmarks() -> None:
    """Measure what is promised about speed, beside what a user would pick instead."""


@app.command()
def rules(
    *,
    as_json_line: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
    records: Annotated[int, typer.Option("--records", min=1000, help="In bulk.")] = 10_000_000,
) -> None:
    """Time the law core: bare look-ups, full verdicts, and a whole history."""
    with Console(stderr=True).status("rules") as status:
        ratios, rows = rules_benchmark.run(records, status.update)
    if as_json_line:
        typer.echo(as_json(ratios, rows))
    else:
        show(ratios, rows)


@app.command()
def delivery(
    *,
    as_json_line: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
    days: Annotated[int, typer.Option("--days", min=1, help="Without a line.")] = 30,
) -> None:
    """Time delivery by both programs: a backlog, a restart, a passage on its way."""
    with TemporaryDirectory(prefix="zc-") as folder:
        Path(folder).chmod(0o711)  # the database's own user goes through it
        with Console(stderr=True).status("delivery") as status:
            rows = asyncio.run(measured(Path(folder), days, status.update))
    if as_json_line:
        typer.echo(as_json({}, rows))
    else:
        show({}, rows)


if __name__ == "__main__":
    app()
