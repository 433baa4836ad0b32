"""The law as dated data: ``station law …``, and decisions by it."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from station.commands.shared import group, progress, say

app = group()
law_app = group("The law as dated data.")
app.add_typer(law_app, name="law")

Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"])]
_EDITION = "`current` (the package's own), or a folder of law files."


@app.command()
def decide() -> None:
    """Decide facts from standard input, one JSON object a line, by the dated law."""
    from station.rules.jsonl import decide_lines
    from station.rules.lawbook import lawbook

    decide_lines(sys.stdin.buffer, sys.stdout.buffer, lawbook())


@app.command()
def redecide(
    source: Annotated[Path, typer.Option("--in", help="A history as columns (Parquet).")],
    out: Annotated[Path, typer.Option("--out", help="Where the rows that differ go (Parquet).")],
    on_edition: Annotated[str, typer.Option("--on-edition", help=_EDITION)] = "current",
    from_edition: Annotated[
        str, typer.Option("--from-edition", help="To compare with, where nothing is recorded.")
    ] = "current",
    gross_permille: Annotated[
        int | None, typer.Option("--gross-permille", help="Calibration: new mass of 1000 kg.")
    ] = None,
) -> None:
    """Decide a history anew, by another edition or calibration, and write only what changes."""
    from station.domain.units import Permille
    from station.store.history import Revision
    from station.store.history import redecide as decide_anew
    from station.store.law_files import law_book

    revision = Revision(
        old=law_book(from_edition),
        new=law_book(on_edition),
        permille=None if gross_permille is None else Permille(gross_permille),
    )
    with progress() as bar:
        task = bar.add_task(source.name, total=None)
        summary = decide_anew(
            source,
            out,
            revision,
            lambda done, rows: bar.update(task, completed=done, total=rows),
        )
    for (old, new), count in sorted(summary.verdicts.items()):
        typer.echo(f"{count}\t{old}\t{new}")
    typer.echo(f"{summary.changed} of {summary.rows} rows differ: {out}")


@law_app.command("list")
def law_list_command(on: Day = None) -> None:
    """List every parameter of the law, with its value of a day."""
    from station.rules.inspect import law_list
    from station.rules.lawbook import lawbook

    say(law_list(lawbook(), on.date() if on else None))


@law_app.command("show")
def law_show_command(key: str, on: Day = None) -> None:
    """Show one parameter: its history, sources and confidence."""
    from station.rules.inspect import law_show
    from station.rules.lawbook import lawbook

    say(law_show(lawbook(), key, on.date() if on else None))


@law_app.command("check")
def law_check_command(
    edition: Annotated[str, typer.Option("--edition", help=_EDITION)] = "current",
) -> None:
    """Check every law file, and list what is only recalled."""
    from station.rules.inspect import check_lines, law_check
    from station.store.law_files import law_files

    check = law_check(law_files(edition))
    say(check_lines(check))
    if check.problems:
        raise typer.Exit(1)


@law_app.command("pages")
def law_pages_command(folder: Path) -> None:
    """Write a page for each rule."""
    from station.rules.lawbook import lawbook
    from station.rules.pages import write_pages

    typer.echo(f"{write_pages(folder, lawbook())} pages")
