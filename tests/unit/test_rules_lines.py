import io
import json

import pytest

from station.rules.jsonl import decide_lines
from station.rules.lawbook import lawbook

AXLES = [
    {"unit": "motor", "group": 1, "driven": False, "tyres": "single", "to_next_mm": 3300},
    {"unit": "motor", "group": 2, "driven": True, "tyres": "dual", "to_next_mm": 1350},
    {"unit": "motor", "group": 2, "driven": True, "tyres": "dual", "to_next_mm": 6000},
    {"unit": "trailer", "group": 3, "driven": False, "tyres": "dual", "to_next_mm": 1310},
    {"unit": "trailer", "group": 3, "driven": False, "tyres": "dual", "to_next_mm": 1310},
    {"unit": "trailer", "group": 3, "driven": False, "tyres": "dual", "to_next_mm": None},
]
A1 = {
    "id": "a1",
    "occurred_on": "2026-03-01",
    "decided_on": None,
    "mode": "resident",
    "kind": "articulated",
    "axles": AXLES,
    "air_suspension": False,
    "gross_kg": 49_800,
    "registered_gross_kg": None,
    "approved_load_kg": None,
    "kerb_kg": None,
    "posted_limit_kg": None,
    "permit_gross_kg": None,
    "permit_notes": [],
    "exempt": None,
    "height_mm": None,
    "width_mm": None,
    "length_mm": None,
}


def answers(*lines):
    sink = io.BytesIO()
    wrong = decide_lines(
        [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines],
        sink,
        lawbook(),
    )
    found = [json.loads(line) for line in sink.getvalue().splitlines()]
    assert len(found) == len(lines)
    assert wrong == sum("error" in answer for answer in found)
    return found


def test_the_verdict_of_the_interface():
    (answer,) = answers(A1)

    wanted = {
        "id": "a1",
        "configuration": "TR-06-A",
        "limit_kg": 49_000,
        "excess_kg": 800,
        "over_limit_permille": 16,
        "verdict": "warning",
        "dimensions": [],
        "penalty_authority": "police",
        "law_edition": lawbook().edition,
        "law_applied": "act",
        "review": [],
    }
    assert {key: answer[key] for key in wanted} == wanted
    police = ("overload_permille", "fine_yuan", "points", "general_procedure", "hearing_notice")
    assert [answer["police"][key] for key in police] == [None] * 5
    assert answer["road_admin"]["fine_yuan"] is None
    assert {"rule", "kg", "source", "confidence"} <= set(answer["reasons"][0])
    assert (answer["reasons"][0]["kg"], answer["reasons"][0]["confidence"]) == (49_000, "seen")


def test_a_line_in_a_line_out_in_order_and_a_bad_one_does_not_stop_the_rest():
    found = answers(A1, b"not json\n", {**A1, "id": "a2", "gross_kg": 50_001}, {**A1, "id": "a3"})

    assert [answer["id"] for answer in found] == ["a1", None, "a2", "a3"]
    assert [answer.get("verdict") for answer in found] == ["warning", None, "violation", "warning"]


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{\n", b"[1, 2]\n", b"12\n", b"null\n", b'"a1"\n', b"\xff\xfe\n", b"[" * 100_000],
    ids=range(8),
)
def test_a_line_that_is_no_json_object_has_no_id(line):
    (answer,) = answers(line)

    assert answer["id"] is None
    assert answer["error"]["code"] == "facts.invalid"
    assert answer["error"]["message"].startswith("line 1: ")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"speed": 3}, "field=speed"),
        ({"axles": AXLES[:1]}, "2 to 12 axles"),
        ({"axles": [{**AXLES[0], "to_next_mm": None}] * 13}, "at most 12 axles"),
        ({"axles": None}, "kind, axles"),
        ({"kind": "lorry"}, "must be one of truck, articulated"),
        ({"occurred_on": None}, "field=occurred_on"),
        ({"occurred_on": "2016-09-20"}, "limit."),
        ({"gross_kg": 0}, "gross_kg"),
        ({"gross_kg": -1}, "gross_kg"),
        ({"gross_kg": 1_000_001}, "gross_kg"),
        ({"gross_kg": 10**400}, "gross_kg"),
        ({"gross_kg": float("nan")}, "gross_kg"),
        ({"gross_kg": None}, "gross_kg"),
        ({"gross_kg": 49_800.5}, "gross_kg"),
        ({"axles": [{**AXLES[0], "weight_kg": 0}, *AXLES[1:]]}, "weight_kg=0"),
        ({"axles": [{**AXLES[0], "weight_kg": 1_000_001}, *AXLES[1:]]}, "weight_kg=1000001"),
        ({"mode": "expressway_entry", "occurred_on": "2019-12-16"}, "tolerance.entry_ratio"),
    ],
)
def test_wrong_facts_are_answered_with_their_id_and_what_is_wrong(change, says):
    (answer,) = answers({**A1, **change})

    assert answer["id"] == "a1"
    assert set(answer) == {"id", "error"}
    assert says in answer["error"]["message"]


def test_a_key_written_twice_is_an_error():
    line = json.dumps(A1).replace('"gross_kg": 49800', '"gross_kg": 1, "gross_kg": 49800')
    (answer,) = answers(line.encode())
    assert (answer["id"], answer["error"]["code"]) == ("a1", "facts.invalid")
    assert "field=gross_kg" in answer["error"]["message"]


@pytest.mark.parametrize("name", [None, True, 1.5, ["a"]])
def test_an_id_is_needed(name):
    (answer,) = answers({**A1, "id": name})
    assert answer["id"] is None
    assert "field=id" in answer["error"]["message"]


def test_an_id_comes_back_as_it_came():
    found = answers({**A1, "id": "车一\ud800"}, {**A1, "id": 7})
    assert [answer["id"] for answer in found] == ["车一\ud800", 7]


def test_what_is_left_out_is_null():
    short = {key: value for key, value in A1.items() if value is not None}
    assert answers(short) == answers(A1)
