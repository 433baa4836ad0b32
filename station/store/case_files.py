"""The files of cases in the store: what belongs to each beside its acts, and clips taken in."""

from __future__ import annotations

from datetime import date
from typing import Final

from station.contract.entries import RecordingImported, read
from station.domain.ledger import Entry
from station.store.ledger_rows import entry_of
from station.store.papers import SqliteDocuments
from station.store.sqlfile import load

_LEDGER: Final = load("ledger")
_VIEWS: Final = load("views")


class SqliteCaseFiles(SqliteDocuments):
    """Implements :class:`~station.application.completeness.CaseFiles` and ``Clips``."""

    async def file_entries(self, case_no: str) -> list[Entry]:
        """See :class:`~station.application.completeness.CaseFiles`."""
        return [entry_of(row) for row in await self._rows(_LEDGER["file_entries"], case_no)]

    async def acts_on(self, first: date, last: date) -> list[Entry]:
        """See :class:`~station.application.importing.Clips`."""
        rows = await self._rows(_LEDGER["acts_on"], first.isoformat(), last.isoformat())
        return [entry_of(row) for row in rows]

    async def clips(self, limit: int) -> list[RecordingImported]:
        """See :class:`~station.application.evading.EvasionFiles`."""
        rows = await self._rows(_VIEWS["clips"], limit)
        found = (read(entry_of(row))[1] for row in rows)
        return [one for one in found if isinstance(one, RecordingImported)]

    async def clip(self, sha256: str) -> RecordingImported | None:
        """See :class:`~station.application.importing.Clips`."""
        for row in await self._rows(_VIEWS["clip"], sha256):
            found = read(entry_of(row))[1]
            if isinstance(found, RecordingImported):
                return found
        return None
