"""Commands on the accounts of officers."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated, Final

import typer

from central import bootstrap
from central.application.ports import Account
from central.commands import Config, done
from central.domain.access import ALL, Scope
from central.settings import CentralSettings, load
from central.store.accounts import SqlAccounts
from central.store.passwords import Argon2Passwords
from station.contract.messages import message
from station.domain.errors import InvalidFacts
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
    done(_write_officer(load(config), officer, scope, password, replace=replace))
    typer.echo(message("central.officer_written", {"certificate_no": certificate}))


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
