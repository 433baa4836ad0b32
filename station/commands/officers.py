"""Officers' accounts: ``station officer …``."""

from __future__ import annotations

import asyncio
import sys
from datetime import date
from typing import Annotated

import typer

from station.commands.shared import Config, group, say

app = group("Officers' accounts of this station.")


@app.command("add")
def officer_add(
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
    name: Annotated[str, typer.Option()],
    role: Annotated[
        str, typer.Option(help="road, police, hq, admin, security, audit or technician")
    ],
    valid_until: Annotated[str, typer.Option(help="Last day of validity, YYYY-MM-DD.")],
    *,
    crew: Annotated[str | None, typer.Option(help="Crew (班组) of the roster.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False,
) -> None:
    """Make an account, or change one. The password comes from standard input or a prompt.

    Once there is a security administrator, he has to confirm it at the page before it is good.
    """
    from station.bootstrap.upkeep import add_officer
    from station.contract.messages import message
    from station.domain.officers import Officer, Role
    from station.settings import read_settings

    password = sys.stdin.readline().rstrip("\n") if password_stdin else _prompt()
    officer = Officer(
        certificate_no=certificate,
        name=name,
        role=Role(role),
        valid_until=date.fromisoformat(valid_until),
        crew=crew,
    )
    uri, waits = asyncio.run(add_officer(read_settings(config), officer, password))
    _show(uri)
    if waits:
        say([message("done.officer_unconfirmed", {"certificate_no": certificate})])


@app.command("totp")
def officer_totp(
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
) -> None:
    """Give an account another secret of one-time codes; the one before is worth nothing."""
    from station.bootstrap.upkeep import new_secret
    from station.settings import read_settings

    _show(asyncio.run(new_secret(read_settings(config), certificate)))


@app.command("revoke")
def officer_revoke(
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
) -> None:
    """Revoke an account of this station; its sessions end, its live pages close in seconds."""
    from station.bootstrap.upkeep import revoke_officer
    from station.settings import read_settings

    asyncio.run(revoke_officer(read_settings(config), certificate))


@app.command("unlock")
def officer_unlock(
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
) -> None:
    """Let an account try again that wrong codes have locked."""
    from station.bootstrap.upkeep import unlock_officer
    from station.settings import read_settings

    asyncio.run(unlock_officer(read_settings(config), certificate))


def _show(uri: str) -> None:
    """Show what the officer's authenticator scans."""
    from station.documents.authenticator import lines

    say(lines(uri, drawn=sys.stdout.isatty()))


def _prompt() -> str:
    password: str = typer.prompt("密码", hide_input=True, confirmation_prompt=True)
    return password
