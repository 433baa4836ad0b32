"""Finds the files of the law edition (法律数据版本) by which a finding was made."""

from __future__ import annotations

from pathlib import Path

from station.domain.errors import LawAbsent, SettingsError
from station.rules.lawbook import edition, package_files


def files_of(wanted: str, folder: Path | None = None) -> dict[str, bytes]:
    """Return the files of the edition *wanted*: the package's own, or those in *folder*.

    Raises:
        LawAbsent: neither is of that edition.
        SettingsError: *folder* cannot be read.
    """
    for found in (package_files(), folder_files(folder) if folder else {}):
        if edition(found) == wanted:
            return found
    raise LawAbsent(edition=wanted)


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
