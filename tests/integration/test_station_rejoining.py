"""An old disk is brought up to date before it writes; a forked one keeps its branch aside."""

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from station.application.ports import Draft
from station.application.rejoining import Rejoining, own_keys
from station.contract.entries import DeviceEvent, Enrolment, KeyRotate, Kind, read
from station.contract.keyring import NodeKey
from station.contract.signature import Ed25519Signer, rotation_message
from station.domain.errors import (
    BrokenChain,
    Fork,
    KeyNotGood,
    NoFork,
    SettingsError,
    StoreCorrupt,
    UplinkError,
)
from station.domain.ledger import Head, check
from station.domain.stages import Removal
from station.store.branches import SqliteBranches
from station.store.checking import Check
from station.store.database import Database
from station.store.erasing import erase_openings
from station.store.media import FileMedia
from station.store.outbox import SqliteOutbox
from tests.fakes import FakeCentre, FakeClock, passage, sealer, store_of, verifier
from tests.integration.test_station_delivery import CASE_NO, NAME, OPENED, ORDER

OWN = sealer().signer
OWN_KEY = NodeKey(key_id=OWN.key_id, public_key=OWN.public_key, from_seq=1)


def fault(detail):
    event = DeviceEvent(
        device="scale", code="device.silent", detail=detail, since="2026-03-01T04:00:00.000Z"
    )
    return Draft(Kind.DEVICE_FAULT, event)


class Station:
    def __init__(self, folder, centre):
        self.folder, self.centre = folder, centre
        self.clock = FakeClock()
        self.database = Database(folder / "station.sqlite")
        self.store = store_of(self.database, sealer(self.clock))
        self.outbox = SqliteOutbox(self.database, self.store)
        self.branches = SqliteBranches(self.database, self.store)
        self.rejoining = Rejoining(
            ledger=self.store, branches=self.branches, centre=centre, own_keys=self.keys
        )

    async def keys(self, upto):
        rotations = [one for one in await self.store.rotations() if one.seq <= upto]
        return own_keys(OWN_KEY, [], rotations)

    async def write(self, *details):
        await self.store.append(*(fault(detail) for detail in details))

    async def deliver(self):
        delivered = await self.outbox.delivered()
        entries = await self.store.entries_after(delivered, 1000)
        beside = await self.store.openings(delivered + 1, 1000)
        answer = await self.centre.push(entries, beside)
        await self.outbox.note_receipt(answer.receipt)

    async def details(self):
        found = [read(entry)[1] for entry in await self.store.entries_after(0, 1000)]
        return [getattr(payload, "detail", type(payload).__name__) for payload in found]

    def problems(self):
        media = FileMedia(self.folder / "media")
        checking = Check(self.folder / "station.sqlite", media, {OWN.key_id: OWN}, lambda *_: None)
        try:
            return list(checking)
        finally:
            media.close()

    def copy(self, folder):
        """Back the disk up: close, copy, open again."""
        self.close()
        shutil.copytree(self.folder, folder)
        self.__init__(self.folder, self.centre)

    def close(self):
        self.database.close()


@pytest.fixture
def centre():
    return FakeCentre()


@pytest.fixture
def open_at(tmp_path, centre):
    made = []

    def open_at(name):
        made.append(Station(tmp_path / name, centre))
        return made[-1]

    yield open_at
    for station in made:
        station.close()


async def restored(open_at, tmp_path, *after):
    """Return a station whose disk is from before *after*, which the centre holds."""
    station = open_at("a")
    await station.write("1", "2")
    await station.deliver()
    station.copy(tmp_path / "old")
    await station.store.append(*after)
    await station.deliver()
    return open_at("old")


async def test_a_station_that_has_everything_fetches_nothing(open_at):
    station = open_at("a")
    assert await station.rejoining.catch_up() == 0
    await station.write("1")
    assert await station.rejoining.catch_up() == 0
    await station.deliver()
    assert await station.rejoining.catch_up() == 0
    assert await station.details() == ["1"]


async def test_an_old_disk_is_brought_up_to_date_and_goes_on_without_a_fork(open_at, tmp_path):
    old = await restored(open_at, tmp_path, *(fault(str(n)) for n in range(3, 13)))
    assert await old.rejoining.catch_up() == 10
    await old.write("13")
    await old.deliver()
    assert await old.details() == [str(n) for n in range(1, 14)]
    assert [entry.seq for entry in old.centre.entries] == list(range(1, 14))
    assert old.problems() == []


async def ahead(open_at, tmp_path, *details):
    """Return a station on an old disk; the centre holds entries of an hour later than its time."""
    station = open_at("a")
    await station.write("1")
    await station.deliver()
    station.copy(tmp_path / "old")
    station.clock.move(timedelta(hours=1))
    await station.write("2")
    await station.deliver()
    old = open_at("old")
    await old.write(*details)
    return old


async def test_entries_that_come_back_from_a_clock_ahead_are_followed_by_its_change(
    open_at, tmp_path
):
    old = await ahead(open_at, tmp_path)
    assert await old.rejoining.catch_up() == 1
    await old.write("3")
    assert await old.details() == ["1", "2", "ClockChange", "3"]


async def test_to_rejoin_a_branch_whose_clock_was_ahead_tells_of_its_change_first(
    open_at, tmp_path
):
    old = await ahead(open_at, tmp_path, "2'")
    await old.rejoining.rejoin("旧备份")
    await old.write("3")
    assert await old.details() == ["1", "2", "ClockChange", "Rejoin", "3"]


async def test_views_and_clear_texts_come_back_with_the_entries(open_at, tmp_path):
    after = [Draft(Kind.PASSAGE, passage()), Draft(Kind.CASE_OPENED, OPENED), ORDER]
    old = await restored(open_at, tmp_path, *after)
    await old.rejoining.catch_up()
    assert (await old.store.case(CASE_NO)).state.removal is Removal.ORDERED
    assert (await old.store.passage("p1")).case_no == CASE_NO
    assert await old.store.personal(CASE_NO) == [(NAME,)]


async def test_a_clear_text_that_the_centre_gives_wrong_is_left_out(open_at, tmp_path):
    after = [Draft(Kind.PASSAGE, passage()), Draft(Kind.CASE_OPENED, OPENED), ORDER]
    old = await restored(open_at, tmp_path, *after)
    old.centre.openings = {5: (replace_text(NAME, "李四"),), 3: (NAME,)}
    assert await old.rejoining.catch_up() == 3
    assert await old.store.personal(CASE_NO) == [()]


def replace_text(opening, text):
    return type(opening)(field=opening.field, salt=opening.salt, text=text)


async def test_a_tail_that_was_lost_is_made_good_though_nothing_could_be_added(open_at, tmp_path):
    station = open_at("a")
    await station.write("1", "2", "3")
    await station.deliver()
    mark = (tmp_path / "a" / "station.head").read_bytes()
    station.close()
    with_trigger_off(tmp_path / "a", "DELETE FROM entry WHERE seq = 3; DELETE FROM alarm")
    station.__init__(tmp_path / "a", station.centre)
    assert (tmp_path / "a" / "station.head").read_bytes() == mark
    with pytest.raises(StoreCorrupt):
        await station.write("4")
    assert await station.rejoining.catch_up() == 1
    await station.write("4")
    assert await station.details() == ["1", "2", "3", "4"]


async def test_a_lost_tail_that_the_centre_does_not_have_stays_missed(open_at, tmp_path):
    station = open_at("a")
    await station.write("1", "2", "3")
    await station.deliver()
    await station.write("4", "5")
    station.close()
    with_trigger_off(tmp_path / "a", "DELETE FROM entry WHERE seq > 2; DELETE FROM alarm")
    station.__init__(tmp_path / "a", station.centre)
    assert await station.rejoining.catch_up() == 1
    with pytest.raises(StoreCorrupt):
        await station.write("other than 4")
    assert await station.details() == ["1", "2", "3"]


def with_trigger_off(folder, statements):
    database = Database(folder / "station.sqlite")
    database.run_now(lambda c: c.execute(f"DROP TRIGGER entry_is_kept; {statements}"))
    database.close()


async def test_what_another_key_signed_is_not_taken_in(open_at, tmp_path):
    old = await restored(open_at, tmp_path)
    stranger = replace(sealer(), signer=Ed25519Signer(bytes(range(9, 41))))
    head = old.centre.entries[-1].head
    old.centre.entries.append(stranger.seal(Kind.DEVICE_FAULT, fault("x").payload, head))
    with pytest.raises(KeyNotGood):
        await old.rejoining.catch_up()
    assert await old.details() == ["1", "2"]


async def test_a_centre_that_says_nothing_holds_nobody_up(open_at, monkeypatch):
    station = open_at("a")

    async def silent(_after):
        await asyncio.sleep(60)

    monkeypatch.setattr("station.application.rejoining.FIRST_ANSWER_S", 0.05)
    monkeypatch.setattr(station.centre, "own", silent)
    with pytest.raises(UplinkError):
        await station.rejoining.catch_up()


async def forked(open_at, tmp_path):
    """Return a station that wrote on from an old disk: from entry 3 on it is another branch."""
    old = await restored(open_at, tmp_path, fault("3"), fault("4"), fault("5"))
    await old.write("3'", "4'")
    return old


async def test_another_entry_in_the_place_of_ours_is_a_fork_and_changes_nothing(open_at, tmp_path):
    old = await forked(open_at, tmp_path)
    with pytest.raises(Fork):
        await old.rejoining.catch_up()
    assert await old.details() == ["1", "2", "3'", "4'"]


async def test_to_rejoin_keeps_the_own_branch_aside_and_says_so(open_at, tmp_path):
    old = await forked(open_at, tmp_path)
    ours = await old.store.entries_after(2, 9)
    digests = await old.rejoining.rejoin("旧备份")
    assert digests == [entry.digest for entry in ours]
    assert await old.details() == ["1", "2", "3", "4", "5", "Rejoin"]
    (said,) = await old.store.entries_after(5, 1)
    assert read(said)[1].set_aside == digests
    assert read(said)[1].reason == "旧备份"
    kept = await old.database.rows("SELECT body, signature FROM set_aside ORDER BY seq")
    assert kept == [(entry.body, entry.signature) for entry in ours]
    head = Head()
    for entry in await old.store.entries_after(0, 99):
        check(entry, head, verifier())
        head = entry.head
    assert old.problems() == []
    await old.deliver()
    assert [entry.seq for entry in old.centre.entries] == list(range(1, 7))


async def test_the_views_are_those_of_the_branch_that_was_taken_up(open_at, tmp_path):
    old = await restored(open_at, tmp_path, fault("3"))
    await old.store.append(
        Draft(Kind.PASSAGE, passage("ours")),
        Draft(Kind.PASSAGE, passage()),
        Draft(Kind.CASE_OPENED, OPENED),
        ORDER,
    )
    await old.rejoining.rejoin("旧备份")
    assert await old.store.passages(9) == []
    assert len(await old.store.alarms(9)) == 3
    kept = await old.database.rows("SELECT field, text FROM set_aside_opening")
    assert kept == [("driver_name", "张三")]
    await old.database.run(lambda c: erase_openings(c, old.store, "2026-03-01", "x"))
    assert await old.database.rows("SELECT field FROM set_aside_opening") == []
    ((digest,),) = await old.database.rows("SELECT digest FROM set_aside ORDER BY seq DESC LIMIT 1")
    erased = read((await old.store.entries_after(0, 99))[-1])[1]
    assert (erased.fields, erased.seqs, erased.set_aside) == (1, [], [digest])


@pytest.mark.parametrize("common", [0, 1, 2, 7])
async def test_where_the_branches_part_is_found(open_at, common):
    station = open_at("a")
    await station.write(*map(str, range(common)))
    if common:
        await station.deliver()
    head = (await station.store.head()) if common else Head()
    for number in range(3):
        entry = sealer().seal(Kind.DEVICE_FAULT, fault(f"c{number}").payload, head)
        station.centre.entries.append(entry)
        head = entry.head
    await station.write("x", "y")
    assert len(await station.rejoining.rejoin("x")) == 2
    expected = [*map(str, range(common)), "c0", "c1", "c2", "Rejoin"]
    assert await station.details() == expected


async def test_without_a_fork_there_is_nothing_to_rejoin(open_at):
    station = open_at("a")
    await station.write("1", "2")
    await station.deliver()
    with pytest.raises(NoFork):
        await station.rejoining.rejoin("x")
    await station.write("3")  # not delivered yet
    with pytest.raises(NoFork):
        await station.rejoining.rejoin("x")
    assert await station.details() == ["1", "2", "3"]


async def test_a_branch_that_does_not_verify_is_not_taken_up_and_ours_stays(open_at, tmp_path):
    old = await forked(open_at, tmp_path)
    old.centre.entries[3] = old.centre.entries[2]
    with pytest.raises(BrokenChain):
        await old.rejoining.rejoin("x")
    assert await old.details() == ["1", "2", "3'", "4'"]
    assert await old.database.rows("SELECT * FROM set_aside") == []


def rotation(old, new, node="linhe"):
    proof = new.sign(rotation_message(node, old.key_id, new.public_key)).hex()
    return KeyRotate(alg="ed25519", key_id=new.key_id, public_key=new.public_key.hex(), proof=proof)


def test_own_keys_are_those_enrolled_and_those_that_the_ledger_rotated_to():
    first, second = OWN, Ed25519Signer(bytes(range(50, 82)))
    enrolled = Enrolment(
        node="linhe",
        alg="ed25519",
        key_id=first.key_id,
        public_key=first.public_key.hex(),
        from_seq=1,
    )
    entry = sealer().seal(Kind.KEY_ROTATE, rotation(first, second), Head())
    now = NodeKey(key_id=second.key_id, public_key=second.public_key, from_seq=1)
    ring = own_keys(now, [enrolled], [entry])
    assert [key.key_id for key in ring.keys] == [first.key_id, second.key_id]
    assert own_keys(now, [], []).keys == (now,)


async def test_a_rotation_in_the_branch_that_is_set_aside_does_not_end_the_key_in_the_other(
    open_at, tmp_path
):
    old = await restored(open_at, tmp_path, fault("3"), fault("4"))
    new = Ed25519Signer(bytes(range(50, 82)))
    await old.store.append(Draft(Kind.KEY_ROTATE, rotation(OWN, new)))
    old.store = store_of(old.database, replace(sealer(), signer=new))
    old.branches = SqliteBranches(old.database, old.store)
    rejoining = Rejoining(
        ledger=old.store, branches=old.branches, centre=old.centre, own_keys=old.keys
    )
    await rejoining.rejoin("旧备份")
    assert await old.details() == ["1", "2", "3", "4", "Rejoin"]


async def test_an_old_disk_follows_its_own_rotation_and_can_sign_no_more(open_at, tmp_path):
    old = await restored(open_at, tmp_path)
    new = Ed25519Signer(bytes(range(50, 82)))
    head = old.centre.entries[-1].head
    rotated = sealer().seal(Kind.KEY_ROTATE, rotation(OWN, new), head)
    later = replace(sealer(), signer=new).seal(Kind.DEVICE_FAULT, fault("4").payload, rotated.head)
    old.centre.entries += [rotated, later]
    assert await old.rejoining.catch_up() == 2
    with pytest.raises(SettingsError):
        await old.write("5")
