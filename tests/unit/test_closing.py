"""What must be in a file before its case closes, and which clip covers which act."""

from dataclasses import replace
from datetime import timedelta

import pytest

from station.domain.case import Case
from station.domain.closing import (
    STATION_CAMERA,
    ActAt,
    Clip,
    Demands,
    DueForm,
    Filed,
    Manner,
    Need,
    Standing,
    Weight,
    check_manner,
    checklist,
    covers,
    missing,
)
from station.domain.errors import InvalidFacts
from station.domain.stages import Penalty, Removal, State
from tests.fakes import NOON

ACT = ActAt(case_no="C1", name="notify", seq=7, at=NOON, officers=("P1", "P2"))
CLIP = Clip(officer="P2", began_at=NOON, ended_at=NOON)
MS = timedelta(milliseconds=1)
CASE = Case(
    case_no="C1",
    violation_id="v",
    passage_id="p",
    plate="蒙L12345",
    opened_at=NOON,
    gross_kg=61000,
    limit_kg=49000,
    excess_kg=12000,
    state=State(removal=Removal.CLEAR, penalty=Penalty.NOT_PUNISHED),
)
SHEET = DueForm(kind="prior_notice", title="告知书", act_seq=7, number="N1", signed=True)
FULL = Filed(
    acts=(ACT,), forms=(SHEET,), manners={"N1": Manner.SIGNED}, recorded={7}, excused=set()
)
STRICT = Demands(weights=dict.fromkeys(Need, Weight.DEMANDED), recorded_acts={"notify"})


def lacking(filed=FULL, case=CASE, demands=STRICT):
    return [item.need for item in missing(checklist(case, filed, demands))]


@pytest.mark.parametrize(
    ("clip", "inside"),
    [
        (CLIP, True),
        (replace(CLIP, began_at=NOON + MS, ended_at=NOON + MS), False),
        (replace(CLIP, began_at=NOON - MS, ended_at=NOON - MS), False),
        (replace(CLIP, officer="P3"), False),
        (replace(CLIP, officer=STATION_CAMERA), True),
    ],
)
def test_a_clip_covers_an_act_of_its_officer_from_its_first_to_its_last_moment(clip, inside):
    assert covers(clip, ACT) is inside


def test_a_file_that_holds_everything_lacks_nothing():
    assert lacking() == []
    items = checklist(CASE, FULL, STRICT)
    assert {item.standing for item in items} == {Standing.THERE}
    assert [item.need for item in items] == [
        Need.RECHECK,
        Need.DOCUMENT,
        Need.SIGNATURE,
        Need.RECORDING,
    ]


@pytest.mark.parametrize(
    ("filed", "needs"),
    [
        (replace(FULL, forms=(replace(SHEET, number=""),)), [Need.DOCUMENT, Need.SIGNATURE]),
        (replace(FULL, manners={}), [Need.SIGNATURE]),
        (replace(FULL, manners={"N2": Manner.SIGNED}), [Need.SIGNATURE]),
        (replace(FULL, recorded={8}), [Need.RECORDING]),
        (replace(FULL, recorded=set(), excused={7}), []),
        (replace(FULL, recorded=set(), excused={8}), [Need.RECORDING]),
    ],
)
def test_what_is_not_there_is_missing(filed, needs):
    assert lacking(filed) == needs


def test_a_form_that_nobody_signs_and_an_act_without_the_party_ask_for_no_more():
    unsigned = replace(FULL, forms=(replace(SHEET, signed=False),), manners={})
    assert lacking(unsigned) == []
    assert lacking(replace(FULL, acts=(replace(ACT, name="accept"),), recorded=set())) == []


@pytest.mark.parametrize(
    ("removal", "needs"),
    [
        (Removal.CLEAR, []),
        (Removal.REFUSED, []),
        (Removal.UNLOADING, [Need.RECHECK]),
        (Removal.NOT_ON_SITE, []),
    ],
)
def test_the_excess_is_gone_or_its_refusal_on_record(removal, needs):
    assert lacking(case=replace(CASE, state=replace(CASE.state, removal=removal))) == needs


def test_a_decision_that_stands_was_served():
    stands = replace(CASE, state=replace(CASE.state, penalty=Penalty.PAID))
    assert lacking(case=stands) == [Need.SERVICE]


def test_what_is_only_advised_is_shown_and_blocks_nothing():
    mild = replace(STRICT, weights=dict.fromkeys(Need, Weight.ADVISED))
    empty = replace(FULL, manners={}, recorded=set())
    assert lacking(empty, demands=mild) == []
    assert Standing.MISSING in {item.standing for item in checklist(CASE, empty, mild)}


@pytest.mark.parametrize(
    ("manner", "note", "right"),
    [
        ("signed", "", True),
        ("fingerprint", " ", True),
        ("refused", "已注明", True),
        ("absent", "邮寄送达", True),
        ("refused", " ", False),
        ("absent", "", False),
        ("signed", "有话", False),
        ("nodded", "", False),
    ],
)
def test_whoever_does_not_sign_is_accounted_for(manner, note, right):
    if right:
        assert check_manner(manner, note).value == manner
    else:
        with pytest.raises(InvalidFacts):
            check_manner(manner, note)
