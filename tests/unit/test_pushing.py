"""Delivery: in order, again and again, and nothing is forgotten."""

import contextlib

import pytest

from station.application.ahead import Ahead
from station.application.centre_keys import CentreKeys, Following
from station.application.pulling import Puller
from station.application.pushing import (
    LONGEST_PATIENCE_S,
    LONGEST_PAUSE_S,
    LOOK_EVERY_S,
    REFUSED_PAUSE_S,
    Pusher,
)
from station.contract.entries import KeyRotate, Kind, Run
from station.contract.receipts import check_both, check_place
from station.contract.signature import Ed25519Signer, rotation_message
from station.contract.uplink import NONE
from station.domain.errors import (
    BadOpening,
    BadReceipt,
    BrokenChain,
    CentreContradicts,
    Fork,
    StoreCorrupt,
    StoreFull,
    UplinkError,
)
from station.domain.ledger import Head
from tests.fakes import FakeCentre, sealer


class Stop(Exception):
    pass


class FakeLedger:
    """A ledger of so many entries, and its outbox."""

    def __init__(self, count):
        self.entries = []
        self.mark = 0
        self.receipts = []
        self.beside = {}
        self.write(count)

    def write(self, count):
        for _ in range(count):
            head = self.entries[-1].head if self.entries else Head()
            run = Run(program="p", detail=str(head.seq))
            self.entries.append(sealer().seal(Kind.START, run, head))

    async def head(self):
        return self.entries[-1].head if self.entries else Head()

    async def entries_after(self, seq, limit):
        return self.entries[seq : seq + limit]

    async def openings(self, first, last):
        found = {seq: one for seq, one in self.beside.items() if first <= seq <= last}
        for seq, one in found.items():
            if one == "spoilt":
                raise BadOpening(seq=seq, field="driver_name")
        return found

    async def delivered(self):
        return self.mark

    async def go_back(self, seq):
        self.mark, self.receipts = seq, []

    async def note_receipt(self, receipt):
        if receipt.digest != self.entries[receipt.seq - 1].digest:
            raise BadReceipt("another entry")
        check_place(receipt)
        try:
            for earlier in self.receipts:
                check_both(earlier, receipt)
        except BadReceipt as exc:
            self.receipts, self.mark = [receipt], receipt.seq
            raise CentreContradicts(exc.detail) from exc
        self.receipts.append(receipt)
        self.mark = max(self.mark, receipt.seq)


def rotate(centre):
    """Let the centre change its key, and say so in its ledger."""
    new = Ed25519Signer(bytes(range(50, 82)))
    proof = new.sign(rotation_message(centre.node, centre.key.key_id, new.public_key)).hex()
    changed = KeyRotate(
        alg="ed25519", key_id=new.key_id, public_key=new.public_key.hex(), proof=proof
    )
    centre.publish(Kind.KEY_ROTATE, changed)
    centre.key = new


class FakeCentreLedger:
    """Where the centre's own entries go."""

    def __init__(self):
        self.entries = []

    async def append(self, entries, openings=NONE):
        self.entries += entries


class Line:
    """A pusher and a puller on fakes."""

    def __init__(self, ledger, centre, stops_after=1):
        self.pauses, self.states = [], []
        self.ledger, self.centre, self.stops_after = ledger, centre, stops_after
        self.pulled = FakeCentreLedger()
        self.puller = Puller(
            centre=centre,
            ledger=self.pulled,
            following=Following(CentreKeys.of(centre.identity), Head()),
            report=lambda *_: None,
            pulled=self.nothing,
        )
        self.pusher = Pusher(
            node="linhe",
            ledger=ledger,
            outbox=ledger,
            centre=centre,
            puller=self.puller,
            report=lambda code, _: self.states.append(code),
            sleep=self.sleep,
            jitter=lambda: 1.0,
        )

    async def nothing(self, _down):
        pass

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        if len(self.pauses) == self.stops_after:
            raise Stop

    async def run(self):
        with pytest.raises(Stop):
            await self.pusher.run()
        return self


async def run(ledger, centre, stops_after=1):
    """Run until *stops_after* pauses."""
    return await Line(ledger, centre, stops_after).run()


async def test_everything_is_delivered_in_order():
    ledger, centre = FakeLedger(450), FakeCentre()
    line = await run(ledger, centre)
    assert [seq for batch in centre.batches for seq in batch] == list(range(1, 451))
    assert (ledger.mark, line.pusher.waiting) == (450, 0)
    assert set(line.states) == {"ok"}


async def test_a_batch_is_bounded_in_bytes_and_one_entry_always_goes(monkeypatch):
    ledger = FakeLedger(5)
    size = len(ledger.entries[0].body)
    for bound, sent in [(1, 1), (2 * size, 2), (2 * size - 1, 1), (100 * size, 5)]:
        monkeypatch.setattr("station.application.pushing.BATCH_BYTES", bound)
        ledger.mark, ledger.receipts, centre = 0, [], FakeCentre()
        await Line(ledger, centre).pusher.push_once()
        assert len(centre.batches[0]) == sent


async def test_while_the_centre_is_away_pauses_grow_and_nothing_is_noted():
    ledger, centre = FakeLedger(3), FakeCentre(*[UplinkError("away")] * 8)
    line = await run(ledger, centre, 8)
    assert line.pauses == [1, 2, 4, 8, 16, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert ledger.mark == 0
    assert set(line.states) == {"uplink"}


async def test_after_the_outage_all_arrives():
    ledger, centre = FakeLedger(3), FakeCentre(UplinkError("away"))
    line = await run(ledger, centre, 2)
    assert centre.batches == [[1, 2, 3]]
    assert line.states == ["uplink", "ok"]


async def test_a_centre_that_lost_entries_gets_them_again():
    ledger, centre = FakeLedger(5), FakeCentre(BrokenChain("gap", expected=2))
    ledger.mark = 4
    centre.entries, centre.leaves = ledger.entries[:1], 1
    line = await run(ledger, centre, 2)
    assert centre.batches == [[2, 3, 4, 5]]
    assert line.states == ["evidence.centre_contradicts", "ok"]


async def test_a_centre_that_contradicts_itself_for_ever_is_let_do_so_ever_less_often():
    ledger, centre = FakeLedger(5), FakeCentre(*[BrokenChain("gap", expected=2)] * 11)
    ledger.mark = 4
    centre.entries = ledger.entries[:1]

    class Forgetful(FakeLedger):
        async def go_back(self, _seq):
            pass

    ledger.go_back = Forgetful(0).go_back
    line = await run(ledger, centre, 11)
    assert line.pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, LONGEST_PATIENCE_S]


@pytest.mark.parametrize(("less", "pause"), [(1, 2), (0, 1)])
async def test_a_contradiction_is_forgotten_after_a_long_time_without_one(less, pause):
    """Not by one success: a centre that contradicts itself in turns would fill the ledger."""
    ledger, centre = FakeLedger(5), FakeCentre(BrokenChain("gap", expected=2))
    ledger.mark = 4
    centre.entries, centre.leaves = ledger.entries[:1], 1
    looks = int(LONGEST_PATIENCE_S / LOOK_EVERY_S) - less

    class Again(Line):
        async def sleep(self, seconds):
            if len(self.pauses) == looks:
                ledger.write(1)
                centre.answers.append(BrokenChain("gap", expected=2))
            await super().sleep(seconds)

    line = Again(ledger, centre, looks + 2)
    await line.run()
    assert set(line.pauses[1:-1]) == {LOOK_EVERY_S}
    assert line.states.count("evidence.centre_contradicts") == 2
    assert line.pauses[-1] == pause


async def test_a_centre_that_expects_what_was_never_written_is_not_followed():
    ledger, centre = FakeLedger(5), FakeCentre(BrokenChain("gap", expected=9))
    ledger.mark = 4
    line = await run(ledger, centre)
    assert (line.pauses, line.states) == ([REFUSED_PAUSE_S], ["evidence.broken_chain"])
    assert ledger.mark == 4


async def test_after_a_fork_nothing_further_is_sent():
    ledger, centre = FakeLedger(5), FakeCentre(*[Fork("fork", seq=1)] * 3)
    line = await run(ledger, centre, 3)
    assert centre.batches == []
    assert line.pauses == [REFUSED_PAUSE_S] * 3
    assert set(line.states) == {"evidence.fork"}


async def test_an_entry_that_decayed_is_not_sent_and_nothing_passes_it():
    class Decayed(FakeLedger):
        async def entries_after(self, seq, limit):
            raise StoreCorrupt("its digest is another", what="entry", which=str(seq + 1))

    ledger, centre = Decayed(5), FakeCentre()
    line = await run(ledger, centre, 3)
    assert centre.batches == []
    assert line.pauses == [REFUSED_PAUSE_S] * 3
    assert set(line.states) == {"store.corrupt"}


@pytest.mark.parametrize(
    "lie",
    [
        {"node": "hailiutu"},
        {"digest": "0" * 64},
        {"leaf_index": 9},
        {"seq": 0},
    ],
)
async def test_a_receipt_that_cannot_be_true_stops_delivery(lie):
    ledger, centre = FakeLedger(3), FakeCentre()
    centre.receipt = lie
    line = await run(ledger, centre)
    assert (line.pauses, line.states) == ([REFUSED_PAUSE_S], ["evidence.bad_receipt"])
    assert ledger.mark == 0


async def test_a_receipt_that_somebody_else_signed_stops_delivery():
    ledger, centre = FakeLedger(3), FakeCentre()
    line = Line(ledger, centre)
    centre.key = Ed25519Signer(bytes(range(7, 39)))
    await line.run()
    assert line.states == ["evidence.bad_receipt"]
    assert ledger.mark == 0


async def test_a_centre_that_asks_for_no_place_at_all_is_not_followed():
    ledger, centre = FakeLedger(5), FakeCentre(BrokenChain("gap", expected=0))
    ledger.mark = 4
    line = await run(ledger, centre)
    assert (line.states, ledger.mark) == (["evidence.broken_chain"], 4)


async def test_a_log_that_has_shrunk_is_told_of_and_delivery_goes_on():
    ledger, centre = FakeLedger(3), FakeCentre()
    line = Line(ledger, centre)
    await line.pusher.push_once()
    ledger.write(2)
    centre.receipt = {"log_size": 2, "leaf_index": 1}
    line.stops_after = 2
    await line.run()
    assert line.states == ["evidence.centre_contradicts"]  # nothing is left to be sent
    assert ledger.mark == 5


async def test_who_sends_nothing_does_not_say_that_the_line_is_well():
    line = await run(FakeLedger(0), FakeCentre())
    assert line.states == []


async def test_no_receipt_moves_nothing_and_is_asked_for_again():
    ledger, centre = FakeLedger(3), FakeCentre()
    centre.receipt = {"seq": 2, "leaf_index": 1, "digest": ledger.entries[1].digest}
    line = await run(ledger, centre)
    assert line.states == ["uplink"]
    assert ledger.mark == 2  # so far it is durable there


async def test_a_receipt_by_a_key_that_the_centre_has_changed_to_is_taken():
    ledger, centre = FakeLedger(3), FakeCentre()
    line = Line(ledger, centre)
    rotate(centre)
    await line.run()
    assert line.states == ["ok"]
    assert ledger.mark == 3
    assert len(line.pulled.entries) == 1


async def test_when_the_disk_is_full_the_receipt_is_asked_for_again():
    class Full(FakeLedger):
        async def note_receipt(self, _receipt):
            raise StoreFull("full")

    ledger, centre = Full(3), FakeCentre()
    line = await run(ledger, centre, 2)
    assert line.pauses == [LONGEST_PAUSE_S] * 2
    assert centre.batches == [[1, 2, 3]] * 2


async def test_clear_texts_go_along_and_a_spoilt_one_keeps_no_entry_back():
    ledger, centre = FakeLedger(3), FakeCentre()
    ledger.beside = {1: ("first",), 2: "spoilt", 3: ("third",)}
    await run(ledger, centre)
    assert centre.openings == {1: ("first",), 3: ("third",)}
    assert ledger.mark == 3


class Slow(FakeCentre):
    """Takes a batch only when it is let; meanwhile *meanwhile* happens."""

    meanwhile = None

    async def push(self, entries, openings):
        if self.meanwhile:
            await self.meanwhile()
        return await super().push(entries, openings)


async def test_what_happens_while_a_backlog_drains_is_shown_at_once_and_comes_again():
    ledger, centre = FakeLedger(450), Slow()
    line = Line(ledger, centre)
    ahead = Ahead(ledger, centre, line.pusher)

    async def meanwhile():
        await ahead.look()
        if len(ledger.entries) == 450:
            ledger.write(2)
        await ahead.look()

    centre.meanwhile = meanwhile
    await line.run()
    assert centre.shown == [451, 452]
    assert [seq for batch in centre.batches for seq in batch] == list(range(1, 453))


async def test_an_entry_that_goes_at_once_is_not_sent_ahead():
    ledger, centre = FakeLedger(1), Slow()
    line = Line(ledger, centre)
    ahead = Ahead(ledger, centre, line.pusher)
    centre.meanwhile = ahead.look  # one look within one push
    await line.run()
    await ahead.look()
    assert centre.shown == []


async def test_the_backlog_itself_is_never_sent_ahead():
    ledger, centre = FakeLedger(450), Slow()
    line = Line(ledger, centre)
    ahead = Ahead(ledger, centre, line.pusher)
    centre.meanwhile = ahead.look
    await line.run()
    assert centre.shown == []


async def test_a_line_that_fails_ahead_does_not_disturb_delivery():
    class Lossy(Slow):
        async def ahead(self, _entries):
            raise UplinkError("lost")

    ledger, centre = FakeLedger(450), Lossy()
    line = Line(ledger, centre)
    ahead = Ahead(ledger, centre, line.pusher)

    async def meanwhile():
        if len(ledger.entries) == 450:
            ledger.write(1)
        with contextlib.suppress(UplinkError):
            await ahead.look()

    centre.meanwhile = meanwhile
    await line.run()
    assert ledger.mark == 451
