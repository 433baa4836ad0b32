"""Appends entries to the ledgers and the log: many deliveries, one durable commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from central.application.ledger_ports import Archive, Desk, NodeState, Opened, Placed
from central.application.ports import Alarm
from central.application.project import Touched
from central.application.refusing import Refuser
from central.domain.chain import Walk, walk
from central.domain.log import grown
from station.contract.entries import CaseAct, read
from station.contract.personal import Opening, check_opening
from station.contract.sealing import stamp
from station.contract.uplink import Acknowledged, Receipt, sign_receipt
from station.domain.clock import Clock
from station.domain.errors import (
    BadOpening,
    EvidenceError,
    Fork,
    NotFound,
    StorageError,
    StoreFailed,
)
from station.domain.ledger import Entry, Signer
from station.domain.merkle import Frontier, leaf_hash

MOST_WAITING: Final = 8
"""Deliveries of one node that wait for a commit."""

MOST_IN_A_GROUP: Final = 20_000
"""Entries that one commit takes, so that nobody waits long for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one batch brings."""

    node: str
    entries: tuple[Entry, ...]
    openings: dict[int, tuple[Opening, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a delivery, durably; ``refusal`` None: all of it was taken."""

    accepted: int = 0
    duplicates: int = 0
    state: NodeState | None = None
    log: Frontier | None = None
    refusal: EvidenceError | NotFound | None = None


class Growth:
    """The log and the nodes' heads while one transaction appends to them."""

    def __init__(
        self, desk: Desk, frontier: Frontier, states: dict[str, NodeState], at: datetime
    ) -> None:
        self._desk = desk
        self._at = at
        self._placed: list[Placed] = []
        self._leaves: list[bytes] = []
        self._ms = int(at.timestamp() * 1000)
        self._digests: dict[str, dict[int, str]] = {}
        self.frontier = frontier
        self.states = states

    async def held(self, node: str, places: Sequence[int]) -> dict[int, str]:
        """Return the digests at *places*, those added within this transaction too."""
        return await self._desk.held(node, places) | self._digests.get(node, {})

    def add(self, node: str, found: Walk) -> None:
        """Give each accepted entry its place."""
        state = self.states[node]
        position = self.frontier.size + len(self._placed)
        digests = self._digests.setdefault(node, {})
        for entry in found.accepted:
            position += 1
            digests[entry.seq] = entry.digest
            self._placed.append(Placed(entry=entry, position=position, received_ms=self._ms))
            self._leaves.append(leaf_hash(entry.body, entry.signature, self._ms))
        self.states[node] = replace(
            state,
            head=found.head,
            ring=found.ring,
            last_position=position if found.accepted else state.last_position,
        )

    async def write(self) -> None:
        """Write everything that was added."""
        if not self._placed:
            return
        self.frontier, blocks = grown(self.frontier, self._leaves)
        await self._desk.append(self._placed, self._at)
        await self._desk.grow(self.frontier, blocks)

    async def forked_ahead(self) -> list[Entry]:
        """Return what the nodes had sent ahead of its order, signed, and then sent otherwise."""
        heads = {one.entry.node: one.entry.seq for one in self._placed}
        forked: list[Entry] = []
        for entry in await self._desk.arrived(heads) if heads else ():
            held = await self.held(entry.node, [entry.seq])
            if held.get(entry.seq) != entry.digest and _signed(entry, self.states):
                forked.append(entry)
        return forked


_Group = list[tuple[Delivery, asyncio.Future[Taken]]]


class Writer:
    """Group commit: whoever comes while one commit is under way goes into the next, together."""

    def __init__(
        self, archive: Archive, clock: Clock, refuser: Refuser, wake: Callable[[], None]
    ) -> None:
        """Prepare; *wake* is called when there are new entries to project."""
        self._wake = wake
        self._archive = archive
        self._clock = clock
        self._refuser = refuser
        self._waiting: _Group = []
        self._running: asyncio.Task[None] | None = None

    async def take(self, delivery: Delivery) -> Taken:
        """Append a delivery; it is durable when this returns.

        Raises:
            StorageError: nothing of it was written.
        """
        future: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._give_up(delivery.node)
        self._waiting.append((delivery, future))
        while not future.done():
            # Only waited for: a client that leaves must not end the commit of the others.
            under_way = self._under_way()
            await asyncio.wait((under_way, future), return_when=asyncio.FIRST_COMPLETED)
        return await future

    def _give_up(self, node: str) -> None:
        """Bound what waits: while the database hangs, a station sends again and again."""
        waiting = [one for one in self._waiting if one[0].node == node]
        for one in waiting[: max(0, len(waiting) + 1 - MOST_WAITING)]:
            self._waiting.remove(one)
            _fail([one], StoreFailed("a newer delivery of the node took its place"))

    def _under_way(self) -> asyncio.Task[None]:
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._settle(self._group()))
        return self._running

    async def _settle(self, group: _Group) -> None:
        """Commit a group and tell everybody in it what became of his delivery."""
        try:
            taken = await self._commit([delivery for delivery, _ in group])
        except StorageError as exc:
            if len(group) > 1:  # find the one that no table takes; the others must not suffer
                for one in group:
                    await self._settle([one])
            _fail(group, exc)
        else:
            for (_, future), one_taken in zip(group, taken, strict=True):
                if not future.done():
                    future.set_result(one_taken)
        finally:
            _fail(group, StoreFailed("the commit ended in an error"))

    def _group(self) -> _Group:
        entries = 0
        for count, (delivery, _) in enumerate(self._waiting):
            entries += len(delivery.entries)
            if count and entries > MOST_IN_A_GROUP:
                break
        else:
            count = len(self._waiting)
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _commit(self, deliveries: Sequence[Delivery]) -> list[Taken]:
        at = self._clock.now()
        touched = Touched()
        async with self._archive.desk() as desk:
            frontier = await desk.begin()
            states = await desk.states({one.node for one in deliveries})
            growth = Growth(desk, frontier, states, at)
            taken = [await self._take(desk, growth, one, at, touched) for one in deliveries]
            await growth.write()
            for entry in await growth.forked_ahead():
                await self._refuser.forked_ahead(desk, entry, at, touched)
        self._refuser.announce(touched)
        self._wake()
        return [
            replace(one, state=growth.states.get(delivery.node), log=growth.frontier)
            for one, delivery in zip(taken, deliveries, strict=True)
        ]

    async def _take(
        self, desk: Desk, growth: Growth, delivery: Delivery, at: datetime, touched: Touched
    ) -> Taken:
        node = delivery.node
        state = growth.states.get(node)
        if state is None:
            return Taken(refusal=NotFound("not enrolled", node=node))
        if state.quarantined_at is not None:
            return Taken(refusal=Fork("the node is in quarantine", node=node, seq=state.head.seq))
        places = [one.seq for one in delivery.entries if 0 < one.seq <= state.head.seq]
        found = walk(delivery.entries, state.head, await growth.held(node, places), state.ring)
        growth.add(node, found)
        if found.ring is not state.ring:
            await change_keys(desk, node, state, found)
        await self._keep_openings(desk, delivery, found, at, touched)
        if found.refusal is not None and await self._refuser.refuse(desk, found, at, touched):
            growth.states[node] = replace(growth.states[node], quarantined_at=at)
        return Taken(
            accepted=len(found.accepted), duplicates=found.duplicates, refusal=found.refusal
        )

    async def _keep_openings(
        self, desk: Desk, delivery: Delivery, found: Walk, at: datetime, touched: Touched
    ) -> None:
        if not delivery.openings:
            return
        kept: list[Opened] = []
        for entry in found.accepted:
            for opening in delivery.openings.get(entry.seq, ()):
                try:
                    kept.append(_opened(entry, opening))
                except EvidenceError as exc:
                    alarm = Alarm(
                        node=entry.node,
                        seq=entry.seq,
                        code=BadOpening.code,
                        detail=exc.detail,
                        at=at,
                    )
                    touched.alarms[await desk.raise_alarm(alarm)] = None
        if kept:
            await desk.keep_openings(delivery.node, kept)


def _fail(group: _Group, exc: StorageError) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(exc)


def receipt(node: str, taken: Taken, at: datetime, signer: Signer) -> Receipt | None:
    """Return the signed receipt for the newest entry held of *node*; None when there is none."""
    state, log = taken.state, taken.log
    if state is None or log is None or state.last_position == 0:
        return None
    unsigned = Receipt(
        node=node,
        seq=state.head.seq,
        digest=state.head.digest,
        leaf_index=state.last_position - 1,
        log_size=log.size,
        root=log.root.hex(),
        at=stamp(at),
        key_id="",
        sig="",
    )
    return sign_receipt(unsigned, signer)


def acknowledged(node: str, taken: Taken, at: datetime, signer: Signer) -> Acknowledged:
    """Return the answer to a delivery."""
    return Acknowledged(
        receipt=receipt(node, taken, at, signer),
        accepted=taken.accepted,
        duplicates=taken.duplicates,
    )


async def change_keys(desk: Desk, node: str, before: NodeState, found: Walk) -> None:
    """Write which of a node's keys ended in a walk, and which began."""
    known = {key.key_id: key for key in before.ring.keys}
    ended = [key for key in found.ring.keys if key.key_id in known and known[key.key_id] != key]
    new = [key for key in found.ring.keys if key.key_id not in known]
    await desk.change_keys(node, ended, new)


def _signed(entry: Entry, states: dict[str, NodeState]) -> bool:
    try:
        states[entry.node].ring.verify_entry(entry)
    except EvidenceError:
        return False
    return True


def _opened(entry: Entry, opening: Opening) -> Opened:
    """Return a clear text as it is kept.

    Raises:
        BadOpening: the entry commits to no such text.
        MalformedEntry: nobody can read the entry.
    """
    _, payload = read(entry)
    act = payload if isinstance(payload, CaseAct) else None
    check_opening(opening, act.personal if act else {})
    case_no = act.case_no if act else ""
    return Opened(entry.seq, entry.node, case_no, opening)
