"""One act, one fine (一事不再罚): the centre says which decision takes effect, and nobody else."""

from datetime import timedelta

import asyncpg
import pytest

from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.domain.access import ALL
from central.domain.counting import repeat_vehicles, window
from central.store.reading import SqlReading
from station.contract.entries import (
    DecisionBarred,
    DecisionEnded,
    DecisionInForce,
    UnloadingForm,
    read,
)
from station.domain.ledger import parse
from station.domain.officers import Role
from station.domain.procedure import Act
from station.rules.lawbook import lawbook
from tests.acts import TO_DECISION
from tests.fakes import NOON
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]

GUARD = Recheck(lawbook()).guard(NOON.date())
MINUTE, GUARD_HOURS = timedelta(minutes=1), timedelta(hours=GUARD.hours)


@pytest.fixture
async def hq(database):
    made = Headquarters(database, FakeStation(), FakeStation("dashuncheng", key=7))
    await made.enrol()
    return made


@pytest.fixture
def linhe(hq):
    return hq.stations[0]


@pytest.fixture
def dashuncheng(hq):
    return hq.stations[1]


async def deliver(hq, *stations):
    for station in stations:
        await hq.accept(station.batch())


async def answers(hq):
    """Return what the centre's own ledger says of decisions, in order."""
    sql = "SELECT body, signature FROM entry WHERE node = 'centre' ORDER BY seq"
    payloads = [read(parse(body, sealed))[1] for body, sealed in await hq.rows(sql)]
    return [one for one in payloads if not isinstance(one, UnloadingForm)]


async def decisions(hq):
    sql = "SELECT node, case_no, effective, fine_fen, points FROM decision ORDER BY decided_at, seq"
    return await hq.rows(sql)


async def effects(hq):
    return {(node, case_no): effective for node, case_no, effective, *_ in await decisions(hq)}


async def alarms(hq):
    return [tuple(row) for row in await hq.rows("SELECT code, detail FROM alarm ORDER BY alarm_id")]


async def test_a_decision_is_answered_and_names_the_act(hq, linhe):
    linhe.decided_case(1)
    await deliver(hq, linhe)

    (answer,) = await answers(hq)
    assert isinstance(answer, DecisionInForce)
    assert (answer.node, answer.case_no, answer.violation_id) == ("linhe", "C1", "p1")


SECOND = ("dashuncheng", "C2")
"""The second decision on the transport, of the other station."""


@pytest.mark.parametrize(
    "again",
    [
        (MINUTE, 0, "蒙L12345", False),
        (MINUTE, GUARD.kg, "蒙L12345", False),
        (MINUTE, -GUARD.kg, "蒙L12345", False),
        (MINUTE, GUARD.kg + 1, "蒙L12345", True),
        (MINUTE, -GUARD.kg - 1, "蒙L12345", True),
        (GUARD_HOURS, 0, "蒙L12345", False),
        (GUARD_HOURS + timedelta(seconds=1), 0, "蒙L12345", True),
        (MINUTE, 0, "蒙L54321", True),
    ],
    ids=str,
)
@pytest.mark.parametrize("first", ["weighed first", "weighed last"])
async def test_a_second_fine_on_one_transport_is_barred(hq, again, first):
    """Neither truck was put right before the other weighing; linhe's decision is the first."""
    (linhe, dashuncheng), (later, more_kg, plate, stands) = hq.stations, again
    weighed_last = linhe if first == "weighed last" else dashuncheng
    weighed_last.clock.move(later)
    too_late = later + MINUTE
    linhe.found_case(1, later=too_late)()
    dashuncheng.found_case(2, plate, gross_kg=61000 + more_kg, later=too_late)()
    await deliver(hq, linhe, dashuncheng)

    assert await effects(hq) == {("linhe", "C1"): True, SECOND: stands}
    _, answer = await answers(hq)
    assert isinstance(answer, DecisionInForce if stands else DecisionBarred)
    assert answer.violation_id == ("p2" if stands else "p1")
    if not stands:
        assert (answer.standing_node, answer.standing_case_no) == ("linhe", "C1")
    assert await alarms(hq) == ([] if stands else [("case.second_fine", "C2: linhe C1")])


@pytest.mark.parametrize("first", ["weighed first", "weighed last"])
@pytest.mark.parametrize(("pause", "stands"), [(timedelta(0), False), (MINUTE, True)])
async def test_a_truck_put_right_before_it_was_weighed_again_was_on_another_transport(
    hq, first, pause, stands
):
    """Whichever decision reaches the centre first; *pause*: from the clearing to the weighing."""
    linhe, dashuncheng = hq.stations
    earlier, other = (linhe, dashuncheng) if first == "weighed first" else (dashuncheng, linhe)
    earlier.found_case(1 if earlier is linhe else 2)()
    other.clock.move(pause)
    other.found_case(1 if other is linhe else 2)()
    await deliver(hq, linhe, dashuncheng)

    assert await effects(hq) == {("linhe", "C1"): True, SECOND: stands}


async def test_a_truck_that_was_never_put_right_is_on_the_same_transport(hq, linhe, dashuncheng):
    dashuncheng.clock.move(timedelta(hours=2))
    refused = [Act.RECORD_REFUSAL if act is Act.RECHECK_CLEAR else act for act in TO_DECISION]
    linhe.weigh("p1")
    linhe.open_case("C1", passage_id="p1")
    for act in refused:
        linhe.act(act)
    dashuncheng.decided_case(2)
    await deliver(hq, linhe, dashuncheng)

    assert await effects(hq) == {("linhe", "C1"): True, SECOND: False}


async def test_two_stations_that_name_one_act_fine_it_once(hq, linhe, dashuncheng):
    """Whatever plate and weight they give."""
    linhe.decided_case(1, violation_id="v")
    dashuncheng.clock.move(timedelta(days=30))
    dashuncheng.found_case(2, "蒙L54321", "v", gross_kg=90000)()
    await deliver(hq, linhe, dashuncheng)

    assert await effects(hq) == {("linhe", "C1"): True, SECOND: False}
    assert await alarms(hq) == [("case.second_fine", "C2: linhe C1")]


@pytest.mark.parametrize(
    ("act", "details"),
    [
        (Act.TAKE_EFFECT, {"violation_id": "p1"}),  # barred
        (Act.TAKE_EFFECT, {"violation_id": "p2"}),
        (Act.BAR, {"violation_id": "p2"}),  # barred, but for another act
    ],
    ids=str,
)
async def test_a_station_that_makes_its_barred_decision_effective_alone_is_caught(
    hq, linhe, dashuncheng, act, details
):
    linhe.decided_case(1, violation_id="p1")
    dashuncheng.found_case(2, violation_id="p1")()
    dashuncheng.act(act, "C2", **details)
    await deliver(hq, linhe, dashuncheng)

    assert await effects(hq) == {("linhe", "C1"): True, SECOND: False}
    (case,) = await SqlReading(hq.database).cases(ALL.narrowed("dashuncheng"), closed=None, limit=9)
    assert (case.penalty, case.fine_fen, case.points) == ("decided", None, None)
    assert (await alarms(hq))[1:] == [("case.false_answer", f"C2 {act.value}")]


@pytest.mark.parametrize(
    ("act", "violation_id"), [(Act.BAR, "p1"), (Act.TAKE_EFFECT, "p9")], ids=str
)
async def test_a_station_that_turns_the_answer_round_is_caught(hq, linhe, act, violation_id):
    linhe.decided_case(1)
    linhe.act(act, "C1", violation_id=violation_id)
    await deliver(hq, linhe)

    assert await alarms(hq) == [("case.false_answer", f"C1 {act.value}")]
    assert await hq.rows("SELECT penalty, violation_id FROM joint_case") == [("decided", "p1")]
    linhe.in_force(1)  # and the true one is still taken
    await hq.accept(linhe.batch(first=len(linhe.entries)))
    assert await hq.rows("SELECT penalty FROM joint_case") == [("in_force",)]


async def test_an_answer_before_the_decision_is_refused(hq, linhe):
    linhe.found_case(1)
    linhe.in_force(1)
    await deliver(hq, linhe)

    assert [code for code, _ in await alarms(hq)] == ["case.false_answer"]
    assert await hq.rows("SELECT penalty FROM joint_case") == [("heard",)]


async def test_service_before_the_answer_is_refused(hq, linhe):
    linhe.decided_case(1)
    linhe.act(Act.SERVE)
    await deliver(hq, linhe)

    assert [code for code, _ in await alarms(hq)] == ["case.act_refused"]
    assert await hq.rows("SELECT penalty FROM joint_case") == [("decided",)]


async def test_nobody_decides_in_the_centres_name(hq, linhe):
    decide = linhe.found_case(1)
    decide(by=Role.CENTRE, officers=["P1", "P2"])
    await deliver(hq, linhe)

    assert [code for code, _ in await alarms(hq)] == ["case.act_refused"]
    assert await decisions(hq) == []


REVOKED = {"result": "revoked", "fine_fen": 0, "points": 0}
CHANGED = {"result": "changed", "fine_fen": 20000, "points": 1}
ENDS = {
    "withdrawn": [(Act.WITHDRAW, {})],
    "revoked": [(Act.BEGIN_REMEDY, {}), (Act.END_REMEDY, REVOKED)],
}


@pytest.mark.parametrize("end", ENDS)
async def test_a_decision_that_is_taken_back_has_no_effect_and_every_station_hears(hq, linhe, end):
    for number in (1, 2, 3, 4):
        linhe.decided_case(number)
        linhe.in_force(number)
    linhe.act(Act.SERVE, "C4")
    await deliver(hq, linhe)
    assert [one.case_nos for one in await listed(hq)] == [("C1", "C2", "C3", "C4")]

    sent = len(linhe.entries)
    for act, details in ENDS[end]:
        linhe.act(act, "C4", **details)
    await hq.accept(linhe.batch(first=sent + 1))

    assert (await effects(hq))["linhe", "C4"] is False
    *_, told = await answers(hq)
    assert isinstance(told, DecisionEnded)
    assert (told.node, told.case_no, told.plate) == ("linhe", "C4", "蒙L12345")
    assert await listed(hq) == ()
    (case, *_) = await SqlReading(hq.database).cases(ALL, closed=None, limit=9)
    assert (case.case_no, case.penalty, case.fine_fen, case.points) == ("C4", "revoked", None, None)
    assert await alarms(hq) == []


async def test_what_was_taken_back_bars_nothing(hq, linhe, dashuncheng):
    linhe.decided_case(1, violation_id="v")
    linhe.act(Act.WITHDRAW)
    dashuncheng.decided_case(2, violation_id="v")
    await deliver(hq, linhe, dashuncheng)

    assert await effects(hq) == {("linhe", "C1"): False, SECOND: True}
    assert await alarms(hq) == []


@pytest.mark.parametrize(
    ("result", "stands"),
    [(CHANGED, (20000, 1)), ({"result": "upheld", "fine_fen": 50000, "points": 3}, (50000, 3))],
    ids=["changed", "upheld"],
)
async def test_a_remedy_that_changes_the_fine_changes_it(hq, linhe, result, stands):
    linhe.decided_case(1)
    linhe.in_force(1)
    for act, details in ((Act.SERVE, {}), (Act.BEGIN_REMEDY, {}), (Act.END_REMEDY, result)):
        linhe.act(act, **details)
    await deliver(hq, linhe)

    assert await decisions(hq) == [("linhe", "C1", True, *stands)]
    (case,) = await SqlReading(hq.database).cases(ALL, closed=None, limit=9)
    assert (case.penalty, case.fine_fen, case.points) == ("served", *stands)
    assert len(await answers(hq)) == 1
    assert await alarms(hq) == []


@pytest.mark.parametrize("heavier", [{"fine_fen": 50001}, {"points": 4}], ids=str)
async def test_no_remedy_makes_it_heavier(hq, linhe, heavier):
    linhe.decided_case(1)
    linhe.in_force(1)
    linhe.act(Act.BEGIN_REMEDY)
    linhe.act(Act.END_REMEDY, **{**CHANGED, **heavier})
    await deliver(hq, linhe)

    assert await decisions(hq) == [("linhe", "C1", True, 50000, 3)]
    assert [code for code, _ in await alarms(hq)] == ["case.act_refused"]


@pytest.mark.parametrize("ended", ["withdrawn", "revoked"])
async def test_a_case_whose_fine_is_gone_goes_on_to_its_end(hq, linhe, ended):
    linhe.decided_case(1)
    linhe.in_force(1)
    if ended == "withdrawn":
        linhe.act(Act.WITHDRAW)
    else:
        linhe.act(Act.BEGIN_REMEDY)
        linhe.act(Act.END_REMEDY, result="revoked", fine_fen=0, points=0)
    linhe.act(Act.RECHECK_CLEAR)
    linhe.act(Act.RELEASE)
    linhe.act(Act.CLOSE)
    await deliver(hq, linhe)

    case = "SELECT penalty, custody, closed_on IS NOT NULL, fine_fen FROM joint_case"
    assert await hq.rows(case) == [("revoked", "released", True, None)]
    assert await alarms(hq) == []
    kinds = [type(one) for one in await answers(hq)]
    assert kinds == [DecisionInForce, DecisionEnded]


@pytest.mark.parametrize("result", ["changed", "upheld"])
async def test_of_a_decision_that_was_withdrawn_a_remedy_leaves_nothing(hq, linhe, result):
    linhe.decided_case(1)
    linhe.in_force(1)
    linhe.act(Act.BEGIN_REMEDY)
    linhe.act(Act.WITHDRAW)
    linhe.act(Act.END_REMEDY, result=result, fine_fen=0, points=0)
    await deliver(hq, linhe)

    assert await hq.rows("SELECT penalty, remedy FROM joint_case") == [("revoked", "pending")]
    assert [code for code, _ in await alarms(hq)] == ["case.act_refused"]


async def test_a_rebuild_bars_and_ends_the_same(hq, linhe, dashuncheng):
    linhe.found_case(1)()
    dashuncheng.found_case(2)()
    await deliver(hq, linhe, dashuncheng)
    linhe.act(Act.WITHDRAW)
    await hq.accept(linhe.batch(first=len(linhe.entries)))
    before, said = await decisions(hq), await answers(hq)
    assert [type(one) for one in said] == [DecisionInForce, DecisionBarred, DecisionEnded]

    await rebuild(hq.archive, Recheck(lawbook()), lambda _: None)

    assert await decisions(hq) == before
    assert await answers(hq) == said  # what was said is not said again


INSERT = """
INSERT INTO decision (node, seq, case_no, violation_id, plate, occurred_on, decided_at, kind,
                      fine_fen, points, effective)
SELECT node, seq + 1000, case_no, violation_id, plate, occurred_on, decided_at, kind,
       fine_fen, points, true
  FROM decision WHERE effective
"""
UPDATE = "UPDATE decision SET effective = true"


@pytest.mark.parametrize("statement", [INSERT, UPDATE], ids=["insert", "update"])
async def test_with_every_trigger_off_a_second_fine_is_refused_still(hq, postgres, statement):
    linhe, dashuncheng = hq.stations
    linhe.found_case(1)()
    dashuncheng.found_case(2)()
    await deliver(hq, linhe, dashuncheng)
    assert set((await effects(hq)).values()) == {True, False}

    name = await hq.database.fetchval("SELECT current_database()")
    other = await asyncpg.connect(postgres.dsn_of("postgres", name))
    try:
        await other.execute("ALTER TABLE decision DISABLE TRIGGER USER")
        with pytest.raises(asyncpg.UniqueViolationError, match="decision_one_effective_fine"):
            await other.execute(statement)
    finally:
        await other.close()


async def listed(hq):
    days = window(NOON.date())
    found = await SqlReading(hq.database).decisions(days.first, days.last, 3)
    return repeat_vehicles(found, days, 3)
