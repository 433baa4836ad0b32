"""What the commands share: options, lines for people, a bar of progress."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from station.contract.messages import message
from station.domain.errors import ZhichaoError

if TYPE_CHECKING:
    from rich.progress import Progress

Config = Annotated[Path, typer.Option("--config", help="The station's TOML file.")]


def group(about: str | None = None) -> typer.Typer:
    """Return what commands are added to."""
    return typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=about,
    )


def say(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        typer.echo(line)


def line_of(exc: ZhichaoError) -> str:
    """Return an error as one line that a person can act on."""
    text = message(exc.code, {"detail": exc.detail, **exc.fields})
    shown = ", ".join(f"{key}={value}" for key, value in exc.fields.items())
    detail = "" if exc.detail in text or text in exc.detail else exc.detail
    return f"{text} [{': '.join(part for part in (exc.code, detail, shown) if part)}]"


def progress() -> Progress:
    """Return a bar on standard error, with rows a second and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    return Progress(*columns, console=Console(stderr=True))
