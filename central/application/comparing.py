"""Holds what headquarters is shown against what the entries come to: each view made anew, aside."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from central.application.ledger_ports import Desk
from central.application.project import Differs, fold
from central.domain.auditing.values import Discrepancy, Layer

MOST: Final = 1000
"""Rows that are named; whoever finds so many rebuilds all of them."""


class Aside(Desk, Protocol):
    """A snapshot in which projections go to tables of its own, that nobody else sees."""

    async def projected(self) -> int:
        """Return up to where in the log the real views are made."""
        ...

    async def unlike(self, most: int) -> list[tuple[str, str, str]]:
        """Return view, node and key of rows that are not alike in both."""
        ...


class Archive(Protocol):
    """Where ledgers and projections are kept."""

    def aside(self) -> AbstractAsyncContextManager[Aside]:
        """Open a snapshot; nothing of it is kept."""
        ...


async def compared(archive: Archive, differs: Differs) -> list[Discrepancy]:
    """Return the rows of passages, cases and decisions that are not what the entries come to.

    Alarms are not compared: which there are depends on the edition of the law.
    """
    async with archive.aside() as desk:
        upto, position = await desk.projected(), 0
        while position < upto and (page := await desk.page(position)):
            await fold([one for one in page if one.position <= upto], desk, differs)
            position = page[-1].position
        return [
            Discrepancy(layer=Layer.VIEWS, node=node, seq=None, code=view, detail=key)
            for view, node, key in await desk.unlike(MOST)
        ]
