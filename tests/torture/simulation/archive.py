"""The ledgers and projections of the centre in memory, by its own ports.

Every method is a step at which the program can be killed or the database can fail. A transaction is
on the disk when its block has ended, or it was never there; sometimes its end is not heard of.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from central.application.ledger_ports import (
    NodeState,
    Opened,
    Placed,
    Proposal,
    StoredCheckpoint,
)
from central.application.ports import Arrived
from central.domain.log import Block
from station.contract.keyring import KeyRing, NodeKey
from station.domain.ledger import Entry
from station.domain.merkle import Frontier
from tests.torture.simulation.books import SimulatedBooks
from tests.torture.simulation.loop import Process
from tests.torture.simulation.tables import Disk, Transaction

PAGE = 500


class SimulatedArchive:
    """Implements :class:`central.application.ledger_ports.Archive` for one run of the centre."""

    def __init__(self, disk: Disk, process: Process, trouble: Trouble) -> None:
        self.disk = disk
        self.process = process
        self._trouble = trouble
        self._log = asyncio.Lock()
        self._workers: set[str] = set()

    @contextlib.asynccontextmanager
    async def desk(self) -> AsyncIterator[SimulatedDesk]:
        """See :class:`central.application.ledger_ports.Archive`."""
        desk = SimulatedDesk(self)
        try:
            await self.step()
            yield desk
            await self.step()
            desk.changes.commit()
            self._trouble.committed()
            await self.process.step()
            self._trouble.at_commit()
        finally:
            if desk.holds_log:
                self._log.release()
            self._workers -= desk.holds

    async def step(self) -> None:
        """Stand between two statements."""
        await self.process.step()
        self._trouble.at_statement()

    async def lock(self) -> None:
        """Wait until nobody else appends."""
        await self._log.acquire()

    def try_worker(self, name: str) -> bool:
        """Take a worker's lock if it is free."""
        if name in self._workers:
            return False
        self._workers.add(name)
        return True


class Trouble:
    """What can go wrong with a database, and who hears of a commit."""

    def committed(self) -> None:
        """Hear that something was made durable."""

    def at_statement(self) -> None:
        """Raise StoreFailed when the statement is to fail."""

    def at_commit(self) -> None:
        """Raise StoreFailed when nobody is to hear that the commit was done."""


class SimulatedDesk(SimulatedBooks):
    """Implements :class:`central.application.ledger_ports.Desk`."""

    def __init__(self, archive: SimulatedArchive) -> None:
        super().__init__(Transaction(archive.disk), archive.step)
        self._archive = archive
        self.holds_log = False
        self.holds: set[str] = set()

    async def begin(self) -> Frontier:
        """Lock the log. Only what others have committed by then is seen after that."""
        await self._step()
        if not self.holds_log:
            await self._archive.lock()
            self.holds_log = True
        return self.changes.frontier

    async def states(self, nodes: Collection[str]) -> dict[str, NodeState]:
        await self._step()
        keys: dict[str, list[NodeKey]] = {}
        for (node, _), key in self.changes.scan("key"):
            keys.setdefault(node, []).append(key)
        found: dict[str, NodeState] = {}
        for node in sorted(nodes):
            row = self.changes.get("node", node)
            if row is not None:
                ring = sorted(keys.get(node, ()), key=lambda key: key.from_seq)
                found[node] = replace(row, ring=KeyRing(tuple(ring)))
        return found

    async def held(self, node: str, places: Sequence[int]) -> dict[int, str]:
        await self._step()
        found = {}
        for seq in places:
            position = self.changes.get("place", (node, seq))
            if position is not None:
                found[seq] = self.changes.get("entry", position)[0].entry.digest
        return found

    async def append(self, placed: Sequence[Placed], at: datetime) -> None:
        for one in placed:
            entry = one.entry
            self.changes.insert("place", (entry.node, entry.seq), one.position)
            self.changes.insert("entry", one.position, (one, at))
            self.changes.update("node", entry.node, _moved(one))
        await self._step()

    async def arrived(self, heads: Mapping[str, int]) -> list[Entry]:
        await self._step()
        found = []
        for (node, seq), entry in self.changes.scan("ahead"):
            if seq <= heads.get(node, 0):
                self.changes.put("ahead", (node, seq), None)
                found.append(entry)
        return found

    async def grow(self, frontier: Frontier, blocks: Sequence[Block]) -> None:
        self.changes.frontier = frontier
        for block in blocks:
            self.changes.insert("block", (block.level, block.number), block)
        await self._step()

    async def keep_openings(self, node: str, openings: Sequence[Opened]) -> None:
        for one in openings:
            self.changes.put("opening", (node, one.seq, one.opening.field), one.opening)
        await self._step()

    async def keep_ahead(self, node: str, entries: Sequence[Entry], _at: datetime) -> None:
        for entry in entries:
            if self.changes.get("ahead", (node, entry.seq)) is None:
                self.changes.put("ahead", (node, entry.seq), entry)
        await self._step()

    async def change_keys(
        self, node: str, ended: Sequence[NodeKey], new: Sequence[NodeKey]
    ) -> None:
        for key in ended:
            self.changes.put("key", (node, key.key_id), key)
        for key in new:
            if self.changes.get("key", (node, key.key_id)) is None:
                self.changes.put("key", (node, key.key_id), key)
        await self._step()

    async def quarantine(self, node: str, at: datetime) -> None:
        self.changes.update(
            "node", node, lambda row: replace(row, quarantined_at=row.quarantined_at or at)
        )
        await self._step()

    async def lift_quarantine(self, node: str) -> None:
        self.changes.update("node", node, lambda row: replace(row, quarantined_at=None))
        await self._step()

    async def proposal(self, node: str) -> Proposal | None:
        await self._step()
        found: Proposal | None = self.changes.get("proposal", node)
        return found

    async def propose(self, node: str, proposal: Proposal) -> None:
        self.changes.put("proposal", node, proposal)
        await self._step()

    async def withdraw(self, node: str) -> None:
        self.changes.put("proposal", node, None)
        await self._step()

    async def page(self, after: int) -> list[Arrived]:
        await self._step()
        found: list[Arrived] = []
        while (row := self.changes.get("entry", after + 1)) and len(found) < PAGE:
            after += 1
            found.append(Arrived(after, row[0].entry, row[1]))
        return found

    async def worker(self, name: str, *, wait: bool = False) -> int | None:
        await self._step()
        while not self._archive.try_worker(name):
            if not wait:
                return None
            await asyncio.sleep(0.01)
        self.holds.add(name)
        return self.changes.get("progress", name) or 0

    async def begin_turn(self) -> int:
        await self._step()
        turn: int = (self.changes.get("progress", "turn") or 0) + 1
        return turn

    async def count_alarms(self, turn: int) -> int:
        await self._step()
        new = [
            number
            for number, _ in self.changes.scan("alarm")
            if self.changes.get("told", number) is None
        ]
        for number in new:
            self.changes.put("told", number, turn)
        return len(new)

    async def note_progress(self, name: str, position: int) -> None:
        self.changes.put("progress", name, position)
        await self._step()

    async def tell(self, channel: str, what: str) -> None:
        await self._step()

    async def newest_checkpoint(self) -> StoredCheckpoint | None:
        await self._step()
        found = [row for _, row in self.changes.scan("checkpoint")]
        return max(found, key=lambda row: row.log_size, default=None)

    async def add_checkpoint(self, checkpoint: StoredCheckpoint) -> bool:
        await self._step()
        if self.changes.get("checkpoint", checkpoint.log_size) is not None:
            return False
        self.changes.insert("checkpoint", checkpoint.log_size, checkpoint)
        return True


def _moved(one: Placed) -> Any:
    return lambda row: replace(row, head=one.entry.head, last_position=one.position)
