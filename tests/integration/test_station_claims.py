"""A decision waits for the centre (待中心确认): only its answer, pulled, makes it take effect."""

import asyncio
from datetime import UTC, datetime

import pytest

from station.contract.entries import DecisionBarred, DecisionEnded, DecisionInForce, Kind
from station.domain.procedure import Act
from station.domain.stages import Penalty
from station.store.branches import SqliteBranches
from tests.integration.test_station_console import (
    DECIDED,
    TOLD,
    Console,
    accepted,
    heard,
)

CASE_NO = "LINHE202603010001"
FINE = {"kind": "fine", "fine_fen": 50000, "points": 3}
SERVICE = {"method": "direct", "received": "签收", "served_on": "2026-03-01"}


@pytest.fixture
async def police(console):
    """An officer whose decision waits."""
    officer = await heard(console)
    assert (await console.act(officer, "decide", "P2", **DECIDED)).status_code == 200
    return officer


def answer(**changed):
    said = {
        "node": "linhe",
        "case_no": CASE_NO,
        "violation_id": "p1",
        "plate": "蒙L12345",
        "occurred_on": "2026-03-01",
        "decided_at": "2026-03-01T04:00:00.000Z",
    }
    return {**said, **changed}


def yes(**changed):
    return Kind.DECISION_IN_FORCE, DecisionInForce(**answer(**changed), kind="fine")


def no(**changed):
    standing = {"standing_node": "hailiutu", "standing_case_no": "H9"}
    return Kind.DECISION_BARRED, DecisionBarred(
        **{**answer(violation_id="h9"), **changed}, **standing
    )


async def penalty(console):
    return (await console.store.case(CASE_NO)).state.penalty


async def test_a_decision_waits_and_cannot_be_served(console, police):
    assert await console.take_answers() == 0
    assert await penalty(console) is Penalty.DECIDED
    refused = await console.act(police, "serve", "P2", **SERVICE)
    assert (refused.status_code, refused.json()["code"]) == (409, "case.illegal_transition")
    assert "待中心确认" in refused.json()["message"]


async def test_the_answer_makes_it_take_effect_and_it_can_be_served(console, police, tell):
    await tell(Kind.DECISION_ENDED, DecisionEnded(node="x", case_no="x", plate="x", at="x"))
    seq = await tell(*yes())
    assert await console.take_answers() == 1
    case = await console.store.case(CASE_NO)
    done = case.history[-1]
    assert (case.state.penalty, case.fine_fen) == (Penalty.IN_FORCE, 50000)
    assert (done.act, done.officers) == (Act.TAKE_EFFECT, ())
    assert done.details == {"violation_id": "p1", "centre_seq": seq}
    assert console.told[-1].case == case  # whoever watches sees it
    assert (await console.act(police, "serve", "P2", **SERVICE)).status_code == 200


async def test_an_answer_that_bars_names_the_fine_that_stands(console, police, tell):
    seq = await tell(*no())
    assert await console.take_answers() == 1
    case = await console.store.case(CASE_NO)
    assert (case.state.penalty, case.fine_fen, case.points) == (Penalty.BARRED, None, None)
    assert case.violation_id == "h9"
    assert case.history[-1].details == {
        "violation_id": "h9",
        "centre_seq": seq,
        "node": "hailiutu",
        "case_no": "H9",
    }
    assert (await console.act(police, "serve", "P2", **SERVICE)).status_code == 409


@pytest.mark.parametrize("said", [yes, no])
async def test_an_answer_is_taken_once_however_often_it_is_looked_for(
    console, police, tell, tmp_path, said
):
    await tell(*said())
    assert sum(await asyncio.gather(*(console.take_answers() for _ in range(5)))) == 1
    assert await console.store.cases_waiting() == []
    seq = (await console.store.head()).seq
    assert await console.take_answers() == 0
    again = Console(tmp_path)  # the program starts anew on the same disk
    try:
        assert await again.take_answers() == 0
        assert (await again.store.head()).seq == seq
    finally:
        again.close()


async def test_an_answer_that_came_before_the_program_died_is_taken_at_the_next_start(
    console, police, tell, tmp_path
):
    await tell(*yes())
    again = Console(tmp_path)
    try:
        assert await again.take_answers() == 1
        assert await penalty(again) is Penalty.IN_FORCE
    finally:
        again.close()


@pytest.mark.parametrize(
    "said",
    [
        yes(case_no="LINHE202603010002"),
        yes(node="hailiutu"),
        no(node="hailiutu"),
        (Kind.DECISION_ENDED, DecisionEnded(node="linhe", case_no=CASE_NO, plate="x", at="x")),
    ],
    ids=["another case", "another node", "another node's bar", "an end"],
)
async def test_what_is_no_answer_to_this_decision_changes_nothing(console, police, tell, said):
    before = await console.store.head()
    await tell(*said)
    assert await console.take_answers() == 0
    assert await penalty(console) is Penalty.DECIDED
    assert await console.store.head() == before


async def test_an_answer_before_the_decision_is_none(console, tell):
    """The centre would not give it; here it waits until there is a decision."""
    officer = await heard(console)
    await tell(*yes())
    assert await console.take_answers() == 0
    assert await penalty(console) is Penalty.HEARD
    await console.act(officer, "decide", "P2", **DECIDED)
    assert await console.take_answers() == 1


async def test_an_answer_to_what_was_withdrawn_meanwhile_is_no_fault(console, police, tell):
    await tell(*yes())
    found = console.centre.answer

    async def slow(case_no):
        await console.act(police, "withdraw", "P2", reason="另案处理")
        return await found(case_no)

    console.centre.answer = slow
    assert await console.take_answers() == 0
    assert await penalty(console) is Penalty.REVOKED


@pytest.mark.parametrize("act", ["take_effect", "bar"])
async def test_no_officer_gives_the_centres_answer(console, police, act):
    details = {"violation_id": "p1", "centre_seq": 1}
    if act == "bar":
        details |= {"node": "x", "case_no": "x"}
    refused = await console.act(police, act, "P2", **details)
    assert (refused.status_code, refused.json()["code"]) == (409, "case.wrong_authority")
    assert await penalty(console) is Penalty.DECIDED


async def details_of(console, act):
    return (await console.store.case(CASE_NO)).newest(act).details


@pytest.mark.parametrize(
    ("fine_yuan", "hearing", "until"), [(1999, "not_due", ""), (2000, "due", "2026-03-06")]
)
async def test_whether_a_hearing_is_due_and_until_when_follows_from_the_law(
    console, fine_yuan, hearing, until
):
    officer = await accepted(console, fine_yuan=[500, 2000], points=None)
    fine = {**FINE, "fine_fen": fine_yuan * 100}
    assert (await console.act(officer, "notify", "P2", **TOLD, **fine)).status_code == 200
    said = await details_of(console, Act.NOTIFY)
    assert (said["hearing"], said["hearing_until"]) == (hearing, until)


@pytest.mark.parametrize(
    ("served_on", "pay_by"),
    [
        ("2026-03-01", "2026-03-16"),
        ("2026-03-06", "2026-03-23"),  # the fifteenth day is a Saturday
        ("2026-03-20", "2026-04-07"),  # 清明节: 4 to 6 April
    ],
)
async def test_when_to_pay_follows_from_the_day_of_service_and_the_official_calendar(
    console, police, tell, served_on, pay_by
):
    await tell(*yes())
    await console.take_answers()
    officer = await on_the_day(console, datetime(2026, 3, 20, 4, tzinfo=UTC))
    service = {**SERVICE, "served_on": served_on}
    assert (await console.act(officer, "serve", "P2", **service)).status_code == 200
    assert (await details_of(console, Act.SERVE))["pay_by"] == pay_by


async def test_who_was_warned_has_nothing_to_pay(console, tell):
    officer = await heard(console)
    warning = {"kind": "warning", "fine_fen": 0, "points": 0}
    await console.act(officer, "decide", "P2", **{**DECIDED, **warning})
    await tell(*yes())
    await console.take_answers()
    assert (await console.act(officer, "serve", "P2", **SERVICE)).status_code == 200
    assert (await details_of(console, Act.SERVE))["pay_by"] == ""


async def test_a_demand_gives_ten_days(console, police, tell):
    await tell(*yes())
    await console.take_answers()
    await console.act(police, "serve", "P2", **SERVICE)
    for day, status in ((16, 422), (17, 200)):  # on the last day to pay nothing is overdue
        officer = await on_the_day(console, datetime(2026, 3, day, 4, tzinfo=UTC))
        demanded = await console.act(officer, "demand", "P2", demanded_on=f"2026-03-{day}")
        assert demanded.status_code == status, demanded.text
    assert (await details_of(console, Act.DEMAND))["answer_by"] == "2026-03-27"


@pytest.mark.parametrize(
    ("act", "details", "field"),
    [
        ("notify", {**TOLD, **FINE, "hearing": "not_due"}, "hearing"),
        ("notify", {**TOLD, **FINE, "hearing_until": "2026-03-02"}, "hearing_until"),
        ("serve", {**SERVICE, "pay_by": "2026-04-30"}, "pay_by"),
        ("demand", {"demanded_on": "2026-03-17", "answer_by": "2026-03-18"}, "answer_by"),
    ],
    ids=["notify", "notify", "serve", "demand"],
)
async def test_what_the_law_gives_no_officer_states(console, act, details, field):
    """Whatever the stage: it is refused before the table is asked."""
    officer = await accepted(console, fine_yuan=[500, 2000], points=None)
    before = await console.store.head()
    refused = await console.act(officer, act, "P2", **details)
    assert (refused.status_code, refused.json()["code"]) == (422, "facts.invalid")
    assert refused.json()["fields"]["field"] == field
    assert await console.store.head() == before


@pytest.mark.parametrize("day", ["2026-03-02", "9999-12-31", "tomorrow"])
async def test_nothing_was_served_on_a_day_to_come(console, police, tell, day):
    await tell(*yes())
    await console.take_answers()
    refused = await console.act(police, "serve", "P2", **{**SERVICE, "served_on": day})
    assert (refused.status_code, refused.json()["code"]) == (422, "facts.invalid")


async def on_the_day(console, at):
    """Let the clock be *at*; return an officer who has come, with his second."""
    console.clock.at = at
    await console.signed_in("P2")
    return await console.signed_in("P1")


async def test_a_year_without_an_official_calendar_is_an_error_and_nothing_is_done(
    console, police, tell
):
    """2027 is not published: a deadline that ends in it is nobody's guess."""
    await tell(*yes())
    await console.take_answers()
    officer = await on_the_day(console, datetime(2026, 12, 20, 4, tzinfo=UTC))
    before = await console.store.head()
    refused = await console.act(officer, "serve", "P2", **{**SERVICE, "served_on": "2026-12-20"})
    assert (refused.status_code, refused.json()["code"]) == (409, "law.calendar_unknown")
    assert refused.json()["message"]
    assert await console.store.head() == before
    assert await penalty(console) is Penalty.IN_FORCE
    earlier = {**SERVICE, "served_on": "2026-12-16"}  # until the last day of the year
    assert (await console.act(officer, "serve", "P2", **earlier)).status_code == 200
    assert (await details_of(console, Act.SERVE))["pay_by"] == "2026-12-31"


async def test_what_waits_is_found_again_when_the_views_are_made_anew(console, police, tell):
    await console.database.run(lambda c: c.execute("DELETE FROM case_waiting"))
    assert await console.store.cases_waiting() == []
    await SqliteBranches(console.database, console.store).rebuild()
    assert [one.case_no for one in await console.store.cases_waiting()] == [CASE_NO]
