"""Whoever writes to the file of a station meets the procedure: no act without its forerunners."""

import apsw
import msgspec
import pytest

from station.contract.entries import CaseAct, Kind
from station.domain.procedure import Act
from station.store.centre_ledger import SqliteCentreLedger
from station.store.database import connect
from tests.acts import PAIRS, TO_DECISION, role_of, said
from tests.fakes import FakeCentre, sealer
from tests.papers import CASE_NO, Desk

USUAL = (*TO_DECISION, Act.TAKE_EFFECT, Act.SERVE, Act.PAY)


@pytest.fixture
async def desk(tmp_path):
    made = Desk(tmp_path)
    await made.open()
    yield made
    made.close()


async def written(desk, act, case_no=CASE_NO, **changed):
    """Seal an act with the station's own key and write its row by SQL, past the program."""
    payload = CaseAct(
        case_no=case_no,
        act=act.value,
        authority=role_of(act).value,
        officers=PAIRS[role_of(act)],
        at="2026-03-01T05:00:00.000Z",
        details=said(act),
        stage="x",
        plate="蒙L12345",
        violation_id="first",
    )
    made = sealer(desk.clock).seal(
        Kind.CASE_ACT, msgspec.structs.replace(payload, **changed), await desk.store.head()
    )
    connection = connect(desk.database.path)
    try:
        row = (made.seq, made.kind, made.digest, made.body, made.signature)
        connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", row)
    finally:
        connection.close()


def before(act):
    return USUAL[: USUAL.index(act)]


@pytest.mark.parametrize("missing", [Act.NOTIFY, Act.WAIVE])
async def test_no_decision_without_notice_and_hearing(desk, missing):
    await desk.go(*before(missing))
    with pytest.raises(apsw.ConstraintError, match="come before a decision"):
        await written(desk, Act.DECIDE)


async def test_who_was_heard_before_he_was_told_was_not_heard(desk):
    await desk.go(*before(Act.NOTIFY))
    await written(desk, Act.WAIVE)
    await written(desk, Act.NOTIFY)
    with pytest.raises(apsw.ConstraintError, match="come before a decision"):
        await written(desk, Act.DECIDE)


async def test_no_decision_is_the_centres(desk):
    await desk.go(*before(Act.DECIDE))
    with pytest.raises(apsw.ConstraintError, match="two officers"):
        await written(desk, Act.DECIDE, authority="centre", officers=[])


async def test_notice_in_another_case_is_none_in_this(desk):
    await desk.go(*before(Act.DECIDE))
    with pytest.raises(apsw.ConstraintError, match="come before a decision"):
        await written(desk, Act.DECIDE, case_no="another")


async def test_a_case_is_decided_once(desk):
    await desk.go(*before(Act.DECIDE), Act.DECIDE)
    with pytest.raises(apsw.ConstraintError, match="decided once"):
        await written(desk, Act.DECIDE)


@pytest.mark.parametrize("officers", [["P1"], ["P1", "P1"], []], ids=str)
async def test_no_act_by_one_officer(desk, officers):
    await desk.go(*before(Act.DECIDE))
    with pytest.raises(apsw.ConstraintError, match="two officers"):
        await written(desk, Act.DECIDE, officers=officers)


@pytest.mark.parametrize("act", [Act.TAKE_EFFECT, Act.BAR])
async def test_no_answer_that_the_centre_did_not_give(desk, act):
    await desk.go(*before(Act.DECIDE), Act.DECIDE)
    centre = FakeCentre()
    told = SqliteCentreLedger(desk.database, "linhe")
    await told.append([centre.confirm("another"), centre.confirm(CASE_NO)])
    wrong = 2 if act is Act.BAR else 1
    with pytest.raises(apsw.ConstraintError, match="has not said so"):
        await written(desk, act, details={**said(act), "centre_seq": wrong})
    await written(desk, Act.TAKE_EFFECT, details={**said(Act.TAKE_EFFECT), "centre_seq": 2})


@pytest.mark.parametrize("act", [Act.SERVE, Act.PAY, Act.DEFER, Act.DEMAND, Act.APPLY_TO_COURT])
async def test_nothing_is_served_demanded_or_paid_before_it_has_effect(desk, act):
    await desk.go(*before(Act.TAKE_EFFECT))
    with pytest.raises(apsw.ConstraintError, match="no effect yet"):
        await written(desk, act)


async def test_the_usual_way_is_open(desk):
    await desk.go(*before(Act.DECIDE))
    await written(desk, Act.DECIDE)


@pytest.mark.parametrize("statement", ["UPDATE entry SET seq = seq + 9", "DELETE FROM entry"])
async def test_nothing_is_changed_or_taken_away(desk, statement):
    connection = connect(desk.database.path)
    try:
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(statement)
    finally:
        connection.close()
