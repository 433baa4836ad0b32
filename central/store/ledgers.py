"""Keeps the nodes' ledgers: the register of keys, the entries, and where each ledger ends."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from central.application.ports import LedgerState
from central.store import pool as pools
from central.store.books import SqlBooks
from central.store.pool import Pool
from central.store.sqlfile import load
from station.domain.errors import NotFound, SettingsError
from station.domain.ledger import Entry, Head, parse

_SQL: Final = load("ledger")
_BOOKS: Final = load("books")
_DECISIONS_LOCK: Final = 7_305_804_403
_LONGEST_KIND: Final = 64
_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A station as the configuration names it. ``public_key``: 32 raw bytes."""

    node: str
    name: str
    road: str
    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A kept entry. ``position``: its place in the order of acceptance, over all nodes."""

    position: int
    entry: Entry
    received_at: datetime


class SqlDesk(SqlBooks):
    """One transaction on one node's ledger."""

    async def lock(self, node: str) -> LedgerState:
        """Wait until nobody else writes to the node's ledger, and return where it ends.

        Raises:
            NotFound: no such node.
        """
        row = await self._connection.fetchrow(_SQL["lock_node"], node)
        if row is None:
            raise NotFound(node=node)
        return LedgerState(
            head=Head(seq=row["last_seq"], digest=row["last_digest"].hex()),
            quarantined_at=row["quarantined_at"],
        )

    async def lock_decisions(self) -> None:
        """Wait until no other batch with acts on cases is being written."""
        await self._connection.execute(_SQL["lock_decisions"], _DECISIONS_LOCK)

    async def held(self, node: str, places: Sequence[int]) -> dict[int, str]:
        """Return the digests (hex) of the entries held at *places*."""
        if not places:
            return {}
        rows = await self._connection.fetch(_SQL["held"], node, places)
        return {row["seq"]: row["digest"].hex() for row in rows}

    async def append(self, entries: Sequence[Entry], received_at: datetime) -> None:
        """Write entries and move the node's head to the last of them."""
        if not entries:
            return
        node, head = entries[-1].node, entries[-1].head
        await self._connection.execute(
            _SQL["append"],
            node,
            [entry.seq for entry in entries],
            [entry.kind.replace("\0", "�")[:_LONGEST_KIND] for entry in entries],
            [bytes.fromhex(entry.digest) for entry in entries],
            [entry.body for entry in entries],
            [entry.signature for entry in entries],
            received_at,
        )
        digest = bytes.fromhex(head.digest)
        await self._connection.execute(_SQL["advance"], node, head.seq, digest, received_at)

    async def quarantine(self, node: str, at: datetime) -> None:
        """Take nothing from the node any more."""
        await self._connection.execute(_SQL["quarantine_node"], node, at)


class SqlRebuild(SqlBooks):
    """One transaction in which the projections are made again while nothing is accepted."""

    async def begin(self) -> None:
        """Wait for batches under way, let no other begin, and forget the projections."""
        await self._connection.execute(_SQL["stop_ingest"])
        await self._connection.execute(_BOOKS["forget"])

    async def page(self, after: int) -> list[Stored]:
        """Return the next entries in the order in which they were accepted."""
        return [
            Stored(
                position=row["position"],
                entry=parse(row["body"], row["signature"]),
                received_at=row["received_at"],
            )
            for row in await self._connection.fetch(_SQL["page"], after, _PAGE)
        ]


class SqlArchive:
    """The ledgers in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def desk(self) -> AsyncIterator[SqlDesk]:
        """Open a transaction; it is durable when the block has ended without an error."""
        async with pools.transaction(self._pool) as connection:
            yield SqlDesk(connection)

    @contextlib.asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[SqlRebuild]:
        """Open the transaction of a rebuild."""
        async with pools.transaction(self._pool) as connection:
            yield SqlRebuild(connection)

    async def enrol(self, stations: Sequence[Enrolment]) -> None:
        """Write the register of keys.

        Raises:
            SettingsError: a node is enrolled with another key. Its entries were signed with that
                one: a changed key needs a rotation, never an edited file.
        """
        async with pools.transaction(self._pool) as connection:
            for one in stations:
                key = await connection.fetchval(
                    _SQL["enrol"], one.node, one.name, one.road, one.public_key
                )
                if key != one.public_key:
                    raise SettingsError(
                        f"[[stations]] {one.node}: public_key is not the enrolled one, "
                        f"{key.hex()[:16]}…",
                        node=one.node,
                    )
