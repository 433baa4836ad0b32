"""Walks the evasion case at random: no fine without notice and say, none beside a transfer."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from station.domain.errors import DomainError, InvalidFacts
from station.domain.evasion import (
    FINED_BY_ROAD,
    RULES,
    Act,
    Deed,
    Evasion,
    Stage,
    check_opening,
)
from station.domain.officers import Role
from tests.acts import pair
from tests.fakes import NOON

TO_DECISION = (Act.NOTIFY, Act.HEAR, Act.WAIVE_HEARING, Act.DECIDE)
FINED = {Stage.DECIDED, Stage.SERVED, Stage.PAID}


def evasion(deed=Deed.BARRIER):
    return Evasion(
        evasion_no="T1",
        deed=deed,
        plate="蒙L12345",
        place="临河超限检测站",
        occurred_at=NOON,
        opened_at=NOON,
        passage_id="",
    )


def said(act, on, **changed):
    """Return what an act rightly states."""
    day = on.isoformat()
    known = {
        "digest": "a" * 64,
        "to": "public_security",
        "result": "punished",
        "hearing_until": (on + timedelta(days=7)).isoformat(),
        "pay_by": (on + timedelta(days=15)).isoformat(),
        "fine_fen": 100_000,
        "amount_fen": 100_000,
        "chair_no": "J1",
    }
    says = RULES[act].says
    plain = {name: day if name.endswith("_on") else "某" for name in says}
    return plain | {name: value for name, value in (known | changed).items() if name in says}


class EvasionMachine(RuleBasedStateMachine):
    """Days go by, officers of all offices try everything."""

    @initialize(deed=st.sampled_from(Deed))
    def begin(self, deed):
        self.at = NOON
        self.first = self.file = evasion(deed)

    @rule(act=st.sampled_from(Act), role=st.sampled_from([Role.ROAD, Role.POLICE, Role.HQ]))
    def try_anything(self, act, role):
        self.attempt(act, role)

    @rule(data=st.data(), steps=st.integers(1, 5))
    def go_on(self, data, steps):
        for _ in range(steps):
            if self.file.next_acts:
                self.attempt(data.draw(st.sampled_from(self.file.next_acts)), Role.ROAD)

    @rule(days=st.sampled_from([1, 8]))
    def days_go_by(self, days):
        self.at += timedelta(days=days)

    def attempt(self, act, role):
        on = self.at.date()
        try:
            after = self.file.after(act, by=pair(role), at=self.at, on=on, details=said(act, on))
        except DomainError:
            return
        assert role is Role.ROAD
        self.file = after

    @invariant()
    def nobody_is_fined_without_notice_and_say_and_only_by_article_67(self):
        acts = [done.act for done in self.file.history]
        if self.file.stage not in FINED:
            return
        assert self.file.deed in FINED_BY_ROAD
        decided = acts.index(Act.DECIDE)
        assert acts.count(Act.DECIDE) == 1
        assert Act.NOTIFY in acts[:decided]
        assert Act.HEAR in acts[:decided]
        told = self.file.newest(Act.NOTIFY)
        over = self.file.newest(Act.HOLD_HEARING, Act.WAIVE_HEARING)
        when = self.file.newest(Act.DECIDE).at.date().isoformat()
        assert over is not None or when > told.details["hearing_until"]
        assert self.file.fine_fen <= told.details["fine_fen"]

    @invariant()
    def what_is_handed_over_is_not_fined_here_too(self):
        with_others = self.file.stage in (Stage.TRANSFERRED, Stage.ANSWERED)
        assert not (with_others and self.file.fine_fen)
        if self.file.criterion == 8:
            assert self.file.fine_fen is None

    @invariant()
    def a_held_truck_can_be_given_back_in_every_stage(self):
        if self.file.held:
            assert Act.RETURN_VEHICLE in self.file.next_acts
            assert Act.CLOSE not in self.file.next_acts

    @invariant()
    def what_is_void_is_over(self):
        if self.file.stage is Stage.VOIDED:
            assert self.file.closed
            assert self.file.next_acts == ()
            assert self.file.criterion is None

    @invariant()
    def replaying_the_history_gives_the_same_file(self):
        again = self.first
        for done in self.file.history:
            assert len(set(done.officers)) == 2
            again = again.with_done(done)
        assert again == self.file


EvasionMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestEvasionMachine = EvasionMachine.TestCase


def after(*acts, deed=Deed.BARRIER):
    file = evasion(deed)
    on = NOON.date()
    for act in acts:
        file = file.after(act, by=pair(Role.ROAD), at=NOON, on=on, details=said(act, on))
    return file


def test_every_act_has_a_rule():
    assert set(RULES) == set(Act)


@pytest.mark.parametrize(("days", "may"), [(7, False), (8, True)])
def test_a_fine_waits_until_a_hearing_can_no_longer_be_asked_for(days, may):
    file = after(Act.NOTIFY, Act.HEAR)
    on = NOON.date() + timedelta(days=days)
    details = said(Act.DECIDE, on)
    if may:
        decided = file.after(Act.DECIDE, by=pair(Role.ROAD), at=NOON, on=on, details=details)
        assert decided.fine_fen == 100_000
    else:
        with pytest.raises(DomainError):
            file.after(Act.DECIDE, by=pair(Role.ROAD), at=NOON, on=on, details=details)


@pytest.mark.parametrize(
    ("done", "act", "field"),
    [
        ((Act.NOTIFY, Act.HEAR), Act.HOLD_HEARING, "held_on"),
        (TO_DECISION, Act.SERVE, "served_on"),
        ((*TO_DECISION, Act.SERVE), Act.PAY, "paid_on"),
    ],
)
@pytest.mark.parametrize(("days", "may"), [(-1, False), (0, True), (3, True), (4, False)])
def test_what_lies_ahead_or_before_its_ground_has_not_happened(done, act, field, days, may):
    """A hearing that is to be held would else let the fine be decided on the day of notice."""
    file, on = after(*done), NOON.date() + timedelta(days=3)
    day = (NOON.date() + timedelta(days=days)).isoformat()
    details = said(act, on) | {field: day}
    later = NOON + timedelta(days=3)
    if may:
        assert file.after(act, by=pair(Role.ROAD), at=later, on=on, details=details).history
    else:
        with pytest.raises(InvalidFacts, match=field):
            file.after(act, by=pair(Role.ROAD), at=later, on=on, details=details)


@pytest.mark.parametrize(
    ("occurred_at", "may"),
    [(NOON, True), (NOON + timedelta(seconds=1), False), (datetime.min.replace(tzinfo=UTC), False)],
)
def test_nothing_is_opened_for_a_time_that_cannot_be(occurred_at, may):
    """Headquarters reads no such year: the case would be kept there as unreadable."""
    if may:
        check_opening(pair(Role.ROAD), occurred_at, NOON)
    else:
        with pytest.raises(InvalidFacts, match=r"not happened|before"):
            check_opening(pair(Role.ROAD), occurred_at, NOON)


@pytest.mark.parametrize("deed", sorted(set(Deed) - FINED_BY_ROAD, key=str))
def test_what_article_67_does_not_name_is_handed_over(deed):
    allowed = evasion(deed).next_acts
    assert Act.TRANSFER in allowed
    assert Act.NOTIFY not in allowed
    assert Act.HOLD_VEHICLE not in allowed


def test_the_answer_of_public_security_meets_the_criterion():
    assert after(Act.TRANSFER).criterion is None
    assert after(Act.TRANSFER, Act.NOTE_ANSWER).criterion == 8
    assert after(Act.TRANSFER, Act.TAKE_BACK).stage is Stage.OPEN


@pytest.mark.parametrize("usual", range(3, 6))
def test_what_is_decided_here_is_not_handed_over_too(usual):
    steps = (Act.NOTIFY, Act.HEAR, Act.WAIVE_HEARING, Act.DECIDE, Act.SERVE, Act.PAY)
    file = after(*steps[: usual + 1])
    assert file.fine_fen == 100_000
    assert Act.TRANSFER not in file.next_acts
    assert Act.NOTIFY not in file.next_acts
