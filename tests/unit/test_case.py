"""The joint case: who may do what, and when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from station.domain.case import Case
from station.domain.errors import (
    IllegalTransition,
    InvalidFacts,
    NotPermitted,
    TwoOfficersRequired,
    WrongAuthority,
)
from station.domain.officers import Officer, Pair, Permission, Role
from station.domain.procedure import Act
from station.domain.stages import OFFSITE, Custody, Penalty, Removal
from tests.acts import TODAY, said
from tests.fakes import NOON


def officer(number, role, until=date(2026, 12, 31)):
    return Officer(certificate_no=number, name="某", role=role, valid_until=until)


ROAD = Pair(first=officer("R1", Role.ROAD), second=officer("R2", Role.ROAD))
POLICE = Pair(first=officer("P1", Role.POLICE), second=officer("P2", Role.POLICE))

STEPS = [
    (Act.ORDER_TO_CORRECT, ROAD, {"plate": "蒙L12345"}),
    (Act.BEGIN_UNLOADING, ROAD, {"method": "转运", "place": "卸货场"}),
    (Act.RECHECK_CLEAR, ROAD, {"passage_id": "p2", "gross_kg": 48000, "excess_kg": 0}),
    (Act.HAND_OVER, ROAD, {}),
    (Act.ACCEPT, POLICE, {}),
    (Act.NOTIFY, POLICE, said(Act.NOTIFY, fine=100000)),
    (Act.WAIVE, POLICE, {"statement": "放弃陈述"}),
    (Act.DECIDE, POLICE, said(Act.DECIDE, fine=100000)),
]
HEARD = 7


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
        made = made.after(act, by=pair, at=NOON, on=TODAY, details=details)
    return made


def test_the_whole_way_of_a_case():
    done = after(STEPS)
    assert done.state.penalty is Penalty.DECIDED
    assert (done.fine_fen, done.points) == (100000, 3)
    assert [step.act for step in done.history] == [act for act, _, _ in STEPS]


@pytest.mark.parametrize("until", range(len(STEPS) + 1))
def test_release_is_allowed_from_the_clear_recheck_on_and_never_before(until):
    there = after(STEPS[:until])
    if until < 3:
        with pytest.raises(IllegalTransition):
            there.after(Act.RELEASE, by=ROAD, at=NOON, on=TODAY, details={})
    else:
        released = there.after(Act.RELEASE, by=ROAD, at=NOON, on=TODAY, details={})
        assert released.released_at == NOON
        assert released.state.penalty is there.state.penalty


def test_a_truck_is_released_once():
    released = after([*STEPS[:3], (Act.RELEASE, ROAD, {})])
    with pytest.raises(IllegalTransition):
        released.after(Act.RELEASE, by=ROAD, at=NOON, on=TODAY, details={})


def test_release_does_not_hinder_the_police():
    done = after([*STEPS[:3], (Act.RELEASE, ROAD, {}), *STEPS[3:]])
    assert done.state.penalty is Penalty.DECIDED


@pytest.mark.parametrize(("at", "step"), list(enumerate(STEPS)))
def test_each_act_belongs_to_one_authority(at, step):
    act, pair, details = step
    other = POLICE if pair is ROAD else ROAD
    with pytest.raises(WrongAuthority):
        after(STEPS[:at]).after(act, by=other, at=NOON, on=TODAY, details=details)


def test_a_case_is_decided_once():
    act, pair, details = STEPS[-1]
    with pytest.raises(IllegalTransition):
        after(STEPS).after(act, by=pair, at=NOON, on=TODAY, details=details)


def test_no_decision_before_notice():
    act, pair, details = STEPS[-1]
    with pytest.raises(IllegalTransition):
        after(STEPS[:5]).after(act, by=pair, at=NOON, on=TODAY, details=details)


def test_a_failed_recheck_leaves_the_truck_unloading():
    over = {"passage_id": "p2", "gross_kg": 49001, "excess_kg": 1}
    again = after([*STEPS[:2], (Act.RECHECK_OVER, ROAD, over)])
    assert again.state.removal is Removal.UNLOADING
    with pytest.raises(IllegalTransition):
        again.after(Act.RELEASE, by=ROAD, at=NOON, on=TODAY, details={})


def test_one_kilogram_of_excess_is_no_clear_recheck():
    with pytest.raises(InvalidFacts):
        after(STEPS[:2]).after(
            Act.RECHECK_CLEAR,
            by=ROAD,
            at=NOON,
            on=TODAY,
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
        case().after(Act.ORDER_TO_CORRECT, by=ROAD, at=NOON, on=TODAY, details=details)


@pytest.mark.parametrize(
    ("kind", "fine", "points"),
    [("fine", 0, 0), ("warning", 1, 0), ("warning", 0, 1), ("pardon", 0, 0), ("fine", -1, 0)],
)
def test_a_decision_that_contradicts_itself_is_refused(kind, fine, points):
    details = {"kind": kind, "fine_fen": fine, "points": points, "reason": "无"}
    with pytest.raises(InvalidFacts):
        after(STEPS[:HEARD]).after(Act.DECIDE, by=POLICE, at=NOON, on=TODAY, details=details)


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


def confirmed(steps=STEPS):
    """Bring a case to where the centre has confirmed the decision."""
    return after(steps).after_claim(Act.TAKE_EFFECT, at=NOON, details=said(Act.TAKE_EFFECT))


def later(made, act, details, days=0, pair=POLICE):
    """Do one act some days later."""
    at = NOON + timedelta(days=days)
    return made.after(act, by=pair, at=at, on=at.date(), details=details)


def test_a_decision_is_served_only_with_the_centres_answer():
    serve = said(Act.SERVE)
    with pytest.raises(IllegalTransition):
        later(after(STEPS), Act.SERVE, serve)
    assert later(confirmed(), Act.SERVE, serve).state.penalty is Penalty.SERVED


def test_nothing_is_served_before_the_day_on_which_it_was_decided():
    before = said(Act.SERVE, on=TODAY - timedelta(days=1))
    with pytest.raises(InvalidFacts) as caught:
        later(confirmed(), Act.SERVE, before)
    assert caught.value.fields["field"] == "served_on"
    # 16:01 in UTC is past midnight here: the day is that of the station.
    late = replace(confirmed().history[-2], at=datetime(2026, 2, 28, 16, 1, tzinfo=UTC))
    made = confirmed()
    made = replace(made, history=(*made.history[:-2], late, made.history[-1]))
    assert late.act is Act.DECIDE
    with pytest.raises(InvalidFacts):
        later(made, Act.SERVE, before)
    assert later(made, Act.SERVE, said(Act.SERVE)).state.penalty is Penalty.SERVED


def test_officers_cannot_give_the_centres_answer():
    with pytest.raises(WrongAuthority):
        later(after(STEPS), Act.TAKE_EFFECT, said(Act.TAKE_EFFECT))


def test_the_centre_does_no_officers_act():
    with pytest.raises(WrongAuthority):
        after(STEPS[:3]).after_claim(Act.RELEASE, at=NOON, details={})


def test_a_barred_decision_leaves_neither_fine_nor_points():
    barred = after(STEPS).after_claim(
        Act.BAR, at=NOON, details={**said(Act.BAR), "violation_id": "first"}
    )
    assert (barred.fine_fen, barred.points, barred.violation_id) == (None, None, "first")
    with pytest.raises(IllegalTransition):
        later(barred, Act.SERVE, said(Act.SERVE))


@pytest.mark.parametrize(("fine", "points"), [(100001, 3), (100000, 4)])
def test_a_decision_is_not_heavier_than_what_was_told(fine, points):
    with pytest.raises(InvalidFacts):
        later(after(STEPS[:HEARD]), Act.DECIDE, said(Act.DECIDE, fine=fine) | {"points": points})


def told_of_a_hearing(until):
    notice = said(Act.NOTIFY, fine=200000) | {"hearing": "due", "hearing_until": until.isoformat()}
    return after([*STEPS[:5], (Act.NOTIFY, POLICE, notice), STEPS[6]])


@pytest.mark.parametrize(("days", "allowed"), [(0, False), (5, False), (6, True)])
def test_a_decision_waits_until_a_hearing_can_no_longer_be_asked_for(days, allowed):
    made = told_of_a_hearing(TODAY + timedelta(days=5))
    decide = said(Act.DECIDE, fine=200000)
    if allowed:
        assert later(made, Act.DECIDE, decide, days).state.penalty is Penalty.DECIDED
    else:
        with pytest.raises(InvalidFacts):
            later(made, Act.DECIDE, decide, days)


def test_who_waives_the_hearing_need_not_wait():
    made = told_of_a_hearing(TODAY + timedelta(days=5))
    made = later(made, Act.WAIVE_HEARING, {"statement": "放弃听证"})
    assert later(made, Act.DECIDE, said(Act.DECIDE)).state.penalty is Penalty.DECIDED


def test_after_a_hearing_there_is_a_legal_review_by_somebody_else():
    made = later(
        told_of_a_hearing(TODAY + timedelta(days=5)), Act.ASK_HEARING, said(Act.ASK_HEARING)
    )
    held = said(Act.HOLD_HEARING)
    with pytest.raises(InvalidFacts):
        later(made, Act.HOLD_HEARING, held | {"chair_no": "R1"})
    made = later(made, Act.HOLD_HEARING, held | {"chair_no": "C1"})
    with pytest.raises(IllegalTransition):
        later(made, Act.DECIDE, said(Act.DECIDE))
    with pytest.raises(InvalidFacts):
        later(made, Act.REVIEW, {"reviewer_no": "P2", "opinion": "同意"})
    made = later(made, Act.REVIEW, {"reviewer_no": "L1", "opinion": "同意"})
    assert later(made, Act.DECIDE, said(Act.DECIDE)).state.penalty is Penalty.DECIDED


def test_an_officer_does_not_act_for_both_authorities():
    turned = Pair(first=officer("R1", Role.POLICE), second=officer("P2", Role.POLICE))
    with pytest.raises(TwoOfficersRequired):
        later(after(STEPS[:4]), Act.ACCEPT, {}, pair=turned)


def test_a_refusal_is_recorded_and_handed_over_and_the_truck_stays():
    refusal = (Act.RECORD_REFUSAL, ROAD, {"reason": "拒绝卸载", "witness": "站内视频"})
    made = after([STEPS[0], refusal, STEPS[3]])
    assert made.state.penalty is Penalty.HANDED_OVER
    with pytest.raises(IllegalTransition):
        later(made, Act.RELEASE, {}, pair=ROAD)
    made = later(made, Act.BEGIN_UNLOADING, STEPS[1][2], pair=ROAD)
    made = later(made, Act.RECHECK_CLEAR, STEPS[2][2], pair=ROAD)
    assert later(made, Act.RELEASE, {}, pair=ROAD).released_at == NOON


def test_the_police_detain_until_the_excess_is_gone_and_return_the_truck_themselves():
    detain = {"place": "停车场", "reason": "拒不卸载"}
    made = later(after(STEPS[:2]), Act.DETAIN, detain)
    made = later(made, Act.RECHECK_CLEAR, STEPS[2][2], pair=ROAD)
    with pytest.raises(IllegalTransition):
        later(made, Act.RELEASE, {}, pair=ROAD)
    assert later(made, Act.RETURN_VEHICLE, {}).state.custody is Custody.RELEASED
    with pytest.raises(IllegalTransition):
        later(after(STEPS[:3]), Act.DETAIN, detain)


def served(until=TODAY + timedelta(days=15)):
    return later(confirmed(), Act.SERVE, said(Act.SERVE) | {"pay_by": until.isoformat()})


def receipt_of(number, fen):
    return {"receipt_no": number, "amount_fen": fen, "paid_on": TODAY.isoformat()}


def test_a_fine_is_paid_when_the_receipts_come_up_to_it():
    made = later(served(), Act.PAY, receipt_of("1", 99999))
    assert made.state.penalty is Penalty.SERVED
    with pytest.raises(InvalidFacts):
        later(made, Act.PAY, receipt_of("1", 1))
    assert later(made, Act.PAY, receipt_of("2", 1)).state.penalty is Penalty.PAID


@pytest.mark.parametrize(("fen", "taken"), [(200000, True), (200001, False), (0, False)])
def test_the_surcharge_is_never_above_the_fine(fen, taken):
    if taken:
        assert later(served(), Act.PAY, receipt_of("1", fen)).paid_fen == fen
    else:
        with pytest.raises(InvalidFacts):
            later(served(), Act.PAY, receipt_of("1", fen))


@pytest.mark.parametrize(("days", "allowed"), [(15, False), (16, True)])
def test_a_demand_comes_after_the_last_day_to_pay(days, allowed):
    day = (TODAY + timedelta(days=days)).isoformat()
    demand = {"demanded_on": day, "answer_by": day}
    if allowed:
        assert later(served(), Act.DEMAND, demand, days).state.penalty is Penalty.DEMANDED
    else:
        with pytest.raises(InvalidFacts):
            later(served(), Act.DEMAND, demand, days)


def test_what_is_revoked_leaves_nothing():
    made = later(served(), Act.BEGIN_REMEDY, said(Act.BEGIN_REMEDY))
    with pytest.raises(IllegalTransition):
        later(made, Act.DEMAND, said(Act.DEMAND), 20)
    ended = {"result": "revoked", "fine_fen": 0, "points": 0, "document_no": "F1"}
    made = later(made, Act.END_REMEDY, ended)
    assert (made.state.penalty, made.fine_fen, made.points) == (Penalty.REVOKED, None, None)


def test_no_remedy_makes_a_decision_heavier():
    made = later(served(), Act.BEGIN_REMEDY, said(Act.BEGIN_REMEDY))
    worse = {"result": "changed", "fine_fen": 100001, "points": 3, "document_no": "F1"}
    with pytest.raises(InvalidFacts):
        later(made, Act.END_REMEDY, worse)


def test_a_case_is_closed_when_it_is_settled_and_the_truck_is_gone():
    paid = later(served(), Act.PAY, receipt_of("1", 100000))
    with pytest.raises(IllegalTransition):
        later(paid, Act.CLOSE, {})
    gone = later(paid, Act.RELEASE, {}, pair=ROAD)
    assert later(gone, Act.CLOSE, {}).closed
    unpaid = later(served(), Act.RELEASE, {}, pair=ROAD)
    with pytest.raises(InvalidFacts):
        later(unpaid, Act.CLOSE, {})


def test_nothing_is_done_to_a_closed_case():
    gone = later(later(served(), Act.PAY, receipt_of("1", 100000)), Act.RELEASE, {}, pair=ROAD)
    closed = later(gone, Act.CLOSE, {})
    assert closed.next_acts == ((Act.COPY_OUT, Role.ROAD),)
    with pytest.raises(IllegalTransition):
        later(closed, Act.WITHDRAW, {"reason": "x"})


def test_a_closed_case_with_its_decision_is_copied_out_once_by_road_administration():
    gone = later(later(served(), Act.PAY, receipt_of("1", 100000)), Act.RELEASE, {}, pair=ROAD)
    told = {"copied_to": "车籍地交通运输主管部门", "copied_on": TODAY.isoformat()}
    with pytest.raises(IllegalTransition):
        later(gone, Act.COPY_OUT, told, pair=ROAD)
    closed = later(gone, Act.CLOSE, {})
    with pytest.raises(InvalidFacts):
        later(closed, Act.COPY_OUT, {**told, "copied_on": "2026-02-28"}, pair=ROAD)
    copied = later(closed, Act.COPY_OUT, told, pair=ROAD)
    assert (copied.closed, copied.closed_at) == (True, closed.history[-1].at)
    with pytest.raises(InvalidFacts):
        later(copied, Act.COPY_OUT, told, pair=ROAD)


def alone(*, offsite=False):
    """Return a case that road administration penalises itself."""
    made = replace(case(), penal=Role.ROAD)
    return replace(made, state=OFFSITE) if offsite else made


def test_road_administration_alone_accepts_without_a_hand_over():
    made = alone()
    for act, pair, details in STEPS[:3]:
        made = later(made, act, details, pair=pair)
    with pytest.raises(IllegalTransition):
        later(made, Act.HAND_OVER, {}, pair=ROAD)
    with pytest.raises(WrongAuthority):
        later(made, Act.ACCEPT, {})
    assert later(made, Act.ACCEPT, {}, pair=ROAD).state.penalty is Penalty.ACCEPTED


def test_off_site_nobody_is_stopped_and_nothing_is_unloaded():
    made = alone(offsite=True)
    with pytest.raises(IllegalTransition):
        later(made, Act.ORDER_TO_CORRECT, STEPS[0][2], pair=ROAD)
    assert not made.held_at(NOON)
    assert later(made, Act.ACCEPT, {}, pair=ROAD).state.penalty is Penalty.ACCEPTED


def test_nobody_is_an_officer_of_the_centre():
    with pytest.raises(InvalidFacts):
        officer("C1", Role.CENTRE)
