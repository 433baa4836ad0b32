"""What headquarters sees follows from the bytes, now and at a rebuild."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from central.application.projecting import WORKER
from central.application.publishing import Publish
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.domain.access import ALL
from central.domain.counting import repeat_vehicles, window
from central.store.reading import SqlReading
from station.application.findings import Judge
from station.contract.centre_entries import LegalIds
from station.contract.entries import (
    CaseAct,
    CentreContradiction,
    DeviceEvent,
    Kind,
    Outage,
    Permit,
    PermitAnswer,
    UnweighedPass,
    WatchHit,
    WeightChanged,
)
from station.contract.permits import PermitFacts, Transport, chosen, permit_facts
from station.contract.sealing import stamp
from station.domain.errors import KeyNotGood
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.units import Kg
from station.rules.facts import Mode
from station.rules.lawbook import lawbook
from tests.acts import TO_DECISION
from tests.fakes import NOON, plate_evidence
from tests.migration.central_kit import SIX_AXLES, FakeStation, Headquarters, finding

pytest_plugins = ["tests.migration.central_database"]

DAY = date(2026, 3, 1)
TABLES = {
    "passage": "SELECT to_jsonb(passage) - 'touched' FROM passage ORDER BY node, passage_id",
    "unweighed_pass": "SELECT * FROM unweighed_pass ORDER BY node, seq",
    "joint_case": "SELECT to_jsonb(joint_case) - 'touched' FROM joint_case ORDER BY node, case_no",
    "decision": "SELECT * FROM decision ORDER BY node, seq",
    "permit": "SELECT * FROM permit ORDER BY seq",
    "alarm": "SELECT node, seq, code, detail, at FROM alarm ORDER BY node, seq, code",
    "quarantine": "SELECT node, seq, digest, reason, detail FROM quarantine ORDER BY node, seq",
}


@pytest.fixture
async def hq(database):
    made = Headquarters(database, FakeStation(), FakeStation("dashuncheng", key=7))
    await made.enrol()
    return made


@pytest.fixture
def linhe(hq):
    return hq.stations[0]


@pytest.fixture
def reading(database):
    return SqlReading(database)


async def alarms(hq):
    return [code for (code,) in await hq.rows("SELECT code FROM alarm ORDER BY alarm_id")]


async def test_a_passage_is_shown_as_it_was_sealed(hq, linhe, reading):
    entry = linhe.weigh(gross_kg=61000)
    await hq.accept(linhe.batch())

    (shown,) = await reading.passages(ALL, limit=10)

    assert (shown.node, shown.passage_id) == ("linhe", "p1")
    assert shown.receipt == f"linhe-1-{entry.digest[:10]}"
    assert (shown.plate, shown.plate_colour, shown.gross_kg) == ("蒙L12345", "yellow", 61000)
    assert (shown.limit_kg, shown.excess_kg, shown.outcome) == (49000, 12000, "violation")
    assert (shown.configuration, shown.at, shown.occurred_on) == ("TR-06-A", NOON, DAY)
    assert not shown.reviewed
    assert await alarms(hq) == []


async def test_a_review_changes_the_plate_and_the_finding_but_not_the_weight(hq, linhe, reading):
    linhe.weigh(gross_kg=48000, plate=None, vehicle=None)
    entry = linhe.review("p1", 48000, plate="蒙B99999")
    await hq.accept(linhe.batch())

    (shown,) = await reading.passages(ALL, limit=9)

    assert (shown.plate, shown.outcome, shown.gross_kg) == ("蒙B99999", "lawful", 48000)
    assert shown.reviewed
    assert shown.receipt == f"linhe-2-{entry.digest[:10]}"
    assert await alarms(hq) == []


async def test_a_review_of_no_passage_is_poison(hq, linhe):
    linhe.review("nothing", 48000)
    await hq.accept(linhe.batch())

    assert await alarms(hq) == ["evidence.malformed"]


async def test_the_same_passage_id_in_two_entries_is_poison_the_second_time(hq, linhe, reading):
    linhe.weigh("p1", gross_kg=48000)
    linhe.weigh("p1", gross_kg=61000)
    await hq.accept(linhe.batch())

    assert await alarms(hq) == ["evidence.malformed"]
    assert [one.gross_kg for one in await reading.passages(ALL.narrowed("linhe"), limit=9)] == [
        48000
    ]


async def test_two_stations_may_use_the_same_ids(hq, reading):
    for station in hq.stations:
        station.weigh("p1")
        station.open_case("C1")
        await hq.accept(station.batch())

    assert len(await reading.passages(ALL, limit=9)) == 2
    assert len(await reading.passages(ALL.narrowed("linhe"), limit=9)) == 1
    assert len(await reading.cases(ALL, closed=None, limit=9)) == 2
    assert await alarms(hq) == []


async def test_a_case_goes_from_measured_to_closed(hq, linhe, reading):
    seen = []
    for steps in (
        lambda: linhe.decided_case(1),
        lambda: linhe.in_force(1),
        lambda: [linhe.act(act) for act in (Act.SERVE, Act.PAY, Act.RELEASE)],
        lambda: linhe.act(Act.CLOSE),
    ):
        sent = len(linhe.entries)
        steps()
        await hq.accept(linhe.batch(first=sent + 1))
        (case,) = await reading.cases(ALL, closed=None, limit=9)
        assert case.removal == "clear"
        seen.append((case.penalty, case.custody, case.fine_fen, case.points, case.closed))

    assert seen == [
        ("decided", "held", None, None, False),  # nothing is owed before the centre has said so
        ("in_force", "held", 50000, 3, False),
        ("paid", "released", 50000, 3, False),
        ("paid", "released", 50000, 3, True),
    ]
    (closed,) = await reading.cases(ALL, closed=True, limit=9)
    assert closed.released_at == NOON + timedelta(minutes=1)
    assert await reading.cases(ALL, closed=False, limit=9) == []
    (passage,) = await reading.passages(ALL, limit=9)
    assert passage.case_no == "C1"
    assert await alarms(hq) == []


async def test_an_act_of_the_wrong_authority_has_no_effect_but_an_alarm(hq, linhe, reading):
    linhe.weigh()
    linhe.open_case()
    for act in TO_DECISION[:-1]:
        linhe.act(act)
    linhe.act(Act.DECIDE, by=Role.ROAD)
    await hq.accept(linhe.batch())

    (case,) = await reading.cases(ALL, closed=None, limit=9)
    assert (case.penalty, case.fine_fen) == ("heard", None)
    assert await hq.rows("SELECT count(*) FROM decision") == [(0,)]
    assert await alarms(hq) == ["case.act_refused"]


@pytest.mark.parametrize(
    "broken",
    [
        {"officers": ["P1", "P1"]},
        {"points": 13},
        {"kind": "fine", "fine_fen": 0},
        {"kind": "warning", "fine_fen": 0, "points": 3},
        {"fine_fen": -1},
    ],
    ids=str,
)
async def test_a_decision_that_the_law_forbids_is_none(hq, linhe, broken):
    linhe.weigh()
    linhe.open_case()
    for act in TO_DECISION[:-1]:
        linhe.act(act)
    linhe.act(Act.DECIDE, **broken)
    await hq.accept(linhe.batch())

    assert await hq.rows("SELECT count(*) FROM decision") == [(0,)]
    assert await alarms(hq) == ["case.act_refused"]


@pytest.mark.parametrize("officers", [["P1"], ["P1", "P2", "P3"]])
async def test_an_act_of_other_than_two_officers_is_poison(hq, linhe, officers):
    linhe.weigh()
    linhe.open_case()
    linhe.act(Act.ORDER_TO_CORRECT, officers=officers)
    await hq.accept(linhe.batch())

    assert await alarms(hq) == ["evidence.malformed"]


async def test_an_act_on_a_case_that_nobody_opened_is_an_alarm(hq, linhe):
    linhe.act(Act.ORDER_TO_CORRECT, case_no="C404")
    await hq.accept(linhe.batch())

    assert await alarms(hq) == ["case.unknown"]


async def test_a_second_fine_on_one_violation_is_not_effective(hq, linhe, reading):
    linhe.decided_case(1, violation_id="v1")
    linhe.decided_case(2, violation_id="v1")
    linhe.in_force(1, "v1")
    linhe.act(Act.BAR, "C2", violation_id="v1")
    await hq.accept(linhe.batch())

    assert await hq.rows("SELECT case_no, effective FROM decision ORDER BY seq") == [
        ("C1", True),
        ("C2", False),
    ]
    fines = {
        one.case_no: (one.fine_fen, one.points)
        for one in await reading.cases(ALL, closed=None, limit=9)
    }
    assert fines == {"C1": (50000, 3), "C2": (None, None)}
    assert await alarms(hq) == ["case.second_fine"]


WARNING = {"kind": "warning", "fine_fen": 0, "points": 0}


@pytest.mark.parametrize("decided", [(WARNING, {}), ({}, WARNING)], ids=["after", "before"])
async def test_a_fine_and_a_warning_on_one_violation_are_not_two_fines(hq, linhe, decided):
    for number, decision in enumerate(decided):
        linhe.decided_case(number, violation_id="v1", **decision)
    await hq.accept(linhe.batch())

    assert await hq.rows("SELECT DISTINCT effective FROM decision") == [(True,)]
    assert await alarms(hq) == []


async def test_of_two_stations_that_fine_at_once_one_fine_is_effective(hq):
    for station in hq.stations:
        station.decided_case(1, violation_id="v1")

    await asyncio.gather(*(hq.accept(station.batch()) for station in hq.stations))

    assert await hq.rows("SELECT effective FROM decision ORDER BY effective") == [(False,), (True,)]
    assert await alarms(hq) == ["case.second_fine"]
    before = await hq.rows("SELECT node, effective FROM decision ORDER BY node")
    await rebuild(hq.archive, Recheck(lawbook()), lambda _: None)
    assert await hq.rows("SELECT node, effective FROM decision ORDER BY node") == before


async def test_a_finding_that_the_law_does_not_make_raises_an_alarm(hq, linhe):
    true = finding(61000, "2026-03-01")
    linhe.weigh("p1", verdict={**true, "verdict": "lawful"})
    linhe.weigh("p2", verdict={**true, "limit_kg": 49001})
    linhe.weigh("p3", verdict=true)
    await hq.accept(linhe.batch())

    assert await hq.rows("SELECT code, detail FROM alarm ORDER BY seq") == [
        ("verdict.differs", "p1: verdict"),
        ("verdict.differs", "p2: limit_kg"),
    ]


async def test_a_review_whose_finding_is_another_weights_raises_an_alarm(hq, linhe):
    linhe.weigh(gross_kg=61000, vehicle=None)
    linhe.review("p1", 48000)
    await hq.accept(linhe.batch())

    assert await alarms(hq) == ["verdict.differs"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"gross_kg": 70_001}, ["permit.differs"]),
        ({"centre_seq": 2}, ["permit.differs"]),
        ({"origin": "paper", "centre_seq": 0, "route": "G110"}, []),
        ({"origin": "paper", "centre_seq": 0, "gross_kg": 70_001}, ["permit.unconfirmed"]),
        ({"origin": "paper", "centre_seq": 0, "permit_no": "蒙超2"}, ["permit.unconfirmed"]),
    ],
)
async def test_a_finding_that_rests_on_a_permit_is_made_again_and_the_permit_looked_up(
    hq, linhe, reading, changed, told
):
    """Found alike here, whatever the permit; whether it was told so is looked up."""
    await Publish(archive=hq.archive, own=hq.own)(Kind.PERMIT, PERMIT)
    as_of = stamp(NOON - timedelta(minutes=1))
    held = chosen([(1, PERMIT)], AT_LINHE)
    answer = PermitAnswer(as_of=as_of, permit=msgspec.structs.replace(held, **changed))
    facts = permit_facts(answer, AT_LINHE, lawbook())
    judged = Judge(lawbook(), Mode.RESIDENT).finding(
        Kg(61_000), SIX_AXLES, occurred_on=DAY, recheck=False, permit=facts
    )
    linhe.weigh(verdict=judged.record, permits=answer)
    await hq.accept(linhe.batch())

    (shown,) = await reading.passages(ALL, limit=9)
    assert shown.outcome == "permitted"
    assert await alarms(hq) == told
    await rebuild(hq.archive, Recheck(lawbook()), lambda _: None)
    assert await alarms(hq) == told


async def test_a_permit_that_no_finding_may_rest_on_is_a_difference(hq, linhe):
    """The station says permitted; the permit that it seals is of the day before."""
    held = chosen([(1, PERMIT)], AT_LINHE)
    judged = Judge(lawbook(), Mode.RESIDENT).finding(
        Kg(61_000), SIX_AXLES, occurred_on=DAY, recheck=False, permit=PermitFacts(gross=Kg(70_000))
    )
    late = msgspec.structs.replace(held, first_on="2026-02-01", last_on="2026-02-28")
    answer = PermitAnswer(as_of=stamp(NOON), permit=late)
    linhe.weigh(verdict=judged.record, permits=answer)
    await hq.accept(linhe.batch())

    assert sorted(await alarms(hq)) == ["permit.differs", "verdict.differs"]


PERMIT = Permit(
    permit_no="蒙超1",
    plate="蒙L12345",
    gross_kg=70_000,
    route="G110 临河—五原",
    first_on="2026-03-01",
    last_on="2026-03-01",
    revoked=False,
    stations=["linhe"],
)
AT_LINHE = Transport(node="linhe", plate="蒙L12345", trailer=None, on=DAY, at=NOON)


async def test_another_edition_of_the_law_is_told_once_per_station(hq, linhe):
    other = {**finding(61000, "2026-03-01"), "law_edition": "sha256:other"}
    for number in range(3):
        linhe.weigh(f"p{number}", verdict=other)
    await hq.accept(linhe.batch())

    assert await alarms(hq) == ["law.edition_differs"]


async def test_faults_outages_and_changed_weights_are_alarms_and_starts_are_none(hq, linhe):
    at = stamp(NOON)
    fault = DeviceEvent(device="scale", code="device.port_lost", detail="unplugged", since=at)
    linhe.write(Kind.DEVICE_FAULT, fault)
    linhe.write(Kind.DEVICE_RECOVERED, msgspec.structs.replace(fault, code="ok"))
    linhe.write(Kind.OUTAGE_BEGIN, Outage(code="uplink", waiting=3))
    linhe.write(Kind.OUTAGE_END, Outage(code="ok", waiting=0))
    changed = WeightChanged(passage_id="p1", recorded_kg=61000, later_kg=60000, frames=[])
    linhe.write(Kind.WEIGHT_CHANGED, changed)
    hit = WatchHit(passage_id="p1", plate="蒙L12345", reason="x", at=at)
    linhe.write(Kind.WATCH_HIT, hit)
    said = CentreContradiction(what="asked_again", former="{}", later="2")
    linhe.write(Kind.CENTRE_CONTRADICTION, said)
    await hq.accept(linhe.batch())

    assert await alarms(hq) == [
        "device.port_lost",
        "device.recovered",
        "outage_begin",
        "outage_end",
        "weight.changed",
        "watch.hit",
        "evidence.centre_contradicts",
    ]
    assert await hq.rows("SELECT DISTINCT at FROM alarm") == [(NOON,)]


async def test_poison_tells_its_alarm(hq, linhe):
    linhe.weigh()
    linhe.open_case()
    linhe.weigh()  # its id is taken
    await hq.accept(linhe.batch())

    assert len(hq.told.alarms) == 1
    assert list(hq.told.nodes) == ["linhe"]


def unweighed(at):
    return UnweighedPass(
        pass_id="u",
        lane="1",
        reason="not_settled",
        began_at=stamp(at),
        plate=None,
        highest_kg=None,
        pictures=[],
    )


async def test_the_counts_of_a_day_and_their_permille(hq, linhe, reading):
    linhe.weigh("lawful", gross_kg=49000)
    linhe.weigh("warned", gross_kg=49001)
    linhe.weigh("still", gross_kg=50000)
    linhe.closed_case(1)
    linhe.weigh("again", gross_kg=48500, recheck_of="C1")
    linhe.weigh("unknown", vehicle=None)
    linhe.write(Kind.UNWEIGHED_PASS, unweighed(NOON))
    await hq.accept(linhe.batch())

    neighbour, counted = await reading.counts(ALL, DAY)

    assert (neighbour.node, neighbour.passages, neighbour.over_limit_permille) == (
        "dashuncheng",
        0,
        0,
    )
    assert (counted.passages, counted.released, counted.warnings) == (5, 1, 2)
    assert (counted.violations, counted.reviews_open, counted.unweighed) == (1, 1, 1)
    assert (counted.cases_opened, counted.cases_closed) == (1, 1)
    assert counted.unloaded_kg == 61000 - 48500
    assert counted.over_limit_permille == 750
    assert await alarms(hq) == []


async def test_a_case_that_was_voided_is_kept_and_told_but_not_counted(hq, linhe, reading):
    linhe.weigh(gross_kg=61000)
    linhe.open_case()
    linhe.act(Act.VOID, reason="车型认定有误")
    await hq.accept(linhe.batch())

    _, counted = await reading.counts(ALL, DAY)
    assert (counted.cases_opened, counted.cases_closed) == (0, 0)
    assert (counted.passages, counted.violations, counted.over_limit_permille) == (1, 0, 0)
    (case,) = await reading.cases(ALL, closed=True, limit=9)
    assert (case.case_no, case.penalty, case.custody) == ("C1", "voided", "released")
    assert await alarms(hq) == ["case.voided"]
    linhe.act(Act.HAND_OVER)
    await hq.accept(linhe.batch(first=len(linhe.entries)))
    assert await alarms(hq) == ["case.voided", "case.act_refused"]


async def test_a_weighing_whose_case_was_voided_counts_again_as_it_is_found_later(
    hq, linhe, reading
):
    linhe.weigh(gross_kg=61000)
    linhe.open_case()
    linhe.act(Act.VOID, reason="号牌认定有误")
    linhe.review("p1", 61000, plate="蒙B99999")
    await hq.accept(linhe.batch())
    _, reviewed = await reading.counts(ALL, DAY)
    assert (reviewed.violations, reviewed.cases_opened) == (1, 0)

    sent = len(linhe.entries)
    linhe.open_case("C2")
    linhe.act(Act.VOID, "C2", reason="重复立案")
    await hq.accept(linhe.batch(first=sent + 1))
    _, again = await reading.counts(ALL, DAY)
    assert (again.violations, again.cases_opened) == (0, 0)

    sent = len(linhe.entries)
    linhe.open_case("C3")
    await hq.accept(linhe.batch(first=sent + 1))
    _, third = await reading.counts(ALL, DAY)
    assert (third.violations, third.cases_opened) == (1, 1)


@pytest.mark.parametrize(
    ("mode", "before"),
    [
        ("road_admin_alone", (Act.ORDER_TO_CORRECT, Act.BEGIN_UNLOADING, Act.RECHECK_CLEAR)),
        ("offsite", ()),
    ],
)
async def test_where_road_administration_penalises_its_case_goes_to_its_end(
    hq, linhe, reading, mode, before
):
    linhe.weigh(gross_kg=61000)
    linhe.open_case(mode=mode, penal="road")
    road = (Act.ACCEPT, Act.NOTIFY, Act.WAIVE, Act.DECIDE)
    for act in (*before, *road):
        linhe.act(act, by=Role.ROAD)
    await hq.accept(linhe.batch())

    (case,) = await reading.cases(ALL, closed=None, limit=9)
    assert case.penalty == "decided"
    assert case.custody == ("absent" if mode == "offsite" else "held")
    assert await alarms(hq) == []


async def test_a_case_of_no_known_mode_is_poison(hq, linhe):
    linhe.weigh(gross_kg=61000)
    linhe.open_case(mode="somehow")
    await hq.accept(linhe.batch())
    assert await alarms(hq) == ["evidence.malformed"]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 2, 28, 15, 59, 59, 999000, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2026, 2, 28, 16, 0, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 15, 59, 59, 999000, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), date(2026, 3, 2)),
    ],
)
async def test_a_day_begins_at_midnight_in_beijing(hq, linhe, reading, at, day):
    linhe.clock.at = at
    linhe.closed_case(1)
    linhe.write(Kind.UNWEIGHED_PASS, unweighed(at))
    await hq.accept(linhe.batch())

    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        _, counted = await reading.counts(ALL, other)
        assert counted == replace(counted, passages=0, unweighed=0, cases_opened=0, cases_closed=0)
    _, counted = await reading.counts(ALL, day)
    assert (counted.passages, counted.unweighed) == (1, 1)
    assert (counted.cases_opened, counted.cases_closed, counted.unloaded_kg) == (1, 1, 12500)


async def listed(reading, as_of):
    days = window(as_of)
    return repeat_vehicles(await reading.decisions(days.first, days.last, 3), days, 3)


async def test_the_fourth_decision_puts_a_vehicle_on_the_list(hq, linhe, reading):
    for number in (1, 2, 3):
        linhe.decided_case(number)
    await hq.accept(linhe.batch())
    assert await listed(reading, DAY) == ()

    sent = len(linhe.entries)
    linhe.decided_case(4)
    await hq.accept(linhe.batch(first=sent + 1))

    (vehicle,) = await listed(reading, DAY)
    assert (vehicle.plate, vehicle.colour, vehicle.times) == ("蒙L12345", "yellow", 4)
    assert vehicle.case_nos == ("C1", "C2", "C3", "C4")


async def test_the_day_of_the_act_counts_not_the_day_of_the_decision(hq, linhe, reading):
    for number in (1, 2, 3, 4):
        linhe.decided_case(number, days_later=10)
    await hq.accept(linhe.batch())

    # The acts are on March 1, 11, 21 and 31; the last decision is on April 10.
    (vehicle,) = await listed(reading, date(2026, 3, 31))
    assert (vehicle.first_on, vehicle.last_on) == (DAY, date(2026, 3, 31))
    assert await listed(reading, date(2026, 3, 30)) == ()
    assert len(await listed(reading, date(2027, 2, 28))) == 1
    assert await listed(reading, date(2027, 3, 1)) == ()


async def test_what_has_no_effect_does_not_count(hq, linhe, reading):
    for number in (1, 2, 3):
        linhe.decided_case(number)
    linhe.decided_case(4, violation_id="p1")  # a second fine
    linhe.weigh("p5")
    linhe.open_case("C5", passage_id="p5")  # not decided
    linhe.weigh("p6")
    linhe.open_case("C6", passage_id="p6")
    linhe.act(Act.VOID, "C6", reason="误立")
    linhe.act(Act.DECIDE, "C6")  # of a voided case: refused
    await hq.accept(linhe.batch())

    assert await listed(reading, DAY) == ()


async def test_the_plate_that_an_officer_corrected_counts(hq, linhe, reading):
    for number in (1, 2, 3, 4):
        linhe.weigh(f"p{number}", plate="蒙L00000")
        linhe.open_case(f"C{number}", passage_id=f"p{number}", plate="蒙L00000")
        linhe.write(
            Kind.CASE_ACT,
            msgspec.structs.replace(
                correction(), case_no=f"C{number}", at=stamp(linhe.clock.now())
            ),
        )
        for act in TO_DECISION:
            linhe.act(act, f"C{number}")
        linhe.clock.move(timedelta(minutes=1))
    await hq.accept(linhe.batch())

    assert [one.plate for one in await listed(reading, DAY)] == ["蒙L12345"]
    assert await alarms(hq) == []


def correction():
    return CaseAct(
        case_no="",
        act="correct_plate",
        authority="road",
        officers=["R1", "R2"],
        at="",
        details={"plate": "蒙L12345", "reason": "dirt"},
        stage="measured",
        plate="蒙L12345",
        violation_id="v",
    )


async def test_a_rebuild_comes_to_what_the_running_projections_are(hq, linhe, database):
    neighbour = hq.stations[1]
    await Publish(archive=hq.archive, own=hq.own)(Kind.PERMIT, PERMIT)
    linhe.decided_case(1, violation_id="v")
    neighbour.decided_case(1, violation_id="v")
    linhe.weigh("unsure", plate=None, vehicle=None)
    linhe.review("unsure", 61000)
    linhe.weigh("odd", verdict={**finding(61000, "2026-03-01"), "verdict": "lawful"})
    linhe.write_raw(kind="dream")
    linhe.write(Kind.UNWEIGHED_PASS, unweighed(NOON))
    neighbour.weigh("dirty", tractor=plate_evidence(None))
    await hq.accept(linhe.batch(last=5))
    await hq.accept(neighbour.batch())
    await hq.accept(linhe.batch(first=6))
    forged = FakeStation("dashuncheng", key=50)
    forged.weigh()
    with pytest.raises(KeyNotGood):
        await hq.accept(forged.batch())
    before = {name: await hq.rows(sql) for name, sql in TABLES.items()}
    async with database.acquire() as insider:
        await insider.execute("ALTER TABLE passage DISABLE TRIGGER passage_is_lawful")
        await insider.execute("UPDATE passage SET gross_kg = 1, plate = '蒙L00001'")
        await insider.execute("ALTER TABLE passage ENABLE ALWAYS TRIGGER passage_is_lawful")
    await database.execute("DELETE FROM decision")

    folded = await rebuild(hq.archive, Recheck(lawbook()), lambda _: None)

    assert folded == len(linhe.entries) + len(neighbour.entries) + len(await hq.held("centre"))
    after = {name: await hq.rows(sql) for name, sql in TABLES.items()}
    assert all(len(rows) > 0 for rows in before.values())
    assert after == before


async def test_entries_are_taken_in_while_the_projections_are_made_again(hq, linhe, reading):
    linhe.weigh()
    async with hq.archive.desk() as desk:
        assert await desk.worker(WORKER) == 0
        assert (await hq.accept(linhe.batch())).receipt.seq == 1
        assert await reading.passages(ALL, limit=9) == []

    await hq.projector.step()
    assert len(await reading.passages(ALL, limit=9)) == 1


async def test_a_rebuild_that_fails_leaves_the_projections_as_they_were(hq, linhe, reading):
    linhe.weigh()
    await hq.accept(linhe.batch())

    def broken(_found):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await rebuild(hq.archive, broken, lambda _: None)

    assert len(await reading.passages(ALL, limit=9)) == 1


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (Kind.PERMIT, PERMIT),
        (Kind.LEGAL_IDS, LegalIds(allowed=[])),
    ],
    ids=["a permit", "the list of programs"],
)
async def test_no_station_tells_what_the_centre_alone_tells(hq, linhe, kind, payload):
    """Or a station could permit its own trucks."""
    linhe.write(kind, payload)

    assert (await hq.accept(linhe.batch())).accepted == 1

    assert await hq.rows("SELECT seq, reason FROM quarantine") == [(1, "poison")]
    assert await hq.rows("SELECT * FROM permit") == []
