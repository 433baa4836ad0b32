"""Lets deliveries go first: a station waits for its receipt, nobody waits for a list that long."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

QUIET_S: Final = 0.02
"""Stations send the next batch right after the receipt for the one before."""

PATIENCE_S: Final = 2.0
"""So long whoever follows the log waits at most, however many deliveries come."""


class Traffic:
    """The deliveries that are being taken in right now by this process."""

    def __init__(self) -> None:
        self._in_hand = 0
        self._begun = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextlib.contextmanager
    def delivery(self) -> Iterator[None]:
        """Count a delivery while the block runs."""
        self._in_hand += 1
        self._begun += 1
        self._none.clear()
        try:
            yield
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._none.set()

    async def quiet(self) -> None:
        """Wait until deliveries pause, or :data:`PATIENCE_S` have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not await self._pauses():
                    await self._none.wait()

    async def _pauses(self) -> bool:
        begun = self._begun
        await asyncio.sleep(QUIET_S)
        return self._in_hand == 0 and self._begun == begun
