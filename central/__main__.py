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
from fastapi import FastAPI
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from central import bootstrap
from central.api.app import interface, machines_interface
from central.application.ports import Account
from central.application.revoke import Revocation
from central.bootstrap import auditing, exporting
from central.bootstrap import keys as key_commands
from central.bootstrap import witness as witness_program
from central.domain.access import ALL, Scope
from central.domain.counting import more_than, repeat_vehicles, window
from central.domain.days import local_day
from central.export.keys import keys_json, keys_paper
from central.export.repeat_vehicles import repeat_vehicles_csv
from central.settings import CentralSettings, load
from central.store.accounts import SqlAccounts
from central.store.passwords import Argon2Passwords
from central.store.reading import SqlReading
from central.witness.settings import load as witness_settings
from station.contract.entries import Kind, payload
from station.contract.messages import message
from station.domain.errors import InvalidFacts, ZhichaoError
from station.domain.officers import Officer, Role
from station.rules.lawbook import lawbook

SHORTEST_PASSWORD: Final = 10
OPENAPI: Final = Path("docs/reference/central-api.openapi.json")
MACHINES_OPENAPI: Final = Path("docs/reference/central-machines-api.openapi.json")
_T = TypeVar("_T")

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
officer_app = typer.Typer(no_args_is_help=True, help="Accounts of officers.")
app.add_typer(officer_app, name="officer")

Config = Annotated[Path, typer.Option("--config", help="central.toml")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def run(config: Config) -> None:
    """Run headquarters until it is stopped."""

    def ready(url: str, machines: str) -> None:
        typer.echo(message("central.ready", {"url": url, "machines": machines}))
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
    station: Annotated[
        list[str] | None, typer.Option(help="May watch this one; again for more. None: all.")
    ] = None,
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
    scope = Scope(frozenset(station)) if station else ALL
    _run(_write_officer(load(config), officer, scope, password, replace=replace))
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
            auditing.audited(
                load(config),
                receipts or [],
                witness or [],
                lambda at: bar.update(task, completed=at),
            )
        )
    if as_json:
        typer.echo(msgspec.json.encode(auditing.record(report)).decode())
    else:
        for line in auditing.lines(report):
            typer.echo(line)
    if report.findings:
        raise typer.Exit(1)


@app.command("enrol-token")
def enrol_token(
    config: Config, node: Annotated[str, typer.Option(help="A node of [[stations]].")]
) -> None:
    """Print a token by which one station enrols, once, within 24 hours. Keep it secret."""
    typer.echo(_run(key_commands.enrolment_token(load(config), node)))


@app.command("rotate-key")
def rotate_key(config: Config) -> None:
    """Let a new key sign for the centre, which must not be running."""
    typer.echo(message("keys.rotated", {"key_id": _run(key_commands.key_rotated(load(config)))}))


@app.command("revoke-key")
def revoke_key(
    *,
    config: Config,
    node: Annotated[str, typer.Option()],
    key_id: Annotated[str, typer.Option()],
    from_seq: Annotated[int, typer.Option(help="The first entry that it is not good for.")],
    reason: Annotated[str, typer.Option()],
    officers: Annotated[
        tuple[str, str], typer.Option(help="Certificates of two officers of this office.")
    ],
) -> None:
    """Let a signing key be good for no entry from one on."""
    revocation = Revocation(
        node=node, key_id=key_id, from_seq=from_seq, reason=reason, officers=officers
    )
    held = _run(key_commands.key_revoked(load(config), revocation))
    typer.echo(message("central.key_revoked", {"key_id": key_id, "seq": from_seq}))
    if held:
        shown = {"first": held.start, "last": held[-1]}
        typer.echo(message("central.key_revoked_held", shown))


@app.command("revoke-certificate")
def revoke_certificate(
    config: Config,
    node: Annotated[str, typer.Option()],
    reason: Annotated[str, typer.Option()],
    serial: Annotated[str | None, typer.Option(help="Only this one; else all of the node.")] = None,
) -> None:
    """Let a station's certificate open no line any more, at once."""
    for revoked in _run(key_commands.certificates_revoked(load(config), node, serial, reason)):
        typer.echo(message("central.certificate_revoked", {"node": node, "serial": revoked}))


@app.command()
def keys(
    config: Config,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="keys.json")] = None,
    paper: Annotated[Path | None, typer.Option(help="A page of text, to be signed.")] = None,
) -> None:
    """Write the register of keys; whoever checks records compares the two forms."""
    settings = load(config)
    register = _run(key_commands.key_register(settings))
    if out is not None:
        out.write_bytes(keys_json(register))
    if paper is not None:
        paper.write_text(keys_paper(register, bootstrap.SystemClock().now()), "utf-8")
    if out is None and paper is None:
        typer.echo(keys_json(register).decode(), nl=False)


@app.command()
def witness(config: Annotated[Path, typer.Option("--config", help="witness.toml")]) -> None:
    """Keep and cosign the checkpoints of a centre, in another office, without a database."""

    def ready(url: str, public_key: str) -> None:
        typer.echo(message("central.witness_ready", {"url": url, "public_key": public_key}))
        sys.stdout.flush()

    def alarm(refusal: ZhichaoError) -> None:
        fields = {"detail": refusal.detail, **refusal.fields}
        typer.echo(f"{refusal.code}: {message(refusal.code, fields)}", err=True)

    settings = witness_settings(config)
    uvloop.run(witness_program.run(settings, bootstrap.SystemClock(), ready, alarm))


@app.command("export-bundle")
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
    collected = _run(
        exporting.export_bundle(
            load(config), case_no, out, node=node, law=law, personal=not without_personal
        )
    )
    for line in collected.said(str(out)):
        typer.echo(line)


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
def openapi(
    out: Annotated[Path, typer.Option()] = OPENAPI,
    machines_out: Annotated[Path, typer.Option()] = MACHINES_OPENAPI,
) -> None:
    """Write the descriptions of the interfaces for people, live messages included, and machines."""
    for path, described in ((out, interface()), (machines_out, machines_interface())):
        path.write_text(description(described), "utf-8")
        typer.echo(message("central.written", {"path": str(path)}))


def description(described: FastAPI) -> str:
    """Return a description as it is committed."""
    return json.dumps(described.openapi(), ensure_ascii=False, indent=2) + "\n"


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
    settings: CentralSettings, officer: Officer, scope: Scope, password: str, *, replace: bool
) -> None:
    unknown = sorted((scope.nodes or set()) - {station.node for station in settings.stations})
    if unknown:
        raise InvalidFacts(f"no such station: {', '.join(unknown)}", field="station")
    password_hash = await Argon2Passwords().hashed(password)
    account = Account(officer=officer, password_hash=password_hash, scope=scope)
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
