"""A witness: takes in what continues, refuses what does not, and never forgets either."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from central.domain.auditing.claims import LogKeys
from central.domain.witnessing import bare, merged
from central.witness.book import MOST_REFUSED, Book, Lines, RefusedCheckpoint, SeenCheckpoint
from central.witness.following import Follow, Status, Witness
from central.witness.settings import load
from station.contract.checkpoint import Checkpoint, cosignatures, cosigned_note, signed_note
from station.contract.sealing import stamp
from station.contract.signature import Ed25519Signer, rotation_message
from station.domain.errors import (
    BadSignature,
    MalformedEntry,
    NotTheLog,
    SettingsError,
    StoreFailed,
    StoreFull,
    UplinkError,
)
from station.domain.ledger import seal
from station.domain.merkle import EMPTY, consistency_proof
from tests.fakes import NOON, FakeClock

LOG = Ed25519Signer(b"\7" * 32)
OTHER = Ed25519Signer(b"\6" * 32)
WITNESS = Ed25519Signer(b"\5" * 32)
NAME = "discipline.example"
KEYS = LogKeys(origin="zhichao-centre", public_keys=(LOG.public_key,))


def leaf(number, story):
    return bytes([number]) * 31 + bytes([story])


class FakeLog:
    """A log that can tell several stories; they part ways after ``common`` leaves."""

    def __init__(self, size=0):
        self.size = size
        self.story = 0
        self.common = 10
        self.signer = LOG
        self.origin = KEYS.origin
        self.note = None
        self.reachable = True
        self.proof = None
        self.handed_back = []
        self.rotated = []
        self.asked = []

    def leaves(self, size):
        return [leaf(n, self.story if n >= self.common else 0) for n in range(size)]

    def signed(self):
        checkpoint = Checkpoint(
            origin=self.origin,
            size=self.size,
            root=EMPTY.extended(self.leaves(self.size)).root,
            at=stamp(NOON),
        )
        return signed_note(checkpoint, self.signer).decode()

    async def checkpoint(self):
        if not self.reachable:
            raise UplinkError("down")
        if self.note is not None:
            return self.note
        return self.signed() if self.size else None

    async def consistency(self, old, new):
        self.asked.append((old, new))
        if self.proof is not None:
            raise MalformedEntry(self.proof)
        leaves = self.leaves(new)
        return consistency_proof(old, new, lambda lo, hi: EMPTY.extended(leaves[lo:hi]).root)

    async def rotations(self):
        return self.rotated

    async def hand_back(self, note):
        if not self.reachable:
            raise UplinkError("down")
        self.handed_back.append(note)


class Scene:
    def __init__(self, folder):
        self.folder = folder
        self.log = FakeLog()
        self.clock = FakeClock()
        self.told = []
        self.open()

    def open(self):
        self.book = Book(self.folder)
        witness = Witness(name=NAME, signer=WITNESS, keys=KEYS, clock=self.clock)
        self.follow = Follow(witness, self.log, self.book, self.told.append)

    def reopen(self):
        self.book.close()
        self.open()

    async def look(self, size=None):
        if size is not None:
            self.log.size = size
        await self.follow.step()
        return self.follow.status

    @property
    def sizes(self):
        return [one.size for one in self.book.after(0, 100)]


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    yield made
    made.book.close()


async def test_each_checkpoint_that_continues_is_written_down_cosigned_and_handed_back(scene):
    assert await scene.look() is Status.WAITING
    for size in (3, 8, 8, 13):
        assert await scene.look(size) is Status.OK

    assert scene.sizes == [3, 8, 13]
    assert scene.log.asked == [(3, 8), (8, 13)]
    assert scene.log.handed_back == [one.note for one in scene.book.after(0, 9)]
    seconds = int(NOON.timestamp())
    for note in scene.log.handed_back:
        assert cosignatures(note.encode(), {NAME: WITNESS.public_key}) == {NAME: seconds}
        assert KEYS.read(note).size in {3, 8, 13}
    assert scene.told == []


@pytest.mark.parametrize(("size", "code"), [(11, "witness.shrunk"), (12, "witness.forked")])
async def test_another_story_is_refused_and_both_notes_are_kept(scene, size, code):
    await scene.look(12)
    before = scene.book.newest.note
    scene.log.story, scene.log.common = 1, 5

    assert await scene.look(size) is Status.REFUSED

    assert [one.code for one in scene.told] == [code]
    assert (scene.book.refusal.held, scene.book.refusal.offered) == (before, scene.log.signed())
    assert scene.sizes == [12]
    assert scene.log.handed_back == [before]


async def test_a_larger_tree_that_does_not_contain_the_old_one_is_refused(scene):
    await scene.look(12)
    scene.log.story, scene.log.common = 1, 5

    assert await scene.look(20) is Status.REFUSED

    assert scene.told[0].code == "witness.forked"
    assert scene.told[0].fields == {"held": 12, "offered": 20}
    assert len(scene.book.refusal.proof) > 0


async def test_a_log_that_gives_no_proof_is_refused(scene):
    await scene.look(12)
    scene.log.proof = "nothing"

    assert await scene.look(20) is Status.REFUSED
    assert scene.told[0].code == "witness.forked"


@pytest.mark.parametrize("wrong", ["signer", "origin", "note"])
async def test_what_the_log_has_not_signed_is_refused(scene, wrong):
    await scene.look(3)
    setattr(scene.log, wrong, {"signer": OTHER, "origin": "another", "note": "moved"}[wrong])

    assert await scene.look(8) is Status.REFUSED

    assert scene.told[0].code == "witness.not_the_log"
    assert scene.sizes == [3]


async def test_an_alarm_is_given_once_for_one_note_and_again_for_another(scene):
    await scene.look(12)
    for size in (11, 11, 10, 10):
        await scene.look(size)

    assert [one.fields["offered"] for one in scene.told] == [11, 10]
    assert scene.book.refusals == 2


async def test_the_log_that_comes_to_its_senses_is_followed_again_and_nothing_is_forgotten(scene):
    await scene.look(12)
    await scene.look(11)

    assert await scene.look(13) is Status.OK
    assert scene.sizes == [12, 13]
    scene.reopen()
    assert scene.book.refusals == 1
    assert scene.book.refusal.code == "witness.shrunk"


def rotation(ending, following, seq=7, **changed):
    """The entry of the centre's ledger by which one key follows another."""
    proof = following.sign(rotation_message("centre", ending.key_id, following.public_key))
    payload = {
        "alg": "ed25519",
        "key_id": following.key_id,
        "public_key": following.public_key.hex(),
        "proof": proof.hex(),
        **changed,
    }
    at = {"source": "ntp", "offset_ms": 0, "age_s": 0}
    tree = {
        "node": "centre",
        "boot_id": "b",
        "seq": seq,
        "prev": "0" * 64,
        "kind": "key_rotate",
        "version": 1,
        "wall_utc": stamp(NOON),
        "mono_ns": 0,
        "clock": at,
        "anchor": None,
        "legal_id": "l",
        "law_edition": "e",
        "payload": payload,
    }
    return seal(tree, ending)


async def test_a_key_that_follows_the_one_on_paper_is_followed_and_the_old_one_no_more(scene):
    await scene.look(3)
    scene.log.rotated = [rotation(LOG, OTHER)]
    scene.log.signer = OTHER
    for size in (8, 9):
        assert await scene.look(size) is Status.OK

    scene.log.signer = LOG
    assert await scene.look(10) is Status.REFUSED
    assert await scene.look(11) is Status.REFUSED
    scene.reopen()
    assert await scene.look(12) is Status.REFUSED
    scene.log.signer = OTHER
    assert await scene.look(13) is Status.OK

    assert scene.sizes == [3, 8, 9, 13]
    assert {one.code for one in scene.told} == {"witness.not_the_log"}
    assert scene.book.rotations == tuple(scene.log.rotated)  # each once


async def test_of_two_keys_on_paper_the_one_that_ended_is_refused(scene):
    both = LogKeys(origin=KEYS.origin, public_keys=(LOG.public_key, OTHER.public_key))
    scene.log.rotated = [rotation(LOG, OTHER)]
    witness = Witness(name=NAME, signer=WITNESS, keys=both, clock=scene.clock)
    scene.follow = Follow(witness, scene.log, scene.book, scene.told.append)

    assert await scene.look(3) is Status.REFUSED
    scene.log.signer = OTHER
    assert await scene.look(4) is Status.OK


STRANGER = Ed25519Signer(b"\4" * 32)


@pytest.mark.parametrize(
    "forged",
    [
        rotation(STRANGER, OTHER),
        rotation(LOG, OTHER, proof="00" * 64),
        rotation(LOG, OTHER, alg="rot13"),
        replace(rotation(LOG, OTHER), signature=bytes(64)),
    ],
)
async def test_a_rotation_that_the_log_or_its_new_key_did_not_sign_changes_nothing(scene, forged):
    await scene.look(3)
    scene.log.rotated = [forged]
    scene.log.signer = OTHER

    assert await scene.look(8) is Status.REFUSED
    assert scene.book.rotations == ()
    scene.log.signer = LOG
    assert await scene.look(9) is Status.OK


async def test_a_centre_that_does_not_answer_is_no_verdict(scene):
    await scene.look(3)
    scene.log.reachable = False

    assert await scene.look(8) is Status.UNREACHABLE

    assert scene.told == []
    scene.log.reachable = True
    assert await scene.look() is Status.OK
    assert scene.sizes == [3, 8]


async def test_a_line_that_was_not_handed_back_is_handed_back_later(scene):
    hand_back, scene.log.hand_back = scene.log.hand_back, _down
    assert await scene.look(3) is Status.UNREACHABLE
    scene.log.hand_back = hand_back

    assert await scene.look() is Status.OK
    assert await scene.look() is Status.OK

    assert len(scene.log.handed_back) == 1


async def _down(_note):
    raise UplinkError("down")


async def test_after_a_restart_it_goes_on_from_its_book(scene):
    await scene.look(12)
    scene.reopen()
    scene.log.story, scene.log.common = 1, 5

    assert await scene.look(20) is Status.REFUSED
    assert scene.told[0].code == "witness.forked"


async def test_a_book_of_another_log_is_not_gone_on_with(scene):
    await scene.look(3)
    other = LogKeys(origin=KEYS.origin, public_keys=(OTHER.public_key,))
    witness = Witness(name=NAME, signer=WITNESS, keys=other, clock=scene.clock)

    with pytest.raises(NotTheLog):
        Follow(witness, scene.log, scene.book, scene.told.append)


async def test_others_lines_are_left_out_of_the_cosigned_note(scene):
    scene.log.size = 3
    plain = scene.log.signed()
    scene.log.note = cosigned_note(plain.encode(), "police", OTHER, NOON).decode()
    again = cosigned_note(scene.log.note.encode(), NAME, WITNESS, NOON).decode()

    await scene.look()
    scene.log.note = again
    await scene.look()

    assert scene.log.handed_back == [cosigned_note(plain.encode(), NAME, WITNESS, NOON).decode()]
    assert bare(again) == plain


# The book


def seen(size):
    return SeenCheckpoint(at=stamp(NOON), size=size, note=f"note {size}")


def refused(number):
    return RefusedCheckpoint(at="", code="x", fields={}, held="", offered=str(number), proof=[])


def test_checkpoints_are_found_by_size_after_a_restart_too(tmp_path):
    book = Book(tmp_path)
    for size in (3, 8, 13):
        book.add(seen(size))
    for _ in range(2):
        assert [one.size for one in book.after(0, 2)] == [3, 8]
        assert [one.size for one in book.after(3, 9)] == [8, 13]
        assert book.after(13, 9) == []
        book.close()
        book = Book(tmp_path)
    book.close()


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_last_line_is_cut_off_and_the_whole_ones_stay(tmp_path, cut):
    path = tmp_path / "checkpoints.jsonl"
    book = Book(tmp_path)
    book.add(seen(3))
    book.add(seen(8))
    book.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])

    book = Book(tmp_path)
    assert book.newest.size == 3
    book.add(seen(8))
    book.close()

    assert path.read_bytes() == whole


def test_a_damaged_line_stops_the_witness_and_is_not_written_over(tmp_path):
    path = tmp_path / "checkpoints.jsonl"
    book = Book(tmp_path)
    book.add(seen(3))
    book.add(seen(8))
    book.close()
    damaged = path.read_bytes().replace(b'"size":3', b'"size":x')
    path.write_bytes(damaged)

    with pytest.raises(StoreFailed, match=r"checkpoints\.jsonl at byte 0"):
        Book(tmp_path)
    assert path.read_bytes() == damaged


def test_two_witnesses_do_not_write_into_one_book(tmp_path):
    book = Book(tmp_path)
    with pytest.raises(SettingsError):
        Book(tmp_path)
    book.close()
    Book(tmp_path).close()


def test_refusals_do_not_fill_the_disk(tmp_path):
    book = Book(tmp_path)
    book.refusals = MOST_REFUSED - 1
    assert [book.refuse(refused(n)) for n in (1, 2, 2, 3)] == [True, True, False, True]
    assert book.refusals == MOST_REFUSED + 2
    book.close()

    kept = (tmp_path / "refused.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line)["offered"] for line in kept] == ["1"]


def test_a_write_that_the_disk_cuts_short_leaves_nothing_behind(tmp_path, monkeypatch):
    lines = Lines(tmp_path / "lines", SeenCheckpoint)
    lines.append(seen(3))
    before = (tmp_path / "lines").read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))

    with pytest.raises(StoreFull):
        lines.append(seen(8))

    assert (tmp_path / "lines").read_bytes() == before
    lines.close()


@pytest.mark.parametrize(("number", "kind"), [(28, StoreFull), (5, StoreFailed)])
def test_an_error_of_the_disk_is_told(tmp_path, monkeypatch, number, kind):
    lines = Lines(tmp_path / "lines", SeenCheckpoint)

    def failing(_file):
        raise OSError(number, "no")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(kind):
        lines.append(seen(8))
    lines.close()


# At the centre


def note(size=3, by=()):
    log = FakeLog(size)
    made = log.signed().encode()
    for name, signer in by:
        made = cosigned_note(made, name, signer, NOON + timedelta(seconds=1))
    return made.decode()


KNOWN = {NAME: WITNESS.public_key, "police": OTHER.public_key}


def test_the_lines_of_several_witnesses_come_together():
    first, second = note(by=[(NAME, WITNESS)]), note(by=[("police", OTHER)])

    both = merged(merged(note(), first, KNOWN), second, KNOWN)

    assert set(cosignatures(both.encode(), KNOWN)) == {NAME, "police"}
    assert merged(both, first, KNOWN) == both


def test_a_line_of_nobody_known_is_left_out():
    for by in [("passer-by", OTHER), (NAME, OTHER)]:
        assert merged(note(), note(by=[by]), KNOWN) == note()


def test_a_line_over_another_checkpoint_is_refused():
    with pytest.raises(BadSignature):
        merged(note(3), note(4, by=[(NAME, WITNESS)]), KNOWN)


def test_what_is_no_note_is_refused():
    with pytest.raises(MalformedEntry):
        merged(note(), "nothing", KNOWN)


# Settings

GOOD = f"""
[witness]
name = "{NAME}"
data_dir = "book"
[log]
url = "https://centre.example:8443"
authority = "authority.pem"
origin = "zhichao-centre"
public_keys = ["{LOG.public_key.hex()}"]
"""


def test_the_settings_folder_is_where_relative_paths_begin(tmp_path):
    path = tmp_path / "witness.toml"
    path.write_text(GOOD, "utf-8")

    settings = load(path)

    assert settings.witness.data_dir == tmp_path / "book"
    assert settings.log.authority == str(tmp_path / "authority.pem")
    assert settings.witness.every_s == 60


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://centre.example:8443", "centre.example"),
        (NAME, "two words"),
        (f'["{LOG.public_key.hex()}"]', "[]"),
        (LOG.public_key.hex(), "ab"),
        ("[log]", "[logg]"),
        ("name", "nom"),
    ],
)
def test_what_is_wrong_in_the_settings_is_said(tmp_path, before, after):
    path = tmp_path / "witness.toml"
    path.write_text(GOOD.replace(before, after, 1), "utf-8")

    with pytest.raises(SettingsError, match=r"witness\.toml"):
        load(path)
    with pytest.raises(SettingsError):
        load(tmp_path / "nowhere.toml")
