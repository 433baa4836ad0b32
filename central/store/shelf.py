"""Reads the ledgers and the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from central.application.ledger_ports import Placed, StoredCheckpoint
from central.domain.log import BLOCK
from central.store import pool as pools
from central.store.pool import Connection, Pool
from central.store.sqlfile import load
from station.contract.personal import Opening
from station.domain.errors import StoreFailed
from station.domain.ledger import parse
from station.domain.merkle import EMPTY, Range, leaf_hash

_SQL: Final = load("ledger")


class SqlShelf:
    """The ledgers in PostgreSQL, read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ledger(self, node: str, after: int, limit: int) -> list[Placed]:
        """Return the next entries of a node."""
        return await self._placed("ledger_page", node, after, limit)

    async def at(self, node: str, seqs: Sequence[int]) -> list[Placed]:
        """Return those entries of a node that are held."""
        return await self._placed("entries_at", node, list(seqs))

    async def rotations(self, node: str) -> list[Placed]:
        """Return the entries by which a node's keys changed, in order."""
        return await self._placed("rotations", node)

    async def openings(
        self, node: str, seqs: Sequence[int], case_node: str
    ) -> dict[int, list[Opening]]:
        """Return the clear texts beside entries of *node* that are about cases of a station."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["openings_of"], node, list(seqs), case_node)
        found: dict[int, list[Opening]] = {}
        for row in rows:
            opening = Opening(field=row["field"], salt=row["salt"], text=row["text"])
            found.setdefault(row["seq"], []).append(opening)
        return found

    async def head(self, node: str) -> int:
        """Return the seq of a node's newest entry, 0 for none."""
        async with pools.connection(self._pool) as connection:
            return await connection.fetchval(_SQL["head"], node) or 0

    async def subtrees(self, ranges: Sequence[Range]) -> dict[Range, bytes]:
        """Return the roots of aligned ranges of leaves."""
        async with pools.connection(self._pool) as connection:
            return {part: await _root(connection, *part) for part in ranges}

    async def newest_checkpoint(self) -> StoredCheckpoint | None:
        """Return the newest checkpoint."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["newest_checkpoint"])
        return None if row is None else StoredCheckpoint(**row)

    async def checkpoint(self, log_size: int) -> StoredCheckpoint | None:
        """Return the checkpoint of a size."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["checkpoint_of"], log_size)
        return None if row is None else StoredCheckpoint(**row)

    async def attested_checkpoint(self, log_size: int) -> StoredCheckpoint | None:
        """Return one of the newest of at least that size, the one that most witnesses signed."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["attested_checkpoint"], log_size)
        return None if row is None else StoredCheckpoint(**row)

    async def replace_note(self, log_size: int, before: str, after: str) -> bool:
        """Write a checkpoint's note; False when it is not *before* any more."""
        async with pools.connection(self._pool) as connection:
            size = await connection.fetchval(_SQL["replace_note"], log_size, before, after)
        return size is not None

    async def _placed(self, statement: str, *arguments: object) -> list[Placed]:
        async with pools.connection(self._pool) as connection:
            return [
                Placed(
                    entry=parse(row["body"], row["signature"]),
                    position=row["position"],
                    received_ms=row["received_ms"],
                )
                for row in await connection.fetch(_SQL[statement], *arguments)
            ]


async def _root(connection: Connection, lo: int, hi: int) -> bytes:
    """Return the root of leaves *lo* … *hi* - 1: from the leaves, or from the blocks that fill."""
    width, level, span = hi - lo, 0, 1
    while span * BLOCK <= width:
        level, span = level + 1, span * BLOCK
    if level:
        rows = await connection.fetch(_SQL["blocks"], level, lo // span, width // span)
        roots = [row["root"] for row in rows]
    else:
        rows = await connection.fetch(_SQL["leaves"], lo + 1, width)
        roots = [leaf_hash(row["body"], row["signature"], row["received_ms"]) for row in rows]
    if len(roots) != width // span:
        raise StoreFailed(f"the log has a gap between leaves {lo} and {hi}")
    return EMPTY.extended(roots).root
