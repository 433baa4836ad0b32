import json
from datetime import date

import pytest

from station.domain.errors import InvalidFacts
from station.domain.units import Kg
from station.rules.decide import decide
from station.rules.drawings import DRAWINGS
from station.rules.facts import Facts, Mode
from station.rules.lawbook import lawbook
from station.rules.records import (
    facts_from_record,
    facts_record,
    vehicle_from_record,
    vehicle_to_record,
)
from station.rules.verdict import to_record

TRUCK = {
    "kind": "truck",
    "axles": [
        {"unit": "motor", "group": 1, "tyres": "single", "weight_kg": 7000},
        {"unit": "motor", "group": 2, "driven": True, "tyres": "dual", "weight_kg": 11000},
    ],
}
FACTS = {"occurred_on": "2026-03-01", **TRUCK}


def test_what_is_left_out_is_not_known():
    facts = facts_from_record(FACTS)

    assert facts.gross == Kg(18_000)
    assert facts.mode is Mode.RESIDENT
    assert facts.vehicle.air_suspension is None
    assert facts.vehicle.axles[0].driven is False
    assert facts.exempt is facts.posted_limit is facts.permit_gross is facts.decided_on is None


def test_a_vehicle_that_is_not_known_is_all_none_and_comes_back():
    assert set(vehicle_to_record(None).values()) == {None}
    assert vehicle_from_record(vehicle_to_record(None)) is None


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_a_vehicle_comes_back_from_its_record(drawing):
    record = json.loads(json.dumps(vehicle_to_record(drawing.vehicle)))
    assert vehicle_from_record(record) == drawing.vehicle


def test_the_record_of_facts_has_every_key_and_comes_back():
    facts = Facts(occurred_on=date(2026, 3, 1), vehicle=None, gross=Kg(1))
    record = facts_record(facts)
    assert facts_from_record(record) == facts
    assert len(record) == 17


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"weight": 1}, "weight"),
        ({"occurred_on": None}, "occurred_on"),
        ({"occurred_on": "2026-3-1"}, "occurred_on"),
        ({"occurred_on": "20260301"}, "occurred_on"),
        ({"occurred_on": "2026-02-29"}, "occurred_on"),
        ({"occurred_on": 20260301}, "occurred_on"),
        ({"decided_on": "tomorrow"}, "decided_on"),
        ({"mode": "roadside"}, "mode"),
        ({"kind": "lorry"}, "kind"),
        ({"kind": ["truck"]}, "kind"),
        ({"kind": None}, "kind, axles"),
        ({"axles": None}, "kind, axles"),
        ({"axles": {}}, "kind, axles"),
        ({"axles": [1, 2]}, "axles[1]"),
        ({"axles": TRUCK["axles"] * 7}, "axles"),
        ({"gross_kg": 18000.0}, "gross_kg"),
        ({"gross_kg": float("nan")}, "gross_kg"),
        ({"gross_kg": "18000"}, "gross_kg"),
        ({"gross_kg": True}, "gross_kg"),
        ({"air_suspension": 1}, "air_suspension"),
        ({"exempt": "yes"}, "exempt"),
        ({"height_mm": 4.1}, "height_mm"),
        ({"axles": [{**TRUCK["axles"][0], "colour": "red"}]}, "colour"),
        ({"axles": [{**TRUCK["axles"][0], "tyres": "triple"}]}, "tyres"),
        ({"axles": [{**TRUCK["axles"][0], "unit": None}]}, "unit, group"),
        ({"axles": [{**TRUCK["axles"][0], "group": "1"}]}, "group"),
        ({"axles": [{**TRUCK["axles"][0], "driven": "no"}]}, "driven"),
        ({"axles": [TRUCK["axles"][0], {"unit": "motor", "group": 2}]}, "gross_kg"),
        ({"kind": None, "axles": None, "kerb_kg": 9000, "gross_kg": 1}, "kerb_kg"),
        ({"kind": None, "axles": None}, "gross_kg"),
    ],
)
def test_a_record_that_is_not_exactly_right_is_refused_by_its_key(change, key):
    facts_from_record(FACTS)
    with pytest.raises(InvalidFacts) as caught:
        facts_from_record({**FACTS, **change})
    assert caught.value.fields["field"] == key


def test_the_place_of_a_wrong_axle_is_told():
    wrong = [TRUCK["axles"][0], {**TRUCK["axles"][1], "tyres": "triple"}]
    with pytest.raises(InvalidFacts) as caught:
        facts_from_record({**FACTS, "axles": wrong})
    assert caught.value.fields["axle"] == 2


def test_twelve_axles_are_read():
    axles = [{"unit": "motor", "group": at, "weight_kg": 1} for at in range(1, 13)]
    facts = facts_from_record({**FACTS, "kind": "tractor", "axles": axles})
    assert facts.gross == 12


def no_float(value):
    if isinstance(value, dict):
        return all(isinstance(key, str) and no_float(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(no_float(inner) for inner in value)
    return value is None or type(value) in (int, str, bool)


def test_the_record_of_a_verdict_holds_no_float_and_no_object():
    vehicle = DRAWINGS["TR-06-A/6x4-single"].vehicle
    facts = Facts(occurred_on=date(2026, 3, 1), vehicle=vehicle, gross=Kg(70_000), height=5000)

    record = to_record(decide(facts, lawbook()))

    assert no_float(record)
    assert record["verdict"] == "violation"
    assert json.loads(json.dumps(record)) == record
