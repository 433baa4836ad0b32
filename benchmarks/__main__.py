"""``python -m benchmarks rules [--json]``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from benchmarks import rules as rules_benchmark
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


if __name__ == "__main__":
    app()
