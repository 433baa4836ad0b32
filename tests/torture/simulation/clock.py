"""The clocks of the machines: one time passes, and each shows it in its own way."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from tests.fakes import NOON


class SimulatedClock:
    """Implements :class:`station.domain.clock.Clock` on the loop's time."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        """Return what the wall clock shows."""
        return NOON + self.offset + timedelta(seconds=asyncio.get_running_loop().time())

    def monotonic_ns(self) -> int:
        """Return the nanoseconds since the beginning."""
        return int(asyncio.get_running_loop().time() * 1e9)
