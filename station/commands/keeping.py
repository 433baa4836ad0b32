"""What is done to a station's records: ``station check``, ``rejoin`` and others."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from station.commands.shared import Config, group, line_of, progress, say
from station.contract.messages import message

app = group()


@app.command()
def rebuild(config: Config) -> None:
    """Throw the views away and fold the ledgers anew. The station must not be running."""
    from station.bootstrap.upkeep import rebuild as rebuild_views
    from station.settings import read_settings

    settings = read_settings(config)
    with progress() as bar:
        task = bar.add_task(settings.station.node, total=None)
        count = asyncio.run(
            rebuild_views(settings, lambda done, rows: bar.update(task, completed=done, total=rows))
        )
    typer.echo(f"{count} entries")


@app.command()
def check(config: Config) -> None:
    """Check the whole store: ledger, views, pictures. Reads only; the station may run."""
    from station.bootstrap.opening import check_of
    from station.settings import read_settings

    settings = read_settings(config)
    with progress() as bar:
        tasks = {what: bar.add_task(what, total=None) for what in ("entry", "media")}
        found = check_of(settings, lambda what, done: bar.update(tasks[what], completed=done))
        problems = [line_of(problem) for problem in found]
    for line in problems:
        typer.echo(line, err=True)
    if problems:
        raise typer.Exit(1)
    done = {"entries": found.entries, "pictures": found.pictures}
    typer.echo(message("store.checked", done))


@app.command()
def rejoin(
    config: Config, reason: Annotated[str, typer.Option("--reason", help="For the record.")]
) -> None:
    """After a fork: keep the own branch aside and take up the one that the centre holds."""
    from station.bootstrap.upkeep import rejoin as rejoin_centre
    from station.settings import read_settings

    digests = asyncio.run(rejoin_centre(read_settings(config), reason))
    say(message("done.set_aside", {"digest": digest}) for digest in digests)
    say([message("done.rejoined", {"count": len(digests)})])


@app.command()
def receipts(config: Config) -> None:
    """Print the centre's receipts, a line of JSON each: for an audit. The station may run."""
    from station.bootstrap.upkeep import receipts as kept_receipts
    from station.settings import read_settings

    say(asyncio.run(kept_receipts(read_settings(config))))


@app.command()
def retain(config: Config) -> None:
    """Erase the recordings whose time is over and that no case refers to. Also done every day."""
    from station.bootstrap.upkeep import retain as erase_recordings
    from station.settings import read_settings

    count = asyncio.run(erase_recordings(read_settings(config)))
    typer.echo(message("done.recordings_erased", {"count": count}))


@app.command("erase-personal")
def erase_personal(
    config: Config,
    before: Annotated[datetime, typer.Option("--before", formats=["%Y-%m-%d"])],
    reason: Annotated[str, typer.Option("--reason", help="By what rule: for the record.")],
) -> None:
    """Erase names and numbers of persons in acts before a day, on cases that are closed."""
    from station.bootstrap.upkeep import erase_personal as erase
    from station.settings import read_settings

    count = asyncio.run(erase(read_settings(config), before.date(), reason))
    typer.echo(message("done.personal_erased", {"count": count}))


@app.command("export-bundle")
def export_bundle_command(
    config: Config,
    case_no: Annotated[str, typer.Option("--case", help="Number of the case.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to; no such file yet.")],
    law: Annotated[
        Path | None, typer.Option(help="A folder of law files, for a finding by an older edition.")
    ] = None,
    *,
    without_personal: Annotated[
        bool, typer.Option("--without-personal", help="Leave names and numbers of persons out.")
    ] = False,
) -> None:
    """Write the evidence bundle of a case. Reads only; the station may run, the centre be away."""
    from station.bootstrap.exporting import export_bundle
    from station.settings import read_settings

    settings, personal = read_settings(config), not without_personal
    collected = asyncio.run(export_bundle(settings, case_no, out, law=law, personal=personal))
    say(collected.said(str(out)))


@app.command("export-history")
def export_history_command(config: Config, out: Annotated[Path, typer.Option("--out")]) -> None:
    """Write the passages of this station as columns (Parquet), with their recorded verdicts."""
    from station.bootstrap.opening import open_store
    from station.settings import read_settings
    from station.store.history import export_history

    stored = open_store(read_settings(config))
    try:
        views = asyncio.run(stored.ledger.passages(sys.maxsize))
    finally:
        stored.close()
    typer.echo(f"{export_history(reversed(views), out)} rows: {out}")
