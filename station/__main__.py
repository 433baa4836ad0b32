"""The station's command line: ``python -m station …``."""

from __future__ import annotations

import sys

import typer

from station.commands import keeping, law, officers, program
from station.commands.shared import group, line_of
from station.domain.errors import ZhichaoError

app = group()
for part in (program, keeping, law):
    app.add_typer(part.app)
app.add_typer(officers.app, name="officer")


def main() -> None:
    """Run a command; an error of ours is one line that a person can act on."""
    try:
        app()
    except* ZhichaoError as raised:
        for exc in _leaves(raised):
            typer.echo(line_of(exc), err=True)
        sys.exit(1)


def _leaves(raised: BaseExceptionGroup[ZhichaoError]) -> list[ZhichaoError]:
    leaves: list[ZhichaoError] = []
    for exc in raised.exceptions:
        leaves += _leaves(exc) if isinstance(exc, BaseExceptionGroup) else [exc]
    return leaves


if __name__ == "__main__":
    main()
