"""Follows the log and writes what its entries mean, right behind the commits that append."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from central.application.ledger_ports import Archive
from central.application.project import Differs, Touched, fold
from central.application.publishing import OwnLedger
from central.application.traffic import Traffic
from station.domain.errors import StorageError

WORKER: Final = "projector"
TURN: Final = "turn"
NEWS: Final = "zhichao_news"
"""The channel on which processes hear the number of the turn that has just been committed."""
LOOK_EVERY_S: Final = 1.0

_LOG: Final = logging.getLogger(__name__)


class Projector:
    """One at a time over all processes; entries in the order of the log, each exactly once."""

    def __init__(
        self,
        archive: Archive,
        differs: Differs,
        own: OwnLedger,
        announce: Callable[[Touched], None],
    ) -> None:
        self._archive = archive
        self._differs = differs
        self._own = own
        self._announce = announce
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for new entries now."""
        self._woken.set()

    async def run(self, traffic: Traffic) -> None:
        """Follow the log for ever, where deliveries leave room."""
        while True:
            await traffic.quiet()
            try:
                while await self.step():
                    pass
            except StorageError as exc:
                _LOG.warning("projections are behind", extra={"code": exc.code})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._woken.wait()
            self._woken.clear()

    async def step(self) -> bool:
        """Write what the next page of entries means, and count new alarms: a turn.

        Returns False when there was no entry.
        """
        async with self._archive.desk() as desk:
            after = await desk.worker(WORKER)
            if after is None:
                return False
            page = await desk.page(after)
            turn, touched = await desk.begin_turn(), Touched()
            if page:
                touched = await fold(page, desk, self._differs)
                if touched.down:
                    await self._own.write(desk, touched.down)
                await desk.note_progress(WORKER, page[-1].position)
            if await desk.count_alarms(turn) or page:
                await desk.note_progress(TURN, turn)
                await desk.tell(NEWS, str(turn))
        self._announce(touched)
        return bool(page)
