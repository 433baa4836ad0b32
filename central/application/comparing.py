"""Holds what headquarters is shown against what the entries come to: each view made anew, aside."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from central.application.ledger_ports import Desk
from central.application.ports import Arrived
from central.application.project import Differs, fold
from central.domain.auditing.values import Discrepancy, Layer
from station.contract.entries import CaseAct, CaseOpened, read
from station.domain.errors import MalformedEntry

MOST: Final = 1000
"""Rows of one view and node that are counted; whoever finds so many rebuilds all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """A row that is not what the entries come to, or that is in one of both alone.

    Attributes:
        seq: the newest entry that the row came from, where the row says so.
        after: the position after which a page of the log holds that entry, where it does not; None
            for a row that no entry made.
    """

    view: str
    node: str
    key: str
    seq: int | None
    after: int | None


class Aside(Desk, Protocol):
    """A snapshot in which projections go to tables of its own, that nobody else sees."""

    async def projected(self) -> int:
        """Return up to where in the log the real views are made."""
        ...

    async def begin_page(self, after: int) -> None:
        """Note after which position the page stands that is folded next."""
        ...

    async def unlike(self, most: int) -> list[Unlike]:
        """Return the rows that are not alike in both; so many of each view and node at most."""
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
            await desk.begin_page(position)
            await fold([one for one in page if one.position <= upto], desk, differs)
            position = page[-1].position
        return [
            Discrepancy(
                layer=Layer.VIEWS,
                node=row.node,
                seq=row.seq if row.after is None else _newest(await desk.page(row.after), row),
                code=row.view,
                detail=row.key,
            )
            for row in await desk.unlike(MOST)
        ]


def _newest(page: Sequence[Arrived], row: Unlike) -> int | None:
    """Return the newest entry of a page that is about a case."""
    for one in reversed(page):
        if one.entry.node != row.node:
            continue
        try:
            payload = read(one.entry)[1]
        except MalformedEntry:
            continue
        if isinstance(payload, CaseOpened | CaseAct) and payload.case_no == row.key:
            return one.entry.seq
    return None
