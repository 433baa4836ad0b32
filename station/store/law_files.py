"""Opens law data: the package's own, or a folder of law files of another edition."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from station.contract.law_edition import folder_files
from station.domain.errors import SettingsError
from station.rules.lawbook import LawBook, lawbook, package_files
from station.rules.parameter import InvalidLaw

CURRENT: Final = "current"


def law_files(edition: str) -> dict[str, bytes]:
    """Read the law files of *edition*: ``current``, or a folder laid out as ``station/rules/law``.

    Raises:
        SettingsError: there is no such folder, or no law file in it.
    """
    return package_files() if edition == CURRENT else folder_files(Path(edition))


def law_book(edition: str) -> LawBook:
    """Return the law book of *edition*, see :func:`law_files`.

    Raises:
        SettingsError: no such folder, or a file that cannot be used, by its name.
    """
    if edition == CURRENT:
        return lawbook()
    try:
        return LawBook(law_files(edition))
    except InvalidLaw as error:
        raise SettingsError(f"{edition}: {error}") from error
