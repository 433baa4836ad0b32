"""Writes down every refused access (访问拒绝记录), for the audit administrator."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

from station.domain.access import RefusedAccess, Tally
from station.domain.clock import Clock, local_date
from station.domain.errors import AccessError, SignInRefused, StorageError

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
"""A flood of refusals is written so often at most, counted."""
MOST_ROWS: Final = 1000


class RefusedAccesses(Protocol):
    """Where they are kept."""

    async def add(self, rows: list[RefusedAccess]) -> None:
        """Count *rows* to those that are kept."""
        ...

    async def newest(self, limit: int) -> list[RefusedAccess]:
        """Return the newest, newest first."""
        ...


class AccessLog:
    """Counts in memory, writes now and then."""

    def __init__(self, kept: RefusedAccesses, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock
        self._tally = Tally()
        self._noted = asyncio.Event()

    def note(self, exc: AccessError, *, who: str, what: str, peer: str) -> None:
        """Note what was refused: to whom ("" unknown), and at which request from where."""
        now = self._clock.now()
        row = RefusedAccess(
            day=local_date(now),
            who=exc.who if isinstance(exc, SignInRefused) else who,
            what=what,
            why=exc.why if isinstance(exc, SignInRefused) and exc.why else exc.code,
            times=1,
            first_at=now,
            last_at=now,
            last_from=peer,
        )
        self._tally.add(row)
        self._noted.set()

    async def newest(self) -> list[RefusedAccess]:
        """Return the newest, those of this moment too."""
        await self.write()
        return await self._kept.newest(MOST_ROWS)

    async def write(self) -> None:
        """Write what was noted.

        Raises:
            StorageError: it could not be; it is kept for the next time.
        """
        self._noted.clear()
        rows = self._tally.take()
        if not rows:
            return
        try:
            await self._kept.add(rows)
        except StorageError:
            for row in rows:
                self._tally.add(row)
            raise

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._noted.wait()
            await asyncio.sleep(EVERY_S)
            try:
                await self.write()
            except StorageError as exc:
                log.warning("refused accesses wait to be written", extra={"code": exc.code})
