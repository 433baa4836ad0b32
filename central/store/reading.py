"""Reads the projections."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec

from central.application.rows import ahead_row
from central.application.views import (
    AlarmView,
    CaseView,
    CountsView,
    EvasionView,
    MismatchView,
    NodeView,
    PassageView,
    ProposalView,
)
from central.domain.access import Scope
from central.domain.counting import CountedDecision
from central.store import pool as pools
from central.store.pool import Pool
from central.store.sqlfile import load
from station.domain.errors import MalformedEntry
from station.domain.evasion import Evasion
from station.domain.ledger import parse

Row = PassageView | CaseView | AlarmView

_SQL: Final = load("reading")
_EVASION: Final = msgspec.json.Decoder(Evasion)


class SqlReading:
    """The projections in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def nodes(self) -> list[NodeView]:
        """Return every node that was ever enrolled."""
        return [_node(row) for row in await self._rows("nodes")]

    async def passages(self, scope: Scope, *, limit: int) -> list[PassageView]:
        """Return the newest passages, newest first."""
        return [PassageView(**row) for row in await self._rows("passages", _nodes(scope), limit)]

    async def ahead(self, scope: Scope, limit: int, first_seq: int = 0) -> list[PassageView]:
        """Return the newest passages that came before their order, newest first."""
        rows = await self._rows("ahead", _nodes(scope), first_seq, limit)
        return [shown for row in rows if (shown := _ahead(row["body"], row["signature"]))]

    async def cases(self, scope: Scope, *, closed: bool | None, limit: int) -> list[CaseView]:
        """Return cases, newest first."""
        rows = await self._rows("cases", _nodes(scope), closed, limit)
        return [CaseView(**row) for row in rows]

    async def evasions(self, scope: Scope, *, closed: bool | None, limit: int) -> list[EvasionView]:
        """Return evasion cases, newest first."""
        rows = await self._rows("evasions", _nodes(scope), closed, limit)
        return [EvasionView(node=row["node"], file=_EVASION.decode(row["file"])) for row in rows]

    async def mismatches(
        self, scope: Scope, *, home: str | None, copied: bool | None, limit: int
    ) -> list[MismatchView]:
        """Return vehicles that were not as they should be, newest first."""
        rows = await self._rows("mismatches", _nodes(scope), home, copied, limit)
        return [MismatchView(**row) for row in rows]

    async def alarms(self, scope: Scope, *, limit: int) -> list[AlarmView]:
        """Return the newest alarms, newest first."""
        return [AlarmView(**row) for row in await self._rows("alarms", _nodes(scope), limit)]

    async def turn(self) -> int:
        """Return the number of the projector's last turn."""
        async with pools.connection(self._pool) as connection:
            return await connection.fetchval(_SQL["turn"]) or 0

    async def touched(self, scope: Scope, after: int, upto: int, most: int) -> list[Row] | None:
        """Return the rows whose last turn is in (after, upto]; None when they are too many.

        The statements see different moments; as *upto* is of the past, each row is seen by one of
        them as it was at *upto*, or not at all when it was touched again: then it comes later.
        """
        if after >= upto:
            return []
        asked = (_nodes(scope), after, upto, most + 1)
        rows: list[Row] = [PassageView(**row) for row in await self._rows("passages_since", *asked)]
        rows += [CaseView(**row) for row in await self._rows("cases_since", *asked)]
        rows += [AlarmView(**row) for row in await self._rows("alarms_since", *asked)]
        return None if len(rows) > most else rows

    async def counts(self, scope: Scope, on: date) -> list[CountsView]:
        """Return the counts of a local day of each node."""
        rows = await self._rows("counts", _nodes(scope), on)
        return [CountsView(on=on, **row) for row in rows]

    async def decisions(self, first: date, last: date, more_than: int) -> list[CountedDecision]:
        """Return the effective decisions on acts of those days (both included).

        Only of plates with more than *more_than* of them.
        """
        rows = await self._rows("decisions", first, last, more_than)
        return [CountedDecision(**row) for row in rows]

    async def _rows(self, name: str, *arguments: object) -> list[dict[str, Any]]:
        async with pools.connection(self._pool) as connection:
            return [dict(row) for row in await connection.fetch(_SQL[name], *arguments)]


def _nodes(scope: Scope) -> list[str] | None:
    return None if scope.nodes is None else sorted(scope.nodes)


def _node(row: dict[str, Any]) -> NodeView:
    reason, proposed_by = row.pop("reason"), row.pop("proposed_by")
    name, proposed_at = row.pop("officer_name"), row.pop("proposed_at")
    proposal = None
    if row["quarantined_at"] is not None and proposed_by is not None:
        proposal = ProposalView(
            reason=reason, proposed_by=proposed_by, name=name, proposed_at=proposed_at
        )
    return NodeView(proposal=proposal, **row)


def _ahead(body: bytes, signature: bytes) -> PassageView | None:
    """Return what an entry before its order shows; nothing when its bytes were spoilt since."""
    try:
        return ahead_row(parse(body, signature))
    except MalformedEntry:
        return None
