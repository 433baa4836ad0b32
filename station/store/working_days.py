"""The official calendar (部分节假日安排), out of the library that is kept with the program."""

from __future__ import annotations

from datetime import date

from chinese_calendar import holidays, workdays

from station.domain.errors import NoLawInForce

_SATURDAY = 5


class OfficialCalendar:
    """Working days with the shifted ones; implements :class:`station.rules.deadlines.WorkingDays`.

    The State Council publishes a year's arrangement in the November before. A year that the
    library does not hold yet is an error, never a guess: update ``chinesecalendar``.
    """

    def is_working(self, day: date) -> bool:
        """Tell whether *day* is a working day (工作日).

        Raises:
            NoLawInForce: the arrangement for that year is not published, or not kept here.

        Source: 《全国年节及纪念日放假办法》 and the yearly 国务院办公厅关于部分节假日安排的通知.
        """
        # A year's days can begin to appear with the year before; only National Day makes it whole.
        if date(day.year, 10, 1) not in holidays:
            raise NoLawInForce(
                "the State Council's days off of that year are not kept here",
                key="holidays",
                day=day.isoformat(),
            )
        return day in workdays or (day.weekday() < _SATURDAY and day not in holidays)
