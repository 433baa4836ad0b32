"""Reads what a driver's page shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from central.application.driver_pages import CaseHeld, PageOf
from central.application.ports import OpenedCase
from central.store import pool as pools
from central.store.ledgers import entry_of
from central.store.pool import Connection, Pool
from central.store.sqlfile import load
from station.domain.case import Case
from station.domain.ledger import Entry

WINDOW: Final = 5_000
"""So many entries of the log are looked through at a time."""
BACK: Final = 5_000
"""A review comes at most so many entries of its station after the weighing."""
_SQL: Final = load("driver_pages")
_FILE: Final = msgspec.json.Decoder(Case)


class SqlDriverPages:
    """Implements :class:`central.application.driver_pages.Book`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def prints(self, after: int) -> tuple[int, list[Entry]]:
        """See :class:`central.application.driver_pages.Book`."""
        async with pools.connection(self._pool) as connection:
            reached = int(await connection.fetchval(_SQL["reached"], after, WINDOW))
            rows = await connection.fetch(_SQL["prints"], after, reached)
        return reached, [entry_of(row) for row in rows]

    async def held(self, page: PageOf) -> CaseHeld | None:
        """See :class:`central.application.driver_pages.Book`."""
        async with pools.connection(self._pool) as connection:
            row = await connection.fetchrow(_SQL["case"], page.node, page.case_no)
            if row is None:
                return None
            entries = await _weighings(connection, page, row)
        return CaseHeld(
            station=row["name"],
            road=row["road"],
            opened=OpenedCase(case=_FILE.decode(row["file"]), occurred_on=row["occurred_on"]),
            entries=entries,
        )

    async def texts(self, node: str, seqs: Sequence[int]) -> dict[int, str]:
        """See :class:`central.application.driver_pages.Book`."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["texts"], node, list(seqs))
        return {row["seq"]: row["text"] for row in rows}


async def _weighings(
    connection: Connection, page: PageOf, case: asyncpg.Record
) -> tuple[Entry, ...]:
    found = list[Entry]()
    for row in await connection.fetch(
        _SQL["weighings"], page.node, page.case_no, case["passage_id"], case["opened_at"]
    ):
        text = msgspec.json.encode(row["passage_id"])
        rows = await connection.fetch(_SQL["entries"], page.node, row["seq"], BACK, text)
        found += [entry_of(one) for one in rows]
    return tuple(found)
