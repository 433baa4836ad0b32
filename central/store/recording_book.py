"""Reads what is known of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from central.application.ports import Arrived
from central.application.recording_audit import Name, Stored
from central.store import pool as pools
from central.store.ledgers import entry_of
from central.store.pool import Pool
from central.store.sqlfile import load
from station.domain.ledger import Entry

_SQL: Final = load("recordings")
_PAGE: Final = 500


class SqlRecordingBook:
    """Implements :class:`central.application.recording_audit.RecordingBook`."""

    def __init__(self, pool: Pool, own: str) -> None:
        self._pool = pool
        self._own = own

    async def size(self) -> int:
        """See the port."""
        async with pools.connection(self._pool) as connection:
            return await connection.fetchval(_SQL["size"]) or 0

    async def page(self, after: int, upto: int) -> list[Arrived]:
        """See the port."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["page"], after, upto, _PAGE)
        return [Arrived(row["position"], entry_of(row), row["received_at"]) for row in rows]

    async def states(self, names: Sequence[Name]) -> dict[Name, Stored]:
        """See the port."""
        nodes, digests = [node for node, _ in names], [bytes.fromhex(sha) for _, sha in names]
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["states"], nodes, digests)
        return {
            (row["node"], row["sha256"]): Stored(
                held_at=row["held_at"],
                erased_seq=row["erased_seq"],
                first_seq=row["first_seq"],
            )
            for row in rows
        }

    async def erasures(self) -> dict[int, int]:
        """See the port."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["erasures"])
        return {row["erased_seq"]: row["count"] for row in rows}

    async def own_erasures(self) -> list[Entry]:
        """See the port."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["own_erasures"], self._own)
        return [entry_of(row) for row in rows]
