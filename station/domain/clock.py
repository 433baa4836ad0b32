"""Time is an argument."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Return the wall time, always timezone-aware (UTC)."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds on a clock that never steps back within one boot."""
        ...
