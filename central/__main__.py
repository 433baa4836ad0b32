"""The command line of headquarters."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
import uvloop
from fastapi import FastAPI
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from central import bootstrap
from central.api.app import interface, machines_interface
from central.application.publishing import Published
from central.bootstrap import auditing
from central.bootstrap import witness as witness_program
from central.commands import Config, done
from central.commands.exports import EXPORTS
from central.commands.keys import KEYS
from central.commands.officers import OFFICERS
from central.commands.permissions import PERMISSIONS
from central.commands.retaining import RETAINING
from central.settings import load
from central.witness.settings import load as witness_settings
from station.contract.entries import Kind, payload
from station.contract.messages import message
from station.domain.errors import InvalidFacts, ZhichaoError

OPENAPI: Final = Path("docs/reference/central-api.openapi.json")
MACHINES_OPENAPI: Final = Path("docs/reference/central-machines-api.openapi.json")

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(OFFICERS, name="officer")
app.add_typer(KEYS)
app.add_typer(EXPORTS)
app.add_typer(RETAINING)
app.add_typer(PERMISSIONS)


@app.command()
def run(config: Config) -> None:
    """Run headquarters until it is stopped."""

    def ready(url: str, machines: str) -> None:
        typer.echo(message("central.ready", {"url": url, "machines": machines}))
        sys.stdout.flush()

    uvloop.run(bootstrap.run(load(config), config, ready))


@app.command()
def rebuild(config: Config) -> None:
    """Make all projections again from the kept bytes."""
    with _progress() as bar:
        task = bar.add_task("", total=None)
        entries = done(bootstrap.rebuilt(load(config), lambda at: bar.update(task, completed=at)))
    typer.echo(message("central.rebuilt", {"entries": entries}))


@app.command()
def publish(
    config: Config,
    kind: Annotated[Published, typer.Option(help="What it is.")],
    source: Annotated[Path, typer.Option("--in", help="JSON, as in station/contract.")],
) -> None:
    """Publish a list to every station: an entry of the centre's own ledger."""
    try:
        data = source.read_bytes()
    except OSError as exc:
        raise InvalidFacts(f"{source}: {exc.strerror}", field="--in") from exc
    done(bootstrap.published(load(config), Kind(kind.value), payload(Kind(kind.value), data)))
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
    with _progress() as bar:
        task = bar.add_task("", total=None)
        report = done(
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


def _progress() -> Progress:
    """Count on a terminal, and leave nothing behind; say nothing elsewhere."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.completed}"),
        SpinnerColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


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


if __name__ == "__main__":
    sys.exit(main())
