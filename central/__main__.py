"""The command line of headquarters."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Coroutine
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from central import auditor, bootstrap
from central.api.app import interface
from central.application.ports import Account
from central.domain.counting import more_than, repeat_vehicles, window
from central.domain.days import local_day
from central.export.repeat_vehicles import repeat_vehicles_csv
from central.settings import CentralSettings, load
from central.store.accounts import SqlAccounts
from central.store.passwords import Argon2Passwords
from central.store.reading import SqlReading
from station.contract.entries import Kind, payload
from station.contract.messages import message
from station.domain.errors import InvalidFacts, ZhichaoError
from station.domain.officers import Officer, Role
from station.rules.lawbook import lawbook

SHORTEST_PASSWORD: Final = 10
OPENAPI: Final = Path("docs/reference/central-api.openapi.json")
_T = TypeVar("_T")

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
officer_app = typer.Typer(no_args_is_help=True, help="Accounts of officers.")
app.add_typer(officer_app, name="officer")

Config = Annotated[Path, typer.Option("--config", help="central.toml")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def run(config: Config) -> None:
    """Run headquarters until it is stopped."""

    def ready(url: str) -> None:
        typer.echo(message("central.ready", {"url": url}))
        sys.stdout.flush()

    uvloop.run(bootstrap.run(load(config), config, ready))


@officer_app.command("add")
def officer_add(
    *,
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
    name: Annotated[str, typer.Option()],
    role: Annotated[Role, typer.Option()],
    valid_until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Required.")] = False,
    replace: Annotated[bool, typer.Option(help="Change an account that exists.")] = False,
) -> None:
    """Write an officer's account; the password is the first line of standard input."""
    if not password_stdin:
        raise typer.BadParameter("the password comes by --password-stdin")
    password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidFacts(f"at least {SHORTEST_PASSWORD} characters", field="password")
    officer = Officer(
        certificate_no=certificate, name=name, role=role, valid_until=valid_until.date()
    )
    _run(_write_officer(load(config), officer, password, replace=replace))
    typer.echo(message("central.officer_written", {"certificate_no": certificate}))


@app.command()
def rebuild(config: Config) -> None:
    """Make all projections again from the kept bytes."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.completed}"),
        SpinnerColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=None)
        entries = _run(bootstrap.rebuilt(load(config), lambda at: bar.update(task, completed=at)))
    typer.echo(message("central.rebuilt", {"entries": entries}))


@app.command()
def publish(
    config: Config,
    kind: Annotated[Kind, typer.Option(help="watch_list, register_extract, permit, legal_ids …")],
    source: Annotated[Path, typer.Option("--in", help="JSON, as in station/contract.")],
) -> None:
    """Publish a list to every station: an entry of the centre's own ledger."""
    _run(bootstrap.published(load(config), kind, payload(kind, source.read_bytes())))
    typer.echo(message("central.published", {"kind": kind.value}))


@app.command()
def audit(
    config: Config,
    receipts: Annotated[
        list[Path] | None, typer.Option(help="Receipts that stations hold (JSON, or a line each).")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="A witness's checkpoints.jsonl, or its address.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Read everything again from its bytes and say what does not fit; ends with 1 if anything."""
    with Progress(
        TextColumn("{task.completed}"), SpinnerColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("", total=None)
        report = _run(
            auditor.audited(
                load(config),
                receipts or [],
                witness or [],
                lambda at: bar.update(task, completed=at),
            )
        )
    if as_json:
        typer.echo(msgspec.json.encode(auditor.record(report)).decode())
    else:
        for line in auditor.lines(report):
            typer.echo(line)
    if report.findings:
        raise typer.Exit(1)


@app.command("export-repeat-vehicles")
def export_repeat_vehicles(
    config: Config, out: Annotated[Path, typer.Option()], as_of: Day = None
) -> None:
    """Write the list of vehicles with more than three violations in twelve months."""
    day = as_of.date() if as_of else local_day(bootstrap.SystemClock().now())
    vehicles, content = _run(_repeat_vehicles(load(config), day))
    out.write_bytes(content)
    typer.echo(message("central.exported", {"vehicles": vehicles, "path": str(out)}))


@app.command()
def openapi(out: Annotated[Path, typer.Option()] = OPENAPI) -> None:
    """Write the description of the interface, live messages included."""
    out.write_text(described(), "utf-8")
    typer.echo(message("central.written", {"path": str(out)}))


def described() -> str:
    """Return the description as it is committed."""
    return json.dumps(interface().openapi(), ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Run the command line; errors are one line in Chinese."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        app()
    except ZhichaoError as exc:
        return _failed(exc)
    except ExceptionGroup as group:
        ours = group.subgroup(ZhichaoError)
        if ours is None:
            raise
        return _failed(_first(ours))
    return 0


def _failed(exc: ZhichaoError) -> int:
    typer.echo(f"{exc.code}: {message(exc.code, {'detail': exc.detail, **exc.fields})}", err=True)
    return 1


def _first(group: ExceptionGroup[ZhichaoError]) -> ZhichaoError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, ExceptionGroup) else inner


def _run(command: Coroutine[object, object, _T]) -> _T:
    return asyncio.run(command)


async def _write_officer(
    settings: CentralSettings, officer: Officer, password: str, *, replace: bool
) -> None:
    password_hash = await Argon2Passwords().hashed(password)
    account = Account(officer=officer, password_hash=password_hash)
    async with bootstrap.opened(settings) as database:
        if not await SqlAccounts(database).put_account(account, replace=replace):
            raise InvalidFacts("the account exists: --replace changes it", field="certificate")


async def _repeat_vehicles(settings: CentralSettings, day: date) -> tuple[int, bytes]:
    days, threshold = window(day), more_than(lawbook(), day)
    async with bootstrap.opened(settings) as database:
        decisions = await SqlReading(database).decisions(days.first, days.last, threshold)
    vehicles = repeat_vehicles(decisions, days, threshold)
    return len(vehicles), repeat_vehicles_csv(vehicles, days, threshold)


if __name__ == "__main__":
    sys.exit(main())
