"""Commands on the accounts of officers."""

from __future__ import annotations

import dataclasses
import secrets
import sys
from datetime import datetime
from typing import Annotated, Final

import typer

from central import bootstrap
from central.application.ports import Account
from central.bootstrap import accounts
from central.commands import Config, done
from central.domain.access import ALL, Scope
from central.settings import CentralSettings, load
from central.store.accounts import SqlAccounts
from central.store.passwords import Argon2Passwords
from station.contract.messages import message
from station.documents import authenticator
from station.domain import totp
from station.domain.errors import InvalidFacts, NotFound
from station.domain.officers import Officer, Role

SHORTEST_PASSWORD: Final = 10
OFFICERS: Final = typer.Typer(no_args_is_help=True, help="Accounts of officers.")


@OFFICERS.command("add")
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
    crew: Annotated[str | None, typer.Option(help="Crew (班组) of a roster.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Required.")] = False,
    replace: Annotated[bool, typer.Option(help="Change an account that exists.")] = False,
) -> None:
    """Write an officer's account; the password is the first line of standard input.

    Once there is a security administrator, he has to confirm it at the page before it is good.
    """
    if not password_stdin:
        raise typer.BadParameter("the password comes by --password-stdin")
    password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidFacts(f"at least {SHORTEST_PASSWORD} characters", field="password")
    officer = Officer(
        certificate_no=certificate,
        name=name,
        role=role,
        valid_until=valid_until.date(),
        crew=crew,
    )
    scope = Scope(frozenset(station)) if station else ALL
    settings = load(config)
    secret, waits = done(_write_officer(settings, officer, scope, password, replace=replace))
    typer.echo(message("central.officer_written", {"certificate_no": certificate}))
    _show(settings, certificate, secret)
    if waits:
        typer.echo(message("done.officer_unconfirmed", {"certificate_no": certificate}))


@OFFICERS.command("totp")
def officer_totp(
    *,
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
) -> None:
    """Give an account another secret of one-time codes; the one before is worth nothing."""
    settings = load(config)
    _show(settings, certificate, done(_renew_secret(settings, certificate)))


@OFFICERS.command("revoke")
def officer_revoke(
    *,
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
) -> None:
    """Revoke an officer here and at every station; his live pages close within seconds."""
    done(accounts.revoked(load(config), certificate))


@OFFICERS.command("unlock")
def officer_unlock(
    *,
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
) -> None:
    """Let an account try again that wrong codes have locked."""
    done(accounts.unlocked(load(config), certificate))


def _show(settings: CentralSettings, certificate_no: str, secret: bytes) -> None:
    uri = totp.uri(secret, issuer=settings.central.name, account=certificate_no)
    for line in authenticator.lines(uri, drawn=sys.stdout.isatty()):
        typer.echo(line)


async def _write_officer(
    settings: CentralSettings, officer: Officer, scope: Scope, password: str, *, replace: bool
) -> tuple[bytes, bool]:
    unknown = sorted((scope.nodes or set()) - {station.node for station in settings.stations})
    if unknown:
        raise InvalidFacts(f"no such station: {', '.join(unknown)}", field="station")
    password_hash = await Argon2Passwords().hashed(password)
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    account = Account(officer=officer, password_hash=password_hash, secret=secret, scope=scope)
    return secret, await accounts.made(settings, account, replace=replace)


async def _renew_secret(settings: CentralSettings, certificate_no: str) -> bytes:
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    async with bootstrap.opened(settings) as database:
        kept = SqlAccounts(database)
        account = await kept.account(certificate_no)
        if account is None:
            raise NotFound("no such account", certificate_no=certificate_no)
        await kept.put_account(dataclasses.replace(account, secret=secret), replace=True)
    return secret
