"""Erases recordings and refused accesses whose time is over (到期销毁).

A recording that a case refers to is kept for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Final, Protocol

from station.application.centre_ports import Recordings
from station.application.ports import Draft, Ledger, Media
from station.contract.entries import Kind, MediaErased
from station.contract.sealing import local_day
from station.domain.clock import Clock
from station.domain.errors import StoreCorrupt, StoreFull
from station.rules.retention import first_day_kept

log = logging.getLogger(__name__)

PAGE: Final = 200
LOOK_EVERY_S: Final = 600.0


class RefusedAccesses(Protocol):
    """The access log (访问拒绝记录)."""

    async def erase(self, before: date) -> None:
        """Erase what is of local days before *before*."""
        ...


class Retention:
    """Erases, after an entry that says so is durable; never what was not delivered yet."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        recordings: Recordings,
        media: Media,
        accesses: RefusedAccesses,
        clock: Clock,
        months: Callable[[date], int],
        access_months: Callable[[date], int],
        dated: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare; *months*: how long, on a local day, what no case refers to is kept.

        *access_months*: how long refused accesses are.
        *dated*: whether the clock can be relied on: one set a year ahead must erase nothing.
        """
        self._ledger = ledger
        self._recordings = recordings
        self._media = media
        self._accesses = accesses
        self._clock = clock
        self._months = months
        self._access_months = access_months
        self._dated = dated
        self._sleep = sleep

    async def run(self) -> None:
        """Erase once a local day, for ever."""
        done: date | None = None
        while True:
            today = self._today()
            if today != done and self._dated():
                try:
                    count = await self.erase()
                    done = today
                    if count:
                        log.info("recordings erased", extra={"count": count})
                except (StoreCorrupt, StoreFull):
                    # The entry goes first. The lane says how the disk is; then it is tried again.
                    pass
            await self._sleep(LOOK_EVERY_S)

    async def erase(self) -> int:
        """Erase what is due, refused accesses too; return how many recordings that were.

        Raises:
            StoreFull: the entry could not be written; nothing further was erased.
        """
        # A power cut may have come between the last entry and the erasing that it tells of.
        for sha256 in await self._recordings.newest_erased():
            await self._media.erase(sha256)
        today = self._today()
        before = first_day_kept(today, self._months(today))
        count = 0
        while due := await self._recordings.due(before, PAGE):
            erased = MediaErased(before=before.isoformat(), sha256=due)
            await self._ledger.append(Draft(Kind.MEDIA_ERASED, erased))
            for sha256 in due:
                await self._media.erase(sha256)
            count += len(due)
        await self._accesses.erase(first_day_kept(today, self._access_months(today)))
        return count

    def _today(self) -> date:
        return date.fromisoformat(local_day(self._clock.now()))
