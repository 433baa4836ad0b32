"""News in the real database: turns number what was touched, in the order of the commits."""

import asyncio
import random
from datetime import timedelta

import pytest

from central.application.accept import TakeAhead
from central.application.ports import Alarm
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.domain.access import ALL, Scope
from central.store.listening import Listener
from central.store.reading import SqlReading
from station.contract.uplink import batch
from station.domain.procedure import Act
from station.rules.lawbook import lawbook
from tests.fakes import NOON
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]

LINHE = Scope(frozenset({"linhe"}))
NOBODY = Scope(frozenset())


@pytest.fixture
async def hq(database):
    made = Headquarters(database, FakeStation(), FakeStation("dashuncheng", key=7))
    await made.enrol()
    return made


@pytest.fixture
def reading(database):
    return SqlReading(database)


def key(row):
    for name in ("passage_id", "case_no", "alarm_id"):
        if hasattr(row, name):
            return name, row.node, getattr(row, name)
    raise AssertionError(row)


async def test_a_row_is_told_in_the_turn_that_wrote_it_and_again_when_it_changes(hq, reading):
    (station, _) = hq.stations
    assert await reading.turn() == 0
    station.weigh()
    await hq.accept(station.batch())
    first = await reading.turn()
    (passage,) = await reading.touched(ALL, 0, first, 9)
    station.open_case()
    await hq.accept(station.batch(first=2))
    second = await reading.turn()

    assert first == 1
    assert (passage.touched, passage.case_no) == (1, None)
    assert await reading.touched(ALL, 0, first, 9) == []
    changed, case = await reading.touched(ALL, first, second, 9)
    assert (changed.touched, changed.case_no, case.touched) == (2, "C1", 2)
    assert await reading.touched(LINHE, first, second, 9) == [changed, case]
    assert await reading.touched(NOBODY, first, second, 9) == []


@pytest.mark.parametrize(("most", "told"), [(2, True), (1, False)])
async def test_more_than_so_many_rows_are_not_told_at_all(hq, reading, most, told):
    (station, _) = hq.stations
    station.weigh("p1")
    station.weigh("p2")
    await hq.accept(station.batch())

    rows = await reading.touched(ALL, 0, await reading.turn(), most)

    assert rows is None if not told else len(rows) == 2


async def test_an_alarm_that_the_centre_raises_has_its_turn_though_no_entry_came(hq, reading):
    alarm = Alarm(node="linhe", seq=None, code="station.silent", detail="", at=NOON)
    async with hq.archive.desk() as desk:
        number = await desk.raise_alarm(alarm)
    assert await reading.turn() == 0
    await hq.projector.step()

    assert await reading.turn() == 1
    (told,) = await reading.touched(LINHE, 0, 1, 9)
    assert told.alarm_id == number
    await hq.projector.step()
    assert await reading.turn() == 1


async def test_alarms_are_told_in_the_order_of_their_commits_not_of_their_numbers(hq, reading):
    alarm = Alarm(node="linhe", seq=None, code="station.silent", detail="", at=NOON)
    async with hq.archive.desk() as slow:
        early = await slow.raise_alarm(alarm)
        async with hq.archive.desk() as quick:
            late = await quick.raise_alarm(alarm)
        await hq.projector.step()
        told = await reading.touched(ALL, 0, await reading.turn(), 9)
    await hq.projector.step()
    told += await reading.touched(ALL, 1, await reading.turn(), 9)

    assert early < late
    assert [one.alarm_id for one in told] == [late, early]


async def test_whatever_the_order_of_reading_and_writing_the_last_state_of_each_row_is_told(
    hq, reading
):
    """Seeded: turns, and readers that read at any moment between them."""
    rng = random.Random(7)
    station, neighbour = hq.stations
    told, token, open_cases, sent = {}, 0, [], {one.node: 0 for one in hq.stations}

    async def write(number):
        one = rng.choice([station, neighbour])
        one.weigh(f"p{number}", plate=f"蒙L{number:05d}")
        if rng.random() < 0.5:
            one.open_case(f"C{number}", passage_id=f"p{number}")
            open_cases.append((one, f"C{number}"))
        if open_cases and rng.random() < 0.5:
            owner, case_no = rng.choice(open_cases)
            owner.act(Act.ORDER_TO_CORRECT, case_no)
        for each in hq.stations:
            if len(each.entries) > sent[each.node]:
                await hq.accept(each.batch(first=sent[each.node] + 1))
                sent[each.node] = len(each.entries)

    async def read():
        nonlocal token
        upto = await reading.turn()
        await asyncio.sleep(rng.uniform(0, 0.01))
        for row in await reading.touched(ALL, token, upto, 10_000):
            known = told.get(key(row))
            assert known is None or getattr(row, "touched", 0) >= getattr(known, "touched", 0)
            told[key(row)] = row
        token = upto

    for number in range(30):
        writing = asyncio.create_task(write(number))
        while not writing.done():
            await read()
        await writing
    await read()

    passages = await reading.passages(ALL, limit=500)
    cases = await reading.cases(ALL, closed=None, limit=500)
    alarms = await reading.alarms(ALL, limit=500)
    assert told == {key(row): row for row in (*passages, *cases, *alarms)}


async def test_a_rebuild_is_a_turn_of_its_own_and_is_told(hq, reading, dsn):
    (station, _) = hq.stations
    station.decided_case(1)
    await hq.accept(station.batch())
    heard, before = asyncio.Queue(), await reading.turn()
    connected = asyncio.Event()
    listener = Listener(dsn, {"zhichao_news": heard.put_nowait}, connected.set)
    listening = asyncio.create_task(listener.run())
    async with asyncio.timeout(10):
        await connected.wait()
        await rebuild(hq.archive, Recheck(lawbook()), lambda _: None)
        assert await heard.get() == "rebuilt"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)

    assert await reading.turn() == before + 1
    rows = await reading.touched(ALL, before, before + 1, 99)
    assert {type(row).__name__ for row in rows} >= {"PassageView", "CaseView"}


async def test_a_listener_that_was_cut_off_connects_again_and_says_so(hq, dsn, database):
    connected, heard = asyncio.Queue(), asyncio.Queue()
    listener = Listener(
        dsn,
        {"zhichao_lane": heard.put_nowait},
        lambda: connected.put_nowait(1),
    )
    listening = asyncio.create_task(listener.run())
    async with asyncio.timeout(30):
        await connected.get()
        await hq.archive.tell("zhichao_lane", "first")
        assert await heard.get() == "first"
        await database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query ILIKE 'LISTEN%' AND datname = current_database()"
        )
        await connected.get()
        await hq.archive.tell("zhichao_lane", "second")
        assert await heard.get() == "second"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_passage_before_its_order_is_shown_until_its_entry_has_its_place(hq, reading):
    (station, _) = hq.stations
    station.weigh("old")
    station.clock.move(timedelta(hours=1))
    station.weigh("new")
    station.act(Act.ORDER_TO_CORRECT)
    take = TakeAhead(archive=hq.archive, clock=hq.clock)
    await take(batch("linhe", station.entries[1:]), "linhe")

    (early,) = await reading.ahead(LINHE, 9)
    assert (early.passage_id, early.ahead, early.touched) == ("new", True, 0)
    assert await reading.ahead(LINHE, 9, 4) == []
    assert await reading.ahead(NOBODY, 9) == []
    assert await reading.passages(ALL, limit=9) == []

    await hq.accept(station.batch())
    assert await reading.ahead(ALL, 9) == []
    assert [one.ahead for one in await reading.passages(ALL, limit=9)] == [False, False]
