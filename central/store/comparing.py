"""Makes the projections again beside the real ones, in a transaction that keeps nothing."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from central.application.comparing import Unlike
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

    async def begin_page(self, after: int) -> None:
        """See :class:`central.application.comparing.Aside`."""
        await self._connection.execute(_SQL["begin_page"], str(after))

    async def unlike(self, most: int) -> list[Unlike]:
        """See :class:`central.application.comparing.Aside`."""
        return [Unlike(**row) for row in await self._connection.fetch(_SQL["unlike"], most)]


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
