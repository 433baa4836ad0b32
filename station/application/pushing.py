"""Brings the ledger to the centre (上传), entry by entry in order, whenever the line allows."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from station.application.ports import Centre, Ledger
from station.domain.errors import BrokenChain, EvidenceError, StoreCorrupt, UplinkError
from station.domain.ledger import Entry

log = logging.getLogger(__name__)

BATCH: Final = 200
BATCH_BYTES: Final = 1_000_000
"""A batch goes over a slow line too, and under any bound on a body; one entry always goes."""
LOOK_EVERY_S: Final = 1.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
REFUSED_PAUSE_S: Final = 60.0

Report = Callable[[str, str], None]


class Pusher:
    """One task. The ledger is its outbox: what is not acknowledged is sent again, for ever."""

    def __init__(
        self,
        ledger: Ledger,
        centre: Centre,
        report: Report,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; *report* gets ``ok`` or a code with its detail after every try."""
        self._ledger = ledger
        self._centre = centre
        self._report = report
        self._sleep = sleep
        self._jitter = jitter
        self.waiting = 0

    async def run(self) -> None:
        """Push for ever."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                more = await self.push_once()
            except UplinkError as exc:
                self._report(exc.code, exc.detail)
                await self._sleep(pause * (0.5 + self._jitter() / 2))
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            except (EvidenceError, StoreCorrupt) as exc:
                # A fork, a refused or decayed entry: nothing further may pass it; people must look.
                log.error("nothing is sent", extra={"code": exc.code, "detail": exc.detail})
                self._report(exc.code, exc.detail)
                await self._sleep(REFUSED_PAUSE_S)
                continue
            pause = FIRST_PAUSE_S
            self._report("ok", "")
            if not more:
                await self._sleep(LOOK_EVERY_S)

    async def push_once(self) -> bool:
        """Send one batch; tell whether there is more to send.

        Raises:
            UplinkError, EvidenceError: see :class:`~station.application.ports.Centre`.
            StoreCorrupt: an entry is not what was written.
        """
        delivered = await self._ledger.delivered()
        entries = _fitting(await self._ledger.entries_after(delivered, BATCH))
        self.waiting = (await self._ledger.head()).seq - delivered
        if not entries:
            return False
        try:
            acknowledged = await self._centre.push(entries)
        except BrokenChain as exc:
            await self._go_back(exc, delivered)
            return True
        await self._ledger.note_delivered(acknowledged)
        self.waiting = (await self._ledger.head()).seq - acknowledged
        return self.waiting > 0

    async def _go_back(self, exc: BrokenChain, delivered: int) -> None:
        """Send again from where the centre is: it may have been restored from a backup."""
        expected = exc.fields.get("expected")
        if not isinstance(expected, int) or expected > delivered:
            raise exc
        await self._ledger.note_delivered(expected - 1)


def _fitting(entries: list[Entry]) -> list[Entry]:
    """Return the first entries that go into one batch."""
    size = 0
    for count, entry in enumerate(entries):
        size += len(entry.body)
        if count and size > BATCH_BYTES:
            return entries[:count]
    return entries
