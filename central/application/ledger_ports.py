"""What the use cases around the ledgers need of the outside world."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from central.application.ports import Arrived, Books
from central.domain.log import Block
from station.contract.keyring import KeyRing, NodeKey
from station.contract.personal import Opening
from station.domain.ledger import Entry, Head
from station.domain.merkle import Frontier


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """Where a node's ledger ends here. ``last_position``: of its newest entry, 0 for none."""

    head: Head
    ring: KeyRing
    last_position: int
    quarantined_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An entry and its place in the log, counted from 1; ``received_ms`` as in its leaf."""

    entry: Entry
    position: int
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A checkpoint (检查点). ``note``: the signed note, with what witnesses added."""

    log_size: int
    root: bytes
    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the first of two officers said who release a node from quarantine."""

    reason: str
    proposed_by: str
    proposed_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A clear text beside entry ``seq``, which is about a case; checked against it.

    ``case_node``: the station that opened the case; of the centre's own entries another node.
    """

    seq: int
    case_node: str
    case_no: str
    opening: Opening


class Desk(Books, Protocol):
    """One transaction on the ledgers and the projections."""

    async def begin(self) -> Frontier:
        """Wait until nobody else appends, and return where the log ends."""
        ...

    async def states(self, nodes: Collection[str]) -> dict[str, NodeState]:
        """Return the states of those *nodes* that are known."""
        ...

    async def held(self, node: str, places: Sequence[int]) -> dict[int, str]:
        """Return the digests (hex) of the entries held at *places*."""
        ...

    async def append(self, placed: Sequence[Placed], at: datetime) -> None:
        """Write entries and move their nodes' heads."""
        ...

    async def arrived(self, heads: Mapping[str, int]) -> list[Entry]:
        """Take out the entries seen ahead, up to their node's head, and return them."""
        ...

    async def grow(self, frontier: Frontier, blocks: Sequence[Block]) -> None:
        """Write where the log ends now, and the blocks that became full."""
        ...

    async def keep_openings(self, node: str, openings: Sequence[Opened]) -> None:
        """Write clear texts of personal fields; what is there, or was erased, stays as it is."""
        ...

    async def keep_ahead(self, node: str, entries: Sequence[Entry], at: datetime) -> None:
        """Write entries that were seen before their order."""
        ...

    async def change_keys(
        self, node: str, ended: Sequence[NodeKey], new: Sequence[NodeKey]
    ) -> None:
        """Write that keys have ended, and register new ones."""
        ...

    async def quarantine(self, node: str, at: datetime) -> None:
        """Take nothing from the node any more."""
        ...

    async def lift_quarantine(self, node: str) -> None:
        """Take from the node again."""
        ...

    async def proposal(self, node: str) -> Proposal | None:
        """Return who proposed to release a node, and why."""
        ...

    async def propose(self, node: str, proposal: Proposal) -> None:
        """Write a proposal in place of an older one."""
        ...

    async def withdraw(self, node: str) -> None:
        """Forget the proposal."""
        ...

    async def page(self, after: int) -> list[Arrived]:
        """Return the next entries in the order of the log."""
        ...

    async def worker(self, name: str, *, wait: bool = False) -> int | None:
        """Return how far a worker has come, held until the end; None: another process has it."""
        ...

    async def begin_turn(self) -> int:
        """Give the projector's turn its number, which every row that it writes keeps."""
        ...

    async def count_alarms(self, turn: int) -> int:
        """Give the turn to the alarms that were raised since the last one; return how many."""
        ...

    async def note_progress(self, name: str, position: int) -> None:
        """Write how far a worker has come."""
        ...

    async def tell(self, channel: str, what: str) -> None:
        """Tell every process that listens, once this is durable."""
        ...

    async def newest_checkpoint(self) -> StoredCheckpoint | None:
        """Return the newest checkpoint."""
        ...

    async def add_checkpoint(self, checkpoint: StoredCheckpoint) -> bool:
        """Write a checkpoint; False when there is one of that size."""
        ...


class Archive(Protocol):
    """Where ledgers and projections are kept."""

    def desk(self) -> AbstractAsyncContextManager[Desk]:
        """Open a transaction; it is durable when the block has ended without an error."""
        ...
