"""Commands on keys and certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from central import bootstrap
from central.application.revoke import Revocation
from central.bootstrap import keys as key_commands
from central.commands import Config, done
from central.export.keys import keys_json, keys_paper
from central.settings import load
from station.contract.messages import message

KEYS: Final = typer.Typer()


@KEYS.command("enrol-token")
def enrol_token(
    config: Config, node: Annotated[str, typer.Option(help="A node of [[stations]].")]
) -> None:
    """Print a token by which one station enrols, once, within 24 hours. Keep it secret."""
    typer.echo(done(key_commands.enrolment_token(load(config), node)))


@KEYS.command("rotate-key")
def rotate_key(config: Config) -> None:
    """Let a new key sign for the centre, which must not be running."""
    typer.echo(message("keys.rotated", {"key_id": done(key_commands.key_rotated(load(config)))}))


@KEYS.command("revoke-key")
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
    held = done(key_commands.key_revoked(load(config), revocation))
    typer.echo(message("central.key_revoked", {"key_id": key_id, "seq": from_seq}))
    if held:
        shown = {"first": held.start, "last": held[-1]}
        typer.echo(message("central.key_revoked_held", shown))


@KEYS.command("revoke-certificate")
def revoke_certificate(
    config: Config,
    node: Annotated[str, typer.Option()],
    reason: Annotated[str, typer.Option()],
    serial: Annotated[str | None, typer.Option(help="Only this one; else all of the node.")] = None,
) -> None:
    """Let a station's certificate open no line any more, at once."""
    for revoked in done(key_commands.certificates_revoked(load(config), node, serial, reason)):
        typer.echo(message("central.certificate_revoked", {"node": node, "serial": revoked}))


@KEYS.command()
def keys(
    config: Config,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="keys.json")] = None,
    paper: Annotated[Path | None, typer.Option(help="A page of text, to be signed.")] = None,
) -> None:
    """Write the register of keys; whoever checks records compares the two forms."""
    settings = load(config)
    register = done(key_commands.key_register(settings))
    if out is not None:
        out.write_bytes(keys_json(register))
    if paper is not None:
        paper.write_text(keys_paper(register, bootstrap.SystemClock().now()), "utf-8")
    if out is None and paper is None:
        typer.echo(keys_json(register).decode(), nl=False)
