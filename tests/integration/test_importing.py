"""Clips of body cameras: taken in when they have settled, tied to acts, and never lost."""

import json
import os
import struct
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from station.application.importing import Importing
from station.application.ports import Account
from station.contract.entries import RecordingImported, read
from station.domain.clock import CHINA
from station.domain.errors import StoreFull
from station.domain.officers import Role
from station.domain.procedure import Act
from station.store.accounts import SqliteAccounts
from station.store.case_files import SqliteCaseFiles
from station.store.inbox import FolderInbox
from tests.acts import pair
from tests.papers import CASE_NO, Desk

_1904 = datetime(1904, 1, 1, tzinfo=UTC)


@pytest.fixture
async def place(tmp_path):
    made = Desk(tmp_path)
    made.accounts = SqliteAccounts(made.database)
    await made.accounts.put_account(Account(officer=pair(Role.ROAD).second, password_hash="x"))
    made.folder = tmp_path / "inbox" / "road2"
    made.folder.mkdir(parents=True)
    made.inbox = FolderInbox(tmp_path / "inbox", made.media)
    made.importing = importing(made)
    await made.open()
    await made.act(Act.ORDER_TO_CORRECT)
    yield made
    made.inbox.close()
    made.close()


def importing(place):
    return Importing(
        inbox=place.inbox,
        clips=SqliteCaseFiles(place.database, place.store),
        accounts=place.accounts,
        ledger=place.store,
        clock=place.clock,
        every_s=1,
    )


def mp4(path, began_at=None):
    """Write a tiny clip; *began_at* goes into its header, as a camera would."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
    for shade in range(20):
        writer.write(np.full((48, 64, 3), shade * 10, np.uint8))
    writer.release()
    if began_at is not None:
        data = bytearray(path.read_bytes())
        at = data.index(b"mvhd") + 8
        data[at : at + 4] = struct.pack(">I", int((began_at - _1904).total_seconds()))
        path.write_bytes(data)


def named(place, before, after):
    """Return a name with two times around now."""
    now = place.clock.now().astimezone(CHINA)
    began, ended = now - timedelta(seconds=before), now + timedelta(seconds=after)
    return f"DSJ_{began:%Y%m%d%H%M%S}_{ended:%Y%m%d%H%M%S}.mp4"


async def imported(place):
    entries = await place.store.entries_after(0, 1000)
    return [p for p in (read(one)[1] for one in entries) if isinstance(p, RecordingImported)]


async def twice(place):
    return [await place.importing.look(), await place.importing.look()]


async def test_a_clip_is_taken_in_when_two_looks_found_it_the_same_and_tied_to_its_act(place):
    path = place.folder / named(place, 60, 60)
    mp4(path)
    assert await place.importing.look() == 0
    os.utime(path, ns=(1, 1))  # still being copied
    assert await twice(place) == [0, 1]
    (clip,) = await imported(place)
    assert (clip.officer, clip.device, clip.timed_by) == ("road2", "DSJ", "name")
    assert [(one.case_no, one.act) for one in clip.acts] == [(CASE_NO, "order_to_correct")]
    assert len(await place.media.fetch(clip.sha256)) == clip.size
    assert list(place.folder.iterdir()) == []


async def test_the_file_itself_or_one_beside_it_may_say_when(place):
    now = place.clock.now()
    mp4(place.folder / "a.mp4", now - timedelta(seconds=1))
    mp4(place.folder / "b.mp4", now - timedelta(hours=2))
    beside = {"began_at": now.isoformat(), "ended_at": now.isoformat(), "device": "D7"}
    (place.folder / "b.mp4.json").write_text(json.dumps(beside), "utf-8")
    assert await twice(place) == [0, 2]
    timed = {one.source: (one.timed_by, one.device, len(one.acts)) for one in await imported(place)}
    assert timed == {"a.mp4": ("container", "", 1), "b.mp4": ("sidecar", "D7", 1)}
    assert list(place.folder.iterdir()) == []


async def test_what_cannot_be_taken_in_stays_with_its_reason(place):
    stranger = place.folder.parent / "NOBODY"
    stranger.mkdir()
    mp4(place.folder / "untimed.mp4")
    mp4(place.folder / named(place, 0, 3600))
    whole = place.folder / "DSJ_20260301120000_20260301120100.mp4"
    mp4(whole)
    whole.write_bytes(whole.read_bytes()[:-40])
    (place.folder / "note.txt").write_text("x", "utf-8")
    mp4(stranger / named(place, 60, 0))
    assert await twice(place) == [0, 0]
    reasons = {name: why.code for (_, name), why in place.importing.refused.items()}
    assert sorted(reasons.values()) == [
        "recording.broken",
        "recording.kind",
        "recording.nobody",
        "recording.unlikely",
        "recording.untimed",
    ]
    assert len(list(place.folder.iterdir())) == 4
    assert await imported(place) == []


async def test_a_clip_that_was_taken_in_before_is_only_removed(place):
    name = named(place, 60, 60)
    mp4(place.folder / name)
    data = (place.folder / name).read_bytes()
    assert await twice(place) == [0, 1]
    (place.folder / name).write_bytes(data)  # killed between the entry and the removal
    place.importing = importing(place)
    assert await twice(place) == [0, 0]
    assert len(await imported(place)) == 1
    assert list(place.folder.iterdir()) == []


async def test_nothing_is_removed_before_it_is_durable(place, monkeypatch):
    path = place.folder / named(place, 60, 60)
    mp4(path)

    async def full(*_drafts):
        raise StoreFull("no space")

    await place.importing.look()
    with monkeypatch.context() as patched:
        patched.setattr(place.store, "append", full)
        with pytest.raises(StoreFull):
            await place.importing.look()
    assert path.exists()
    assert await place.importing.look() == 1
