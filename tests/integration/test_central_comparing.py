"""What headquarters is shown is held against what the entries come to."""

import asyncpg
import msgspec
import pytest

from central.application.comparing import MOST, compared
from central.application.recheck import Recheck
from central.domain.auditing.values import MOST_NAMED, Findings, Layer
from central.store.comparing import SqlComparisons
from station.contract.entries import Kind, UnweighedPass
from station.contract.sealing import stamp
from station.rules.lawbook import lawbook
from tests.fakes import NOON
from tests.migration.audit_kit import free_hand
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]

LEFT = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'"
P1, P2 = [("p1", "passage", "p1")], [("p2", "passage_review", "p2")]
CASES = [("C1", "case_act", "decide"), ("C3", "case_act", "decide")]
DECISIONS = [(None, "case_act", "decide")] * 2
GONE = [(None, "unweighed_pass", "u1")]
SPOILT = (
    ("UPDATE passage SET gross_kg = gross_kg + 1 WHERE passage_id = 'p1'", "passage", P1),
    ("UPDATE passage SET plate = '蒙L99999' WHERE passage_id = 'p1'", "passage", P1),
    ("UPDATE passage SET at = at + '1 ms' WHERE passage_id = 'p1'", "passage", P1),
    ("UPDATE passage SET reviewed = NOT reviewed WHERE passage_id = 'p1'", "passage", P1),
    ("UPDATE passage SET receipt = 'linhe-7-0123456789' WHERE passage_id = 'p1'", "passage", P1),
    ("DELETE FROM passage WHERE passage_id = 'p2'", "passage", P2),
    ("UPDATE joint_case SET fine_fen = 1", "case", CASES),
    ("UPDATE joint_case SET penalty = 'paid'", "case", CASES),
    ("DELETE FROM joint_case", "case", CASES),
    ("UPDATE decision SET fine_fen = 1", "decision", DECISIONS),
    ("UPDATE decision SET effective = NOT effective", "decision", DECISIONS),
    ("DELETE FROM decision", "decision", DECISIONS),
    ("DELETE FROM unweighed_pass", "unweighed_pass", GONE),
    ("UPDATE unweighed_pass SET reason = 'other'", "unweighed_pass", GONE),
)


@pytest.fixture
async def hq(database):
    made = Headquarters(database, FakeStation())
    await made.enrol()
    return made


@pytest.fixture
async def linhe(hq):
    """A station whose day is delivered and projected."""
    station = hq.stations[0]
    station.decided_case(1)
    station.weigh("p2", plate="蒙L22222")
    station.review("p2", 61_000, plate="蒙L33333")
    station.decided_case(3, violation_id="p1")  # a second fine on one act
    gone = UnweighedPass(
        pass_id="u1",
        lane="1",
        reason="not_settled",
        began_at=stamp(NOON),
        plate=None,
        highest_kg=5,
        pictures=[],
    )
    station.write(Kind.UNWEIGHED_PASS, gone)
    station.write_raw(payload={})  # poison
    await hq.accept(station.batch())
    return station


@pytest.fixture
async def insider(postgres, database, linhe):
    [[name]] = await database.fetch("SELECT current_database()")
    connection = await asyncpg.connect(postgres.dsn_of("postgres", name))
    await free_hand(connection)
    yield connection
    await connection.close()


async def unlike(hq):
    return await compared(SqlComparisons(hq.database), Recheck(lawbook()))


async def test_what_the_projector_wrote_is_alike_and_nothing_is_left_behind(hq, linhe):
    before = await hq.rows("SELECT * FROM passage ORDER BY passage_id")
    assert len(before) == 3
    assert await unlike(hq) == []
    assert await hq.rows("SELECT * FROM passage ORDER BY passage_id") == before
    assert await hq.rows(LEFT) == [(0,)]


async def test_what_is_not_projected_yet_is_not_missed(hq, linhe):
    first = len(linhe.entries) + 1
    linhe.weigh("p9")
    await hq.taking(linhe.batch(first), "linhe")
    assert await unlike(hq) == []


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda one: one[0])
async def test_a_row_that_was_changed_is_named_with_its_newest_entry(hq, linhe, insider, spoilt):
    change, view, named = spoilt
    await insider.execute("DROP INDEX decision_one_effective_fine")
    done = await insider.execute(change)
    assert not done.endswith(" 0")
    found = await unlike(hq)
    assert {(one.layer, one.node, one.code) for one in found} == {(Layer.VIEWS, "linhe", view)}
    assert len(found) == len(named)
    for one, (key, kind, text) in zip(found, named, strict=True):
        entry = linhe.entries[one.seq - 1]
        assert entry.kind == kind
        assert text.encode() in entry.body
        assert key in (None, one.detail)


async def test_of_many_rows_each_station_has_its_share_and_the_rest_is_counted(hq, linhe, insider):
    """One that floods the table does not hide what was changed at another."""
    await insider.execute(
        "INSERT INTO unweighed_pass SELECT 'linhe', 1000 + n, began_at, occurred_on, reason, plate"
        "  FROM unweighed_pass, generate_series(1, 1200) AS n"
    )
    await insider.execute(
        "INSERT INTO unweighed_pass SELECT 'wuda', 5, began_at, occurred_on, reason, plate"
        "  FROM unweighed_pass WHERE seq < 1000"
    )
    findings = Findings()
    findings.add(await unlike(hq))
    counted = [(one.node, one.seq, count) for one, count in findings.all()]
    assert counted == [
        *(("linhe", 1000 + n, 1) for n in range(1, MOST_NAMED)),
        ("linhe", 1000 + MOST_NAMED, MOST - MOST_NAMED + 1),
        ("wuda", 5, 1),
    ]


async def test_a_row_that_no_entry_made_is_named(hq, insider):
    await insider.execute(
        "INSERT INTO decision SELECT node, 900, case_no, 'another', plate, occurred_on, decided_at,"
        " kind, fine_fen, points, effective FROM decision LIMIT 1"
    )
    [found] = await unlike(hq)
    assert (found.code, found.place) == ("decision", "linhe#900")


async def test_an_entry_whose_bytes_are_spoilt_does_not_end_the_comparison(hq, linhe, insider):
    tree = msgspec.json.decode(linhe.entries[0].body)
    body = msgspec.json.encode({**tree, "x": 1})
    await insider.execute("UPDATE entry SET body = $1 WHERE seq = 1 AND node = 'linhe'", body)
    assert [one.code for one in await unlike(hq)]
