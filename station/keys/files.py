"""Writes small files that a power cut leaves whole: the old one or the new one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from station.domain.errors import BundleExists, BundleUnwritable, SettingsError
from station.durable import flush_folder

SECRET: Final = 0o600
PUBLIC: Final = 0o644
_OTHERS: Final = 0o077


def write_durably(path: Path, content: bytes, mode: int = SECRET) -> None:
    """Put *content* at *path*, in the place of what is there; it is on the disk on return.

    Raises:
        SettingsError: the disk or the folder does not allow it.
    """
    with _written(path, content, mode) as made:
        move_durably(made, path)


def create_durably(path: Path, content: bytes) -> None:
    """Put a secret at *path* unless there is a file: of two programs that do so, one wins.

    Raises:
        SettingsError: the disk or the folder does not allow it.
    """
    with _written(path, content, SECRET) as made:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
        flush_folder(path.parent)


def move_durably(source: Path, target: Path) -> None:
    """Let *source* take the place of *target*, which is gone for good on return.

    Raises:
        OSError: there is no *source*, or the disk fails.
    """
    source.replace(target)
    flush_folder(target.parent)


def refuse_existing(path: Path) -> None:
    """Check that there is no file at *path*.

    Raises:
        BundleExists: there is.
    """
    if path.exists() or path.is_symlink():
        raise BundleExists(path=str(path))


def write_bundle(path: Path, content: bytes) -> None:
    """Put *content* at *path*, where no file is: whole and on the disk on return, or not at all.

    Raises:
        BundleExists: there is one.
        BundleUnwritable: the disk or the folder does not allow it.
    """
    refuse_existing(path)
    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write_synced(made, content, SECRET)
        refuse_existing(path)
        made.rename(path)
    except OSError as exc:
        raise BundleUnwritable(str(exc.strerror), path=str(path)) from exc
    finally:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the file system of a stick may not know of that
        flush_folder(path.parent)


def read_secret(path: Path) -> bytes:
    """Return what only this user can read.

    Raises:
        SettingsError: others can read it too, or it is not there.
    """
    try:
        if path.stat().st_mode & _OTHERS:
            raise SettingsError("the key can be read by others: chmod 600", path=str(path))
        return path.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{path}: {exc.strerror}", path=str(path)) from exc


@contextlib.contextmanager
def _written(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """Give a file with *content* beside *path*; its errors become ours."""
    made = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(made, content, mode)
        yield made
    except OSError as exc:
        raise SettingsError(f"{path}: {exc.strerror}", path=str(path)) from exc


def _write_synced(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
