"""``python -m benchmarks rules|delivery|outage|acts|papers [--json]``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import acts as acts_benchmark
from benchmarks import delivery as delivery_benchmark
from benchmarks import papers as papers_benchmark
from benchmarks import rules as rules_benchmark
from benchmarks.outage import measured
from benchmarks.report import Row, as_json, show

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
    _say(ratios, rows, as_json_line=as_json_line)


@app.command()
def delivery(
    *,
    as_json_line: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Time the way of a record: headquarters' ingest, the live fan-out, a station's commit."""
    with Console(stderr=True).status("delivery") as status:
        ratios, rows = delivery_benchmark.run(status.update)
    _say(ratios, rows, as_json_line=as_json_line)


@app.command()
def outage(
    *,
    as_json_line: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
    days: Annotated[int, typer.Option("--days", min=1, help="Without a line.")] = 30,
) -> None:
    """Time both programs after days without a line: a backlog, a restart, a passage on its way."""
    with TemporaryDirectory(prefix="zc-") as folder:
        Path(folder).chmod(0o711)  # the database's own user goes through it
        with Console(stderr=True).status("outage") as status:
            rows = asyncio.run(measured(Path(folder), days, status.update))
    _say({}, rows, as_json_line=as_json_line)


@app.command()
def acts(
    *,
    as_json_line: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Time an officer's act: from the click until it is durable, and on the page."""
    with Console(stderr=True).status("acts") as status:
        ratios, rows = acts_benchmark.run(status.update)
    _say(ratios, rows, as_json_line=as_json_line)


def _say(ratios: Mapping[str, float | None], rows: Sequence[Row], *, as_json_line: bool) -> None:
    if as_json_line:
        typer.echo(as_json(ratios, rows))
    else:
        show(ratios, rows)


@app.command()
def papers(
    *,
    as_json_line: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
    rounds: Annotated[int, typer.Option("--rounds", min=2, help="Of all documents.")] = 20,
) -> None:
    """Time one document: from the record of a case to the bytes of its PDF."""
    with Console(stderr=True).status("papers") as status:
        ratios, rows = papers_benchmark.run(rounds, status.update)
    if as_json_line:
        typer.echo(as_json(ratios, rows))
    else:
        show(ratios, rows)


if __name__ == "__main__":
    app()
