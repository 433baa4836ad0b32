"""A rotation is one step: whenever the power goes, one key is in force and the ledger holds."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from station.application.ports import Draft
from station.bootstrap.opening import claimed, open_store, signing_key
from station.bootstrap.signing import NAME, NEXT
from station.bootstrap.upkeep import rotated
from station.contract.enrolling import CentreIdentity
from station.contract.entries import Kind, Run
from station.contract.keyring import KeyRing, NodeKey
from station.domain.errors import KeyNotGood, NotEnrolled, SettingsError, SigningKeyGone
from station.domain.ledger import GENESIS
from station.keys.centre import keep_centre
from station.settings import read_settings
from tests.machines import STATION

ROOT = Path(__file__).parents[2]
CENTRE = CentreIdentity(node="centre", alg="ed25519", key_id="00", public_key="00", origin="o")


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "station.toml"
    path.write_text(STATION.format(node="linhe", url="https://127.0.0.1:1"), "utf-8")
    return read_settings(path)


@pytest.fixture
def enrolled(settings):
    signing_key(settings)
    keep_centre(settings.station.data_dir, CENTRE)
    return settings


def write(stored, note):
    draft = Draft(Kind.START, Run(program="p", detail=note))
    return stored.database.run_now(lambda connection: stored.ledger.append_on(connection, [draft]))


def written(settings, note):
    stored = open_store(settings)
    try:
        write(stored, note)
        return stored.database.run_now(_entries)
    finally:
        stored.close()


def _entries(connection):
    from station.domain.ledger import parse

    rows = connection.execute("SELECT body, signature FROM entry ORDER BY seq")
    return [parse(body, signature) for body, signature in rows]


def ring_after(entries, first):
    """Follow the ledger as whoever holds the first key does; every entry must be good."""
    ring, prev = KeyRing((first,)), GENESIS
    for place, entry in enumerate(entries, 1):
        assert (entry.seq, entry.prev) == (place, prev)
        ring.verify_entry(entry)
        ring, prev = ring.after(entry), entry.digest
    return ring


def first_key(settings):
    key = signing_key(settings)
    return NodeKey(key_id=key.key_id, public_key=key.public_key, from_seq=1)


def test_the_next_entry_is_signed_by_the_new_key_and_the_old_one_is_gone(enrolled):
    first = first_key(enrolled)
    before = (enrolled.station.data_dir / NAME).read_bytes()
    written(enrolled, "before")

    key_id = asyncio.run(rotated(enrolled))

    entries = written(enrolled, "after")
    ring = ring_after(entries, first)
    assert [entry.kind for entry in entries] == ["start", "key_rotate", "start"]
    assert [entry.key_id for entry in entries] == [first.key_id, first.key_id, key_id]
    assert [(key.from_seq, key.until_seq) for key in ring.keys] == [(1, 2), (3, None)]
    held = [path for path in enrolled.station.data_dir.iterdir() if path.is_file()]
    assert all(before not in path.read_bytes() for path in held)
    assert NEXT not in [path.name for path in held]


def test_a_key_is_rotated_as_often_as_one_likes(enrolled):
    first = first_key(enrolled)
    for number in range(3):
        asyncio.run(rotated(enrolled))
        entries = written(enrolled, str(number))

    assert len(ring_after(entries, first).keys) == 4


KILLED = """
import os, signal, sys
from pathlib import Path
from station.bootstrap import signing
import asyncio
from station.bootstrap.upkeep import rotated
from station.settings import read_settings
from station.store.sqlite_store import SqliteStore

owner, name, when = sys.argv[2:]
owner = {"signing": signing, "store": SqliteStore}[owner]
true = getattr(owner, name)

def killed(*arguments):
    if when == "after":
        true(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, killed)
asyncio.run(rotated(read_settings(Path(sys.argv[1]))))
"""
STEPS = [
    ("signing", "write_durably", "before", False),
    ("signing", "write_durably", "after", False),
    ("store", "append_on", "before", False),
    ("store", "append_on", "after", True),
    ("signing", "move_durably", "before", True),
    ("signing", "move_durably", "after", True),
]


def kill_at(settings, owner, name, when):
    path = settings.station.data_dir.parent / "station.toml"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(path), owner, name, when],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize(("owner", "name", "when", "rotates"), STEPS)
def test_a_kill_at_any_step_leaves_one_key_in_force(enrolled, owner, name, when, rotates):
    first = first_key(enrolled)
    written(enrolled, "before")

    kill_at(enrolled, owner, name, when)

    entries = written(enrolled, "after")
    ring = ring_after(entries, first)
    assert (entries[-1].key_id != first.key_id) is rotates
    assert len(ring.keys) == (2 if rotates else 1)
    asyncio.run(rotated(enrolled))
    ring_after(written(enrolled, "and again"), first)


def test_a_program_that_was_open_meanwhile_writes_nothing_with_the_old_key(enrolled):
    stored = open_store(enrolled)
    asyncio.run(rotated(enrolled))

    with pytest.raises(SigningKeyGone, match="rotated meanwhile"):
        write(stored, "late")

    stored.close()
    assert [entry.kind for entry in written(enrolled, "x")] == ["key_rotate", "start"]


def test_a_station_that_runs_keeps_its_key(enrolled):
    with claimed(enrolled), pytest.raises(SettingsError, match="another program"):
        asyncio.run(rotated(enrolled))

    assert [entry.kind for entry in written(enrolled, "x")] == ["start"]


def test_a_key_that_nobody_knows_yet_is_not_rotated(settings):
    with pytest.raises(NotEnrolled):
        asyncio.run(rotated(settings))


def test_a_key_that_has_ended_is_not_taken_for_the_one_in_force(enrolled):
    path = enrolled.station.data_dir / NAME
    old = path.read_bytes()
    asyncio.run(rotated(enrolled))
    path.write_bytes(old)

    with pytest.raises(SigningKeyGone):
        open_store(enrolled)


def test_an_entry_of_the_old_key_after_its_end_is_not_good(enrolled):
    first = first_key(enrolled)
    asyncio.run(rotated(enrolled))
    ring = ring_after(written(enrolled, "x"), first)
    forged = written(enrolled, "y")[-1]

    assert ring.good(forged).key_id != first.key_id
    with pytest.raises(KeyNotGood):
        KeyRing(ring.keys[:1]).verify_entry(forged)
