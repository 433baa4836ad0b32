"""The official calendar (部分节假日安排): of a library, and of what an administrator typed."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
from chinese_calendar import holidays, workdays

from station.domain.errors import CalendarUnknown, SettingsError

_SATURDAY: Final = 5


class _Year(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    days_off: frozenset[date]
    workdays: frozenset[date]


@dataclass(frozen=True, slots=True)
class OfficialCalendar:
    """Working days with the shifted ones; implements :class:`station.rules.deadlines.WorkingDays`.

    The State Council publishes a year's arrangement in the November before. A year that neither
    the library nor a file holds yet is an error, never a guess: update ``chinesecalendar``, or type
    the notice into a file.

    Attributes:
        typed: years that an administrator typed (:func:`typed_years`).
    """

    typed: Mapping[int, _Year] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Tell whether *day* is a working day (工作日).

        Raises:
            CalendarUnknown: the arrangement for that year is not published, or not kept here.

        Source: 《全国年节及纪念日放假办法》 and the yearly 国务院办公厅关于部分节假日安排的通知.
        """
        off, on = self._year(day)
        return day in on or (day.weekday() < _SATURDAY and day not in off)

    def _year(self, day: date) -> tuple[Set[date], Set[date]]:
        # A year's days can begin to appear with the year before; only National Day makes it whole.
        if date(day.year, 10, 1) in holidays:
            return holidays.keys(), workdays.keys()
        if (typed := self.typed.get(day.year)) is not None:
            return typed.days_off, typed.workdays
        raise CalendarUnknown(
            "the State Council's days off of that year are not kept here", year=day.year
        )


def typed_years(file: Path | None) -> dict[int, _Year]:
    """Read a file of YAML that an administrator typed from the State Council's notice.

    By year: ``source``, ``days_off`` (every day off that is no plain weekend), ``workdays`` (the
    weekend days that are worked).

    Raises:
        SettingsError: it cannot be read, or is not that.
    """
    if file is None:
        return {}
    try:
        return msgspec.yaml.decode(file.read_bytes(), type=dict[int, _Year])
    except (OSError, msgspec.MsgspecError) as exc:
        raise SettingsError(f"{file}: {exc}") from exc
