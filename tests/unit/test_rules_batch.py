"""The columns on their edges: ranges, calibration, differences."""

from datetime import date

import numpy as np
import pytest

from station.domain.errors import InvalidFacts
from station.rules import batch
from station.rules.batch import (
    BLOCK,
    Code,
    Columns,
    Judge,
    Verdicts,
    calibrated,
    changed_rows,
)
from station.rules.drawings import DRAWINGS
from station.rules.lawbook import lawbook

SIX = DRAWINGS["TR-06-A/6x4"].vehicle
DAY = date(2026, 3, 1).toordinal() - date(1970, 1, 1).toordinal()


def columns(*gross, **more):
    count = len(gross)
    given = {
        "day": np.full(count, DAY, np.int32),
        "vehicle": np.zeros(count, np.uint16),
        "gross": np.array(gross, np.int32),
    }
    return Columns(**{**given, **more})


def codes(*gross, vehicles=(SIX,), **more):
    found = Judge(lawbook(), vehicles).verdicts(columns(*gross, **more))
    return [Code(code).name for code in found.code]


def test_a_kilogram_on_each_side_of_every_step():
    assert codes(48_999, 49_000, 49_001, 50_000, 50_001) == [
        "LAWFUL",
        "LAWFUL",
        "WARNING",
        "WARNING",
        "VIOLATION",
    ]


def test_at_an_entry_five_per_cent_more_is_let_through():
    mode = np.full(2, 4, np.uint8)
    assert codes(51_450, 51_451, mode=mode) == ["LAWFUL", "VIOLATION"]


def test_a_vehicle_that_nobody_told_of_has_no_limit_and_no_excess():
    found = Judge(lawbook(), (None,)).verdicts(columns(1, 90_000))
    assert [Code(code).name for code in found.code] == ["NEEDS_REVIEW"] * 2
    assert found.limit.tolist() == found.excess.tolist() == [0, 0]


def test_nothing_gives_nothing():
    assert codes() == []
    assert codes(vehicles=()) == []


@pytest.mark.parametrize("gross", [0, -1, 1_000_001])
def test_a_mass_out_of_range_is_named_by_its_row_in_the_whole_history(gross):
    masses = [49_000] * (BLOCK + 2)
    masses[BLOCK + 1] = gross
    with pytest.raises(InvalidFacts) as caught:
        codes(*masses)
    assert caught.value.fields == {"field": "gross", "row": BLOCK + 1, "value": gross}


@pytest.mark.parametrize(
    ("day", "right"),
    [
        (date(1989, 12, 31), 0),
        (date(1990, 1, 1), 1),
        (date(2199, 12, 31), 1),
        (date(2200, 1, 1), 0),
    ],
)
def test_days_far_off_are_a_mistake(day, right):
    given = np.array([day.toordinal() - date(1970, 1, 1).toordinal()], np.int32)
    if right:
        assert len(codes(49_000, day=given)) == 1
    else:
        with pytest.raises(InvalidFacts, match="field=day"):
            codes(49_000, day=given)


def test_a_vehicle_that_is_not_in_the_list_is_an_error():
    with pytest.raises(InvalidFacts, match="field=vehicle"):
        codes(49_000, vehicle=np.array([1], np.uint16))


def test_columns_of_different_lengths_are_an_error():
    with pytest.raises(InvalidFacts, match="differ in length"):
        codes(49_000, vehicle=np.zeros(2, np.uint16))


def test_too_many_vehicles_are_an_error(monkeypatch):
    monkeypatch.setattr(batch, "MOST_VEHICLES", 1)
    assert codes(1) == ["LAWFUL"]
    with pytest.raises(InvalidFacts, match="at most 1"):
        codes(1, vehicles=(SIX, SIX))


def test_the_room_that_was_given_is_filled_and_a_judge_is_used_again():
    judge, room = Judge(lawbook(), (SIX,)), Verdicts.empty(5)
    first = judge.verdicts(columns(60_000, 60_000, 60_000), room)
    assert first.limit.base is room.limit
    assert len(first.code) == 3
    again = judge.verdicts(columns(1, 49_001), room)
    assert again.code.tolist() == [Code.LAWFUL, Code.WARNING]
    assert again.excess.tolist() == [0, 1]


def test_a_calibration_floors():
    masses = np.array([1_000, 1_001, 999, 3], np.int32)
    assert calibrated(masses, 998).tolist() == [998, 998, 997, 2]
    assert calibrated(masses, np.array([1000, 1001, 1500, 500])).tolist() == [1000, 1002, 1498, 1]
    assert calibrated(np.array([1_000_000], np.int32), 1_500).tolist() == [1_000_000]


@pytest.mark.parametrize("permille", [499, 1501, 0, -998])
def test_a_calibration_out_of_range_is_an_error(permille):
    with pytest.raises(InvalidFacts, match="gross_permille"):
        calibrated(np.array([1_000], np.int32), permille)


def test_a_mass_that_comes_out_at_nothing_is_an_error():
    with pytest.raises(InvalidFacts, match="gross_kg"):
        calibrated(np.array([5, 1], np.int32), 998)


@pytest.mark.parametrize("name", ["limit", "excess", "code"])
def test_each_column_alone_makes_a_row_differ(name):
    def verdicts(**changed):
        plain = {"limit": [1, 1], "excess": [2, 2], "code": [3, 3]}
        held = {**plain, **changed}
        return Verdicts(
            np.array(held["limit"], np.int32),
            np.array(held["excess"], np.int32),
            np.array(held["code"], np.uint8),
        )

    assert changed_rows(verdicts(), verdicts()).tolist() == []
    assert changed_rows(verdicts(), verdicts(**{name: [0, 3]})).tolist() != []
    same_first = {"limit": [1, 9], "excess": [2, 9], "code": [3, 9]}[name]
    assert changed_rows(verdicts(), verdicts(**{name: same_first})).tolist() == [1]


def test_a_law_that_changes_within_the_history_is_that_of_each_day():
    first = date(2019, 12, 17).toordinal() - date(1970, 1, 1).toordinal()
    day = np.array([first - 1, first], np.int32)
    mode = np.full(2, 4, np.uint8)
    assert codes(51_000, 51_000, day=day, mode=mode) == ["NO_LAW", "LAWFUL"]
    assert codes(49_000, 49_000, day=day, mode=mode) == ["LAWFUL", "LAWFUL"]


@pytest.mark.parametrize(
    ("name", "most"), [("height", 4_000), ("width", 2_550), ("length", 18_100)]
)
def test_each_dimension_alone_makes_a_violation(name, most):
    sizes = np.array([most, most + 1, 0], np.int32)
    assert codes(1, 1, 1, **{name: sizes}) == ["LAWFUL", "VIOLATION", "LAWFUL"]


def test_every_place_of_the_list_fits_the_column():
    assert np.iinfo(np.uint16).max == batch.MOST_VEHICLES - 1
