"""Delivery: in order, again and again, and nothing is forgotten."""

import pytest

from station.application.pushing import LONGEST_PAUSE_S, REFUSED_PAUSE_S, Pusher
from station.contract.entries import Kind, Run
from station.domain.errors import BrokenChain, Fork, StoreCorrupt, UplinkError
from station.domain.ledger import Head
from tests.fakes import sealer


class Stop(Exception):
    pass


class FakeLedger:
    """A ledger of so many entries."""

    def __init__(self, count):
        head, self.entries = Head(), []
        for number in range(count):
            entry = sealer().seal(Kind.START, Run(program="p", detail=str(number)), head)
            self.entries.append(entry)
            head = entry.head
        self.mark = 0

    async def head(self):
        return self.entries[-1].head if self.entries else Head()

    async def entries_after(self, seq, limit):
        return self.entries[seq : seq + limit]

    async def delivered(self):
        return self.mark

    async def note_delivered(self, seq):
        self.mark = seq


class FakeCentre:
    """Holds what it was given; *answers* are raised first."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.held = []

    async def push(self, entries):
        if self.answers:
            raise self.answers.pop(0)
        self.held += [entry.seq for entry in entries]
        return entries[-1].seq


async def run(ledger, centre, stops_after):
    """Run until *stops_after* pauses; return the pauses and the states reported."""
    pauses, states = [], []

    async def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == stops_after:
            raise Stop

    pusher = Pusher(
        ledger, centre, lambda code, _: states.append(code), sleep=sleep, jitter=lambda: 1.0
    )
    with pytest.raises(Stop):
        await pusher.run()
    return pauses, states, pusher


async def test_everything_is_delivered_in_order():
    ledger, centre = FakeLedger(450), FakeCentre()
    _, states, pusher = await run(ledger, centre, 1)
    assert centre.held == list(range(1, 451))
    assert (ledger.mark, pusher.waiting) == (450, 0)
    assert set(states) == {"ok"}


async def test_a_batch_is_bounded_in_bytes_and_one_entry_always_goes(monkeypatch):
    ledger = FakeLedger(5)
    size = len(ledger.entries[0].body)
    for bound, sent in [(1, 1), (2 * size, 2), (2 * size - 1, 1), (100 * size, 5)]:
        monkeypatch.setattr("station.application.pushing.BATCH_BYTES", bound)
        ledger.mark = 0
        centre = FakeCentre()
        await Pusher(ledger, centre, lambda *_: None).push_once()
        assert len(centre.held) == sent


async def test_while_the_centre_is_away_pauses_grow_and_nothing_is_noted():
    ledger, centre = FakeLedger(3), FakeCentre(*[UplinkError("away")] * 8)
    pauses, states, _ = await run(ledger, centre, 8)
    assert pauses == [1, 2, 4, 8, 16, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert ledger.mark == 0
    assert set(states) == {"uplink"}


async def test_after_the_outage_all_arrives():
    ledger, centre = FakeLedger(3), FakeCentre(UplinkError("away"))
    _, states, _ = await run(ledger, centre, 2)
    assert centre.held == [1, 2, 3]
    assert states == ["uplink", "ok"]


async def test_a_centre_that_lost_entries_gets_them_again():
    ledger, centre = FakeLedger(5), FakeCentre(BrokenChain("gap", expected=2))
    ledger.mark = 4
    await run(ledger, centre, 1)
    assert centre.held == [2, 3, 4, 5]


async def test_a_centre_that_expects_what_was_never_written_is_not_followed():
    ledger, centre = FakeLedger(5), FakeCentre(BrokenChain("gap", expected=9))
    ledger.mark = 4
    pauses, states, _ = await run(ledger, centre, 1)
    assert (pauses, states) == ([REFUSED_PAUSE_S], ["evidence.broken_chain"])
    assert ledger.mark == 4


async def test_after_a_fork_nothing_further_is_sent():
    ledger, centre = FakeLedger(5), FakeCentre(*[Fork("fork", seq=1)] * 3)
    pauses, states, _ = await run(ledger, centre, 3)
    assert centre.held == []
    assert pauses == [REFUSED_PAUSE_S] * 3
    assert set(states) == {"evidence.fork"}


async def test_an_entry_that_decayed_is_not_sent_and_nothing_passes_it():
    class Decayed(FakeLedger):
        async def entries_after(self, seq, limit):
            raise StoreCorrupt("its digest is another", what="entry", which=str(seq + 1))

    ledger, centre = Decayed(5), FakeCentre()
    pauses, states, _ = await run(ledger, centre, 3)
    assert centre.held == []
    assert pauses == [REFUSED_PAUSE_S] * 3
    assert set(states) == {"store.corrupt"}
