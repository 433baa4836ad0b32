"""Which recordings are kept, and for what."""

from __future__ import annotations

from datetime import date
from typing import Final

import apsw

from station.store.database import Database
from station.store.indexing import indexed
from station.store.marks import MEDIA_SENT, mark
from station.store.sqlfile import load

_SQL: Final = load("delivery")


class SqliteRecordings:
    """Implements :class:`~station.application.centre_ports.Recordings`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, before: date, limit: int) -> list[str]:
        """See :class:`~station.application.centre_ports.Recordings`."""

        def work(connection: apsw.Connection) -> list[str]:
            row = (before.isoformat(), mark(connection, MEDIA_SENT), limit)
            return [str(sha256) for (sha256,) in connection.execute(_SQL["due"], row)]

        await indexed(self._database)
        return await self._database.run(work)

    async def newest_erased(self) -> list[str]:
        """See :class:`~station.application.centre_ports.Recordings`."""
        await indexed(self._database)
        return [str(row[0]) for row in await self._database.rows(_SQL["newest_erased"])]

    async def was_erased(self, sha256: str) -> bool:
        """See :class:`~station.application.centre_ports.Recordings`."""
        await indexed(self._database)
        return bool(await self._database.rows(_SQL["was_erased"], sha256))
