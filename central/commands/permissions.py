"""``central permissions``: the table of who may ask what, as a page of the documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from central.domain.requests import CENTRE
from station.contract.messages import message
from station.contract.requests import STATION, table

PERMISSIONS = typer.Typer()
PAGE: Final = Path("docs/reference/permissions.md")

_HEAD: Final = """\
# Who may ask what

Made by `python -m central permissions`; do not edit. `tests/integration/test_permissions.py` signs
in as every role at a station and at headquarters, sends every request, and holds the answers to
these tables; a request that is not here fails it.

可: may ask. —: refused, with 401 for whoever is not signed in and 403 for everybody else; a socket
is closed. Who may ask may still be told no: an act needs two officers of the authority whose act it
is, a document is its authority's, and a release needs two persons.
"""
_STATION: Final = """\
## A station's console

An account is one station's. A session of another station is none here: its holder may ask what
anybody may.
"""
_CENTRE: Final = """
## Headquarters

The last column is for an officer who is limited to some stations. *his*: he is shown those alone,
others do not exist for him; *refused*: refused for a station that is not his; *all only*: refused
to him altogether. The interface for stations has no officers: there a certificate names the
station, which speaks for itself alone.
"""


@PERMISSIONS.command()
def permissions(out: Annotated[Path, typer.Option()] = PAGE) -> None:
    """Write the page of who may ask what."""
    out.write_text(page(), "utf-8")
    typer.echo(message("central.written", {"path": str(out)}))


def page() -> str:
    """Return the page as it is committed."""
    lines = [_HEAD, _STATION, *table(STATION), _CENTRE, *table(CENTRE), ""]
    return "\n".join(lines)
