"""Wrong programs: each takes the place of a piece of the right one while its block lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import apsw

from central.application import appending
from central.application.appending import Writer
from central.application.project import Touched
from central.application.projecting import Projector
from central.application.refusing import Refuser
from central.domain import chain
from central.domain.chain import Walk
from central.domain.log import Block
from central.witness import following
from station.application.pushing import Pusher
from station.application.timekeeping import TimeKeeper
from station.contract import keyring
from station.contract.entries import DecisionInForce, KeyRotate, read
from station.contract.keyring import KeyRing, NodeKey
from station.contract.signature import key_id
from station.domain.errors import MalformedEntry, UplinkError
from station.domain.ledger import Entry
from station.domain.merkle import Frontier
from station.store import branches, centre_ledger, outbox, sqlite_store
from station.store.centre_ledger import SqliteCentreLedger
from tests.torture.simulation.archive import SimulatedDesk

Wrong = Callable[[], AbstractContextManager[Any]]


def acknowledges_before_commit() -> AbstractContextManager[Any]:
    """A station shows entries as saved, and commits them with the next ones."""

    @contextmanager
    def later(connection: apsw.Connection) -> Iterator[None]:
        if connection.in_transaction:
            connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        yield

    @contextmanager
    def after(connection: apsw.Connection) -> Iterator[None]:
        if connection.in_transaction:
            connection.execute("COMMIT")
        with right(connection):
            yield

    right = sqlite_store.immediate
    others = (branches, centre_ledger, outbox)
    return _all(
        patch.object(sqlite_store, "immediate", later),
        *(patch.object(module, "immediate", after) for module in others),
    )


def receipt_before_commit() -> AbstractContextManager[Any]:
    """The centre answers while its commit is still under way."""

    async def take(self: Writer, delivery: Any) -> Any:
        async with self._archive.desk() as desk:
            frontier = await desk.begin()
            states = await desk.states({delivery.node})
            growth = appending.Growth(desk, frontier, states, self._clock.now())
            taken = await self._take(desk, growth, delivery, self._clock.now(), Touched())
        answer = right(self, delivery)
        appending.asyncio.get_running_loop().create_task(answer)
        grown = frontier.extended(growth._leaves)
        return replace(taken, state=growth.states.get(delivery.node), log=grown)

    right = Writer.take
    return patch.object(Writer, "take", take)


def does_not_compare() -> AbstractContextManager[Any]:
    """ON CONFLICT DO NOTHING: what stands at a place is taken for what was sent."""

    def step(self: Any, entry: Entry, *, signed: bool) -> None:
        if 1 <= entry.seq <= self.head.seq:
            self.duplicates += 1
        else:
            right(self, entry, signed=signed)

    right = chain._Way.step
    return patch.object(chain._Way, "step", step)


def counts_duplicates_twice() -> AbstractContextManager[Any]:
    """What is held already grows the log once more."""

    async def append(self: SimulatedDesk, placed: Sequence[Any], at: Any) -> None:
        new = [one for one in placed if not self.changes.get("place", _place(one))]
        await right_append(self, new, at)

    def step(self: Any, entry: Entry, *, signed: bool) -> None:
        duplicates = self.duplicates
        right_step(self, entry, signed=signed)
        if self.duplicates > duplicates:
            self.accepted.append(entry)

    right_append, right_step = SimulatedDesk.append, chain._Way.step
    return _all(
        patch.object(SimulatedDesk, "append", append), patch.object(chain._Way, "step", step)
    )


def projects_twice() -> AbstractContextManager[Any]:
    """Projections go on from one place too early."""

    async def worker(self: SimulatedDesk, name: str, *, wait: bool = False) -> int | None:
        after = await right(self, name, wait=wait)
        return max(0, after - 1) if name == "projector" and after else after

    right = SimulatedDesk.worker
    return patch.object(SimulatedDesk, "worker", worker)


def does_not_quarantine() -> AbstractContextManager[Any]:
    """A fork is refused and kept, and its node goes on."""

    async def refuse(self: Refuser, desk: Any, found: Walk, at: Any, touched: Any) -> bool:
        with patch.object(SimulatedDesk, "quarantine", nothing):
            await right(self, desk, found, at, touched)
        return False

    async def nothing(*_: Any) -> None:
        pass

    right = Refuser.refuse
    return patch.object(Refuser, "refuse", refuse)


def takes_the_fork_too() -> AbstractContextManager[Any]:
    """The first entry of a fork takes the place of the one that is held, and so on."""

    def walk(entries: Sequence[Entry], head: Any, held: Any, ring: KeyRing) -> Walk:
        found = right(entries, head, held, ring)
        if found.refusal is None or found.refusal.code != "evidence.fork":
            return found
        return replace(
            found,
            accepted=(*found.accepted, *found.refused),
            head=found.refused[-1].head,
            refusal=None,
            refused=(),
        )

    right = appending.walk
    return patch.object(appending, "walk", walk)


def fines_twice() -> AbstractContextManager[Any]:
    """The centre does not look whether the act was fined before."""

    async def standing(_self: SimulatedDesk, *_case: Any) -> None:
        return None

    return patch.object(SimulatedDesk, "standing", standing)


def takes_every_answer_for_a_yes() -> AbstractContextManager[Any]:
    """A station does not read whether the centre confirmed its decision or barred it."""

    async def answer(self: SqliteCentreLedger, case_no: str) -> Any:
        found = await right(self, case_no)
        if found is None or isinstance(found[1], DecisionInForce):
            return found
        seq, said = found
        names = DecisionInForce.__struct_fields__
        yes = {name: getattr(said, name) for name in names if name != "kind"}
        return seq, DecisionInForce(**yes, kind="fine")

    right = SqliteCentreLedger.answer
    return patch.object(SqliteCentreLedger, "answer", answer)


def stops_at_poison() -> AbstractContextManager[Any]:
    """An entry that cannot be read holds up those behind it."""

    async def step(self: Projector) -> bool:
        try:
            return await right(self)
        except MalformedEntry:
            return False

    async def fold(arrived: Sequence[Any], books: Any, differs: Any) -> Touched:
        touched = Touched()
        for one in arrived:
            touched.add(await projecting_meaning(one, books, differs))
        return touched

    from central.application import project, projecting

    right, projecting_meaning = Projector.step, project._meaning
    return _all(patch.object(Projector, "step", step), patch.object(projecting, "fold", fold))


def witness_does_not_compare() -> AbstractContextManager[Any]:
    """The witness believes whatever the log signs."""
    return patch.object(following, "check_next", lambda *_: None)


def does_not_ask_for_a_proof() -> AbstractContextManager[Any]:
    """A rotation is believed though the new key has not proven itself."""

    def successor(entry: Entry) -> NodeKey | None:
        if entry.kind != "key_rotate":
            return None
        _, payload = read(entry)
        assert isinstance(payload, KeyRotate)
        public_key = bytes.fromhex(payload.public_key)
        return NodeKey(key_id=key_id(public_key), public_key=public_key, from_seq=entry.seq + 1)

    return patch.object(keyring, "_successor", successor)


def old_key_stays_good() -> AbstractContextManager[Any]:
    """A key that was rotated signs on."""

    def good_at(self: NodeKey, seq: int) -> bool:
        return self.from_seq <= seq

    return patch.object(NodeKey, "good_at", good_at)


async def _mark(kept: Any, seq: int) -> None:
    """Move the mark of delivery, which in the right program a receipt alone moves on."""
    await kept._database.rows(outbox._LEDGER["set_meta"], outbox.DELIVERED, str(seq))


def notes_before_the_receipt() -> AbstractContextManager[Any]:
    """The mark of delivery moves before the centre has answered."""

    async def push_once(self: Pusher) -> bool:
        delivered = await self._outbox.delivered()
        entries = await self._ledger.entries_after(delivered, 200)
        if entries:
            await _mark(self._outbox, entries[-1].seq)
            await self._centre.push(entries, {})
        return False

    return patch.object(Pusher, "push_once", push_once)


def skips_after_a_timeout() -> AbstractContextManager[Any]:
    """What was not answered in time is taken as delivered."""

    async def push_once(self: Pusher) -> bool:
        try:
            return await right(self)
        except UplinkError:
            await _mark(self._outbox, await self._outbox.delivered() + 1)
            raise

    right = Pusher.push_once
    return patch.object(Pusher, "push_once", push_once)


def says_nothing_of_its_clock() -> AbstractContextManager[Any]:
    """A station writes on when its clock was set, as if nothing were."""
    return patch.object(TimeKeeper, "pending", lambda _self: ())


def log_forgets_a_leaf() -> AbstractContextManager[Any]:
    """The last entry of a batch of several is kept, and has no leaf in the log."""

    def grown(frontier: Frontier, leaves: Sequence[bytes]) -> tuple[Frontier, tuple[Block, ...]]:
        return right(frontier, leaves[:-1] if len(leaves) > 2 else leaves)

    right = appending.grown
    return patch.object(appending, "grown", grown)


def _place(one: Any) -> tuple[str, int]:
    return one.entry.node, one.entry.seq


@contextmanager
def _all(*blocks: AbstractContextManager[Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for block in blocks:
            stack.enter_context(block)
        yield


PROGRAMS: dict[str, Wrong] = {
    function.__name__: function
    for function in (
        acknowledges_before_commit,
        receipt_before_commit,
        does_not_compare,
        counts_duplicates_twice,
        projects_twice,
        does_not_quarantine,
        takes_the_fork_too,
        fines_twice,
        takes_every_answer_for_a_yes,
        stops_at_poison,
        witness_does_not_compare,
        does_not_ask_for_a_proof,
        old_key_stays_good,
        notes_before_the_receipt,
        skips_after_a_timeout,
        says_nothing_of_its_clock,
        log_forgets_a_leaf,
    )
}
