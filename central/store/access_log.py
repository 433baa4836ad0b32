"""Refused accesses in PostgreSQL."""

from __future__ import annotations

from typing import Final

from central.store import pool as pools
from central.store.pool import Pool
from central.store.sqlfile import load
from station.domain.access import RefusedAccess

_SQL: Final = load("access_log")


class SqlRefusedAccesses:
    """Implements :class:`~station.admission.access_log.RefusedAccesses`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, rows: list[RefusedAccess]) -> None:
        """Count *rows* to those that are kept."""
        async with pools.transaction(self._pool) as connection:
            for row in rows:
                counted = (row.times, row.first_at, row.last_at, row.last_from)
                await connection.execute(_SQL["add_refused"], *row.key, *counted)

    async def newest(self, limit: int) -> list[RefusedAccess]:
        """Return the newest, newest first."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["newest_refused"], limit)
        return [RefusedAccess(**dict(row)) for row in rows]
