"""The joint case: who may do what, and when."""

from datetime import UTC, date, datetime

import pytest

from station.domain.case import Act, Case, Stage
from station.domain.errors import (
    IllegalTransition,
    InvalidFacts,
    NotPermitted,
    TwoOfficersRequired,
    WrongAuthority,
)
from station.domain.officers import Officer, Pair, Permission, Role

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


def officer(number, role, until=date(2026, 12, 31)):
    return Officer(certificate_no=number, name="某", role=role, valid_until=until)


ROAD = Pair(first=officer("R1", Role.ROAD), second=officer("R2", Role.ROAD))
POLICE = Pair(first=officer("P1", Role.POLICE), second=officer("P2", Role.POLICE))

STEPS = [
    (Act.ORDER_TO_CORRECT, ROAD, {"plate": "蒙L12345"}),
    (Act.BEGIN_UNLOADING, ROAD, {"method": "转运", "place": "卸货场"}),
    (Act.RECHECK_CLEAR, ROAD, {"passage_id": "p2", "gross_kg": 48000, "excess_kg": 0}),
    (Act.HAND_OVER, ROAD, {"form_no": "J1"}),
    (Act.NOTIFY, POLICE, {"facts": "超限 12 t", "rights_told": "陈述、申辩"}),
    (
        Act.DECIDE,
        POLICE,
        {"kind": "fine", "fine_fen": 100000, "points": 3, "statement": "放弃陈述"},
    ),
]


def case():
    return Case(
        case_no="LINHE202603010001",
        violation_id="p1",
        passage_id="p1",
        plate="蒙L12345",
        opened_at=NOON,
        gross_kg=61000,
        limit_kg=49000,
        excess_kg=12000,
    )


def after(steps):
    made = case()
    for act, pair, details in steps:
        made = made.after(act, by=pair, at=NOON, details=details)
    return made


def test_the_whole_way_of_a_case():
    done = after(STEPS)
    assert done.stage is Stage.DECIDED
    assert (done.fine_fen, done.points) == (100000, 3)
    assert [step.act for step in done.history] == [act for act, _, _ in STEPS]


@pytest.mark.parametrize("until", range(len(STEPS) + 1))
def test_release_is_allowed_from_the_clear_recheck_on_and_never_before(until):
    there = after(STEPS[:until])
    if until < 3:
        with pytest.raises(IllegalTransition):
            there.after(Act.RELEASE, by=ROAD, at=NOON, details={})
    else:
        released = there.after(Act.RELEASE, by=ROAD, at=NOON, details={})
        assert released.released_at == NOON
        assert released.stage is there.stage


def test_a_truck_is_released_once():
    released = after([*STEPS[:3], (Act.RELEASE, ROAD, {})])
    with pytest.raises(IllegalTransition):
        released.after(Act.RELEASE, by=ROAD, at=NOON, details={})


def test_release_does_not_hinder_the_police():
    done = after([*STEPS[:3], (Act.RELEASE, ROAD, {}), *STEPS[3:]])
    assert done.closed


def test_a_case_is_closed_only_when_decided_and_released():
    assert not after(STEPS).closed
    assert not after([*STEPS[:3], (Act.RELEASE, ROAD, {})]).closed


@pytest.mark.parametrize(("at", "step"), list(enumerate(STEPS)))
def test_each_act_belongs_to_one_authority(at, step):
    act, pair, details = step
    other = POLICE if pair is ROAD else ROAD
    with pytest.raises(WrongAuthority):
        after(STEPS[:at]).after(act, by=other, at=NOON, details=details)


def test_a_case_is_decided_once():
    act, pair, details = STEPS[-1]
    with pytest.raises(IllegalTransition):
        after(STEPS).after(act, by=pair, at=NOON, details=details)


def test_no_decision_before_notice():
    act, pair, details = STEPS[-1]
    with pytest.raises(IllegalTransition):
        after(STEPS[:4]).after(act, by=pair, at=NOON, details=details)


def test_a_failed_recheck_leaves_the_truck_unloading():
    over = {"passage_id": "p2", "gross_kg": 49001, "excess_kg": 1}
    again = after([*STEPS[:2], (Act.RECHECK_OVER, ROAD, over)])
    assert again.stage is Stage.UNLOADING
    with pytest.raises(IllegalTransition):
        again.after(Act.RELEASE, by=ROAD, at=NOON, details={})


def test_one_kilogram_of_excess_is_no_clear_recheck():
    with pytest.raises(InvalidFacts):
        after(STEPS[:2]).after(
            Act.RECHECK_CLEAR,
            by=ROAD,
            at=NOON,
            details={"passage_id": "p2", "gross_kg": 49001, "excess_kg": 1},
        )


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"plate": "蒙L12345", "more": "x"},
        {"plate": ""},
        {"plate": 5},
        {"plate": "蒙L12346"},
    ],
)
def test_details_are_strict(details):
    with pytest.raises(InvalidFacts):
        case().after(Act.ORDER_TO_CORRECT, by=ROAD, at=NOON, details=details)


@pytest.mark.parametrize(
    ("kind", "fine", "points"),
    [("fine", 0, 0), ("warning", 1, 0), ("warning", 0, 1), ("pardon", 0, 0), ("fine", -1, 0)],
)
def test_a_decision_that_contradicts_itself_is_refused(kind, fine, points):
    details = {"kind": kind, "fine_fen": fine, "points": points, "statement": "无"}
    with pytest.raises(InvalidFacts):
        after(STEPS[:5]).after(Act.DECIDE, by=POLICE, at=NOON, details=details)


def test_one_person_is_not_two_officers():
    one = officer("R1", Role.ROAD)
    with pytest.raises(TwoOfficersRequired):
        Pair(first=one, second=one)


def test_officers_of_two_authorities_are_no_pair():
    with pytest.raises(TwoOfficersRequired):
        Pair(first=officer("R1", Role.ROAD), second=officer("P1", Role.POLICE))


def test_a_certificate_is_good_on_its_last_day_and_not_on_the_next():
    until = officer("R1", Role.ROAD, date(2026, 3, 1))
    until.require(Permission.ACT_ROAD, on=date(2026, 3, 1))
    with pytest.raises(NotPermitted):
        until.require(Permission.ACT_ROAD, on=date(2026, 3, 2))
