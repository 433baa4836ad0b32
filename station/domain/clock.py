"""Time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final, Protocol

CHINA: Final = timezone(timedelta(hours=8))
"""北京时间: the legal time of every station and of every date in a record."""


def local_date(moment: datetime) -> date:
    """Return the local date of an aware moment."""
    return moment.astimezone(CHINA).date()


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Return the wall time, always timezone-aware (UTC)."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds on a clock that never steps back within one boot."""
        ...


VERIFIED: Final = "station"
"""The wall clock itself may be believed."""


@dataclass(frozen=True, slots=True)
class Believed:
    """The best that is known of what time it is.

    ``whose``: ``station`` (verified), ``centre`` (its newest time, carried on), ``unverified``.
    """

    at: datetime
    whose: str
