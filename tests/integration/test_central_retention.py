"""What the centre keeps of persons goes when nothing needs it any more, to the day."""

import asyncio
import hashlib
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from central.application.comparing import compared
from central.application.ledger_ports import Opened
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.application.recording_audit import RecordingAudit
from central.application.recordings import TakeRecordings
from central.application.retaining import FURTHEST, Retention
from central.bootstrap.retaining import terms_of
from central.settings import RetentionSection
from central.store.access_log import SqlRefusedAccesses
from central.store.comparing import SqlComparisons
from central.store.exporting import SqlCases
from central.store.migrate import migrate, migrations
from central.store.recording_book import SqlRecordingBook
from central.store.recordings import FileRecordings
from central.store.retaining import SqlRetainingArchive
from station.contract.entries import Kind, PersonalErased, Picture, Run, read
from station.contract.personal import Opening
from station.contract.uplink import batch
from station.domain.access import RefusedAccess
from station.domain.errors import StoreFailed
from station.domain.ledger import parse
from station.domain.procedure import Act
from station.rules.lawbook import lawbook
from tests.acts import TO_DECISION
from tests.fakes import NOON
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]

SALT = "5a" * 32
PERSONAL = (
    Opening(field="driver_id", salt=SALT, text="150000199001010011"),
    Opening(field="driver_name", salt=SALT, text="张三"),
)
KEPT = "SELECT node, seq, field, text FROM opening WHERE text IS NOT NULL ORDER BY node, seq, field"


def named(data):
    return hashlib.sha256(data).hexdigest()


class Stop(Exception):
    pass


class Office:
    def __init__(self, database, folder):
        self.folder = folder
        self.files = FileRecordings(folder)
        self.station = FakeStation()
        self.other = FakeStation("dashuncheng", key=7)
        self.hq = Headquarters(database, self.station, self.other)
        self.take = TakeRecordings(
            files=self.files,
            archive=self.hq.archive,
            clock=self.hq.clock,
            announce=self.hq.told.add,
        )
        self.retention = self.retaining()

    def retaining(self, sleep=asyncio.sleep):
        return Retention(
            archive=SqlRetainingArchive(self.hq.database),
            files=self.files,
            own=self.hq.own,
            clock=self.hq.clock,
            terms=terms_of(RetentionSection()),
            sleep=sleep,
        )

    async def deliver(self, first=1):
        openings = {one.seq: PERSONAL for one in self.station.entries if b"driver_name" in one.body}
        await self.hq.accept(batch("linhe", self.station.entries[first - 1 :], openings))

    async def closed_case(self):
        """Deliver a case that is closed on the same day, with two fields of the driver."""
        station = self.station
        station.weigh("p1")
        station.open_case("C1")
        act = station.act(Act.ORDER_TO_CORRECT, "C1", personal=PERSONAL)
        self.rest_of_case()
        await self.deliver()
        return act.seq

    def rest_of_case(self):
        for act in TO_DECISION:
            if act is not Act.ORDER_TO_CORRECT:
                self.station.act(act, "C1")
        self.station.in_force(1)
        for act in (Act.SERVE, Act.PAY, Act.RELEASE, Act.CLOSE):
            self.station.act(act, "C1")

    async def station_erases(self, seq):
        said = PersonalErased(before="2026-03-02", reason="r", fields=2, seqs=[seq], set_aside=[])
        self.station.write(Kind.PERSONAL_ERASED, said)
        await self.deliver(len(self.station.entries))

    async def come_to(self, day):
        """Let it be noon of a local day, and hear of the station."""
        at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        self.hq.clock.at = self.station.clock.at = at
        self.station.write(Kind.START, Run(program="p", detail=""))
        await self.deliver(len(self.station.entries))

    async def weigh(self, *pictures, station=None, kept=True, **more):
        """Deliver a weighing with pictures, and these; return its number."""
        one = station or self.station
        passage_id = f"{one.node}-{len(one.entries)}"
        shown = [
            Picture(
                sha256=named(data),
                role="scene",
                media_type="image/jpeg",
                size=len(data),
                taken_at="2026-03-01T04:00:00.000Z",
            )
            for data in pictures
        ]
        one.clock.at = self.hq.clock.at
        one.weigh(passage_id, pictures=shown, **more)
        await self.hq.accept(one.batch(len(one.entries)))
        for data in pictures if kept else ():
            assert (await self.take.add(one.node, named(data), 0, len(data), data)).complete
        return passage_id

    def path(self, data):
        return self.folder / named(data)[:2] / named(data)

    def held(self, *pictures):
        return [data for data in pictures if self.path(data).exists()]

    async def audit(self):
        book = SqlRecordingBook(self.hq.database, "centre")
        audit = RecordingAudit(
            book=book,
            files=self.files,
            own="centre",
            clock=self.hq.clock,
            days=1,
            tell=lambda _: None,
        )
        return await audit()

    async def own(self, kind="centre_personal_erased"):
        rows = await self.hq.rows(
            "SELECT body, signature FROM entry WHERE kind = $1 ORDER BY seq", kind
        )
        return [read(parse(*row))[1] for row in rows]

    async def kept(self):
        return await self.hq.rows(KEPT)


@pytest.fixture
async def office(database, tmp_path):
    made = Office(database, tmp_path)
    await made.hq.enrol()
    yield made
    made.files.close()


async def test_what_the_station_erased_goes_when_the_act_counts_no_more(office):
    seq = await office.closed_case()
    await office.station_erases(seq)
    await office.come_to(date(2027, 3, 1))  # the last day of the year that begins with the act
    assert await office.retention.erase_personal() == 0
    assert len(await office.kept()) == 2

    await office.come_to(date(2027, 3, 2))
    assert await office.retention.erase_personal() == 2

    assert await office.kept() == []
    assert await office.hq.rows("SELECT DISTINCT salt FROM opening") == [(None,)]
    (said,) = await office.own()
    assert (said.node, said.reason, said.before) == ("linhe", "station", "2026-03-02")
    assert [(one.seq, one.fields) for one in said.erased] == [(seq, ["driver_id", "driver_name"])]
    assert await office.retention.erase_personal() == 0
    assert len(await office.own()) == 1


async def test_what_no_station_erased_goes_when_the_case_was_closed_long_enough(office):
    seq = await office.closed_case()
    await office.come_to(date(2036, 3, 1))
    assert await office.retention.erase_personal() == 0
    await office.come_to(date(2036, 3, 2))
    assert await office.retention.erase_personal() == 2
    (said,) = await office.own()
    assert (said.reason, said.before, said.erased[0].seq) == ("term", "2026-03-02", seq)


@pytest.mark.parametrize(("case_no", "gone"), [("C1", 1), ("C2", 0)])
async def test_what_a_driver_wrote_goes_with_his_case_and_stations_hear_of_it(
    office, case_no, gone
):
    seq = await office.closed_case()
    await office.station_erases(seq)
    async with office.hq.archive.desk() as desk:
        text = Opening(field="text", salt=SALT, text="我没有超载")
        await desk.keep_openings("centre", [Opened(1, "linhe", case_no, text)])
    await office.come_to(date(2036, 3, 2))
    assert await office.retention.erase_personal() == 2 + gone
    said = [one for one in await office.own() if one.node == "centre"]
    assert [one.reason for one in said] == ["term"] * gone


async def test_of_a_case_that_is_open_nothing_goes_by_its_time(office):
    office.station.weigh("p1")
    office.station.open_case("C1")
    office.station.act(Act.ORDER_TO_CORRECT, "C1", personal=PERSONAL)
    await office.deliver()
    await office.come_to(date(2046, 3, 2))
    assert await office.retention.erase_personal() == 0
    assert len(await office.kept()) == 2


async def test_nothing_brings_back_what_was_erased(office):
    seq = await office.closed_case()
    await office.station_erases(seq)
    await office.come_to(date(2027, 3, 2))
    await office.retention.erase_personal()
    await office.deliver()
    async with office.hq.archive.desk() as desk:
        await desk.keep_openings("linhe", [Opened(seq, "linhe", "C1", one) for one in PERSONAL])
    await rebuild(office.hq.archive, Recheck(lawbook()), lambda _: None)
    assert await office.kept() == []
    assert await office.retention.erase_personal() == 0
    assert len(await office.own()) == 1


async def test_views_stay_what_the_entries_come_to_and_a_bundle_has_no_opening(office):
    seq = await office.closed_case()
    await office.station_erases(seq)
    await office.come_to(date(2027, 3, 2))
    before = await office.hq.rows("SELECT * FROM joint_case")
    await office.retention.erase_personal()
    while await office.hq.projector.step():
        pass
    assert await compared(SqlComparisons(office.hq.database), Recheck(lawbook())) == []
    assert await office.hq.rows("SELECT * FROM joint_case") == before
    assert await SqlCases(office.hq.database).openings("linhe", [seq]) == []


async def test_a_centre_whose_clock_is_far_ahead_of_its_stations_erases_nothing(office):
    seq = await office.closed_case()
    await office.station_erases(seq)
    await office.come_to(date(2027, 3, 2))
    office.station.clock.at = NOON
    office.hq.clock.move(FURTHEST + timedelta(seconds=1))
    assert await office.retention.erase_personal() == 0
    office.hq.clock.move(timedelta(seconds=-1))
    assert await office.retention.erase_personal() == 2


async def test_the_clock_of_one_station_vouches_for_no_other(office):
    """The centre's and one station's are a year ahead: the other's is right."""
    seq = await office.closed_case()
    await office.station_erases(seq)
    await office.come_to(date(2027, 3, 2))
    for seq, at, erased in ((1, NOON, 0), (2, office.hq.clock.at - FURTHEST, 2)):
        office.other.clock.at = at
        office.other.write(Kind.START, Run(program="p", detail=""))
        await office.hq.accept(office.other.batch(seq))
        assert await office.retention.erase_personal() == erased


async def test_while_views_are_made_again_nothing_is_erased(office):
    """A migration may leave them empty: a case that needs a text could not be seen."""
    seq = await office.closed_case()
    await office.station_erases(seq)
    await office.hq.database.execute("DELETE FROM joint_case")
    await office.hq.database.execute("DELETE FROM progress")
    office.hq.clock.move(timedelta(hours=1, seconds=1))
    assert await office.retention.erase_personal() == 0
    assert len(await office.kept()) == 2


async def test_whoever_reads_the_texts_for_long_is_not_waited_for(office):
    """Deliveries would wait behind. What is due is erased; the file is written anew later."""
    seq = await office.closed_case()
    await office.station_erases(seq)
    await office.come_to(date(2027, 3, 2))
    place = "SELECT pg_relation_filepath('opening')"
    before = await office.hq.rows(place)
    async with office.hq.database.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT * FROM opening")
        with pytest.raises(StoreFailed):
            await office.retention.erase_personal()
        assert await office.kept() == []
    assert await office.hq.rows(place) == before
    assert await office.retention.erase_personal() == 0
    assert await office.hq.rows(place) != before


async def test_recordings_go_when_no_entry_of_six_months_names_them(office):
    await office.weigh(b"a")
    await office.come_to(date(2026, 3, 2))
    await office.weigh(b"b")
    await office.weigh(b"never came", kept=False)
    await office.come_to(date(2026, 9, 1))
    assert await office.retention.erase_recordings() == 0
    await office.come_to(date(2026, 9, 2))
    told = []
    assert await office.retention.erase_recordings(lambda *one: told.append(one)) == 1
    assert told == [("entry", 500), ("media", 1)]
    assert office.held(b"a", b"b") == [b"b"]
    (said,) = await office.own("recordings_erased")
    assert (said.node, said.before, said.count) == ("linhe", "2026-03-02", 1)
    assert said.list_sha256 == named(f"{named(b'a')}\n".encode())

    await office.come_to(date(2026, 9, 3))
    assert await office.retention.erase_recordings() == 2
    assert office.held(b"b") == []
    assert await office.retention.erase_recordings() == 0
    assert await office.audit() == []


async def test_recordings_and_refused_accesses_wait_for_the_views_and_not_for_tomorrow(office):
    await office.weigh(b"a")
    await office.come_to(date(2026, 9, 2))
    await office.hq.database.execute("DELETE FROM progress")
    office.hq.clock.move(timedelta(hours=1, seconds=1))
    accesses = SqlRefusedAccesses(office.hq.database)
    for day in (date(2026, 3, 1), date(2026, 3, 2)):
        row = RefusedAccess(
            day=day, who="", what="w", why="y", times=1, first_at=NOON, last_at=NOON, last_from=""
        )
        await accesses.add([row])
    kept = []

    async def sleep(_seconds):
        kept.append((office.held(b"a"), sorted(row.day.day for row in await accesses.newest(9))))
        if len(kept) == 2:
            raise Stop
        while await office.hq.projector.step():
            pass

    with pytest.raises(Stop):
        await office.retaining(sleep).run()
    assert kept == [([b"a"], [1, 2]), ([], [2])]


async def test_what_a_case_refers_to_is_kept_whoever_names_it_and_whatever_else_does(office):
    """By its weighing, by a re-check, by a review that makes it one, and by an act or document."""
    station = office.station
    opened = await office.weigh(b"opened", b"shared")
    await office.weigh(b"shared")
    recheck = await office.weigh(b"again", recheck_of="C1")
    later = await office.weigh(b"later")
    await office.weigh(b"acted", b"nobody's")
    station.open_case("C1", passage_id=opened)
    station.review(later, 48_000, recheck_of="C1")
    station.act(Act.ORDER_TO_CORRECT, "C1", sha256=named(b"acted"))
    await office.deliver(len(station.entries) - 2)
    await office.come_to(date(2027, 9, 2))
    assert await office.retention.erase_recordings() == 1
    pictures = (b"opened", b"shared", b"again", b"later", b"acted", b"nobody's")
    assert office.held(*pictures) == list(pictures[:-1])
    assert recheck


async def test_what_another_station_names_too_is_kept_as_long_as_that_one_needs_it(office):
    await office.weigh(b"a")
    await office.come_to(date(2026, 6, 1))
    await office.weigh(b"a", station=office.other)
    await office.come_to(date(2026, 9, 2))
    assert await office.retention.erase_recordings() == 0
    await office.come_to(date(2026, 12, 2))
    assert await office.retention.erase_recordings() == 2
    assert office.held(b"a") == []
    assert [one.node for one in await office.own("recordings_erased")] == ["dashuncheng", "linhe"]


async def test_what_was_erased_is_not_sent_again_but_is_when_it_is_named_anew(office):
    await office.weigh(b"a")
    await office.come_to(date(2026, 9, 2))
    await office.retention.erase_recordings()
    assert (await office.take.held("linhe", named(b"a"))).complete
    assert (await office.take.add("linhe", named(b"a"), 0, 1, b"a")).complete
    assert office.held(b"a") == []

    await office.weigh(b"a")
    assert office.held(b"a") == [b"a"]
    assert await office.retention.erase_recordings() == 0
    assert office.held(b"a") == [b"a"]


async def test_what_an_entry_said_before_a_power_cut_is_erased_after_it(office):
    await office.weigh(b"a")
    await office.come_to(date(2026, 9, 2))
    await office.retention.erase_recordings()
    path = office.path(b"a")
    path.write_bytes(b"a")
    assert await office.retention.erase_recordings() == 0
    assert not path.exists()


async def test_the_migration_finds_the_case_of_a_text_that_was_there_before(empty_dsn):
    connection = await asyncpg.connect(empty_dsn)
    try:
        await migrate(connection, migrations()[:11])
        station = FakeStation()
        station.weigh()
        station.open_case("乌海“3”号")
        entry = station.act(Act.ORDER_TO_CORRECT, "乌海“3”号", personal=PERSONAL)
        await connection.execute("INSERT INTO node (node, name, road) VALUES ('linhe', 'x', 'x')")
        await connection.execute("SELECT make_entry_month('2026-03-01')")
        await connection.execute(
            "INSERT INTO entry VALUES ('linhe', $1, 1, 'case_act', $2, $3, $4, 0, $5)",
            entry.seq, bytes.fromhex(entry.digest), entry.body, entry.signature, NOON,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO opening VALUES ('linhe', $1, 'driver_name', 's', 't')", entry.seq
        )
        await migrate(connection)
        assert await connection.fetchval("SELECT case_no FROM opening") == "乌海“3”号"
    finally:
        await connection.close()
