"""Reads what an audit needs, all of it within one snapshot of the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from central.domain.auditing.values import StoredEntry, StoredHead, StoredLog, StoredNote
from central.store import pool as pools
from central.store.pool import Connection, Pool
from central.store.sqlfile import load
from station.contract.keyring import KeyRing, NodeKey
from station.domain.errors import StoreFailed

PAGE: Final = 1000
"""Entries that are in memory at a time; about 3 MB."""

_SQL: Final = load("auditing")
_CHECKPOINTS: Final = 5000
_TURN: Final = 7_305_804_406  # number of an advisory lock


class SqlSnapshot:
    """The tables as they stood when the snapshot began, read only."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()  # a page may be on its way while a checkpoint is asked for

    async def heads(self) -> tuple[StoredHead, ...]:
        """Return where every node's ledger ends, as the tables say."""
        return tuple(
            StoredHead(
                node=row["node"],
                seq=row["last_seq"],
                digest=row["last_digest"].hex(),
                position=row["last_position"],
            )
            for row in await self._connection.fetch(_SQL["heads"])
        )

    async def log(self) -> StoredLog:
        """Return the log's head, as the tables say.

        Raises:
            StoreFailed: its row is not there.
        """
        row = await self._connection.fetchrow(_SQL["log"])
        if row is None:
            raise StoreFailed("the log's row is missing")
        return StoredLog(size=row["size"], peaks=tuple(row["peaks"]))

    async def rings(self) -> dict[str, KeyRing]:
        """Return the register of keys, as the tables say."""
        keys: dict[str, tuple[NodeKey, ...]] = {}
        for row in await self._connection.fetch(_SQL["keys"]):
            columns = dict(row)
            node = columns.pop("node")
            keys[node] = (*keys.get(node, ()), NodeKey(**columns))
        return {node: KeyRing(ring) for node, ring in keys.items()}

    async def checkpoints(self, after: int) -> list[StoredNote]:
        """Return the next checkpoints of more than *after* leaves."""
        async with self._turn:
            rows = await self._connection.fetch(_SQL["checkpoints"], after, _CHECKPOINTS)
        return [
            StoredNote(size=row["log_size"], root=row["root"], note=row["note"]) for row in rows
        ]

    async def pages(self, after: int) -> AsyncIterator[list[StoredEntry]]:
        """Give all entries after a position, in order, a page at a time."""
        async with self._turn:
            cursor = await self._connection.cursor(_SQL["entries"], after)
        while True:
            async with self._turn:
                rows = await cursor.fetch(PAGE)
            if not rows:
                return
            yield [StoredEntry._make(row) for row in rows]


class SqlTurn:
    """The turn of the auditor: a lock that ends with the connection that took it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asking = asyncio.Lock()  # two tasks hold one turn

    async def check(self) -> None:
        """Make sure that the turn is still held.

        Raises:
            StoreFailed: the connection is gone, perhaps with the whole database: by now another
                process may audit.
        """
        async with self._asking:
            with pools.wrapped():
                held = await self._connection.fetchval(_SQL["has_turn"], _TURN)
        if not held:
            raise StoreFailed("the auditor's turn was lost")


class SqlAuditArchive:
    """The ledgers in PostgreSQL, as an auditor reads them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def sole(self) -> AsyncIterator[SqlTurn | None]:
        """Take the turn of the auditor for the length of the block; None: another has it."""
        async with pools.connection(self._pool) as connection:
            mine = await connection.fetchval(_SQL["take_turn"], _TURN)
            yield SqlTurn(connection) if mine else None

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqlSnapshot]:
        """Open a snapshot; what is accepted meanwhile does not show in it."""
        async with (
            pools.connection(self._pool) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield SqlSnapshot(connection)
