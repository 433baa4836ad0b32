"""Tells the centre's programs of one another: its key changes while none of them signs with it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from station.domain.errors import SettingsError

NAME: Final = "running.lock"


@contextlib.contextmanager
def working(folder: Path) -> Iterator[None]:
    """Work with the centre's folder, beside others. The claim ends with the process.

    Raises:
        SettingsError: somebody works there alone.
    """
    with _claim(folder, fcntl.LOCK_SH, "the centre's key is being rotated"):
        yield


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Work with the centre's folder, and nobody else.

    Raises:
        SettingsError: another program of the centre runs.
    """
    with _claim(folder, fcntl.LOCK_EX, "another program of the centre runs: stop it first"):
        yield


@contextlib.contextmanager
def _claim(folder: Path, kind: int, otherwise: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("w") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise SettingsError(f"{folder}: {otherwise}", key="central.data_dir") from exc
        yield
