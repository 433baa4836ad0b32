"""Reads what is about one case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Final

from central.application.exporting import KnownCase
from central.application.ledger_ports import Placed
from central.store import pool as pools
from central.store.ledgers import entry_of
from central.store.pool import Pool
from central.store.sqlfile import load
from station.contract.entries import Kind
from station.contract.personal import Opening

_SQL: Final = load("exporting")


class SqlCases:
    """Ledgers, projections and clear texts in PostgreSQL, read for one case."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def cases(self, case_no: str, node: str | None) -> list[KnownCase]:
        """Return the cases of that number, of one station or of all."""
        async with pools.connection(self._pool) as connection:
            return [
                KnownCase(**row) for row in await connection.fetch(_SQL["cases"], case_no, node)
            ]

    async def naming(
        self, node: str, since: datetime, kinds: Sequence[Kind], texts: Sequence[bytes]
    ) -> list[Placed]:
        """Return a node's entries of some kinds that name one of *texts*, in order.

        Month by month: one statement over years would run into its time limit.
        """
        named = [kind.value for kind in kinds]
        async with pools.connection(self._pool) as connection:
            months = [row["month"] for row in await connection.fetch(_SQL["months"], since)]
            rows = [
                row
                for first, end in zip_longest(months, months[1:])
                for row in await connection.fetch(
                    _SQL["naming"], node, max(first, since), end, named, list(texts)
                )
            ]
        return [
            Placed(entry=entry_of(row), position=row["position"], received_ms=row["received_ms"])
            for row in rows
        ]

    async def openings(self, node: str, seqs: Sequence[int]) -> list[tuple[int, Opening]]:
        """Return the clear texts kept beside some entries, not checked."""
        async with pools.connection(self._pool) as connection:
            return [
                (row["seq"], Opening(field=row["field"], salt=row["salt"], text=row["text"]))
                for row in await connection.fetch(_SQL["openings"], node, list(seqs))
            ]
