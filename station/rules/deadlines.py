"""Deadlines (期限): the last day, or the last moment, by a provision and its kind of day.

A working-day deadline needs the official calendar of holidays and shifted working days. It comes
from outside: a year that the State Council has not published is an error that a person sees.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Protocol

from station.rules.lawbook import LawBook


class WorkingDays(Protocol):
    """The official calendar (法定节假日安排)."""

    def is_working(self, day: date) -> bool:
        """Tell whether *day* is a working day.

        Raises:
            CalendarUnknown: the arrangement for that year is not published, or not kept here.
        """
        ...


def last_day(law: LawBook, key: str, start: date, working: WorkingDays) -> date:
    """Return the last day of the deadline *key* that begins with *start*.

    Whether the day of *start* counts, and whether a deadline in calendar days, months or years
    that ends on a day off ends on the next working day, are parameters (``procedure.period_*``).

    Args:
        law: the edition; the provision in force on *start* is used.
        key: a parameter under ``deadline.`` or ``procedure.`` in days, months or years.
        start: local date of the event, e.g. of service.
        working: the official calendar.

    Raises:
        NoLawInForce: no such deadline on that day; or the calendar of a year is not known.
        TypeError: the parameter is no deadline in days.
    """
    unit = law.parameter(key).unit
    count = law.provision(key, start).value
    if not isinstance(count, int) or unit not in _LATER:
        raise TypeError(f"{key} is no deadline in days")
    if law.provision("procedure.period_start", start).value == "counted":
        start -= timedelta(days=1)
    if unit == "working_day":
        return _working_days_later(start, count, working)
    end = _LATER[unit](start, count)
    if law.provision("procedure.period_end", end).value == "next_working_day":
        while not working.is_working(end):
            end += timedelta(days=1)
    return end


def last_moment(law: LawBook, key: str, start: datetime) -> datetime:
    """Return the end of a deadline in hours that begins at *start* (aware).

    Raises:
        NoLawInForce: no such deadline on that local day.
        TypeError: the parameter is no deadline in hours, or *start* is naive.
    """
    hours = law.provision(key, start.date()).value
    if law.parameter(key).unit != "hour" or not isinstance(hours, int):
        raise TypeError(f"{key} is no deadline in hours")
    if start.tzinfo is None:
        raise TypeError("an aware moment is needed")
    return start + timedelta(hours=hours)


def months_later(start: date, count: int) -> date:
    """Return the same day *count* months later (or earlier), or the last day of a shorter month."""
    years, month = divmod(start.month - 1 + count, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def _working_days_later(start: date, count: int, working: WorkingDays) -> date:
    day = start
    while count:
        day += timedelta(days=1)
        count -= working.is_working(day)
    return day


def _days_later(start: date, count: int) -> date:
    return start + timedelta(days=count)


def _years_later(start: date, count: int) -> date:
    return months_later(start, 12 * count)


_LATER: dict[str, Callable[[date, int], date]] = {
    "working_day": _days_later,
    "calendar_day": _days_later,
    "month": months_later,
    "year": _years_later,
}
