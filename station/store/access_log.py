"""Refused accesses in the station's file."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import apsw

from station.domain.access import RefusedAccess
from station.store.database import Database
from station.store.sqlfile import load

_SQL: Final = load("access_log")


class SqliteRefusedAccesses:
    """Implements :class:`~station.admission.access_log.RefusedAccesses`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rows: list[RefusedAccess]) -> None:
        """Count *rows* to those that are kept."""

        def write(connection: apsw.Connection) -> None:
            with connection:
                for row in rows:
                    connection.execute(_SQL["add_refused"], _columns(row))

        await self._database.run(write)

    async def erase(self, before: date) -> None:
        """Erase those of local days before *before*."""
        await self._database.rows(_SQL["erase_refused"], before.isoformat())

    async def newest(self, limit: int) -> list[RefusedAccess]:
        """Return the newest, newest first."""
        return [
            RefusedAccess(
                day=date.fromisoformat(day),
                who=who,
                what=what,
                why=why,
                times=times,
                first_at=datetime.fromisoformat(first_at),
                last_at=datetime.fromisoformat(last_at),
                last_from=last_from,
            )
            for day, who, what, why, times, first_at, last_at, last_from in (
                await self._database.rows(_SQL["newest_refused"], limit)
            )
        ]


def _columns(row: RefusedAccess) -> tuple[str | int, ...]:
    first, last = row.first_at.isoformat(), row.last_at.isoformat()
    return *(row.day.isoformat(), row.who, row.what, row.why, row.times), first, last, row.last_from
