"""Finds the files of the law edition (法律数据版本) by which a finding was made.

A program that is updated brings another edition. So each end keeps those by which it ever worked,
one JSON file an edition, named by its digest: ``{path under law/: text}``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from station.domain.errors import LawAbsent, SettingsError
from station.rules.lawbook import edition, package_files


def files_of(wanted: str, kept: Path, folder: Path | None = None) -> dict[str, bytes]:
    """Return the files of the edition *wanted*: the package's own, kept ones, or a folder's.

    Args:
        wanted: ``sha256:…``, as an entry names it.
        kept: the folder of :func:`keep_edition`.
        folder: laid out as ``station/rules/law``.

    Raises:
        LawAbsent: none is of that edition.
        SettingsError: *folder* cannot be read.
    """
    given = folder_files(folder) if folder else {}
    for found in (package_files(), _unpacked(kept / kept_as(wanted)), given):
        if edition(found) == wanted:
            return found
    raise LawAbsent(edition=wanted)


def keep_edition(kept: Path, write: Callable[[Path, bytes], None]) -> None:
    """Keep the package's own edition in the folder *kept*, by *write*, unless it is there whole."""
    files = package_files()
    path = kept / kept_as(edition(files))
    if _unpacked(path) != files:
        write(path, msgspec.json.encode({name: files[name].decode() for name in sorted(files)}))


def kept_as(name: str) -> str:
    """Return the name of the file in which an edition is kept."""
    return f"{name.removeprefix('sha256:')}.json"


def _unpacked(path: Path) -> dict[str, bytes]:
    """Return the files of a kept edition; none where it is not there, or not whole."""
    try:
        texts = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}
    return {name: text.encode() for name, text in texts.items()}


def folder_files(folder: Path) -> dict[str, bytes]:
    """Read the law files in a folder laid out as ``station/rules/law``.

    Raises:
        SettingsError: there is no such folder, or no law file in it.
    """
    try:
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*.yaml"))
        }
    except OSError as error:
        raise SettingsError(f"{folder}: {error.strerror}") from error
    if not found:
        raise SettingsError(f"{folder}: no law file (*.yaml) in this folder")
    return found
