"""Shows new entries to headquarters while older ones still wait (新记录先行).

After an outage the backlog drains in order, which can take minutes. What happens meanwhile is sent
at once, best effort, and comes again in its order: only that delivers it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from station.application.centre_ports import Centre
from station.application.ports import Ledger
from station.application.pushing import Pusher
from station.domain.errors import EvidenceError, StoreCorrupt, UplinkError

LOOK_EVERY_S: Final = 0.5
MOST: Final = 50


class Ahead:
    """One task beside the pusher's."""

    def __init__(
        self,
        ledger: Ledger,
        centre: Centre,
        pusher: Pusher,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ledger = ledger
        self._centre = centre
        self._pusher = pusher
        self._sleep = sleep
        self._shown = 0
        self._was_busy = False

    async def run(self) -> None:
        """Look for ever."""
        while True:
            # They come in their order anyway, and the pusher says what is wrong.
            with contextlib.suppress(UplinkError, EvidenceError, StoreCorrupt):
                await self.look()
            await self._sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Send what is new, if the pusher is busy for longer than one look.

        Raises:
            UplinkError, EvidenceError: it did not arrive, and is not sent ahead again.
        """
        sending = self._pusher.sending
        was_busy, self._was_busy = self._was_busy, sending is not None
        if sending is None or not was_busy:
            return
        after = max(self._shown, self._pusher.known, sending)
        entries = await self._ledger.entries_after(after, MOST)
        if not entries:
            return
        self._shown = entries[-1].seq
        await self._centre.ahead(entries)
