"""Runs every YAML law case; a law officer can read and sign the files.

A case names a drawing of the console's list and what differs from it, or a whole vehicle; what it
does not say is the ordinary: 2026-03-01, joint enforcement at the station.
"""

from pathlib import Path

import pytest
import yaml

from station.rules.decide import decide
from station.rules.drawings import DRAWINGS
from station.rules.lawbook import lawbook
from station.rules.records import facts_from_record, facts_record, vehicle_to_record
from station.rules.verdict import to_record

FOLDER = Path(__file__).parents[1] / "law_cases"
FILES = sorted(FOLDER.glob("*.yaml"))
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in FILES
    for case in yaml.safe_load(file.read_text("utf-8"))
]


def facts_of(given):
    given = {key: str(value) if key.endswith("_on") else value for key, value in given.items()}
    drawing = given.pop("drawing", None)
    drawn = {} if drawing is None else vehicle_to_record(DRAWINGS[drawing].vehicle)
    return facts_from_record({"occurred_on": "2026-03-01", **drawn, **given})


def picked(actual, wanted):
    """Keep of *actual* what the case speaks of."""
    if isinstance(wanted, dict):
        return {key: picked(actual[key], value) for key, value in wanted.items()}
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        assert len(actual) == len(wanted)
        return [picked(one, value) for one, value in zip(actual, wanted, strict=True)]
    return actual


@pytest.mark.parametrize("case", CASES)
def test_law_case(case):
    facts = facts_of(case["given"])

    record = to_record(decide(facts, lawbook()))

    assert picked(record, case["expect"]) == case["expect"]


@pytest.mark.parametrize("case", CASES)
def test_a_verdict_is_recomputed_from_its_stored_facts(case):
    facts = facts_of(case["given"])

    again = facts_from_record(facts_record(facts))

    assert again == facts
    assert to_record(decide(again, lawbook())) == to_record(decide(facts, lawbook()))


def test_there_are_enough_cases_and_each_names_its_article_once():
    cases = [
        (file.stem, case) for file in FILES for case in yaml.safe_load(file.read_text("utf-8"))
    ]
    assert len(cases) >= 150
    assert len({(file, case["name"]) for file, case in cases}) == len(cases)
    for file, case in cases:
        assert set(case) == {"name", "article", "given", "expect"}, file
        assert case["article"].strip(), case["name"]
        assert case["expect"], case["name"]
