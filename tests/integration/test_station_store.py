"""The station's store on real SQLite."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from station.application.ports import Draft
from station.contract.entries import CaseAct, CaseOpened, DeviceEvent, Kind, PassageReview
from station.domain.errors import NotFound, StoreFailed, StoreFull
from station.domain.ledger import Head, check
from station.domain.stages import Removal
from station.store.branches import SqliteBranches
from station.store.database import Database
from station.store.media import FileMedia
from tests.fakes import FakeClock, passage, plate_evidence, sealer, store_of, verifier

OPENED = CaseOpened(
    case_no="LINHE202603010001",
    violation_id="p1",
    passage_id="p1",
    plate="蒙L12345",
    occurred_on="2026-03-01",
    opened_at="2026-03-01T04:00:03.000Z",
    gross_kg=61000,
    limit_kg=49000,
    excess_kg=12000,
)
ORDERED = CaseAct(
    case_no="LINHE202603010001",
    act="order_to_correct",
    authority="road",
    officers=["R1", "R2"],
    at="2026-03-01T04:05:00.000Z",
    details={"plate": "蒙L12345"},
    stage="ordered",
    plate="蒙L12345",
    violation_id="p1",
)
WRITER = """
import asyncio
from pathlib import Path
from station.store.database import Database
from station.application.ports import Draft
from station.contract.entries import Kind
from tests.fakes import passage, sealer, store_of

async def main():
    store = store_of(Database(Path({path!r})), sealer())
    for number in range(10_000):
        (entry,) = await store.append(Draft(Kind.PASSAGE, passage(str(number))))
        print(entry.seq, flush=True)

asyncio.run(main())
"""
FAULT = DeviceEvent(
    device="scale", code="device.port_lost", detail="", since="2026-03-01T04:00:00.000Z"
)


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "station.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def store(database):
    return store_of(database, sealer())


async def everything(store):
    return (
        await store.passages(100),
        await store.cases(closed=False, limit=100),
        await store.cases(closed=True, limit=100),
        await store.alarms(100),
    )


async def fill(store):
    await store.append(Draft(Kind.PASSAGE, passage()), Draft(Kind.CASE_OPENED, OPENED))
    await store.append(Draft(Kind.CASE_ACT, ORDERED))
    await store.append(Draft(Kind.PASSAGE, passage("p2", verdict="needs_review")))
    await store.append(
        Draft(
            Kind.PASSAGE_REVIEW,
            PassageReview(
                passage_id="p2",
                officer="R1",
                mode="resident",
                tractor=plate_evidence("蒙L99999"),
                trailer=None,
                vehicle={},
                vehicle_origin="officer",
                verdict={"verdict": "lawful", "excess_kg": 0},
                explanation="未超限",
                recheck_of=None,
            ),
        )
    )
    await store.append(Draft(Kind.DEVICE_FAULT, FAULT))


async def test_entries_form_a_chain_that_verifies(store):
    await fill(store)
    head = Head()
    for entry in await store.entries_after(0, 100):
        check(entry, head, verifier())
        head = entry.head
    assert head == await store.head()
    assert head.seq == 6


async def test_views_follow_the_entries(store):
    await fill(store)
    newest, first = await store.passages(10)
    assert (newest.plate, newest.outcome, newest.reviewed_by) == ("蒙L99999", "lawful", "R1")
    assert first.case_no == "LINHE202603010001"
    (case,) = await store.cases(closed=False, limit=10)
    assert case.state.removal is Removal.ORDERED
    before, opened = case.opened_at - timedelta(milliseconds=1), case.opened_at
    assert await store.held_case("蒙L12345", before) is None
    assert (await store.held_case("蒙L12345", opened)).case_no == case.case_no
    assert await store.held_case("蒙L54321", opened) is None
    assert await store.cases_opened_on("2026-03-01") == 1
    assert await store.cases_opened_on("2026-03-02") == 0


async def test_views_rebuilt_from_the_ledger_equal_the_running_ones(store, database):
    await fill(store)
    before = await everything(store)
    assert await SqliteBranches(database, store).rebuild() == 6
    assert await everything(store) == before


async def test_the_ledger_goes_on_after_a_restart(tmp_path):
    for expected in (1, 2, 3):
        opened = Database(tmp_path / "station.sqlite")
        (entry,) = await store_of(opened, sealer()).append(Draft(Kind.DEVICE_FAULT, FAULT))
        opened.close()
        assert entry.seq == expected


async def test_two_programs_on_one_ledger_never_write_the_same_place(tmp_path):
    databases = [Database(tmp_path / "station.sqlite") for _ in range(2)]
    stores = [store_of(opened, sealer()) for opened in databases]
    await asyncio.gather(
        *(s.append(Draft(Kind.DEVICE_FAULT, FAULT)) for s in stores for _ in range(10))
    )
    entries = await stores[0].entries_after(0, 100)
    assert [entry.seq for entry in entries] == list(range(1, 21))
    for opened in databases:
        opened.close()


@pytest.mark.parametrize("statement", ["UPDATE entry SET kind = 'x'", "DELETE FROM entry"])
async def test_the_ledger_is_append_only(store, database, statement):
    await fill(store)
    with pytest.raises(StoreFailed):
        await database.run(lambda connection: connection.execute(statement))


async def test_a_full_disk_writes_nothing_and_says_so(store, database):
    await fill(store)
    before = await store.head()

    def fill_up(connection):
        pages = connection.pragma("page_count")
        connection.pragma("max_page_count", pages)

    await database.run(fill_up)
    with pytest.raises(StoreFull):  # noqa: PT012 - how much fits is not known before
        for _ in range(1000):
            await store.append(Draft(Kind.PASSAGE, passage()), Draft(Kind.PASSAGE, passage("p3")))
            before = await store.head()
    assert await store.head() == before
    await database.run(lambda connection: connection.pragma("max_page_count", 2**30))
    (entry,) = await store.append(Draft(Kind.DEVICE_FAULT, FAULT))
    assert entry.seq == before.seq + 1


async def test_a_failed_view_takes_its_entry_back(store):
    with pytest.raises(ValueError, match="unpack"):
        await store.append(Draft(Kind.CASE_ACT, ORDERED))  # no such case
    assert await store.head() == Head()


def killed_while_writing(folder, after):
    """Run a writer, kill it when it has acknowledged *after* entries; return how many it had."""
    program = WRITER.format(path=str(folder / "station.sqlite"))
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    acknowledged = 0
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged == after:
            os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    return acknowledged


async def test_what_was_acknowledged_outlives_a_kill(tmp_path):
    """The process is killed in the middle of writing; it had printed each entry's number."""
    acknowledged = await asyncio.to_thread(killed_while_writing, tmp_path, 25)
    opened = Database(tmp_path / "station.sqlite")
    store = store_of(opened, sealer())
    entries = await store.entries_after(0, 10_000)
    assert len(entries) >= acknowledged >= 25
    head = Head()
    for entry in entries:
        check(entry, head, verifier())
        head = entry.head
    assert len(await store.passages(10_000)) == len(entries)
    opened.close()


async def test_the_journal_is_synced_at_every_commit(database):
    settings = await database.run(
        lambda connection: (connection.pragma("journal_mode"), connection.pragma("synchronous"))
    )
    assert settings == ("wal", 2)
    assert apsw.sqlite_lib_version() >= "3.51.3"


@pytest.fixture
def stepping(database):
    """A store that looks at its clock, and the clock."""
    clock = FakeClock()
    return store_of(database, sealer(clock)), clock


async def kinds(store):
    return [entry.kind for entry in await store.entries_after(0, 100)]


async def test_a_clock_that_was_set_is_written_before_the_next_entry_and_once(stepping):
    store, clock = stepping
    await store.append(Draft(Kind.DEVICE_FAULT, FAULT))
    clock.at -= timedelta(hours=2)
    (entry,) = await store.append(Draft(Kind.DEVICE_FAULT, FAULT))
    assert (entry.seq, entry.kind) == (3, "device_fault")
    await store.append(Draft(Kind.DEVICE_FAULT, FAULT))
    fault = "device_fault"
    assert await kinds(store) == [fault, "clock_change", fault, fault]


async def test_a_clock_that_was_set_is_written_though_nothing_else_happens(stepping):
    store, clock = stepping
    assert await store.append() == ()
    clock.at += timedelta(hours=2)
    assert await store.append() == ()
    assert await store.append() == ()
    assert await kinds(store) == ["clock_change"]


async def test_a_step_outlives_an_append_that_failed(stepping):
    store, clock = stepping
    clock.at += timedelta(hours=2)
    with pytest.raises(ValueError, match="unpack"):
        await store.append(Draft(Kind.CASE_ACT, ORDERED))  # no such case
    await store.append(Draft(Kind.DEVICE_FAULT, FAULT))
    assert await kinds(store) == ["clock_change", "device_fault"]


async def test_pictures_are_kept_under_their_digest(tmp_path):
    media = FileMedia(tmp_path / "media")
    digest = await media.keep(b"picture")
    assert await media.keep(b"picture") == digest
    assert await media.fetch(digest) == b"picture"
    path = tmp_path / "media" / digest[:2] / digest
    path.write_bytes(b"another picture")
    with pytest.raises(NotFound):
        await media.fetch(digest)
    media.close()


@pytest.mark.parametrize("there", [False, True])
async def test_a_picture_and_its_name_are_on_the_disk_before_it_is_acknowledged(
    tmp_path, monkeypatch, there
):
    """Also when the file is there: who wrote it may have been killed before its name was synced."""
    media = FileMedia(tmp_path / "media")
    if there:
        await media.keep(b"picture")
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(path_of(fd)), fsync(fd)))
    digest = await media.keep(b"picture")
    folder = tmp_path / "media" / digest[:2]
    written = [] if there else [folder / f"{digest}.part"]
    assert [path for path in synced if path.is_relative_to(folder)] == [*written, folder]
    assert tmp_path / "media" in synced
    assert (tmp_path in synced) is not there
    media.close()


def path_of(descriptor):
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def test_the_stores_folder_has_its_name_on_the_disk(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(path_of(fd)), fsync(fd)))
    Database(tmp_path / "a" / "b" / "station.sqlite").close()
    assert synced[:2] == [tmp_path, tmp_path / "a"]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 63, "0" * 64, "/" * 64])
async def test_media_that_is_not_there_is_not_found(tmp_path, name):
    media = FileMedia(tmp_path / "media")
    with pytest.raises(NotFound):
        await media.fetch(name)
    media.close()
