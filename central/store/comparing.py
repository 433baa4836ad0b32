"""Makes the projections again beside the real ones, in a transaction that keeps nothing."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from central.store import pool as pools
from central.store.ledgers import SqlDesk
from central.store.pool import Pool
from central.store.sqlfile import load

_SQL: Final = load("comparing")
_LEDGER: Final = load("ledger")
_PROJECTOR: Final = "projector"


class SqlAside(SqlDesk):
    """Implements :class:`central.application.comparing.Aside`."""

    async def projected(self) -> int:
        """See :class:`central.application.comparing.Aside`."""
        return await self._connection.fetchval(_LEDGER["progress"], _PROJECTOR) or 0

    async def unlike(self, most: int) -> list[tuple[str, str, str]]:
        """See :class:`central.application.comparing.Aside`."""
        rows = await self._connection.fetch(_SQL["unlike"], most)
        return [(row["view"], row["node"], row["key"]) for row in rows]


class SqlComparisons:
    """Implements :class:`central.application.comparing.Archive`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def aside(self) -> AsyncIterator[SqlAside]:
        """See :class:`central.application.comparing.Archive`."""
        async with (
            pools.connection(self._pool) as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            await connection.execute(_SQL["stand_in"])
            yield SqlAside(connection)
