"""Reads the cases whose legal clocks are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from central.application.due import Filed, Mark
from central.store import pool as pools
from central.store.pool import Pool
from central.store.sqlfile import load
from station.domain.case import Case

_SQL: Final = load("due")
_READ: Final = msgspec.json.Decoder(Case)


class SqlCaseFiles:
    """Implements :class:`central.application.due.CaseFiles`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def marks(self, closed_since: date) -> list[Mark]:
        """See :class:`central.application.due.CaseFiles`."""
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["marks"], closed_since)
        return [Mark(*row) for row in rows]

    async def files(self, marks: Sequence[Mark]) -> list[Filed]:
        """See :class:`central.application.due.CaseFiles`."""
        nodes, numbers = [one.node for one in marks], [one.case_no for one in marks]
        async with pools.connection(self._pool) as connection:
            rows = await connection.fetch(_SQL["files"], nodes, numbers)
        return [
            Filed(Mark(row["node"], row["case_no"], row["seq"]), _READ.decode(row["file"]))
            for row in rows
        ]
