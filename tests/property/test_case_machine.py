"""Walks the case at random, in every mode: what must never happen does not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from station.domain.case import Case, Done
from station.domain.errors import DomainError
from station.domain.officers import Role
from station.domain.procedure import RULES, Act, By
from station.domain.said import FIELDS
from station.domain.stages import EFFECTIVE, OFFSITE, Custody, Penalty, Removal, State
from tests.acts import USUAL, pair, said
from tests.fakes import NOON

ROLES = [Role.ROAD, Role.POLICE, Role.HQ, Role.TRANSPORT, Role.ADMIN]
REMOVED = (Act.RECHECK_CLEAR, Act.RECORD_REFUSAL)


def case_in(mode):
    """A case of 驻站/流动 (police penalise), 路政单独, or 非现场 (road administration does)."""
    return Case(
        case_no="X1",
        violation_id="v",
        passage_id="v",
        plate="蒙L12345",
        opened_at=NOON,
        gross_kg=61000,
        limit_kg=49000,
        excess_kg=12000,
        penal=Role.POLICE if mode == "joint" else Role.ROAD,
        state=OFFSITE if mode == "offsite" else State(),
    )


class CaseMachine(RuleBasedStateMachine):
    """Days go by, officers of all offices try everything, the centre answers or does not."""

    def __init__(self):
        super().__init__()
        self.at = NOON
        self.receipts = 0
        self.first = self.case = case_in("joint")

    @initialize(
        mode=st.sampled_from(["joint", "road_alone", "offsite"]),
        usual=st.integers(0, len(USUAL)),
        data=st.data(),
    )
    def begin(self, mode, usual, data):
        self.first = self.case = case_in(mode)
        for act in USUAL[:usual]:
            if act is Act.TAKE_EFFECT:
                self.the_centre_answers(act)
            else:
                role = self.case.authority(self.case.rule(act))
                self.attempt(act, pair(role), data)

    def details(self, act, data):
        fine = data.draw(st.sampled_from([20000, 50000, 200000]), label="fine")
        details = said(act, fine=fine, on=self.at.date())
        if act is Act.NOTIFY and data.draw(st.booleans(), label="hearing due"):
            until = (self.at.date() + timedelta(days=7)).isoformat()
            details |= {"hearing": "due", "hearing_until": until}
        if act in (Act.DECIDE, Act.NOTIFY) and data.draw(st.booleans(), label="warning"):
            details |= {"kind": "warning", "fine_fen": 0, "points": 0}
        if act in (Act.DEFER, Act.SERVE, Act.DEMAND):
            later = (self.at.date() + timedelta(days=15)).isoformat()
            details |= {name: later for name in ("pay_by", "answer_by") if name in details}
        if act is Act.PAY:
            self.receipts += 1
            details["receipt_no"] = f"r{self.receipts}"
        if act is Act.END_REMEDY:
            result = data.draw(st.sampled_from(["upheld", "changed", "revoked"]))
            details["result"] = result
            details["fine_fen"] = 0 if result == "revoked" else (self.case.fine_fen or 0)
            details["points"] = 0 if result == "revoked" else (self.case.points or 0)
        return details

    @rule(act=st.sampled_from(Act), role=st.sampled_from(ROLES), data=st.data())
    def try_anything(self, act, role, data):
        self.attempt(act, pair(role), data)

    @rule(steps=st.integers(1, 8), data=st.data())
    def go_on(self, steps, data):
        for _ in range(steps):
            lawful = self.case.next_acts
            if self.case.state.penalty is Penalty.DECIDED:
                self.the_centre_answers(data.draw(st.sampled_from([Act.TAKE_EFFECT, Act.BAR])))
            elif lawful:
                act, role = data.draw(st.sampled_from(lawful))
                self.attempt(act, pair(role), data)

    def attempt(self, act, by, data):
        before, details = self.case, self.details(act, data)
        try:
            self.case = before.after(act, by=by, at=self.at, on=self.at.date(), details=details)
        except DomainError:
            assert self.case is before

    @rule(act=st.sampled_from([Act.TAKE_EFFECT, Act.BAR, Act.DECIDE]))
    def the_centre_answers(self, act):
        try:
            self.case = self.case.after_claim(act, at=self.at, details=said(act))
        except DomainError:
            return
        assert act is not Act.DECIDE

    @rule(days=st.sampled_from([1, 8, 16]))
    def days_go_by(self, days):
        self.at += timedelta(days=days)

    @invariant()
    def nobody_is_fined_without_what_the_law_asks_first(self):
        acts = [done.act for done in self.case.history]
        if self.case.state.penalty not in EFFECTIVE and Act.SERVE not in acts:
            return
        before = acts[: acts.index(Act.DECIDE)]
        if self.first.state.custody is not Custody.ABSENT:
            assert Act.ORDER_TO_CORRECT in before
            assert any(act in before for act in REMOVED)
        assert Act.NOTIFY in before
        assert any(act in before for act in (Act.HEAR, Act.WAIVE, Act.HOLD_HEARING))
        assert Act.TAKE_EFFECT in acts
        assert (Act.HAND_OVER in before) == (self.first.penal is Role.POLICE)

    @invariant()
    def two_of_one_authority_act_and_none_acts_for_both(self):
        sides = {}
        for done in self.case.history:
            by_law = {By.ROAD: Role.ROAD, By.POLICE: Role.POLICE, By.CENTRE: Role.CENTRE}
            assert done.role is by_law.get(RULES[done.act].by, self.first.penal)
            assert len(set(done.officers)) == (0 if done.role is Role.CENTRE else 2)
            for number in done.officers:
                assert sides.setdefault(number, done.role) is done.role

    @invariant()
    def a_decision_takes_effect_once_and_only_by_the_centre(self):
        acts = [done.act for done in self.case.history]
        assert acts.count(Act.DECIDE) <= 1
        assert acts.count(Act.TAKE_EFFECT) + acts.count(Act.BAR) <= 1
        if self.case.state.penalty is Penalty.BARRED:
            assert self.case.fine_fen is None

    @invariant()
    def the_truck_goes_when_the_excess_is_gone_and_not_before(self):
        state = self.case.state
        allowed = {act for act, _ in self.case.next_acts}
        if state.removal is Removal.CLEAR and state.custody is Custody.HELD:
            assert Act.RELEASE in allowed
        if state.removal is Removal.CLEAR and state.custody is Custody.DETAINED:
            assert Act.RETURN_VEHICLE in allowed
        acts = [done.act for done in self.case.history]
        if Act.VOID in acts:
            assert state.custody in (Custody.RELEASED, Custody.ABSENT)
        elif self.case.released_at is not None:
            gone = next(i for i, a in enumerate(acts) if a in (Act.RELEASE, Act.RETURN_VEHICLE))
            rechecks = [a for a in acts[:gone] if a in (Act.RECHECK_CLEAR, Act.RECHECK_OVER)]
            assert rechecks[-1] is Act.RECHECK_CLEAR

    @invariant()
    def what_is_void_is_over_and_was_never_fined(self):
        acts = [done.act for done in self.case.history]
        assert (Act.VOID in acts) == (self.case.state.penalty is Penalty.VOIDED)
        if Act.VOID in acts:
            assert acts[-1] is Act.VOID
            assert self.case.closed
            assert self.case.next_acts == ()
            assert self.case.fine_fen is None
            assert self.case.history[-1].details["reason"]
            assert not self.case.held_at(self.at)

    @invariant()
    def nothing_of_the_penalty_holds_a_truck(self):
        state = self.case.state
        if state.removal is Removal.CLEAR and state.custody in (Custody.HELD, Custody.DETAINED):
            free = {Act.RELEASE, Act.RETURN_VEHICLE}
            # What was paid, decided or told is no matter: the same act is there in every stage.
            for penalty in Penalty:
                other = replace(self.case, closed=False, state=replace(state, penalty=penalty))
                assert free & {act for act, _ in other.next_acts}

    @invariant()
    def nothing_is_heavier_than_what_was_told(self):
        notices = [d for d in self.case.history if d.act is Act.NOTIFY]
        for done in self.case.history:
            if done.act is Act.DECIDE:
                assert done.details["fine_fen"] <= notices[-1].details["fine_fen"]
        assert self.case.paid_fen <= 2 * max(
            [int(d.details["fine_fen"]) for d in self.case.history if d.act is Act.DECIDE],
            default=0,
        )

    @invariant()
    def replaying_the_history_gives_the_same_case(self):
        again = self.first
        for done in self.case.history:
            again = again.with_done(done)
        assert again == self.case


CaseMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestCaseMachine = CaseMachine.TestCase


def test_every_act_has_a_rule_and_fields():
    assert set(RULES) == set(FIELDS) == set(Act)


@pytest.mark.parametrize("mode", ["joint", "road_alone", "offsite"])
def test_every_stage_of_the_penalty_can_be_reached_in_every_mode(mode):
    seen, waiting = set(), [case_in(mode)]
    while waiting:
        case = waiting.pop()
        if case.state in seen:
            continue
        seen.add(case.state)
        if case.closed:
            continue
        for act in Act:
            rule_ = case.rule(act)
            if case.closed in rule_.closed and rule_.allows(case.state):
                done = said(act)
                if act is Act.END_REMEDY:
                    for result in ("upheld", "revoked"):
                        waiting.append(case.with_done(_done(act, done | {"result": result})))
                    continue
                waiting.append(case.with_done(_done(act, done)))
    missing = set(Penalty) - {state.penalty for state in seen}
    assert missing == (set() if mode == "joint" else {Penalty.HANDED_OVER})


def _done(act, details):
    return Done(act=act, at=NOON, role=Role.ROAD, officers=(), details=details)


@pytest.mark.parametrize("penalty", list(Penalty))
def test_only_what_nobody_penalises_yet_can_be_voided(penalty):
    case = replace(case_in("joint"), state=State(penalty=penalty))
    assert (Act.VOID in {act for act, _ in case.next_acts}) is (penalty is Penalty.OPEN)


def test_a_truck_that_the_police_detain_is_given_back_before_its_case_is_voided():
    case = replace(case_in("joint"), state=State(custody=Custody.DETAINED))
    assert Act.VOID not in {act for act, _ in case.next_acts}


def test_a_voided_case_holds_no_truck():
    voided = case_in("joint").with_done(_done(Act.VOID, {"reason": "车型认定有误"}))
    assert voided.closed
    assert voided.state.custody is Custody.RELEASED
    assert not voided.held_at(NOON + timedelta(seconds=1))
