"""Local days (当地日期): the law counts days in Beijing time, UTC+08:00 all year."""

from __future__ import annotations

from datetime import date, datetime

from station.domain.clock import CHINA


def local_day(at: datetime) -> date:
    """Return the local date of *at* (aware).

    Raises:
        ValueError: *at* has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at.astimezone(CHINA).date()
