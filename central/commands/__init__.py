"""The commands of headquarters' command line, by what they are about."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, TypeVar

import typer

Config = Annotated[Path, typer.Option("--config", help="central.toml")]
_T = TypeVar("_T")


def done(command: Coroutine[object, object, _T]) -> _T:
    """Return what a command comes to."""
    return asyncio.run(command)
