"""Makes all projections again from the kept bytes (重建)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from central.application.ledger_ports import Desk
from central.application.project import Differs, fold
from central.application.projecting import NEWS, TURN, WORKER

REBUILT: Final = "rebuilt"
"""Told on the channel of news: what was told before may no longer stand."""


class Rebuilding(Desk, Protocol):
    """One transaction in which the projections are made again while none is written."""

    async def forget(self) -> None:
        """Forget the projections."""
        ...


class Archive(Protocol):
    """Where ledgers and projections are kept."""

    def desk(self) -> AbstractAsyncContextManager[Rebuilding]:
        """Open a transaction."""
        ...


async def rebuild(archive: Archive, differs: Differs, report: Callable[[int], None]) -> int:
    """Make every projection again, and return how many entries were folded.

    Entries are taken in meanwhile; what they mean waits until this has ended. The result is the
    running one, as long as the edition of the law is the same. *report* gets the position reached.
    """
    folded = position = 0
    async with archive.desk() as desk:
        await desk.worker(WORKER, wait=True)
        turn = await desk.begin_turn()
        await desk.forget()
        while page := await desk.page(position):
            await fold(page, desk, differs)
            position = page[-1].position
            folded += len(page)
            report(position)
        await desk.note_progress(WORKER, position)
        await desk.count_alarms(turn)
        await desk.note_progress(TURN, turn)
        await desk.tell(NEWS, REBUILT)
    return folded
