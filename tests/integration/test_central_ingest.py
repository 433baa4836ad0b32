"""Entries are taken in over the real database: in order, once, verified, and kept unchanged."""

import asyncio
from dataclasses import replace
from datetime import datetime

import asyncpg
import msgspec
import pytest

from central.application.accept import TakeAhead
from central.application.appending import MOST_WAITING
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.store.books import MOST_KEPT
from central.store.ledgers import Enrolment
from station.contract.entries import Kind, Run
from station.contract.uplink import batch
from station.domain.errors import (
    BadSignature,
    BrokenChain,
    Fork,
    KeyNotGood,
    MalformedEntry,
    NotFound,
    OtherNode,
    SettingsError,
    StoreFailed,
)
from station.rules.lawbook import lawbook
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]


@pytest.fixture
async def hq(database):
    made = Headquarters(database, FakeStation(), FakeStation("dashuncheng", key=7))
    await made.enrol()
    return made


@pytest.fixture
def linhe(hq):
    return hq.stations[0]


PLACES = "SELECT node, seq, code FROM alarm ORDER BY alarm_id"


def notes(station, count, text="x"):
    for number in range(count):
        station.write(Kind.START, Run(program=text, detail=str(number)))


async def test_a_batch_is_kept_byte_for_byte_and_acknowledged_up_to_its_last(hq, linhe):
    notes(linhe, 3)

    answer = await hq.accept(linhe.batch())

    assert await hq.held() == [entry.body for entry in linhe.entries]
    assert (answer.receipt.seq, answer.receipt.digest) == (3, linhe.head.digest)
    assert (answer.accepted, answer.duplicates) == (3, 0)
    assert await hq.rows("SELECT signature FROM entry ORDER BY seq") == [
        (entry.signature,) for entry in linhe.entries
    ]


async def test_an_empty_batch_asks_where_the_ledger_ends(hq, linhe):
    empty = batch("linhe", [])
    first = await hq.accept(empty)
    notes(linhe, 2)
    await hq.accept(linhe.batch())

    assert first.receipt is None
    assert (await hq.accept(empty)).receipt.seq == 2


async def test_the_same_batch_again_has_no_effect(hq, linhe):
    notes(linhe, 3)
    await hq.accept(linhe.batch())

    receipt = await hq.accept(linhe.batch())

    assert (receipt.receipt.seq, receipt.accepted, receipt.duplicates) == (3, 0, 3)
    assert len(await hq.held()) == 3


async def test_a_batch_that_overlaps_adds_what_is_new(hq, linhe):
    notes(linhe, 5)
    await hq.accept(linhe.batch(last=3))

    receipt = await hq.accept(linhe.batch(first=2))

    assert (receipt.receipt.seq, receipt.accepted, receipt.duplicates) == (5, 2, 2)


async def test_a_gap_is_refused_with_the_place_to_go_on_from(hq, linhe):
    notes(linhe, 4)
    await hq.accept(linhe.batch(last=1))

    with pytest.raises(BrokenChain) as refused:
        await hq.accept(linhe.batch(first=3))

    assert refused.value.fields["expected"] == 2
    assert len(await hq.held()) == 1
    assert (await hq.accept(linhe.batch(first=2))).receipt.seq == 4


async def test_entries_out_of_order_are_taken_up_to_where_the_order_breaks(hq, linhe):
    notes(linhe, 3)
    one, two, three = linhe.entries

    with pytest.raises(BrokenChain) as refused:
        await hq.accept(batch("linhe", [one, three, two]))

    assert refused.value.fields["expected"] == 2
    assert await hq.held() == [one.body]


async def test_batches_that_arrive_the_wrong_way_round_end_in_the_same_ledger(hq, linhe):
    notes(linhe, 4)
    with pytest.raises(BrokenChain):
        await hq.accept(linhe.batch(first=3))
    await hq.accept(linhe.batch(last=2))
    await hq.accept(linhe.batch(first=3))

    assert await hq.held() == [entry.body for entry in linhe.entries]


async def test_a_fork_is_refused_kept_alarmed_and_closes_the_ledger(hq, linhe):
    other = FakeStation()
    notes(linhe, 3)
    notes(other, 1)
    notes(other, 3, text="y")
    await hq.accept(linhe.batch())

    with pytest.raises(Fork) as refused:
        await hq.accept(other.batch(first=1))

    assert refused.value.fields == {"node": "linhe", "seq": 2}
    assert await hq.held() == [entry.body for entry in linhe.entries]
    kept = await hq.rows("SELECT seq, reason, body, stands_against FROM quarantine ORDER BY seq")
    assert [row[:3] for row in kept] == [
        (entry.seq, "fork", entry.body) for entry in other.entries[1:]
    ]
    assert [row[3] for row in kept[:2]] == [
        bytes.fromhex(entry.digest) for entry in linhe.entries[1:]
    ]
    assert await hq.rows(PLACES) == [("linhe", 2, "evidence.fork")]
    assert hq.told.alarms


async def test_a_fork_with_a_place_beyond_all_numbers_is_kept_too(hq, linhe):
    other = FakeStation()
    notes(linhe, 1)
    notes(other, 1, text="y")
    other.write_raw(seq=2**63)
    await hq.accept(linhe.batch())

    with pytest.raises(Fork):
        await hq.accept(other.batch())

    assert await hq.rows("SELECT seq FROM quarantine ORDER BY seq") == [(1,), (None,)]
    assert await hq.rows(PLACES) == [("linhe", 1, "evidence.fork")]


async def test_nothing_more_is_taken_from_a_node_in_quarantine(hq, linhe):
    other = FakeStation()
    notes(linhe, 2)
    notes(other, 2, text="y")
    await hq.accept(linhe.batch(last=1))
    with pytest.raises(Fork):
        await hq.accept(other.batch(last=1))

    with pytest.raises(Fork, match="quarantine"):
        await hq.accept(linhe.batch(first=2))

    assert len(await hq.held()) == 1


async def test_an_entry_that_does_not_name_the_one_before_it_is_a_fork(hq, linhe):
    other = FakeStation()
    notes(linhe, 1)
    notes(other, 2, text="y")
    await hq.accept(linhe.batch())

    with pytest.raises(Fork):
        await hq.accept(other.batch(first=2))

    against = await hq.rows("SELECT seq, stands_against FROM quarantine")
    assert against == [(2, bytes.fromhex(linhe.head.digest))]


async def test_a_strangers_fork_is_refused_and_quarantines_nobody(hq, linhe):
    stranger = FakeStation(key=99)
    notes(linhe, 2)
    notes(stranger, 2, text="y")
    await hq.accept(linhe.batch())

    with pytest.raises(KeyNotGood):
        await hq.accept(stranger.batch())

    notes(linhe, 1)
    assert (await hq.accept(linhe.batch(first=3))).receipt.seq == 3
    assert await hq.rows("SELECT node, seq, reason FROM quarantine") == [
        ("linhe", 1, "key_not_good")
    ]
    assert await hq.rows(PLACES) == [("linhe", 1, "evidence.key_not_good")]


def signed_by(entry, other):
    return replace(entry, signature=other.signature)


async def test_a_wrong_last_signature_is_refused_and_what_came_before_it_is_taken(hq, linhe):
    notes(linhe, 3)
    first, second, _ = linhe.entries

    with pytest.raises(BadSignature):
        await hq.accept(batch("linhe", [first, signed_by(second, first)]))

    assert await hq.held() == [first.body]
    assert await hq.rows("SELECT seq, reason, signature FROM quarantine") == [
        (2, "bad_signature", first.signature)
    ]
    assert await hq.rows(PLACES) == [("linhe", 2, "evidence.bad_signature")]
    assert (await hq.accept(linhe.batch())).receipt.seq == 3


async def test_a_wrong_signature_in_the_middle_is_found_soon_after_and_named(hq, linhe):
    notes(linhe, 3)
    first, second, third = linhe.entries
    await hq.accept(batch("linhe", [first, signed_by(second, first), third]))
    assert len(await hq.held()) == 3  # the chain binds the bodies to the last signature

    assert await hq.signatures.step()

    assert await hq.rows(PLACES) == [("linhe", 2, "evidence.bad_signature")]
    await rebuild(hq.archive, Recheck(lawbook()), lambda _: None)
    assert await hq.rows(PLACES) == [("linhe", 2, "evidence.bad_signature")]
    notes(linhe, 1)
    with pytest.raises(Fork, match="quarantine"):
        await hq.accept(linhe.batch(first=4))


FORMS = {
    "white space": lambda body: body.replace(b'"kind":', b'"kind": '),
    "a field twice": lambda body: b'{"seq":7,' + body[1:],
    "another order": lambda body: b'{"version":1,' + body.replace(b',"version":1', b"")[1:],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
async def test_what_can_be_read_in_two_ways_is_named_soon_after_and_closes_the_ledger(
    hq, linhe, form
):
    """A signature over two readings of one text proves neither."""
    notes(linhe, 2)
    odd = linhe.reform(form)
    notes(linhe, 1)
    other = FakeStation("dashuncheng", key=7)
    notes(other, 1)

    assert (await hq.accept(linhe.batch())).accepted == 3
    assert await hq.held() == [entry.body for entry in linhe.entries]
    assert await hq.signatures.step()

    assert set(await hq.rows(PLACES)) == {("linhe", 2, "evidence.malformed")}
    assert await hq.rows("SELECT seq, reason, digest FROM quarantine") == [
        (2, "poison", bytes.fromhex(odd.digest))
    ]
    with pytest.raises(Fork, match="quarantine"):
        await hq.accept(linhe.batch(first=4))
    assert (await hq.accept(other.batch())).accepted == 1


async def test_good_signatures_raise_no_alarm(hq, linhe):
    notes(linhe, 3)
    await hq.accept(linhe.batch())

    assert await hq.signatures.step()
    assert not await hq.signatures.step()
    assert await hq.rows("SELECT * FROM alarm") == []


async def test_the_same_refusal_again_is_neither_kept_nor_alarmed_twice(hq, linhe):
    stranger = FakeStation(key=99)
    notes(stranger, 1)
    for _ in range(3):
        with pytest.raises(KeyNotGood):
            await hq.accept(stranger.batch())

    assert await hq.rows("SELECT count(*) FROM quarantine") == [(1,)]
    assert await hq.rows("SELECT count(*) FROM alarm") == [(1,)]


async def test_the_room_for_refused_bytes_is_bounded(hq, linhe):
    await hq.database.execute(
        "INSERT INTO quarantine (node, digest, reason, detail, body, kept_at) "
        "SELECT 'linhe', decode(lpad(n::text, 64, '0'), 'hex'), 'malformed', '', '', now() "
        "FROM generate_series(2, $1) AS n",
        MOST_KEPT,
    )
    for number, kept in ((0, MOST_KEPT), (1, MOST_KEPT)):
        with pytest.raises(MalformedEntry):
            await hq.accept(b'{"node":"linhe","entries":[%d]}' % number)
        assert await hq.rows("SELECT count(*) FROM quarantine") == [(kept,)]


async def test_another_nodes_entries_are_refused(hq, linhe):
    neighbour = hq.stations[1]
    notes(neighbour, 1)

    with pytest.raises(MalformedEntry, match="another node"):
        await hq.accept(batch("linhe", neighbour.entries))
    # The place that the refusal names is the neighbour's.
    assert await hq.rows(PLACES) == [("linhe", None, "evidence.malformed")]
    claimed = FakeStation("linhe", key=7)
    notes(claimed, 1)
    with pytest.raises(KeyNotGood):
        await hq.accept(claimed.batch())

    assert await hq.held() == []


async def test_a_node_that_is_not_enrolled_is_not_found(hq):
    unknown = FakeStation("hailiutu", key=3)
    notes(unknown, 1)

    with pytest.raises(NotFound):
        await hq.accept(unknown.batch())

    assert await hq.rows("SELECT count(*) FROM quarantine") == [(0,)]


@pytest.mark.parametrize("data", [b"\xff\x00", b'{"node":"linhe"}', b'{"node":"x"}'])
async def test_bytes_that_are_no_batch_are_refused_and_kept_with_their_sender(hq, data):
    with pytest.raises(MalformedEntry):
        await hq.accept(data, "dashuncheng")

    kept = [("dashuncheng", "malformed", data)]
    assert await hq.rows("SELECT node, reason, body FROM quarantine") == kept
    assert await hq.rows(PLACES) == [("dashuncheng", None, "evidence.malformed")]


async def test_a_batch_of_another_node_than_its_sender_is_refused_and_not_kept(hq, linhe):
    notes(linhe, 1)

    with pytest.raises(OtherNode) as refused:
        await hq.accept(linhe.batch(), "dashuncheng")
    with pytest.raises(OtherNode):
        await TakeAhead(archive=hq.archive, clock=hq.clock)(linhe.batch(), "dashuncheng")

    assert refused.value.fields == {"node": "dashuncheng", "claimed": "linhe", "seq": 1}
    assert await hq.held() == []
    assert await hq.rows("SELECT count(*) FROM quarantine") == [(0,)]


@pytest.mark.parametrize("seq", [0, -1, -(10**30)])
async def test_a_signed_entry_before_the_first_place_is_malformed(hq, linhe, seq):
    linhe.write_raw(seq=seq)

    with pytest.raises(MalformedEntry):
        await hq.accept(linhe.batch())

    assert await hq.rows("SELECT seq FROM quarantine") == [(None,)]
    assert await hq.rows(PLACES) == [("linhe", None, "evidence.malformed")]


async def test_a_place_beyond_all_numbers_is_a_gap(hq, linhe):
    linhe.write_raw(seq=10**30)

    with pytest.raises(BrokenChain):
        await hq.accept(linhe.batch())


POISON = {
    "an unknown kind": {"kind": "dream"},
    "a kind with a NUL": {"kind": "a\0b"},
    "no payload": {"kind": "passage", "payload": {}},
    "another version": {"version": 99},
}


@pytest.mark.parametrize("changed", POISON.values(), ids=POISON)
async def test_poison_keeps_its_place_and_blocks_nothing(hq, linhe, changed):
    notes(linhe, 2)
    poison = linhe.rewrite(**changed)
    linhe.weigh()

    receipt = await hq.accept(linhe.batch())

    assert (receipt.receipt.seq, receipt.accepted) == (3, 3)
    assert await hq.held() == [entry.body for entry in linhe.entries]
    assert await hq.rows("SELECT seq, reason, digest, body FROM quarantine") == [
        (2, "poison", bytes.fromhex(poison.digest), None)
    ]
    assert await hq.rows("SELECT seq, code FROM alarm") == [(2, "evidence.malformed")]
    assert await hq.rows("SELECT passage_id FROM passage") == [("p1",)]


@pytest.mark.parametrize(
    "changed",
    [
        {"occurred_on": "yesterday"},
        {"occurred_on": "9999-12-31"},
        {"passage_id": "a\0b"},
        {"verdict": {"verdict": "guilty"}},
        {"verdict": {"verdict": "lawful", "limit_kg": 2**31}},
        {"verdict": {"verdict": "lawful", "limit_kg": 2**70}},
        {"verdict": {"verdict": "lawful", "limit_kg": "49000"}},
        {"vehicle": {"kind": "truck"}},
        {"permits": {"as_of": "yesterday", "permit": None}},
        {"permits": {"as_of": "2026-03-01T04:00:00", "permit": None}},
    ],
    ids=str,
)
async def test_a_value_that_no_table_holds_is_poison_too(hq, linhe, changed):
    linhe.weigh("before")
    payload = msgspec.json.decode(linhe.weigh("p1").body)["payload"]
    linhe.rewrite(payload={**payload, **changed})
    linhe.weigh("after")

    assert (await hq.accept(linhe.batch())).receipt.seq == 3
    assert await hq.rows("SELECT seq, reason FROM quarantine") == [(2, "poison")]
    assert await hq.rows("SELECT passage_id FROM passage ORDER BY receipt") == [
        ("before",),
        ("after",),
    ]


async def test_a_naive_time_in_a_record_is_poison(hq, linhe):
    entry = linhe.weigh()
    payload = msgspec.json.decode(entry.body)["payload"]
    payload["weighing"]["settled_at"] = "2026-03-01T04:00:00"
    linhe.rewrite(payload=payload)

    await hq.accept(linhe.batch())

    assert await hq.rows("SELECT reason FROM quarantine") == [("poison",)]


async def test_a_clock_at_the_end_of_time_is_poison_and_blocks_nothing(hq, linhe):
    """Beyond it no calendar goes on: whoever reckoned with it would stop the centre for ever."""
    payload = msgspec.json.decode(linhe.weigh("p1").body)["payload"]
    payload["weighing"]["settled_at"] = "9999-12-31T23:30:00.000Z"
    linhe.rewrite(payload=payload)
    linhe.weigh("after")

    await hq.accept(linhe.batch())

    assert await hq.rows("SELECT seq, reason FROM quarantine") == [(1, "poison")]
    assert await hq.rows("SELECT passage_id FROM passage") == [("after",)]


async def test_an_entry_whose_bytes_were_spoilt_in_the_database_is_alarmed_and_blocks_nothing(
    hq, linhe, postgres
):
    notes(linhe, 3)
    await hq.taking(linhe.batch(), "linhe")
    name = await hq.database.fetchval("SELECT current_database()")
    insider = await asyncpg.connect(postgres.dsn_of("postgres", name))
    await insider.execute("ALTER TABLE entry_2026_03 DISABLE TRIGGER ALL")
    await insider.execute("UPDATE entry_2026_03 SET body = '\\x00' WHERE seq = 2")
    await insider.close()

    while await hq.projector.step():
        pass
    assert await hq.signatures.step()

    assert await hq.rows(PLACES) == [
        ("linhe", 2, "evidence.malformed"),
        ("linhe", 2, "evidence.malformed"),
    ]


async def test_what_was_sent_ahead_and_then_otherwise_is_a_fork(hq, linhe):
    notes(linhe, 3)
    other = FakeStation()
    notes(other, 2)
    notes(other, 1, text="y")
    await TakeAhead(archive=hq.archive, clock=hq.clock)(linhe.batch(first=3), "linhe")

    await hq.accept(other.batch())

    assert await hq.rows("SELECT seq, reason, body FROM quarantine") == [
        (3, "fork", linhe.entries[2].body)
    ]
    assert await hq.rows(PLACES) == [("linhe", 3, "evidence.fork")]
    with pytest.raises(Fork, match="quarantine"):
        await hq.accept(other.batch())


async def test_what_was_sent_ahead_comes_again_and_is_no_fork(hq, linhe):
    notes(linhe, 3)
    await TakeAhead(archive=hq.archive, clock=hq.clock)(linhe.batch(first=3), "linhe")
    await hq.accept(linhe.batch())

    assert await hq.rows("SELECT seq FROM ahead") == []
    assert await hq.rows("SELECT code FROM alarm") == []


async def test_what_waits_for_a_database_that_hangs_is_bounded(hq, linhe):
    notes(linhe, 2)
    async with hq.archive.desk() as desk:
        await desk.begin()  # somebody else is writing, and does not end
        sending = []
        for _ in range(MOST_WAITING + 3):  # the first one is under way
            sending.append(asyncio.create_task(hq.taking(linhe.batch(), "linhe")))
            await asyncio.sleep(0.02)
        for older in sending[1:3]:
            with pytest.raises(StoreFailed, match="newer"):
                await older
    answers = await asyncio.gather(sending[0], *sending[3:])
    assert [answer.accepted for answer in answers] == [2] + [0] * MOST_WAITING


async def test_batches_at_the_same_time_are_written_one_after_the_other(hq, linhe):
    notes(linhe, 40)

    receipts = await asyncio.gather(*(hq.accept(linhe.batch()) for _ in range(8)))

    assert {one.receipt.seq for one in receipts} == {40}
    assert sum(receipt.accepted for receipt in receipts) == 40
    assert sum(receipt.duplicates for receipt in receipts) == 40 * 7
    assert len(await hq.held()) == 40


async def test_a_batch_that_fails_halfway_leaves_nothing(hq, linhe):
    notes(linhe, 2)
    await hq.database.execute("ALTER TABLE node ADD CHECK (last_seq < 2)")

    with pytest.raises(StoreFailed):
        await hq.accept(linhe.batch())

    assert await hq.held() == []
    assert hq.told.nodes == {}
    await hq.database.execute("ALTER TABLE node DROP CONSTRAINT node_last_seq_check1")
    assert (await hq.accept(linhe.batch())).accepted == 2


CHANGES = [
    change.format(table)
    for table in ("entry", "quarantine")
    for change in (
        "UPDATE {} SET node = 'x'",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "DELETE FROM {} WHERE false",
    )
]


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("who", ["zhichao", "postgres"])
async def test_kept_bytes_can_be_neither_changed_nor_removed(hq, postgres, statement, who):
    linhe = hq.stations[0]
    notes(linhe, 1)
    await hq.accept(linhe.batch())
    name = await hq.database.fetchval("SELECT current_database()")
    connection = await asyncpg.connect(postgres.dsn_of(who, name))
    try:
        # The owner lacks the right; whoever has every right still meets the trigger, which fires
        # for a replica's session too.
        if who == "postgres":
            await connection.execute("SET session_replication_role = replica")
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute(statement)
    finally:
        await connection.close()

    expected = "permission denied" if who == "zhichao" else "append-only"
    assert expected in str(refused.value)
    assert len(await hq.held()) == 1


async def test_a_changed_key_of_an_enrolled_node_is_refused(hq):
    changed = Enrolment(node="linhe", name="临河", road="G6", public_key=bytes(32))

    with pytest.raises(SettingsError, match="not the registered one"):
        await hq.archive.enrol([changed])

    assert await hq.rows("SELECT name FROM node WHERE node = 'linhe'") == [("linhe",)]


async def test_a_naive_time_never_reaches_the_database(hq):
    with pytest.raises(asyncpg.DataError, match="without its zone"):
        await hq.database.fetchval("SELECT $1::timestamptz", datetime(2026, 3, 1))  # noqa: DTZ001


async def test_a_server_cannot_soften_the_promise_of_a_commit(hq):
    assert await hq.database.fetchval("SHOW synchronous_commit") == "on"
