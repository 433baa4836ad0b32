"""The check of a store names the first thing that is not as it was written, and changes nothing."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from station.application.ports import Draft
from station.bootstrap.opening import open_store
from station.contract.entries import DeviceEvent, KeyRotate, Kind, MediaErased, Picture
from station.contract.signature import Ed25519Signer, rotation_message
from station.domain.errors import RecordingChanged, RecordingMissing, StoreCorrupt, StoreFailed
from station.domain.ledger import Head
from station.settings import read_settings
from station.store.branches import SqliteBranches
from station.store.checking import Check
from station.store.database import Database, connect
from station.store.high_water import HighWater
from station.store.indexing import indexed
from station.store.media import FileMedia
from station.store.sealed import Sealed
from station.store.sqlfile import load
from tests.fakes import passage, sealer, store_of, verifier

ROOT = Path(__file__).parents[2]
LIGHTER = """
UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), '61000', '41000') AS BLOB) WHERE seq = 3
"""
GROSS = b"\xa8gross_kg\xcd\xee\x48"
"""61000 kg in a view, as msgpack."""
FAULT = DeviceEvent(
    device="scale", code="device.silent", detail="", since="2026-03-01T04:00:00.000Z"
)


@pytest.fixture
async def folder(tmp_path):
    """A store of six entries, the first with a picture; closed."""
    database, media = Database(tmp_path / "station.sqlite"), FileMedia(tmp_path / "media")
    store = store_of(database, sealer())
    sha256 = await media.keep(b"picture")
    picture = Picture(
        sha256=sha256, role="scene", media_type="image/jpeg", size=7, taken_at="2026-03-01"
    )
    await store.append(Draft(Kind.PASSAGE, passage("p1", pictures=[picture])))
    for number in range(2, 6):
        await store.append(Draft(Kind.PASSAGE, passage(f"p{number}")))
    await store.append(Draft(Kind.DEVICE_FAULT, FAULT))
    media.close()
    database.close()
    return tmp_path


def check_of(folder):
    return Check(
        database=folder / "station.sqlite",
        media=FileMedia(folder / "media"),
        keys={sealer().signer.key_id: verifier()},
        progress=lambda *_: None,
    )


def checked(folder):
    check = check_of(folder)
    return check, [(one.fields.get("what"), one.fields.get("which")) for one in check]


def edit(folder, statement):
    """Change the store with SQL, as somebody who rules the machine can; checksums are right."""
    connection = connect(folder / "station.sqlite")
    for trigger in ("entry_is_not_changed", "entry_is_kept"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.close()


def flip(path, place, bit=1):
    content = bytearray(path.read_bytes())
    content[place] ^= bit
    path.write_bytes(content)


def files(folder):
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".sqlite-shm", ".sqlite-wal"}
    }


async def test_a_sound_store_is_sound_and_stays_as_it_is(folder):
    before = files(folder)
    check, problems = checked(folder)
    assert problems == []
    assert (check.entries, check.pictures) == (6, 1)
    assert files(folder) == before


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (LIGHTER, ("entry", "3")),
        ("UPDATE entry SET digest = 'x' WHERE seq = 6", ("entry", "6")),
        ("UPDATE entry SET signature = zeroblob(64) WHERE seq = 4", ("entry", "4")),
        ("DELETE FROM entry WHERE seq = 2", ("entry", "2")),
        ("DELETE FROM entry WHERE seq = 6", ("ledger", "6")),
        ("UPDATE passage SET view = (SELECT view FROM passage WHERE passage_id = 'p1')"
         " WHERE passage_id = 'p5'", ("passage", "p5")),
        ("DELETE FROM passage WHERE passage_id = 'p3'", ("passage", "p3")),
        ("UPDATE alarm SET seq = 7", ("alarm", "6")),
    ],
)  # fmt: skip
async def test_what_was_changed_is_named(folder, statement, named):
    edit(folder, statement)
    assert checked(folder)[1] == [named]


async def test_the_index_of_recordings_is_compared_as_far_as_it_has_come(folder):
    database = Database(folder / "station.sqlite")
    await indexed(database)
    shown = Picture(
        sha256=hashlib.sha256(b"picture").hexdigest(),
        role="scene",
        media_type="image/jpeg",
        size=1,
        taken_at="2026-03-01",
    )
    again = Draft(Kind.PASSAGE, passage("p9", pictures=[shown]))
    await store_of(database, sealer()).append(again)
    database.close()
    assert checked(folder)[1] == []

    edit(folder, "UPDATE recording SET of_case = 1")
    assert checked(folder)[1] == [("recording", shown.sha256)]


async def test_a_flipped_bit_anywhere_in_a_used_page_is_found(folder):
    path = folder / "station.sqlite"
    place = path.read_bytes().index(b'"gross_kg":61000') + len('"gross_kg":')
    flip(path, place)
    assert checked(folder)[1] == [("database", None), ("entry", "1")]


async def test_pictures_that_decayed_or_are_gone_are_named_with_their_entries(folder):
    """All of them, and which of the two it is; one that was erased by its time is not missed."""
    database, media = Database(folder / "station.sqlite"), FileMedia(folder / "media")
    store, names = store_of(database, sealer()), []
    for number in range(7, 10):
        names.append(await media.keep(b"%d" % number))
        shown = Picture(
            sha256=names[-1], role="scene", media_type="image/jpeg", size=1, taken_at="2026-03-01"
        )
        await store.append(Draft(Kind.PASSAGE, passage(f"p{number}", pictures=[shown])))
    erased = MediaErased(before="2026-09-01", sha256=names[2:])
    await store.append(Draft(Kind.MEDIA_ERASED, erased))
    media.close()
    database.close()
    first, *others = [
        folder / "media" / name[:2] / name
        for name in [hashlib.sha256(b"picture").hexdigest(), *names]
    ]
    flip(first, 0)
    for path in others:
        path.unlink()

    check = check_of(folder)

    assert [(type(one), one.fields["node"], one.fields["seq"]) for one in check] == [
        (RecordingChanged, "linhe", 1),
        (RecordingMissing, "linhe", 7),
        (RecordingMissing, "linhe", 8),
    ]
    assert check.pictures == 3


async def test_a_store_that_is_no_store_is_found(folder):
    (folder / "station.sqlite").write_bytes(b"x" * 8192)
    assert checked(folder)[1][0] == ("database", None)


def test_every_view_is_compared():
    cleared = re.findall(r"DELETE FROM (\w+)", load("views")["clear_views"])
    assert sorted(load("checking")) == sorted(cleared)


async def test_a_flipped_bit_is_an_error_and_never_another_weight(folder):
    """On the disk the page's checksum finds it."""
    path = folder / "station.sqlite"
    flip(path, path.read_bytes().index(GROSS) + len(GROSS) - 1)
    database = Database(path)
    with pytest.raises(StoreCorrupt):
        await store_of(database, sealer()).passages(10)
    database.close()


async def test_another_value_with_right_pages_is_an_error_too(folder):
    """As a flipped bit in the journal of a running program leaves it."""
    edit(folder, LIGHTER)
    database = Database(folder / "station.sqlite")
    store = store_of(database, sealer())

    def other_weight(connection):
        ((view,),) = connection.execute("SELECT view FROM passage WHERE passage_id = 'p1'")
        assert view.count(GROSS) == 1
        lighter = view.replace(GROSS, GROSS[:-1] + b"\x47")
        connection.execute("UPDATE passage SET view = ? WHERE passage_id = 'p1'", (lighter,))

    await database.run(other_weight)
    with pytest.raises(StoreCorrupt, match="passage"):
        await store.passage("p1")
    with pytest.raises(StoreCorrupt, match="which=3"):
        await store.entries_after(0, 10)
    with pytest.raises(StoreCorrupt, match="which=3"):
        await SqliteBranches(database, store).rebuild()
    database.close()


async def test_nothing_is_added_to_a_ledger_whose_last_entry_decayed(folder):
    edit(folder, "UPDATE entry SET digest = replace(digest, 'a', 'b') WHERE seq = 6")
    database = Database(folder / "station.sqlite")
    with pytest.raises(StoreCorrupt, match="which=6"):
        await store_of(database, sealer()).append(Draft(Kind.DEVICE_FAULT, FAULT))
    database.close()


async def test_nothing_is_added_to_a_ledger_that_became_shorter(folder):
    edit(folder, "DELETE FROM entry WHERE seq = 6")
    database = Database(folder / "station.sqlite")
    with pytest.raises(StoreCorrupt, match="which=6"):
        await store_of(database, sealer()).append(Draft(Kind.DEVICE_FAULT, FAULT))
    database.close()


async def test_a_mark_that_cannot_be_read_stops_nothing(folder):
    flip(folder / "station.head", 3)
    database = Database(folder / "station.sqlite")
    (entry,) = await store_of(database, sealer()).append(Draft(Kind.DEVICE_FAULT, FAULT))
    assert entry.seq == 7
    database.close()
    HighWater(folder / "station.head").require(Head(seq=7))
    with pytest.raises(StoreCorrupt):
        HighWater(folder / "station.head").require(Head(seq=6))


def test_a_sealed_value_is_read_or_refused():
    sealed = Sealed(int, "alarm")
    blob = sealed.encode(61000)
    assert sealed.decode(blob) == 61000
    for place in range(len(blob) * 8):
        flipped = bytearray(blob)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(StoreCorrupt, match="alarm"):
            sealed.decode(bytes(flipped))
    with pytest.raises(StoreCorrupt):
        sealed.decode("61000")


async def test_after_a_failure_of_the_disk_nothing_more_is_done(tmp_path):
    database = Database(tmp_path / "station.sqlite")

    def fail(_connection):
        raise OSError(5, "Input/output error")

    with pytest.raises(StoreFailed):
        await database.run(fail)
    with pytest.raises(StoreFailed, match="Input/output"):
        await database.run(lambda c: c.pragma("user_version"))
    with pytest.raises(StoreFailed):
        await database.watch()
    database.close()


async def test_what_cannot_be_read_does_not_stop_the_rest(folder):
    database = Database(folder / "station.sqlite")

    def short(_connection):
        raise apsw.CorruptError("malformed")

    with pytest.raises(StoreCorrupt):
        await database.run(short)
    assert (await store_of(database, sealer()).head()).seq == 6
    database.close()


CONFIG = """
[station]
node = "linhe"
name = "临河超限检测站"
road = "G110"
data_dir = "."
[scale]
url = "/dev/null"
protocol = "yaohua-continuous"
scale_id = "S1"
certificate_no = "C1"
certificate_until = 2099-12-31
[camera]
url = "folder:///nowhere"
"""


def command(folder):
    done = subprocess.run(
        [sys.executable, "-m", "station", "check", "--config", str(folder / "station.toml")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


async def test_the_command_says_it_in_chinese_and_by_its_exit_status(tmp_path):
    (tmp_path / "station.toml").write_text(CONFIG, "utf-8")
    stored = open_store(read_settings(tmp_path / "station.toml"))
    for number in range(3):
        await stored.ledger.append(Draft(Kind.PASSAGE, passage(f"p{number}")))
    stored.close()
    assert command(tmp_path)[:2] == (0, "核对完毕：记录3条、图片0个，均与写入时一致。\n")
    edit(tmp_path, LIGHTER)
    status, _, errors = command(tmp_path)
    assert status == 1
    assert "（记录3）" in errors


async def test_an_unknown_key_after_a_known_one_is_wrong(tmp_path):
    """Chained anew under an invented key, the ledger would be sound but for this."""
    database = Database(tmp_path / "station.sqlite")
    for key in (0, 7):
        await store_of(database, sealer(key=key)).append(Draft(Kind.DEVICE_FAULT, FAULT))
    database.close()
    known = sealer(key=0).signer
    check = Check(
        database=tmp_path / "station.sqlite",
        media=FileMedia(tmp_path / "media"),
        keys={known.key_id: verifier()},
        progress=lambda *_: None,
    )
    assert [one.fields.get("which") for one in check] == ["2"]


async def test_keys_that_the_ledger_rotated_to_are_used(tmp_path):
    """Three keys; only the last one's file is left. The first one's entries hang on the chain."""
    database = Database(tmp_path / "station.sqlite")
    for key in range(3):
        now, then = sealer(key=key).signer, sealer(key=key + 1).signer
        public_key = Ed25519Signer(bytes(range(key + 1, key + 33))).public_key
        proof = then.sign(rotation_message("linhe", now.key_id, public_key)).hex()
        rotation = KeyRotate(
            alg="ed25519", key_id=then.key_id, public_key=public_key.hex(), proof=proof
        )
        store = store_of(database, sealer(key=key))
        await store.append(Draft(Kind.DEVICE_FAULT, FAULT))
        if key < 2:
            await store.append(Draft(Kind.KEY_ROTATE, rotation))
    database.close()

    def problems():
        last = sealer(key=2).signer
        check = Check(
            database=tmp_path / "station.sqlite",
            media=FileMedia(tmp_path / "media"),
            keys={last.key_id: last},
            progress=lambda *_: None,
        )
        return [one.fields.get("which") for one in check]

    assert problems() == []
    edit(tmp_path, "UPDATE entry SET signature = zeroblob(64) WHERE seq = 3")
    assert problems() == ["3"]
