"""The torture suite in short: each scenario a little, with the wrong programs that are quick."""

import os

import pytest

from tests.torture import t1_kill_storm, t2_power_cut, t4_bad_disk, t8_double_fine, t9_insider
from tests.torture.harness import Options, run_scenario, scratch_folder

SEED = 515


def report_of(scenario, tmp_path, mutants, **numbers):
    options = Options(seed=SEED, scratch=tmp_path, **numbers)
    report = run_scenario(scenario, options, mutants=mutants, status=lambda _: None)
    if report.skipped and not os.environ.get("CI"):
        pytest.skip(report.skipped)
    assert report.skipped is None
    return report


def test_a_storm_of_kills_loses_nothing_and_doubles_nothing():
    with scratch_folder() as folder:  # which the database's user can enter
        report = report_of(t1_kill_storm, folder, (), faults=8)
    assert report.broken == []
    assert (report.lost, report.duplicated) == (0, 0)
    assert report.faults == 8
    assert report.acknowledged > 100


def test_a_power_cut_takes_nothing_that_was_acknowledged(tmp_path):
    wrong = ("synchronous_normal", "picture_name_not_synced")
    report = report_of(t2_power_cut, tmp_path, wrong, states=150)
    assert report.broken == []
    assert report.alive == []
    assert report.faults > 100
    assert report.acknowledged > 40


def test_a_sync_that_fails_ends_the_station_and_nothing_shown_as_saved_is_lost(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(t4_bad_disk, "SEEN_S", 60.0)  # how soon is for the long form
    report = report_of(t4_bad_disk, tmp_path, (), faults=1)
    assert report.broken == []
    assert report.more["kinds"] == {"sync_eio": 1}
    assert report.acknowledged >= 2


def test_an_insider_is_named_and_nobody_honest_is(tmp_path):
    wrong = ("takes_leaves_from_stored_hashes",)
    report = report_of(t9_insider, tmp_path, wrong, states=200, faults=19)
    assert report.broken == []
    assert report.alive == []
    assert report.faults == 19


def test_stations_that_fine_one_truck_at_once_have_one_fine(monkeypatch):
    monkeypatch.setattr(t8_double_fine, "STATIONS", 4)
    with scratch_folder() as folder:
        report = report_of(t8_double_fine, folder, ("every_decision_stands",), faults=8)
    assert report.broken == []
    assert report.alive == []
    assert (report.lost, report.duplicated) == (0, 0)
    assert report.more["looks"] > 50
