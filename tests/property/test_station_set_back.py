"""However often a centre is set back: it gets all again, and nobody forgets that it was."""

import asyncio
import hashlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from station.application.centre_keys import CentreKeys, Following
from station.application.ports import Draft
from station.application.pulling import Puller
from station.application.pushing import Pusher
from station.contract.entries import CentreContradiction, Kind, Run, read
from station.contract.uplink import Acknowledged
from station.domain.errors import BrokenChain, CentreContradicts, Fork
from station.domain.ledger import Head
from station.store.database import Database
from station.store.outbox import SqliteOutbox
from tests.fakes import FakeCentre, sealer, store_of


class Centre(FakeCentre):
    """Takes entries strictly in order, into one log with other nodes' leaves between them."""

    def __init__(self):
        super().__init__()
        self.places, self.roots = [], [""]
        self.backup = ([], [], [""])
        self.signed = []
        self.others = 0

    def leaf(self, what):
        self.roots.append(hashlib.sha256(f"{self.roots[-1]}{what}".encode()).hexdigest())
        self.leaves = len(self.roots) - 1

    def other(self, count):
        for _ in range(count):
            self.others += 1
            self.leaf(f"other {self.others}")

    def back_up(self):
        self.backup = (list(self.entries), list(self.places), list(self.roots))

    def restore(self):
        self.entries, self.places, self.roots = (list(one) for one in self.backup)
        self.leaves = len(self.roots) - 1

    async def push(self, entries, openings):
        for entry in entries:
            if entry.seq > len(self.entries) + 1:
                raise BrokenChain(node=entry.node, seq=entry.seq, expected=len(self.entries) + 1)
            if entry.seq <= len(self.entries):
                if entry.digest != self.entries[entry.seq - 1].digest:
                    raise Fork(node=entry.node, seq=entry.seq)
                continue
            self.places.append(self.leaves)
            self.leaf(entry.digest)
            self.entries.append(entry)
        last = self.entries[-1]
        self.receipt = {"leaf_index": self.places[-1], "root": self.roots[-1]}
        self.signed.append(self.receipt_for(last))
        return Acknowledged(receipt=self.signed[-1], accepted=0, duplicates=0)


class Station:
    def __init__(self, folder, centre):
        self.database = Database(folder / "station.sqlite")
        self.store = store_of(self.database, sealer())
        self.outbox = SqliteOutbox(self.database, self.store)
        puller = Puller(
            centre=centre,
            ledger=None,
            following=Following(CentreKeys.of(centre.identity), Head()),
            report=lambda *_: None,
            pulled=None,
        )
        self.pusher = Pusher(
            node="linhe",
            ledger=self.store,
            outbox=self.outbox,
            centre=centre,
            puller=puller,
            report=lambda *_: None,
        )

    async def write(self, count):
        run = Run(program="p", detail="x")
        await self.store.append(*[Draft(Kind.START, run)] * count)

    async def deliver(self):
        """Deliver all; return how often the centre was found to contradict itself."""
        found, more = 0, True
        while more:
            try:
                more = await self.pusher.push_once()
            except CentreContradicts:
                found += 1
                assert found <= 2, "no end"
        return found

    async def contradictions(self):
        entries = await self.store.entries_after(0, 10_000)
        return [e for e in entries if isinstance(read(e)[1], CentreContradiction)]


NONE = st.none()
STEP = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 5)),
    st.tuples(st.just("other"), st.integers(1, 9)),
    st.tuples(st.just("deliver"), NONE),
)
ROUND = st.tuples(
    st.tuples(st.sampled_from(["back_up", "restore"]), NONE),
    st.lists(STEP, min_size=2, max_size=6).map(tuple),
)
STEPS = st.lists(ROUND, max_size=6).map(
    lambda rounds: [step for change, steps in rounds for step in (change, *steps)]
)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_all_of_it_is_there_again_and_every_loss_stands_recorded(steps):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(lived(Path(folder), steps))


async def lived(folder, steps):
    centre = Centre()
    station = Station(folder, centre)
    try:
        lost = 0
        for name, count in (*steps, ("write", 1), ("deliver", None)):
            acknowledged = await station.outbox.delivered()
            match name:
                case "write":
                    await station.write(count)
                case "other":
                    centre.other(count)
                case "deliver":
                    head = (await station.store.head()).seq
                    short = len(centre.entries) < acknowledged < head
                    found = await station.deliver()
                    assert found or not short
                    lost += short
                case _:
                    getattr(centre, name)()
        ours = await station.store.entries_after(0, 10_000)
        assert centre.entries == ours
        written = await station.contradictions()
        assert lost <= len(written) <= sum(name == "restore" for name, _ in steps)
        kept = await station.outbox.receipts(1, 10_000)
        assert {one.sig for one in kept} == {one.sig for one in centre.signed}
    finally:
        station.database.close()
