"""The way down: what is not the centre's, or does not follow, is not taken."""

import asyncio
import contextlib

import pytest

from station.application import pulling
from station.application.centre_keys import CentreKeys, Following
from station.application.checkpoints import Checkpoints
from station.application.pulling import Puller
from station.application.timekeeping import TimeKeeper
from station.contract.entries import Enrolment, KeyRevoked, KeyRotate, Kind, Watched, WatchList
from station.contract.signature import Ed25519Signer, rotation_message
from station.contract.uplink import Receipt, sign_receipt
from station.domain.errors import (
    BadSignature,
    BrokenChain,
    CentreContradicts,
    EvidenceError,
    Fork,
    KeyNotGood,
    MalformedEntry,
    StoreFull,
    UplinkError,
)
from station.domain.ledger import Head
from tests.fakes import FakeCentre, FakeClock

SECOND = Ed25519Signer(bytes(range(50, 82)))
STRANGER = Ed25519Signer(bytes(range(7, 39)))


UNSIGNED = Receipt(
    node="linhe",
    seq=1,
    digest="0" * 64,
    leaf_index=0,
    log_size=1,
    root="0" * 64,
    at="2026-03-01T04:00:00.000Z",
    key_id="",
    sig="",
)


def a_list(plate="蒙L12345"):
    return WatchList(watched=[Watched(plate=plate, reason="欠缴", until="2026-12-31")])


class FakeLedger:
    """Keeps what it is given; *answers* are raised first."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.entries = []
        self.note = ""

    async def append(self, entries, _openings):
        if self.answers:
            raise self.answers.pop(0)
        self.entries += entries

    async def checkpoint(self):
        return self.note

    async def note_checkpoint(self, note):
        self.note = note


class FakeOwn:
    """The station's own ledger."""

    def __init__(self):
        self.payloads = []

    async def append(self, *drafts):
        self.payloads += [draft.payload for draft in drafts]


class Line:
    def __init__(self, centre, ledger=None, report=lambda *_: None):
        self.centre, self.ledger = centre, ledger or FakeLedger()
        self.clock = FakeClock()
        self.time = TimeKeeper(self.clock)
        self.own = FakeOwn()
        self.checkpoints = Checkpoints(self.ledger, self.own, self.time)
        self.puller = Puller(
            centre=centre,
            ledger=self.ledger,
            following=Following(CentreKeys.of(centre.identity), Head()),
            report=report,
            pulled=self.pulled,
        )

    async def pulled(self, answer):
        await self.checkpoints.see(answer.checkpoint, self.puller.keys)

    async def pull(self):
        await self.puller.pull_all()
        return len(self.ledger.entries)


def rotate(centre, new=SECOND):
    proof = new.sign(rotation_message(centre.node, centre.key.key_id, new.public_key)).hex()
    changed = KeyRotate(
        alg="ed25519", key_id=new.key_id, public_key=new.public_key.hex(), proof=proof
    )
    centre.publish(Kind.KEY_ROTATE, changed)
    centre.key = new


class Away(FakeCentre):
    async def down(self, after):
        raise UplinkError("no route")


async def test_a_line_that_is_down_is_told_though_nothing_waits_to_be_sent(monkeypatch):
    monkeypatch.setattr(pulling, "EVERY_S", 0.01)
    told = asyncio.Queue()
    line = Line(Away(), report=lambda *state: told.put_nowait(state))
    running = asyncio.create_task(line.puller.run())
    try:
        async with asyncio.timeout(10):
            assert await told.get() == ("uplink", "no route")
    finally:
        running.cancel()


async def test_page_after_page_is_fetched_once():
    centre = FakeCentre()
    line = Line(centre)
    assert await line.pull() == 0
    for _ in range(450):
        centre.publish(Kind.WATCH_LIST, a_list())
    assert await line.pull() == 450
    assert await line.pull() == 450
    assert line.ledger.entries == centre.own_entries


async def test_what_could_not_be_written_is_fetched_again():
    centre = FakeCentre()
    line = Line(centre, FakeLedger(StoreFull("full")))
    centre.publish(Kind.WATCH_LIST, a_list())
    with pytest.raises(StoreFull):
        await line.pull()
    assert await line.pull() == 1


async def test_an_entry_that_somebody_else_signed_is_not_taken():
    centre = FakeCentre()
    line = Line(centre)
    centre.publish(Kind.WATCH_LIST, a_list())
    assert await line.pull() == 1
    centre.publish(Kind.WATCH_LIST, a_list("蒙L99999"), STRANGER)
    with pytest.raises(KeyNotGood):
        await line.pull()
    assert len(line.ledger.entries) == 1


async def test_a_forged_signature_under_the_centres_key_id_is_not_taken():
    centre = FakeCentre()
    forger = Ed25519Signer(bytes(32))
    forger.key_id = centre.key.key_id
    centre.publish(Kind.WATCH_LIST, a_list(), forger)
    with pytest.raises(BadSignature):
        await Line(centre).pull()


async def test_a_ledger_that_was_replaced_is_not_followed():
    centre, other = FakeCentre(), FakeCentre()
    line = Line(centre)
    centre.publish(Kind.WATCH_LIST, a_list())
    await line.pull()
    other.publish(Kind.WATCH_LIST, a_list("蒙L00000"))
    other.publish(Kind.WATCH_LIST, a_list())
    centre.own_entries = other.own_entries
    with pytest.raises(Fork):
        await line.pull()


async def test_a_gap_is_not_followed():
    centre = FakeCentre()
    for _ in range(3):
        centre.publish(Kind.WATCH_LIST, a_list())
    del centre.own_entries[0]
    with pytest.raises(BrokenChain):
        await Line(centre).pull()


async def test_entries_of_another_node_are_not_the_centres():
    centre = FakeCentre()
    line = Line(centre)
    centre.node = "impostor"
    centre.publish(Kind.WATCH_LIST, a_list())
    with pytest.raises(MalformedEntry):
        await line.pull()


async def test_a_key_that_the_centre_changed_to_is_known_from_then_on():
    centre = FakeCentre()
    line = Line(centre)
    rotate(centre)
    centre.publish(Kind.WATCH_LIST, a_list())
    assert await line.pull() == 2
    assert line.puller.keys.knows(SECOND.key_id)
    centre.publish(Kind.WATCH_LIST, a_list(), FakeCentre.key)  # the key that has ended
    with pytest.raises(KeyNotGood):
        await line.pull()


async def test_a_station_enrolled_after_a_rotation_takes_what_came_before_once_it_is_bound():
    centre = FakeCentre()
    centre.publish(Kind.WATCH_LIST, a_list())
    rotate(centre)
    line = Line(centre)  # its enrolment named the second key alone
    assert await line.pull() == 0  # nothing that the second key signed binds it yet
    centre.publish(Kind.WATCH_LIST, a_list("蒙L99999"))
    assert await line.pull() == 3
    assert line.ledger.entries == centre.own_entries


async def test_a_history_that_leads_to_no_known_key_is_never_taken():
    centre = FakeCentre()
    line = Line(centre)
    centre.key = STRANGER
    for _ in range(5):
        centre.publish(Kind.WATCH_LIST, a_list())
    assert await line.pull() == 0
    centre.own_entries = []
    assert line.ledger.entries == []


async def test_a_key_that_has_ended_signs_neither_receipt_nor_checkpoint_any_more():
    centre = FakeCentre()
    line = Line(centre)
    old = centre.key
    centre.sign_checkpoint(5)
    await line.pull()
    kept = centre.note
    rotate(centre)
    centre.sign_checkpoint(6)
    await line.pull()

    keys = line.puller.keys
    assert [key.key_id for key in keys.newest] == [SECOND.key_id]
    assert keys.read_note(kept, kept=True).size == 5  # what was taken while it was in force stands
    with pytest.raises(BadSignature):
        keys.read_note(kept)
    for signer, good in ((SECOND, True), (old, False)):
        receipt = sign_receipt(UNSIGNED, signer)
        with contextlib.nullcontext() if good else pytest.raises(KeyNotGood):
            keys.check_receipt(receipt)
    centre.key = old
    centre.sign_checkpoint(7)
    with pytest.raises(BadSignature):
        await line.pull()


async def test_a_checkpoint_by_a_key_that_a_later_page_tells_of_is_waited_for():
    centre = FakeCentre()
    line = Line(centre)
    for _ in range(450):
        centre.publish(Kind.WATCH_LIST, a_list())
    rotate(centre)
    centre.sign_checkpoint(451)
    assert await line.pull() == 451


async def test_a_revoked_key_signs_no_receipt_any_more():
    centre = FakeCentre()
    line = Line(centre)
    old = centre.key
    rotate(centre)
    revoked = KeyRevoked(
        node="centre", key_id=old.key_id, from_seq=1, reason="泄露", officers=["H1", "H2"]
    )
    other = KeyRevoked(
        node="linhe", key_id=SECOND.key_id, from_seq=1, reason="泄露", officers=["H1", "H2"]
    )
    centre.publish(Kind.KEY_REVOKED, revoked)
    centre.publish(Kind.KEY_REVOKED, other)  # of another node: not the centre's key
    await line.pull()
    assert [key.key_id for key in line.puller.keys.in_force] == [SECOND.key_id]


def test_what_an_enrolment_named_stands_for_the_whole_way_after_a_restart():
    centre = FakeCentre()
    identity = centre.identity
    enrolled = Enrolment(node="linhe", alg="ed25519", key_id="k", public_key="00", from_seq=1)
    centre.publish(Kind.ENROLMENT, enrolled)
    rotate(centre)
    keys = CentreKeys.of(identity, centre.own_entries[1:])
    assert keys.knows(SECOND.key_id)
    assert keys.knows(identity.key_id)


async def test_the_newest_checkpoint_anchors_the_next_entry():
    centre = FakeCentre()
    line = Line(centre)
    centre.sign_checkpoint(5)
    await line.pull()
    assert line.time.witnessed().anchor.log_size == 5
    assert line.ledger.note == centre.note


@pytest.mark.parametrize(("size", "root"), [(4, bytes(32)), (5, b"\x01" * 32)])
async def test_a_log_that_shrank_or_has_two_roots_is_written_down_and_followed(size, root):
    centre = FakeCentre()
    line = Line(centre)
    centre.sign_checkpoint(5)
    await line.pull()
    kept = line.ledger.note
    centre.sign_checkpoint(size, root)
    with pytest.raises(CentreContradicts):
        await line.pull()
    (said,) = line.own.payloads
    assert (said.what, said.former, said.later) == ("checkpoint", kept, centre.note)
    assert line.time.witnessed().anchor.log_size == size
    await line.pull()  # it is held against it once
    centre.sign_checkpoint(6)
    await line.pull()
    assert len(line.own.payloads) == 1


@pytest.mark.parametrize("change", ["key", "origin"])
async def test_a_checkpoint_of_another_log_is_refused(change):
    centre = FakeCentre()
    line = Line(centre)
    if change == "key":
        centre.key = STRANGER
    else:
        centre.origin = "another-log"
    centre.sign_checkpoint(5)
    with pytest.raises(EvidenceError):
        await line.pull()


async def test_after_a_restart_the_last_checkpoint_still_counts():
    centre = FakeCentre()
    line = Line(centre)
    centre.sign_checkpoint(5)
    await line.pull()
    again = Checkpoints(line.ledger, line.own, TimeKeeper(line.clock))
    await again.begin(line.puller.keys)
    centre.sign_checkpoint(4)
    with pytest.raises(CentreContradicts):
        await again.see(centre.note, line.puller.keys)
