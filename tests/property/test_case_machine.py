"""Walks the case at random: what must never happen does not."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from station.domain.case import FIELDS, TRANSITIONS, Act, Case, Stage
from station.domain.errors import DomainError
from station.domain.officers import Officer, Pair, Role

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


def pair(role):
    def one(number):
        return Officer(certificate_no=number, name="某", role=role, valid_until=date(2030, 1, 1))

    return Pair(first=one(f"{role.value}1"), second=one(f"{role.value}2"))


def details_of(act):
    said = {name: ("蒙L12345" if kind is str else 0) for name, kind in FIELDS[act].items()}
    if act is Act.RECHECK_OVER:
        said["excess_kg"] = 1
    if act is Act.DECIDE:
        said |= {"kind": "fine", "fine_fen": 20000}
    return said


class CaseMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.case = Case(
            case_no="X1",
            violation_id="v",
            passage_id="v",
            plate="蒙L12345",
            opened_at=NOON,
            gross_kg=61000,
            limit_kg=49000,
            excess_kg=12000,
        )

    @rule(act=st.sampled_from(Act), role=st.sampled_from([Role.ROAD, Role.POLICE]))
    def try_anything(self, act, role):
        before = self.case
        try:
            self.case = before.after(act, by=pair(role), at=NOON, details=details_of(act))
        except DomainError:
            assert self.case is before

    @rule(data=st.data())
    def go_on(self, data):
        lawful = self.case.next_acts
        if lawful:
            act, role = data.draw(st.sampled_from(lawful))
            self.case = self.case.after(act, by=pair(role), at=NOON, details=details_of(act))

    @invariant()
    def each_act_came_after_what_it_needs(self):
        acts = [done.act for done in self.case.history]
        needs = [
            (Act.DECIDE, Act.NOTIFY),
            (Act.NOTIFY, Act.HAND_OVER),
            (Act.HAND_OVER, Act.RECHECK_CLEAR),
            (Act.RELEASE, Act.RECHECK_CLEAR),
            (Act.RECHECK_CLEAR, Act.BEGIN_UNLOADING),
            (Act.BEGIN_UNLOADING, Act.ORDER_TO_CORRECT),
        ]
        for later, earlier in needs:
            if later in acts:
                assert earlier in acts[: acts.index(later)]

    @invariant()
    def fined_and_released_at_most_once_each_by_its_authority(self):
        done = self.case.history
        assert sum(step.act is Act.DECIDE for step in done) <= 1
        assert sum(step.act is Act.RELEASE for step in done) <= 1
        for step in done:
            assert (step.role is Role.POLICE) == (step.act in (Act.NOTIFY, Act.DECIDE))

    @invariant()
    def replaying_the_history_gives_the_same_case(self):
        again = Case(
            case_no="X1",
            violation_id="v",
            passage_id="v",
            plate="蒙L12345",
            opened_at=NOON,
            gross_kg=61000,
            limit_kg=49000,
            excess_kg=12000,
        )
        for step in self.case.history:
            again = again.with_done(step)
        assert again == self.case


def test_every_stage_can_be_reached():
    assert {rule.to for rule in TRANSITIONS.values()} == set(Stage)


TestCaseMachine = CaseMachine.TestCase
