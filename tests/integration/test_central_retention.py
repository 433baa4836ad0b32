"""What the centre keeps of persons goes when nothing needs it any more, to the day."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from central.application.comparing import compared
from central.application.ledger_ports import Opened
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.application.retaining import FURTHEST, Retention
from central.bootstrap.retaining import terms_of
from central.store.comparing import SqlComparisons
from central.store.exporting import SqlCases
from central.store.migrate import migrate, migrations
from central.store.retaining import SqlRetainingArchive
from station.contract.entries import Kind, PersonalErased, Run, read
from station.contract.personal import Opening
from station.contract.uplink import batch
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


class Office:
    def __init__(self, database):
        self.station = FakeStation()
        self.hq = Headquarters(database, self.station)
        self.retention = Retention(
            archive=SqlRetainingArchive(database),
            own=self.hq.own,
            clock=self.hq.clock,
            terms=terms_of(0),
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

    async def own(self):
        rows = await self.hq.rows(
            "SELECT body, signature FROM entry WHERE kind = 'centre_personal_erased' ORDER BY seq"
        )
        return [read(parse(*row))[1] for row in rows]

    async def kept(self):
        return await self.hq.rows(KEPT)


@pytest.fixture
async def office(database):
    made = Office(database)
    await made.hq.enrol()
    return made


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
        await desk.keep_openings("linhe", [Opened(seq, "C1", one) for one in PERSONAL])
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


async def test_while_views_are_made_again_nothing_is_erased(office):
    """A migration may leave them empty: a case that needs a text could not be seen."""
    seq = await office.closed_case()
    await office.station_erases(seq)
    await office.hq.database.execute("DELETE FROM joint_case")
    await office.hq.database.execute("DELETE FROM progress")
    office.hq.clock.move(timedelta(hours=1, seconds=1))
    assert await office.retention.erase_personal() == 0
    assert len(await office.kept()) == 2


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
