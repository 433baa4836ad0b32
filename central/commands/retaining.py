"""The command that erases what is kept no longer."""

from __future__ import annotations

from typing import Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from central import bootstrap
from central.application.retaining import Tell
from central.bootstrap.missing import RECORDINGS
from central.bootstrap.own import own_key, own_ledger
from central.bootstrap.retaining import retention
from central.commands import Config, done
from central.settings import CentralSettings, load
from central.store.recordings import FileRecordings
from station.contract.messages import message

RETAINING: Final = typer.Typer()


@RETAINING.command()
def retain(config: Config) -> None:
    """Erase recordings and personal fields whose time is over. The running centre does so daily."""
    columns = (TextColumn("{task.description} {task.completed}"), SpinnerColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {what: bar.add_task(what, total=None) for what in ("entry", "media")}
        fields, recordings = done(
            _retained(load(config), lambda what, count: bar.update(tasks[what], completed=count))
        )
    typer.echo(message("central.retained", {"fields": fields, "recordings": recordings}))


async def _retained(settings: CentralSettings, tell: Tell) -> tuple[int, int]:
    clock = bootstrap.SystemClock()
    files = FileRecordings(settings.central.data_dir / RECORDINGS)
    own = own_ledger(settings, clock, own_key(settings))
    try:
        async with bootstrap.opened(settings) as database:
            erasing = retention(settings, database, files, clock, own)
            return await erasing.erase_personal(), await erasing.erase_recordings(tell)
    finally:
        files.close()
