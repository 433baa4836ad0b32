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
from station.domain.errors import StorageError

WORKER: Final = "projector"
NEWS: Final = "zhichao_news"
"""The channel on which processes hear up to which position the projections reach."""
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

    async def run(self) -> None:
        """Follow the log for ever."""
        while True:
            try:
                more = await self.step()
            except StorageError as exc:
                _LOG.warning("projections are behind", extra={"code": exc.code})
                more = False
            if more:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._woken.wait()
            self._woken.clear()

    async def step(self) -> bool:
        """Write what the next page of entries means; False when there was none."""
        async with self._archive.desk() as desk:
            after = await desk.worker(WORKER)
            page = await desk.page(after) if after is not None else []
            if not page:
                return False
            touched = await fold(page, desk, self._differs)
            if touched.down:
                await self._own.write(desk, touched.down)
            await desk.note_progress(WORKER, page[-1].position)
            await desk.tell(NEWS, str(page[-1].position))
        self._announce(touched)
        return True
