"""The official calendar of 2026: on the edges of its holidays and shifted days (国办发明电)."""

from datetime import date

import chinese_calendar
import pytest

from station.domain.errors import NoLawInForce, SettingsError
from station.rules.deadlines import last_day
from station.rules.lawbook import lawbook
from station.working_days import OfficialCalendar, typed_years

CALENDAR = OfficialCalendar()
HEARING = "deadline.hearing_request"  # five working days


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 2, 13), True),  # Friday before 春节
        (date(2026, 2, 14), True),  # Saturday, shifted
        (date(2026, 2, 15), False),  # Sunday, first day of 春节
        (date(2026, 2, 23), False),  # Monday, last day of 春节
        (date(2026, 2, 24), True),
        (date(2026, 2, 28), True),  # Saturday, shifted
        (date(2026, 3, 1), False),  # a plain Sunday
        (date(2026, 9, 20), True),  # Sunday, shifted for 国庆
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),  # Wednesday, last day of 国庆
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),  # Saturday, shifted
        (date(2026, 10, 11), False),
    ],
)
def test_holidays_and_shifted_days(day, working):
    assert CALENDAR.is_working(day) is working


@pytest.mark.parametrize(
    ("start", "end"),
    [
        # 12, 13, shifted 14, then 24 and 25 after 春节
        (date(2026, 2, 11), date(2026, 2, 25)),
        (date(2026, 2, 14), date(2026, 2, 28)),
        (date(2026, 2, 23), date(2026, 2, 28)),
        # 29, 30, then 8, 9 and shifted 10 after 国庆
        (date(2026, 9, 28), date(2026, 10, 10)),
        (date(2026, 9, 30), date(2026, 10, 13)),
    ],
)
def test_a_deadline_in_working_days_passes_over_the_holidays(start, end):
    assert last_day(lawbook(), HEARING, start, CALENDAR) == end


def test_a_deadline_in_calendar_days_that_ends_in_the_holidays_ends_after_them():
    fifteen_days_on = date(2026, 2, 17)
    assert last_day(lawbook(), "deadline.pay", date(2026, 2, 2), CALENDAR) == date(2026, 2, 24)
    assert not CALENDAR.is_working(fifteen_days_on)


def test_a_deadline_that_runs_into_an_unpublished_year_is_an_error():
    assert last_day(lawbook(), HEARING, date(2026, 12, 24), CALENDAR) == date(2026, 12, 31)
    with pytest.raises(NoLawInForce) as caught:
        last_day(lawbook(), HEARING, date(2026, 12, 25), CALENDAR)
    assert caught.value.fields == {"year": 2027}


@pytest.mark.parametrize("day", [date(2003, 12, 31), date(2027, 6, 1)])
def test_a_year_outside_the_library_is_an_error(day):
    with pytest.raises(NoLawInForce):
        CALENDAR.is_working(day)


def test_a_year_that_has_only_begun_to_appear_is_not_published(monkeypatch):
    monkeypatch.setitem(chinese_calendar.holidays, date(2027, 1, 1), "New Year's Day")
    with pytest.raises(NoLawInForce):
        CALENDAR.is_working(date(2027, 1, 1))


def test_the_first_year_of_the_library_is_known():
    assert CALENDAR.is_working(date(2004, 1, 2))


def test_a_year_that_an_administrator_typed_counts_where_the_program_holds_none(tmp_path):
    file = tmp_path / "calendar.yaml"
    typed = "{source: 国办发明电, days_off: [%s-01-04], workdays: [%s-01-10]}"
    file.write_text(f"2100: {typed % (2100, 2100)}\n2026: {typed % (2026, 2026)}\n")
    calendar = OfficialCalendar(typed_years(file))
    assert not calendar.is_working(date(2100, 1, 4))  # a Monday
    assert calendar.is_working(date(2100, 1, 10))  # a Sunday
    assert not calendar.is_working(date(2100, 1, 9))
    assert calendar.is_working(date(2026, 1, 5)) is CALENDAR.is_working(date(2026, 1, 5))
    assert calendar.is_working(date(2026, 1, 10)) is False  # what is published stands
    with pytest.raises(NoLawInForce):
        calendar.is_working(date(2101, 1, 4))


@pytest.mark.parametrize("text", ["2100: [1]", "x: {}", "2100: {source: s, days_off: [x]}", "{"])
def test_a_calendar_that_is_none_is_a_fault_of_the_settings(tmp_path, text):
    file = tmp_path / "calendar.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError):
        typed_years(file)
