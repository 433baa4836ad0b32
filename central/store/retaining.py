"""Finds and erases what is kept no longer."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from central.application.projecting import WORKER as PROJECTOR
from central.application.retaining import DueOpening, Terms
from central.store import pool as pools
from central.store.ledgers import SqlDesk
from central.store.pool import Pool
from central.store.sqlfile import load

_SQL: Final = load("retaining")
_LEDGER: Final = load("ledger")


class SqlRetainingDesk(SqlDesk):
    """Implements :class:`central.application.retaining.RetainingDesk`."""

    async def waits_since(self) -> datetime | None:
        """See the port."""
        position = await self._connection.fetchval(_LEDGER["progress"], PROJECTOR) or 0
        at: datetime | None = await self._connection.fetchval(_SQL["next_received"], position)
        return at

    async def due_openings(self, terms: Terms, limit: int) -> list[DueOpening]:
        """See the port."""
        rows = await self._connection.fetch(
            _SQL["due_openings"], terms.counted, terms.closed, limit
        )
        return [DueOpening(**row) for row in rows]

    async def erase_openings(
        self, node: str, fields: Sequence[tuple[int, str]], own_seq: int
    ) -> None:
        """See the port."""
        seqs, names = [seq for seq, _ in fields], [field for _, field in fields]
        await self._connection.execute(_SQL["erase_openings"], node, seqs, names, own_seq)


class SqlRetainingArchive:
    """Implements :class:`central.application.retaining.RetainingArchive`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def retaining(self) -> AsyncIterator[SqlRetainingDesk]:
        """See the port."""
        async with pools.transaction(self._pool) as connection:
            yield SqlRetainingDesk(connection)

    async def rewrite_openings(self) -> None:
        """See the port."""
        async with pools.connection(self._pool) as connection:
            await connection.execute(_SQL["rewrite_openings"])
