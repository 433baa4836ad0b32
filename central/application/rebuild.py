"""Makes all projections again from the kept bytes (重建)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from central.application.ports import Books
from central.application.project import Arrived, Differs, fold
from station.domain.ledger import Entry


class Stored(Protocol):
    """A kept entry."""

    @property
    def position(self) -> int:
        """Return its place in the order of acceptance, over all nodes."""
        ...

    @property
    def entry(self) -> Entry:
        """Return the entry, read from its bytes."""
        ...

    @property
    def received_at(self) -> datetime:
        """Return when it came."""
        ...


class Rebuilding(Books, Protocol):
    """One transaction in which the projections are made again while nothing is accepted."""

    async def begin(self) -> None:
        """Wait for batches under way, let no other begin, and forget the projections."""
        ...

    async def page(self, after: int) -> Sequence[Stored]:
        """Return the next entries in the order in which they were accepted."""
        ...


class Archive(Protocol):
    """Where ledgers and projections are kept."""

    def rebuilding(self) -> AbstractAsyncContextManager[Rebuilding]:
        """Open the transaction of a rebuild."""
        ...


async def rebuild(archive: Archive, differs: Differs) -> int:
    """Make every projection again, and return how many entries were folded.

    The result is the running one, as long as the edition of the law is the same.
    """
    folded = position = 0
    async with archive.rebuilding() as books:
        await books.begin()
        while page := await books.page(position):
            arrived = [Arrived(stored.entry, stored.received_at) for stored in page]
            await fold(arrived, books, differs)
            position = page[-1].position
            folded += len(page)
    return folded
