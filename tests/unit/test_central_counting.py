from datetime import date, timedelta

import pytest

from central.domain.counting import (
    CountedDecision,
    Window,
    more_than,
    repeat_vehicles,
    window,
)
from station.rules.lawbook import lawbook

AS_OF = date(2026, 3, 1)


def decision(number, on=AS_OF, plate="蒙L12345", colour="yellow", violation_id=None):
    return CountedDecision(
        plate=plate,
        colour=colour,
        violation_id=violation_id or f"v{number}",
        case_no=f"C{number}",
        occurred_on=on,
    )


def listed(decisions, as_of=AS_OF):
    return repeat_vehicles(decisions, window(as_of), more_than(lawbook(), as_of))


@pytest.mark.parametrize(
    ("as_of", "first"),
    [
        (date(2026, 3, 1), date(2025, 3, 2)),
        (date(2026, 1, 1), date(2025, 1, 2)),
        (date(2026, 12, 31), date(2026, 1, 1)),
        (date(2028, 2, 29), date(2027, 3, 1)),
        (date(2029, 2, 28), date(2028, 2, 29)),
        (date(2029, 3, 1), date(2028, 3, 2)),
    ],
)
def test_the_window_is_twelve_months_that_end_on_the_day(as_of, first):
    assert window(as_of) == Window(first, as_of)


def test_the_window_is_an_argument():
    assert window(date(2026, 3, 31), months=1) == Window(date(2026, 3, 1), date(2026, 3, 31))


def test_three_are_not_more_than_three_and_four_are():
    assert more_than(lawbook(), AS_OF) == 3
    assert listed([decision(number) for number in range(3)]) == ()
    assert listed([decision(number) for number in range(4)])[0].times == 4


@pytest.mark.parametrize(
    ("earliest", "is_listed"),
    [
        (date(2025, 3, 1), False),
        (date(2025, 3, 2), True),
        (date(2026, 3, 1), True),
        (date(2026, 3, 2), False),
    ],
)
def test_an_act_counts_from_the_day_after_the_anniversary_to_the_day_itself(earliest, is_listed):
    acts = [decision(number) for number in range(3)] + [decision(3, on=earliest)]

    assert bool(listed(acts)) is is_listed


def test_two_decisions_on_one_act_count_once():
    acts = [decision(number) for number in range(3)]

    assert listed([*acts, decision(3, violation_id="v0")]) == ()


def test_the_same_number_on_another_ground_is_another_vehicle():
    acts = [decision(number, colour="yellow" if number < 2 else "blue") for number in range(5)]

    assert listed(acts) == ()


def test_a_ground_that_nobody_noted_belongs_to_the_only_known_one():
    acts = [decision(number) for number in range(3)] + [decision(3, colour="unknown")]

    assert [(one.colour, one.times) for one in listed(acts)] == [("yellow", 4)]


def test_a_ground_that_nobody_noted_is_not_guessed_between_two():
    acts = [decision(number) for number in range(3)]
    acts += [decision(3, colour="unknown"), decision(4, colour="blue")]

    assert listed(acts) == ()


def test_a_number_that_is_only_known_without_its_ground_is_listed_so():
    assert (
        listed([decision(number, colour="unknown") for number in range(4)])[0].colour == "unknown"
    )


def test_cases_stand_in_the_order_of_the_acts_and_vehicles_by_their_count():
    acts = [decision(number, on=AS_OF - timedelta(days=number)) for number in range(4)]
    acts += [decision(10 + number, plate="蒙A00001") for number in range(5)]

    first, second = listed(acts)

    assert (first.plate, first.times) == ("蒙A00001", 5)
    assert second.case_nos == ("C3", "C2", "C1", "C0")
    assert (second.first_on, second.last_on) == (AS_OF - timedelta(days=3), AS_OF)
