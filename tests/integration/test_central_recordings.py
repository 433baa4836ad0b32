"""A recording that was lost or changed at the centre is named with its entry; what is due goes."""

import hashlib
from datetime import timedelta

import pytest

from central.application.asking_again import LASTS, AskAgain
from central.application.recording_audit import PATIENCE, RecordingAudit
from central.application.recordings import TakeRecordings
from central.domain.auditing.values import Layer
from central.store.recording_book import SqlRecordingBook
from central.store.recordings import FileRecordings
from station.contract.entries import Kind, MediaErased, Picture
from station.domain.errors import WrongRecording
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]


def named(data):
    return hashlib.sha256(data).hexdigest()


def picture(data):
    return Picture(
        sha256=named(data),
        role="scene",
        media_type="image/jpeg",
        size=len(data),
        taken_at="2026-03-01T04:00:00.000Z",
    )


class Office:
    def __init__(self, database, folder):
        self.folder = folder
        self.stations = [FakeStation(), FakeStation("dashuncheng", key=7)]
        self.hq = Headquarters(database, *self.stations)
        self.files = FileRecordings(folder)
        self.take = TakeRecordings(
            files=self.files,
            archive=self.hq.archive,
            clock=self.hq.clock,
            announce=self.hq.told.add,
        )
        self.told = []

    async def weigh(self, *pictures, station=0, **more):
        one = self.stations[station]
        one.weigh(f"p{len(one.entries)}", pictures=[picture(data) for data in pictures], **more)
        await self.hq.accept(one.batch(len(one.entries)))

    async def send(self, *pictures, station=0):
        for data in pictures:
            node = self.stations[station].node
            held = await self.take.add(node, named(data), 0, len(data), data)
            assert held.complete

    def path(self, data):
        return self.folder / named(data)[:2] / named(data)

    def again(self):
        return AskAgain(self.hq.archive, self.files, self.hq.clock)

    async def audit(self, days=1):
        return [(one.node, one.seq, one.code, one.detail) for one in await self.discrepancies(days)]

    async def discrepancies(self, days=1):
        audit = RecordingAudit(
            book=SqlRecordingBook(self.hq.database, "centre"),
            files=self.files,
            own="centre",
            clock=self.hq.clock,
            days=days,
            tell=self.told.append,
        )
        found = await audit()
        assert {one.layer for one, _ in found} <= {Layer.MEDIA}
        return [one for one, _ in found]


@pytest.fixture
async def office(database, tmp_path):
    made = Office(database, tmp_path)
    await made.hq.enrol()
    yield made
    made.files.close()


async def test_all_that_is_lost_or_changed_is_named_with_the_first_entry_that_names_it(office):
    await office.weigh(b"a", b"b")
    await office.weigh(b"c")
    await office.weigh(b"a", b"d")  # named again
    await office.weigh(b"e", station=1)
    await office.send(b"a", b"b", b"c", b"d")
    await office.send(b"e", station=1)
    assert await office.audit() == []
    assert office.told[-1] == 5

    office.path(b"a").unlink()
    office.path(b"c").write_bytes(b"x")
    office.path(b"d").write_bytes(b"")
    office.path(b"e").unlink()

    assert sorted(await office.audit()) == [
        ("dashuncheng", 1, "missing", named(b"e")),
        ("linhe", 1, "missing", named(b"a")),
        ("linhe", 2, "changed", named(b"c")),
        ("linhe", 3, "changed", named(b"d")),
    ]


async def test_what_never_came_is_awaited_for_its_days_and_then_missed(office):
    await office.weigh(b"a")
    office.hq.clock.move(PATIENCE)
    assert await office.audit() == []
    office.hq.clock.move(timedelta(milliseconds=1))
    assert await office.audit() == [("linhe", 1, "missing", named(b"a"))]


async def test_what_came_is_missed_at_once_though_the_table_was_emptied_later_by_its_days(office):
    await office.weigh(b"a")
    await office.send(b"a")
    office.path(b"a").unlink()
    assert len(await office.audit()) == 1
    await office.hq.database.execute("DELETE FROM recording")
    assert await office.audit() == []
    office.hq.clock.move(PATIENCE + timedelta(seconds=1))
    assert await office.audit() == [("linhe", 1, "missing", named(b"a"))]


async def test_contents_are_read_in_parts_of_a_day_and_what_is_gone_is_seen_at_once(office):
    pictures = [b"%d" % number for number in range(20)]
    await office.weigh(*pictures)
    await office.send(*pictures)
    office.path(pictures[0]).unlink()
    for data in pictures[1:]:
        office.path(data).write_bytes(b"x")
    changed = set()
    for _ in range(3):
        found = await office.audit(days=3)
        assert ("linhe", 1, "missing", named(pictures[0])) in found
        today = {detail for _, _, code, detail in found if code == "changed"}
        assert today
        assert not today & changed
        changed |= today
        office.hq.clock.move(timedelta(days=1))
    assert changed == {named(data) for data in pictures[1:]}


async def test_nobody_calls_a_recording_erased_without_an_entry(office):
    await office.weigh(b"a")
    await office.send(b"a")
    office.path(b"a").unlink()
    await office.hq.database.execute("UPDATE recording SET erased_seq = 7")
    assert await office.audit() == [("centre", 7, "erased", "1 of 0")]


async def test_what_a_station_erased_of_its_own_is_not_named_by_that(office):
    await office.weigh(b"a")
    erased = MediaErased(before="2026-09-01", sha256=[named(b"a")])
    office.stations[0].write(Kind.MEDIA_ERASED, erased)
    await office.hq.accept(office.stations[0].batch(2))
    await office.send(b"a")
    rows = await office.hq.rows("SELECT seq, passage_id, case_no FROM recording_naming")
    assert rows == [(1, "p0", None)]


async def test_what_is_lost_or_changed_is_asked_for_again_and_comes_back_as_it_was(office):
    await office.weigh(b"lost", b"changed", b"sound")
    await office.send(b"lost", b"changed", b"sound")
    office.path(b"lost").unlink()
    office.path(b"changed").write_bytes(b"forged!")
    await office.again().of(await office.discrepancies())
    assert set(await office.again().wanted("linhe")) == {named(b"lost"), named(b"changed")}
    assert await office.again().wanted("dashuncheng") == []
    for data in (b"lost", b"changed"):
        assert not (await office.take.held("linhe", named(data))).complete
        with pytest.raises(WrongRecording):
            await office.take.add("linhe", named(data), 0, len(data), data[::-1])
    await office.send(b"lost", b"changed")
    assert await office.again().wanted("linhe") == []
    assert await office.audit() == []
    assert office.path(b"changed").read_bytes() == b"changed"


async def test_what_the_audit_misses_no_more_or_is_erased_is_not_asked_for(office):
    await office.weigh(b"lost")
    await office.send(b"lost")
    office.path(b"lost").unlink()
    await office.again().of(await office.discrepancies())
    office.hq.clock.move(LASTS + timedelta(seconds=1))
    assert await office.again().wanted("linhe") == []
    await office.again().of(await office.discrepancies())
    await office.hq.database.execute("UPDATE recording SET erased_seq = 1")
    assert await office.again().wanted("linhe") == []
