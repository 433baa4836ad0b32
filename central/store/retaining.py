"""Finds and erases what is kept no longer."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Final

from central.application.projecting import WORKER as PROJECTOR
from central.application.retaining import DueOpening, Terms
from central.store import pool as pools
from central.store.ledgers import SqlArchive, SqlDesk
from central.store.sqlfile import load

_SQL: Final = load("retaining")
_LEDGER: Final = load("ledger")
_RECORDINGS: Final = load("recordings")


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

    async def due_recordings(self, terms: Terms, limit: int) -> tuple[str, list[str]]:
        """See the port."""
        rows = await self._connection.fetch(_RECORDINGS["due_recordings"], terms.recordings, limit)
        return (rows[0]["node"] if rows else ""), [row["sha256"] for row in rows]

    async def erase_recordings(self, node: str, names: Sequence[str], own_seq: int) -> None:
        """See the port."""
        digests = [bytes.fromhex(name) for name in names]
        await self._connection.execute(_RECORDINGS["erase_recordings"], node, digests, own_seq)

    async def erase_refused_accesses(self, before: date) -> None:
        """See the port."""
        await self._connection.execute(_SQL["erase_refused"], before)

    async def newest_erased(self) -> list[str]:
        """See the port."""
        rows = await self._connection.fetch(_RECORDINGS["newest_erased"])
        return [row["sha256"] for row in rows]


class SqlRetainingArchive(SqlArchive):
    """Implements :class:`central.application.retaining.RetainingArchive`."""

    @contextlib.asynccontextmanager
    async def retaining(self) -> AsyncIterator[SqlRetainingDesk]:
        """See the port."""
        async with pools.transaction(self._pool) as connection:
            yield SqlRetainingDesk(connection)

    async def rewrite_openings(self) -> None:
        """See the port."""
        async with pools.connection(self._pool) as connection:
            await connection.execute(_SQL["wait_shortly"])  # the pool takes it back
            await connection.execute(_SQL["rewrite_openings"])
