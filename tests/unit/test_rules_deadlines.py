from datetime import UTC, date, datetime, timedelta

import pytest

from station.domain.errors import NoLawInForce
from station.rules.deadlines import last_day, last_moment
from station.rules.lawbook import LawBook, lawbook, package_files


class Weekdays:
    """Monday to Friday work, but for the days named; only 2026 is published."""

    def __init__(self, *off, shifted=()):
        self.off, self.shifted = off, shifted

    def is_working(self, day):
        if day.year != 2026:
            raise NoLawInForce(key="holidays", day=day.isoformat())
        return day in self.shifted or (day.weekday() < 5 and day not in self.off)


MONDAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("deadline.hearing_request", MONDAY, date(2026, 3, 9)),
        ("deadline.hearing_request", date(2026, 3, 6), date(2026, 3, 13)),
        ("deadline.hearing_request", date(2026, 3, 7), date(2026, 3, 13)),
        ("procedure.copy_out", MONDAY, date(2026, 3, 11)),
        ("deadline.pay", MONDAY, date(2026, 3, 17)),
        ("deadline.pay", date(2026, 3, 6), date(2026, 3, 23)),
        ("deadline.apply_to_court", date(2026, 3, 31), date(2026, 6, 30)),
        ("deadline.apply_to_court", date(2026, 1, 30), date(2026, 4, 30)),
        ("deadline.unclaimed_vehicle_announcement", date(2026, 8, 31), date(2026, 11, 30)),
    ],
)
def test_the_last_day(key, start, end):
    assert last_day(lawbook(), key, start, Weekdays()) == end


def test_a_holiday_puts_a_working_day_deadline_off_and_a_shifted_saturday_brings_it_nearer():
    holiday, saturday = date(2026, 3, 5), date(2026, 3, 7)
    assert last_day(lawbook(), "deadline.hearing_request", MONDAY, Weekdays(holiday)) == date(
        2026, 3, 10
    )
    assert last_day(
        lawbook(), "deadline.hearing_request", MONDAY, Weekdays(holiday, shifted=(saturday,))
    ) == date(2026, 3, 9)


def test_a_year_that_is_not_published_is_an_error_and_no_guess():
    with pytest.raises(NoLawInForce):
        last_day(lawbook(), "deadline.hearing_request", date(2026, 12, 30), Weekdays())


def test_no_deadline_before_its_law():
    with pytest.raises(NoLawInForce):
        last_day(lawbook(), "deadline.pay", date(2021, 7, 14), Weekdays())


def test_hours_run_through_the_night():
    start = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    end = last_moment(lawbook(), "deadline.decide_clear_facts", start)
    assert end - start == timedelta(hours=24)


def test_a_deadline_is_asked_for_in_its_own_kind():
    with pytest.raises(TypeError):
        last_day(lawbook(), "deadline.decide_clear_facts", MONDAY, Weekdays())
    with pytest.raises(TypeError):
        last_moment(lawbook(), "deadline.pay", datetime(2026, 3, 2, tzinfo=UTC))
    with pytest.raises(TypeError):
        last_moment(lawbook(), "deadline.decide_clear_facts", datetime(2026, 3, 2))  # noqa: DTZ001
    with pytest.raises(TypeError):
        last_day(lawbook(), "procedure.cash", MONDAY, Weekdays())


def counted():
    law = package_files()
    law["procedure/period_start.yaml"] = law["procedure/period_start.yaml"].replace(
        b"value: not_counted", b"value: counted"
    )
    law["procedure/period_end.yaml"] = law["procedure/period_end.yaml"].replace(
        b"value: next_working_day", b"value: same_day"
    )
    return LawBook(law)


def test_an_edition_can_count_the_first_day_and_end_on_a_day_off():
    assert last_day(counted(), "deadline.hearing_request", MONDAY, Weekdays()) == date(2026, 3, 6)
    assert last_day(counted(), "deadline.pay", date(2026, 3, 7), Weekdays()) == date(2026, 3, 21)


def test_years_run_to_the_same_date():
    assert last_day(counted(), "deadline.limitation", MONDAY, Weekdays()) == date(2028, 3, 1)
