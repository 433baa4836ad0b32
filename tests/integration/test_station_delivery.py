"""What the station keeps of delivery: receipts, clear texts, the recordings that were sent."""

from datetime import date

import msgspec
import pytest

from station.application.ports import Draft
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    Kind,
    MediaErased,
    PersonalErased,
    Picture,
    read,
)
from station.contract.personal import Opening
from station.contract.uplink import Receipt
from station.domain.errors import BadOpening, BadReceipt, CentreContradicts, StoreFailed
from station.domain.procedure import Act
from station.store.centre_ledger import SqliteCentreLedger
from station.store.database import Database
from station.store.erasing import erase_openings
from station.store.media import FileMedia
from station.store.outbox import SqliteOutbox
from station.store.recordings import SqliteRecordings
from tests.acts import PAIRS, USUAL, role_of, said
from tests.fakes import FakeCentre, passage, sealer, store_of

CASE_NO = "LINHE202603010001"
OPENED = CaseOpened(
    case_no=CASE_NO,
    violation_id="p1",
    passage_id="p1",
    plate="蒙L12345",
    occurred_on="2026-03-01",
    opened_at="2026-03-01T04:00:03.000Z",
    gross_kg=61000,
    limit_kg=49000,
    excess_kg=12000,
)
SALT = "00" * 32
NAME = Opening(field="driver_name", salt=SALT, text="张三")


def act(kind, *openings, case_no=CASE_NO, **details):
    payload = CaseAct(
        case_no=case_no,
        act=kind.value,
        authority=role_of(kind).value,
        officers=PAIRS[role_of(kind)],
        at="2026-03-01T04:05:00.000Z",
        details={**said(kind), **details},
        stage="x",
        plate="蒙L12345",
        violation_id="p1",
        personal={one.field: one.commitment for one in openings},
    )
    return Draft(Kind.CASE_ACT, payload, openings)


ORDER = act(Act.ORDER_TO_CORRECT, NAME)
REST = [act(kind) for kind in (*USUAL[1:], Act.RELEASE, Act.CLOSE)]


class Station:
    """A store with its parts."""

    def __init__(self, folder):
        self.database = Database(folder / "station.sqlite")
        self.store = store_of(self.database, sealer())
        self.outbox = SqliteOutbox(self.database, self.store)
        self.recordings = SqliteRecordings(self.database)
        self.media = FileMedia(folder / "media")
        self.centre = FakeCentre()

    async def pushed(self):
        """Deliver everything and return the receipt, not noted yet."""
        entries = await self.store.entries_after(0, 1000)
        return (await self.centre.push(entries, {})).receipt

    def close(self):
        self.media.close()
        self.database.close()


@pytest.fixture
def station(tmp_path):
    made = Station(tmp_path)
    yield made
    made.close()


async def opened(station):
    await station.store.append(Draft(Kind.PASSAGE, passage()), Draft(Kind.CASE_OPENED, OPENED))


async def test_a_receipt_is_kept_and_delivery_moves_to_its_entry(station):
    await opened(station)
    receipt = await station.pushed()
    await station.outbox.note_receipt(receipt)
    await station.outbox.note_receipt(receipt)
    assert await station.outbox.delivered() == 2
    assert await station.outbox.receipts(1, 9) == [receipt]


@pytest.mark.parametrize(
    "lie",
    [
        {"digest": "0" * 64},
        {"seq": 3},
        {"leaf_index": 2},
        {"leaf_index": -1},
    ],
)
async def test_a_receipt_that_is_not_for_our_entry_moves_nothing_and_is_kept(station, lie):
    await opened(station)
    receipt = msgspec.structs.replace(await station.pushed(), **lie)
    with pytest.raises(BadReceipt):
        await station.outbox.note_receipt(receipt)
    assert await station.outbox.delivered() == 0
    assert await station.outbox.receipts(0, 9) == [receipt]


@pytest.mark.parametrize(
    ("later", "good"),
    [
        ({"log_size": 10}, True),
        ({"log_size": 9}, False),
        ({"log_size": 10, "root": "f" * 64}, False),
        ({"log_size": 11, "root": "f" * 64}, True),
        ({"log_size": 11, "leaf_index": 5}, False),
        ({"log_size": 11, "seq": 1, "leaf_index": 5}, False),
        ({"log_size": 11, "seq": 1, "leaf_index": 0}, True),
    ],
)
async def test_the_log_only_grows_and_moves_nothing(station, later, good):
    await opened(station)
    first, last = await station.store.entries_after(0, 2)
    receipt = msgspec.structs.replace(await station.pushed(), log_size=10, leaf_index=1)
    await station.outbox.note_receipt(receipt)
    if "seq" in later:
        later = {**later, "digest": first.digest}
    again = msgspec.structs.replace(receipt, **later)
    if good:
        await station.outbox.note_receipt(again)
        assert await station.outbox.delivered() == last.seq
        assert await contradictions(station) == []
    else:
        with pytest.raises(CentreContradicts):
            await station.outbox.note_receipt(again)
        assert await station.outbox.delivered() == again.seq
        (found,) = await contradictions(station)
        assert (found.what, as_receipt(found.former), as_receipt(found.later)) == (
            "receipt",
            receipt,
            again,
        )
    assert set(await station.outbox.receipts(1, 9)) == {receipt, again}


async def contradictions(station):
    entries = await station.store.entries_after(0, 1000)
    return [read(e)[1] for e in entries if e.kind == Kind.CENTRE_CONTRADICTION.value]


def as_receipt(text):
    return msgspec.json.decode(text, type=Receipt)


async def test_a_centre_that_asks_again_for_what_it_signed_for_is_written_down_and_gets_it(station):
    await opened(station)
    receipt = await station.pushed()
    await station.outbox.note_receipt(receipt)
    await station.outbox.note_media_sent(2)
    await station.outbox.go_back(1)

    (found,) = await contradictions(station)
    assert (found.what, as_receipt(found.former), found.later) == ("asked_again", receipt, "2")
    assert (await station.outbox.delivered(), await station.outbox.media_sent()) == (1, 1)
    (alarm,) = await station.store.alarms(9)
    assert alarm.code == "evidence.centre_contradicts"
    # What a shorter log says now is not held against it a second time; the proof is kept.
    shorter = msgspec.structs.replace(receipt, log_size=1, leaf_index=0, root="f" * 64)
    await station.outbox.note_receipt(shorter)
    assert await station.outbox.delivered() == 2
    assert len(await contradictions(station)) == 1
    assert await station.outbox.receipts(1, 9) == [receipt, shorter]


async def test_what_a_centre_signs_again_after_it_was_set_back_is_held_against_it_again(station):
    await opened(station)
    receipt = msgspec.structs.replace(await station.pushed(), log_size=10)
    await station.outbox.note_receipt(receipt)
    await station.outbox.go_back(1)
    await station.outbox.note_receipt(receipt)
    assert await station.outbox.receipts(1, 9) == [receipt]
    with pytest.raises(CentreContradicts):
        await station.outbox.note_receipt(msgspec.structs.replace(receipt, log_size=9))
    assert [one.what for one in await contradictions(station)] == ["asked_again", "receipt"]


async def test_a_store_made_before_contradictions_were_told_of_is_opened(station, tmp_path):
    await opened(station)
    await station.outbox.note_receipt(await station.pushed())
    kept = await station.outbox.receipts(1, 9)
    await station.database.run(
        lambda c: c.execute("DROP INDEX receipt_by_log; ALTER TABLE receipt DROP COLUMN log")
    )
    station.close()
    again = Station(tmp_path)
    assert await again.outbox.receipts(1, 9) == kept
    await again.outbox.note_receipt(kept[0])
    station.database, station.media = again.database, again.media


async def test_clear_texts_stand_beside_the_entry_and_not_in_it(station):
    await opened(station)
    (entry,) = await station.store.append(ORDER)
    assert "张三".encode() not in entry.body
    assert NAME.commitment.encode() in entry.body
    assert await station.store.openings(1, 9) == {3: (NAME,)}
    assert await station.store.personal(CASE_NO) == [(NAME,)]


async def test_a_clear_text_that_the_entry_does_not_commit_to_is_not_written(station):
    await opened(station)
    before = await station.store.head()
    other = msgspec.structs.replace(NAME, text="李四")
    with pytest.raises(BadOpening):
        await station.store.append(Draft(Kind.CASE_ACT, ORDER.payload, (other,)))
    assert await station.store.head() == before


async def test_a_clear_text_that_was_changed_on_the_disk_is_never_read_as_another(station):
    await opened(station)
    await station.store.append(ORDER)
    await station.database.run(lambda c: c.execute("UPDATE opening SET text = '李四'"))
    with pytest.raises(BadOpening):
        await station.store.openings(1, 9)
    with pytest.raises(BadOpening):
        await station.store.personal(CASE_NO)


async def erased(station, before):
    return await station.database.run(
        lambda c: erase_openings(c, station.store, before, "档案保管期满")
    )


async def erasures(station):
    entries = await station.store.entries_after(0, 1000)
    return [read(e)[1] for e in entries if e.kind == Kind.PERSONAL_ERASED.value]


def on_the_disk(folder, text):
    """Tell whether *text* stands anywhere in the store's files."""
    files = [path for path in folder.iterdir() if path.is_file()]
    return any(text.encode() in path.read_bytes() for path in files)


async def finish(station, *, delivered=True):
    clear = passage("p2", recheck_of=CASE_NO)
    await SqliteCentreLedger(station.database, "linhe").append([FakeCentre().confirm(CASE_NO)])
    entries = await station.store.append(Draft(Kind.PASSAGE, clear), *REST)
    if delivered:
        seq = str(entries[-1].seq)
        await station.database.run(
            lambda c: c.execute(
                "INSERT INTO meta (key, value) VALUES ('delivered', ?1) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (seq,),
            )
        )


async def test_of_an_open_case_nothing_is_erased(station):
    await opened(station)
    await station.store.append(ORDER)
    assert await erased(station, "2099-01-01") == 0
    assert await station.store.openings(1, 9) == {3: (NAME,)}
    assert await erasures(station) == []


async def test_of_a_closed_case_it_is_erased_from_the_day_after_and_the_entry_stays(station):
    await opened(station)
    (entry,) = await station.store.append(ORDER)
    await finish(station)
    assert await erased(station, "2026-03-01") == 0  # it was written on that day
    assert await erased(station, "2026-03-02") == 1
    assert await station.store.openings(1, 99) == {}
    assert await station.store.personal(CASE_NO) == [() for _ in (ORDER, *REST)]
    assert (await station.store.entries_after(2, 1))[0] == entry


async def test_what_was_not_delivered_is_not_erased(station):
    await opened(station)
    await station.store.append(ORDER)
    await finish(station, delivered=False)
    assert await erased(station, "2026-03-02") == 0
    assert await station.store.openings(1, 9) == {3: (NAME,)}


async def test_an_erasure_is_an_entry_that_names_the_acts_and_never_what_they_said(station):
    await opened(station)
    phone = Opening(field="driver_phone", salt="11" * 32, text="13800000000")
    act_of = msgspec.structs.replace(
        ORDER.payload, personal={one.field: one.commitment for one in (NAME, phone)}
    )
    await station.store.append(Draft(Kind.CASE_ACT, act_of, (NAME, phone)))
    await finish(station)
    assert await erased(station, "2026-03-02") == 2
    assert await erased(station, "2026-03-02") == 0  # again: nothing is left, and no second entry
    assert await erasures(station) == [
        PersonalErased(before="2026-03-02", reason="档案保管期满", fields=2, seqs=[3], set_aside=[])
    ]
    (entry,) = [
        one
        for one in await station.store.entries_after(0, 99)
        if one.kind == Kind.PERSONAL_ERASED.value
    ]
    for secret in ("张三", NAME.salt, "13800000000"):
        assert secret.encode() not in entry.body


async def test_without_its_entry_nothing_is_erased(station):
    await opened(station)
    await station.store.append(ORDER)
    await finish(station)
    await station.database.run(
        lambda c: c.execute(
            "CREATE TEMP TRIGGER cut BEFORE INSERT ON main.entry "
            "BEGIN SELECT RAISE(ABORT, 'a power cut'); END"
        )
    )
    with pytest.raises(StoreFailed):
        await erased(station, "2026-03-02")
    station.database._failure = None  # the test's own doing
    assert await station.store.openings(1, 99) == {3: (NAME,)}
    await station.database.run(lambda c: c.execute("DROP TRIGGER cut"))
    assert await erased(station, "2026-03-02") == 1
    assert len(await erasures(station)) == 1


async def test_what_was_erased_is_on_the_disk_no_more(station, tmp_path):
    await opened(station)
    await station.store.append(ORDER)
    await finish(station)
    assert on_the_disk(tmp_path, "张三")
    await erased(station, "2026-03-02")
    assert not on_the_disk(tmp_path, "张三")


def pictured(passage_id, sha256, day="2026-03-01", **changed):
    picture = Picture(
        sha256=sha256,
        role="scene",
        media_type="image/jpeg",
        size=1,
        taken_at="2026-03-01T04:00:00.000Z",
    )
    return Draft(Kind.PASSAGE, passage(passage_id, occurred_on=day, pictures=[picture], **changed))


A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


async def due(station, day="2026-03-02"):
    return await station.recordings.due(date.fromisoformat(day), 10)


async def test_a_recording_is_due_the_day_after_and_only_once_it_was_sent(station):
    await station.store.append(pictured("p1", A))
    assert await due(station) == []
    await station.outbox.note_media_sent(1)
    assert await due(station, "2026-03-01") == []
    assert await due(station, "2026-03-02") == [A]


async def test_what_a_case_refers_to_is_never_due(station):
    await station.store.append(
        pictured("p1", A), pictured("p2", B), Draft(Kind.CASE_OPENED, OPENED), ORDER
    )
    await station.store.append(pictured("p3", C, recheck_of=CASE_NO))
    photo = act(Act.BEGIN_UNLOADING, method=D)  # an act that names a recording
    await station.store.append(photo)
    await station.outbox.note_media_sent(99)
    assert await due(station, "2099-01-01") == [B]


async def test_one_picture_of_two_passages_is_kept_as_long_as_the_later_one(station):
    await station.store.append(pictured("p1", A), pictured("p2", A, "2026-03-05"))
    await station.outbox.note_media_sent(2)
    assert await due(station, "2026-03-05") == []
    assert await due(station, "2026-03-06") == [A]


async def test_what_was_erased_is_due_no_more_until_it_is_made_again(station):
    await station.store.append(pictured("p1", A))
    await station.outbox.note_media_sent(9)
    gone = MediaErased(before="2026-03-02", sha256=[A])
    await station.store.append(Draft(Kind.MEDIA_ERASED, gone))
    assert await due(station) == []
    assert await station.recordings.was_erased(A)
    assert await station.recordings.newest_erased() == [A]
    await station.store.append(pictured("p2", A))
    assert not await station.recordings.was_erased(A)
    assert await due(station) == [A]


async def test_how_many_recordings_wait_is_known(station):
    await station.store.append(pictured("p1", A), pictured("p2", B))
    assert await station.outbox.media_waiting() == 0  # their entries were not delivered yet
    await station.outbox.note_receipt(await station.pushed())
    assert await station.outbox.media_waiting() == 2
    await station.outbox.note_media_sent(1)
    assert await station.outbox.media_waiting() == 1


@pytest.mark.parametrize("table", ["entry", "set_aside", "centre_entry"])
async def test_what_is_kept_for_ever_is_changed_by_nobody(station, table):
    await opened(station)
    columns = "seq, digest, body, signature"
    await station.database.run(
        lambda c: c.execute(
            f"INSERT INTO set_aside ({columns}) SELECT {columns} FROM entry WHERE seq = 2;"
            f"INSERT INTO centre_entry (kind, {columns}) SELECT kind, {columns} FROM entry"
        )
    )
    for statement in (f"UPDATE {table} SET seq = seq + 9", f"DELETE FROM {table} WHERE seq < 9"):
        with pytest.raises(StoreFailed):
            await station.database.run(lambda c, said=statement: c.execute(said))
        station.database._failure = None  # the test's own doing
