"""Commands that write files for others."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from central import bootstrap
from central.bootstrap import exporting
from central.commands import Config, done
from central.domain.counting import more_than, repeat_vehicles, window
from central.domain.days import local_day
from central.export.repeat_vehicles import repeat_vehicles_csv
from central.settings import CentralSettings, load
from central.store.reading import SqlReading
from station.contract.messages import message
from station.rules.lawbook import lawbook

EXPORTS: Final = typer.Typer()
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@EXPORTS.command("export-bundle")
def export_bundle(
    config: Config,
    case_no: Annotated[str, typer.Option("--case", help="Number of the case.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to; no such file yet.")],
    node: Annotated[str | None, typer.Option(help="The station, where several have it.")] = None,
    law: Annotated[
        Path | None, typer.Option(help="A folder of law files, for a finding by an older edition.")
    ] = None,
    *,
    without_personal: Annotated[
        bool, typer.Option("--without-personal", help="Leave names and numbers of persons out.")
    ] = False,
) -> None:
    """Write the evidence bundle of a case of any station. Reads only; the centre may run."""
    collected = done(
        exporting.export_bundle(
            load(config), case_no, out, node=node, law=law, personal=not without_personal
        )
    )
    for line in collected.said(str(out)):
        typer.echo(line)


@EXPORTS.command("export-repeat-vehicles")
def export_repeat_vehicles(
    config: Config, out: Annotated[Path, typer.Option()], as_of: Day = None
) -> None:
    """Write the list of vehicles with more than three violations in twelve months."""
    day = as_of.date() if as_of else local_day(bootstrap.SystemClock().now())
    vehicles, content = done(_repeat_vehicles(load(config), day))
    out.write_bytes(content)
    typer.echo(message("central.exported", {"vehicles": vehicles, "path": str(out)}))


async def _repeat_vehicles(settings: CentralSettings, day: date) -> tuple[int, bytes]:
    days, threshold = window(day), more_than(lawbook(), day)
    async with bootstrap.opened(settings) as database:
        decisions = await SqlReading(database).decisions(days.first, days.last, threshold)
    vehicles = repeat_vehicles(decisions, days, threshold)
    return len(vehicles), repeat_vehicles_csv(vehicles, days, threshold)
