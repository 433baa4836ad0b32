"""The audit that runs beside the centre: alarms in the table, once each, by one process."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from central.application.audit_watch import SOON_S, Alarms, AuditWatch, Increments
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.domain.auditing.values import Discrepancy, Layer
from central.store.audit_process import AuditProcess, FileDiary
from central.store.auditing import SqlAuditArchive
from station.domain.errors import AuditFailed, StoreFailed
from station.rules.lawbook import lawbook
from tests.fakes import NOON, FakeClock
from tests.integration.test_audit_postgres import audited, insider
from tests.migration.audit_kit import LOG

pytest_plugins = ["tests.migration.central_database"]

__all__ = ["audited", "insider"]

FOUND = Discrepancy(layer=Layer.RECEIPTS, node="linhe", seq=9, last=10, code="missing")


def watch(centre, diary, full=None, every_s=86_400.0, increments=None):
    archive = SqlAuditArchive(centre.database)

    async def nothing():
        return []

    async def unheard(_found):
        pass

    return AuditWatch(
        turn=archive,
        increments=increments or (lambda: Increments(archive, LOG)),
        alarms=Alarms(centre.archive, "centre", centre.clock, centre.told.add),
        again=unheard,
        full=full or nothing,
        diary=diary,
        clock=centre.clock,
        every_s=every_s,
        look_every_s=0.01,
    )


@pytest.fixture
def diary(tmp_path):
    return FileDiary(tmp_path / "audited")


async def alarms(audited):
    return await audited.centre.rows("SELECT node, seq, code, detail FROM alarm ORDER BY alarm_id")


async def test_increments_of_an_honest_centre_give_no_alarm(audited):
    increments = Increments(SqlAuditArchive(audited.centre.database), LOG)

    for _ in range(3):
        assert await increments.step() == []
        await audited.deliver(4)
        await audited.sign_checkpoint()
    assert await increments.step() == []


async def test_what_came_since_the_last_increment_and_was_changed_is_named(audited, insider):
    increments = Increments(SqlAuditArchive(audited.centre.database), LOG)
    await increments.step()
    await audited.deliver(4)
    await audited.sign_checkpoint()
    await insider.execute(
        "UPDATE entry SET received_ms = received_ms + 1 WHERE node = 'linhe' AND seq = 35"
    )

    found = await increments.step()

    assert [(one.layer, one.code, one.place) for one in found] == [
        (Layer.TREE, "root", "linhe#34-37"),
        (Layer.TREE, "root", "dongsheng#34-37"),
        (Layer.TREE, "head", ""),
    ]


async def test_a_log_whose_head_makes_no_sense_is_said(audited, insider):
    await insider.execute("UPDATE log SET size = size + 1")
    increments = Increments(SqlAuditArchive(audited.centre.database), LOG)

    assert [(one.layer, one.code) for one in await increments.step()] == [(Layer.TREE, "head")]


async def test_an_alarm_is_raised_once_whoever_audits(audited):
    for _ in range(2):
        centre = audited.centre
        raised = Alarms(centre.archive, "centre", centre.clock, centre.told.add)
        await raised.of([FOUND, FOUND, Discrepancy(layer=Layer.TREE, node="", seq=None, code="x")])

    assert await alarms(audited) == [
        ("linhe", 9, "audit.receipts", "linhe#9-10 missing"),
        ("centre", None, "audit.tree", "x"),
    ]
    assert len(audited.centre.told.alarms) == 2


async def test_what_lasts_is_told_once_a_day_though_its_place_moves(audited):
    raised = watch(audited.centre, None).alarms
    for seq in (9, 10, 11):
        await raised.of([replace(FOUND, seq=seq, last=seq)])
        audited.centre.clock.move(timedelta(hours=12))

    assert [row[3] for row in await alarms(audited)] == ["linhe#9 missing", "linhe#11 missing"]


async def test_each_shown_row_that_is_wrong_has_an_alarm_of_its_own(audited):
    raised = watch(audited.centre, None).alarms
    rows = [Discrepancy(layer=Layer.VIEWS, node="linhe", seq=n, code="passage") for n in (4, 7)]
    for _ in range(2):
        await raised.of(rows)

    assert [row[:3] for row in await alarms(audited)] == [
        ("linhe", 4, "audit.views"),
        ("linhe", 7, "audit.views"),
    ]


async def test_a_rebuild_keeps_the_alarms_of_an_audit(audited):
    await watch(audited.centre, None).alarms.of([FOUND])
    await rebuild(audited.centre.archive, Recheck(lawbook()), lambda _: None)

    assert [row[2] for row in await alarms(audited)] == ["audit.receipts"]


async def test_the_full_audit_raises_what_it_found_and_is_remembered(audited, diary):
    async def full():
        return [FOUND]

    made = watch(audited.centre, diary, full)
    await made.audit_all()

    assert [row[2] for row in await alarms(audited)] == ["audit.receipts"]
    assert diary.last() == audited.centre.clock.now()


async def test_an_audit_that_does_not_end_is_an_alarm(audited, diary):
    async def full():
        raise AuditFailed("killed")

    await watch(audited.centre, diary, full).audit_all()

    assert await alarms(audited) == [("centre", None, "audit.failed", "killed")]


@pytest.mark.parametrize(
    ("ago_s", "wait_s"), [(0, 86_400), (86_399, 1), (86_400, 0), (90_000, 0), (-5, 86_400)]
)
def test_the_next_full_audit_waits_for_its_day_over_restarts(diary, ago_s, wait_s):
    clock = FakeClock()
    diary.note(NOON - timedelta(seconds=ago_s))
    made = watch(_Nobody(clock), diary)

    assert made.wait_s(NOON) == wait_s


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-03-01T04:00:00"])
def test_where_no_audit_is_known_of_the_first_comes_soon(tmp_path, text):
    path = tmp_path / "audited"
    if text is not None:
        path.write_text(text, "utf-8")
    made = watch(_Nobody(FakeClock()), FileDiary(path))

    assert made.wait_s(NOON) == SOON_S
    assert watch(_Nobody(FakeClock()), FileDiary(path), every_s=5.0).wait_s(NOON) == 5.0


async def test_one_process_at_a_time_audits_and_another_takes_over(audited, diary):
    began, seen = [], asyncio.Event()

    class Counted(Increments):
        def __init__(self, name):
            super().__init__(SqlAuditArchive(audited.centre.database), LOG)
            began.append(name)
            seen.set()

    async with asyncio.timeout(20):
        first = asyncio.create_task(
            watch(audited.centre, diary, increments=lambda: Counted("first")).run()
        )
        await seen.wait()
        second = asyncio.create_task(
            watch(audited.centre, diary, increments=lambda: Counted("second")).run()
        )
        await asyncio.sleep(0.1)
        assert began == ["first"]
        first.cancel()
        await asyncio.wait((first,))
        seen.clear()
        await seen.wait()
        second.cancel()
        await asyncio.wait((second,))
    assert began == ["first", "second"]


async def test_a_process_that_lost_its_turn_with_its_connection_audits_no_more(audited, postgres):
    """As when the database starts again: the lock is gone, and nothing else tells of it."""
    archive = SqlAuditArchive(audited.centre.database)
    name = await audited.centre.database.fetchval("SELECT current_database()")
    insider = await asyncpg.connect(postgres.dsn_of("postgres", name))
    holders = (
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND datname = current_database()"
    )
    try:
        async with contextlib.AsyncExitStack() as first:
            turn = await first.enter_async_context(archive.sole())
            async with archive.sole() as other:
                assert other is None
            await turn.check()
            await insider.execute(holders)
            other = None
            async with asyncio.timeout(20):
                while other is None:  # the server ends a connection in its own time
                    async with archive.sole() as other:
                        if other is not None:
                            await other.check()
            with pytest.raises(StoreFailed):
                await turn.check()
            with contextlib.suppress(StoreFailed):
                await first.aclose()
    finally:
        await insider.close()


async def test_no_audit_begins_without_the_turn(audited, diary):
    begun, lost = [], asyncio.Event()

    class LostTurn:
        @contextlib.asynccontextmanager
        async def sole(self):
            yield self

        async def check(self):
            lost.set()
            raise StoreFailed("gone")

    class Counted(Increments):
        async def step(self):
            begun.append("increment")
            return []

    async def full():
        begun.append("full")
        return []

    made = watch(
        audited.centre,
        diary,
        full,
        every_s=0.001,
        increments=lambda: Counted(SqlAuditArchive(audited.centre.database), LOG),
    )
    running = asyncio.create_task(replace(made, turn=LostTurn()).run())
    async with asyncio.timeout(20):
        for _ in range(3):
            lost.clear()
            await lost.wait()
    running.cancel()
    await asyncio.wait((running,))

    assert begun == []


async def test_the_program_of_the_full_audit_fails_in_words(tmp_path):
    with pytest.raises(AuditFailed, match="settings"):
        await AuditProcess(tmp_path / "central.toml")()


class _Nobody:
    def __init__(self, clock):
        self.clock, self.database, self.archive, self.told = clock, None, None, set()
