"""Reads the projections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from central.application.views import AlarmView, CaseView, CountsView, NodeView, PassageView
from central.domain.counting import CountedDecision
from central.store import pool as pools
from central.store.pool import Pool
from central.store.sqlfile import load

_SQL: Final = load("reading")


class SqlReading:
    """The projections in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def nodes(self) -> list[NodeView]:
        """Return every node that was ever enrolled."""
        return [NodeView(**row) for row in await self._rows("nodes")]

    async def passages(self, *, limit: int, node: str | None) -> list[PassageView]:
        """Return the newest passages, newest first."""
        return [PassageView(**row) for row in await self._rows("passages", node, limit)]

    async def passages_of(self, keys: Sequence[tuple[str, str]]) -> list[PassageView]:
        """Return passages by (node, passage_id), in order of time."""
        return [PassageView(**row) for row in await self._rows("passages_of", *_columns(keys))]

    async def cases(self, *, closed: bool | None, limit: int) -> list[CaseView]:
        """Return cases, newest first."""
        return [CaseView(**row) for row in await self._rows("cases", closed, limit)]

    async def cases_of(self, keys: Sequence[tuple[str, str]]) -> list[CaseView]:
        """Return cases by (node, case_no), in order of opening."""
        return [CaseView(**row) for row in await self._rows("cases_of", *_columns(keys))]

    async def alarms(self, *, limit: int) -> list[AlarmView]:
        """Return the newest alarms, newest first."""
        return [AlarmView(**row) for row in await self._rows("alarms", limit)]

    async def alarms_of(self, ids: Sequence[int]) -> list[AlarmView]:
        """Return alarms by their numbers, in order."""
        return [AlarmView(**row) for row in await self._rows("alarms_of", list(ids))]

    async def counts(self, on: date) -> list[CountsView]:
        """Return the counts of a local day of each node."""
        return [CountsView(on=on, **row) for row in await self._rows("counts", on)]

    async def decisions(self, first: date, last: date, more_than: int) -> list[CountedDecision]:
        """Return the effective decisions on acts of those days (both included).

        Only of plates with more than *more_than* of them.
        """
        rows = await self._rows("decisions", first, last, more_than)
        return [CountedDecision(**row) for row in rows]

    async def _rows(self, name: str, *arguments: object) -> list[dict[str, Any]]:
        async with pools.connection(self._pool) as connection:
            return [dict(row) for row in await connection.fetch(_SQL[name], *arguments)]


def _columns(keys: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [first for first, _ in keys], [second for _, second in keys]
