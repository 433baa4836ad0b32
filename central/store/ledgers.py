"""Keeps the nodes' ledgers: the register of keys, the entries, and the log over them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import asyncpg

from central.application.ledger_ports import (
    NodeState,
    Opened,
    Placed,
    Proposal,
    StoredCheckpoint,
)
from central.application.ports import Arrived
from central.application.recordings import Known, Named
from central.domain.log import Block, grown
from central.store import pool as pools
from central.store.books import SqlBooks
from central.store.pool import Pool
from central.store.sqlfile import load
from station.contract.keyring import KeyRing, NodeKey
from station.contract.signature import key_id
from station.domain.errors import MalformedEntry, SettingsError, StoreFailed
from station.domain.ledger import Entry, Head, parse
from station.domain.merkle import Frontier, leaf_hash

MOST_AHEAD: Final = 5000
"""Entries that are kept per node before their order."""

_SQL: Final = load("ledger")
_BOOKS: Final = load("books")
_RECORDINGS: Final = load("recordings")
_LONGEST_KIND: Final = 64
_PIECE_BYTES: Final = 400_000
_PAGE: Final = 500
_WORKERS: Final = {
    "projector": 7_305_804_403,
    "signatures": 7_305_804_404,
    "log": 7_305_804_405,
    "recordings": 7_305_804_407,
    "retention": 7_305_804_408,
}
"""Numbers of advisory locks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A node as the configuration has it.

    Attributes:
        public_key: its first key, 32 raw bytes, where no token brings it.
        own: the centre's ledger.
    """

    node: str
    name: str
    road: str
    public_key: bytes | None = None
    own: bool = False


class SqlDesk(SqlBooks):
    """One transaction on the ledgers and the projections."""

    async def begin(self) -> Frontier:
        """Wait until nobody else appends, and return where the log ends."""
        row = await self._connection.fetchrow(_SQL["lock_log"])
        if row is None:
            raise StoreFailed("the log's row is missing")
        return Frontier(size=row["size"], peaks=tuple(row["peaks"]))

    async def states(self, nodes: Collection[str]) -> dict[str, NodeState]:
        """Return the states of those *nodes* that are known."""
        asked = list(nodes)
        keys: dict[str, list[NodeKey]] = {}
        for row in await self._connection.fetch(_SQL["node_keys"], asked):
            columns = dict(row)
            keys.setdefault(columns.pop("node"), []).append(NodeKey(**columns))
        return {
            row["node"]: NodeState(
                head=Head(seq=row["last_seq"], digest=row["last_digest"].hex()),
                ring=KeyRing(tuple(keys.get(row["node"], ()))),
                last_position=row["last_position"],
                quarantined_at=row["quarantined_at"],
            )
            for row in await self._connection.fetch(_SQL["node_states"], asked)
        }

    async def held(self, node: str, places: Sequence[int]) -> dict[int, str]:
        """Return the digests (hex) of the entries held at *places*."""
        if not places:
            return {}
        rows = await self._connection.fetch(_SQL["held"], node, places)
        return {row["seq"]: row["digest"].hex() for row in rows}

    async def append(self, placed: Sequence[Placed], at: datetime) -> None:
        """Write entries and move their nodes' heads."""
        await self._connection.execute(_SQL["make_month"], _month(at))
        for piece in _pieces(placed):
            await self._append(piece, at)
        newest = list({one.entry.node: one for one in placed}.values())
        nodes, seqs = [one.entry.node for one in newest], [one.entry.seq for one in newest]
        await self._connection.execute(
            _SQL["advance"],
            nodes,
            seqs,
            [bytes.fromhex(one.entry.digest) for one in newest],
            [one.position for one in newest],
            at,
        )

    async def _append(self, placed: Sequence[Placed], at: datetime) -> None:
        first, entries = placed[0], [one.entry for one in placed]
        await self._connection.execute(
            _SQL["append"],
            first.entry.node,
            first.entry.seq,
            first.position,
            [entry.kind.replace("\0", "\ufffd")[:_LONGEST_KIND] for entry in entries],
            bytes.fromhex("".join([entry.digest for entry in entries])),
            b"".join([entry.body for entry in entries]),
            [len(entry.body) for entry in entries],
            [entry.signature for entry in entries],
            first.received_ms,
            at,
        )

    async def arrived(self, heads: Mapping[str, int]) -> list[Entry]:
        """Take out the entries seen ahead that have come in their order, and return them."""
        rows = await self._connection.fetch(
            _SQL["arrived"], list(heads.keys()), list(heads.values())
        )
        return [entry_of(row) for row in rows]

    async def grow(self, frontier: Frontier, blocks: Sequence[Block]) -> None:
        """Write where the log ends now, and the blocks that became full."""
        await self._connection.execute(_SQL["grow_log"], frontier.size, list(frontier.peaks))
        if blocks:
            await self._connection.execute(
                _SQL["add_blocks"],
                [block.level for block in blocks],
                [block.number for block in blocks],
                [block.root for block in blocks],
            )

    async def keep_openings(self, node: str, openings: Sequence[Opened]) -> None:
        """Write clear texts of personal fields; what is there, or was erased, stays as it is."""
        await self._connection.execute(
            _SQL["add_openings"],
            node,
            [one.seq for one in openings],
            [one.opening.field for one in openings],
            [one.opening.salt for one in openings],
            [one.opening.text for one in openings],
            [one.case_node for one in openings],
            [one.case_no for one in openings],
        )

    async def keep_ahead(self, node: str, entries: Sequence[Entry], at: datetime) -> None:
        """Write entries that were seen before their order."""
        await self._connection.execute(
            _SQL["put_ahead"],
            node,
            [entry.seq for entry in entries],
            [bytes.fromhex(entry.digest) for entry in entries],
            [entry.body for entry in entries],
            [entry.signature for entry in entries],
            at,
            MOST_AHEAD,
        )

    async def change_keys(
        self, node: str, ended: Sequence[NodeKey], new: Sequence[NodeKey]
    ) -> None:
        """Write that keys have ended, and register new ones."""
        for key in ended:
            await self._connection.execute(_SQL["end_key"], node, key.key_id, key.until_seq)
        for key in new:
            await self._connection.execute(
                _SQL["add_key"],
                node,
                key.key_id,
                key.alg,
                key.public_key,
                key.from_seq,
                key.until_seq,
            )

    async def quarantine(self, node: str, at: datetime) -> None:
        """Take nothing from the node any more."""
        await self._connection.execute(_SQL["quarantine_node"], node, at)

    async def lift_quarantine(self, node: str) -> None:
        """Take from the node again."""
        await self._connection.execute(_SQL["lift_quarantine"], node)

    async def proposal(self, node: str) -> Proposal | None:
        """Return who proposed to release a node, and why."""
        row = await self._connection.fetchrow(_SQL["proposal"], node)
        return None if row is None else Proposal(**row)

    async def propose(self, node: str, proposal: Proposal) -> None:
        """Write a proposal in place of an older one."""
        await self._connection.execute(
            _SQL["propose"], node, proposal.reason, proposal.proposed_by, proposal.proposed_at
        )

    async def withdraw(self, node: str) -> None:
        """Forget the proposal."""
        await self._connection.execute(_SQL["withdraw"], node)

    async def page(self, after: int) -> list[Arrived]:
        """Return the next entries in the order of the log."""
        return [
            Arrived(row["position"], entry_of(row), row["received_at"])
            for row in await self._connection.fetch(_SQL["page"], after, _PAGE)
        ]

    async def worker(self, name: str, *, wait: bool = False) -> int | None:
        """Return how far a worker has come, held until the end; None: another process has it."""
        if wait:
            await self._connection.execute(_SQL["wait_worker"], _WORKERS[name])
        elif not await self._connection.fetchval(_SQL["lock_worker"], _WORKERS[name]):
            return None
        return await self._connection.fetchval(_SQL["progress"], name) or 0

    async def begin_turn(self) -> int:
        """Give the projector's turn its number, which every row that it writes keeps."""
        number: int = await self._connection.fetchval(_SQL["begin_turn"])
        return number

    async def count_alarms(self, turn: int) -> int:
        """Give the turn to the alarms that were raised since the last one; return how many."""
        done = await self._connection.execute(_SQL["count_alarms"], turn)
        return int(done.removeprefix("UPDATE "))

    async def note_progress(self, name: str, position: int) -> None:
        """Write how far a worker has come."""
        await self._connection.execute(_SQL["note_progress"], name, position)

    async def tell(self, channel: str, what: str) -> None:
        """Tell every process that listens, once this is durable."""
        await self._connection.execute(_SQL["tell"], channel, what)

    async def newest_checkpoint(self) -> StoredCheckpoint | None:
        """Return the newest checkpoint."""
        row = await self._connection.fetchrow(_SQL["newest_checkpoint"])
        return None if row is None else StoredCheckpoint(**row)

    async def add_checkpoint(self, checkpoint: StoredCheckpoint) -> bool:
        """Write a checkpoint; False when there is one of that size."""
        written = await self._connection.fetchval(
            _SQL["add_checkpoint"],
            checkpoint.log_size,
            checkpoint.root,
            checkpoint.at,
            checkpoint.note,
        )
        return written is not None

    async def name_recordings(self, named: Sequence[Named]) -> None:
        """Write what entries name; the first entry counts."""
        await self._connection.execute(_RECORDINGS["name_recordings"], *_columns(named))
        recordings = [one for one in named if one.on is not None]
        await self._connection.execute(
            _RECORDINGS["note_namings"],
            *_columns(recordings),
            [one.passage_id for one in recordings],
            [one.case_no for one in recordings],
        )

    async def named(self, node: str, sha256: str) -> Known | None:
        """Return what is known of a recording of *node*, None when no entry names it."""
        row = await self._connection.fetchrow(_RECORDINGS["named"], node, bytes.fromhex(sha256))
        return None if row is None else Known(**row)

    async def note_held(self, node: str, sha256: str, at: datetime) -> None:
        """Write that the whole of it is here; idempotent."""
        await self._connection.execute(_RECORDINGS["note_held"], node, bytes.fromhex(sha256), at)

    async def want(self, node: str, sha256: str, at: datetime) -> None:
        """Write that a recording is to be asked for again; idempotent."""
        await self._connection.execute(_RECORDINGS["want"], node, bytes.fromhex(sha256), at)

    async def wanted(self, node: str, since: datetime, limit: int) -> list[str]:
        """Return recordings that *node* is asked for again, missed since *since*."""
        rows = await self._connection.fetch(_RECORDINGS["wanted"], node, since, limit)
        return [row["sha256"] for row in rows]

    async def adopt(self) -> None:
        """Bring the log up to the entries that were taken in before there was one."""
        frontier = await self.begin()
        while rows := await self._connection.fetch(_SQL["leaves"], frontier.size + 1, _PAGE):
            leaves = [leaf_hash(row["body"], row["signature"], row["received_ms"]) for row in rows]
            frontier, blocks = grown(frontier, leaves)
            await self.grow(frontier, blocks)

    async def forget(self) -> None:
        """Forget the projections: all that follows from entries."""
        await self._connection.execute(_BOOKS["forget"])

    async def enrol(self, one: Enrolment) -> None:
        """Write a node's name and road, and the key that is given when it has none.

        Raises:
            SettingsError: it has another one, with which its entries were signed.
        """
        await self._connection.execute(_SQL["enrol"], one.node, one.name, one.road, one.own)
        if one.public_key is None:
            return
        keys = (await self.states([one.node]))[one.node].ring.keys
        if not keys:
            first = NodeKey(key_id=key_id(one.public_key), public_key=one.public_key, from_seq=1)
            await self.change_keys(one.node, (), (first,))
        elif all(key.public_key != one.public_key for key in keys):
            raise SettingsError(
                f"{one.node}: the key is not the registered one, {keys[-1].key_id}",
                node=one.node,
            )


class SqlArchive:
    """The ledgers in PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def desk(self) -> AsyncIterator[SqlDesk]:
        """Open a transaction; it is durable when the block has ended without an error."""
        async with pools.transaction(self._pool) as connection:
            yield SqlDesk(connection)

    async def tell(self, channel: str, what: str) -> None:
        """Tell every process that listens."""
        async with self.desk() as desk:
            await desk.tell(channel, what)

    async def ring_of(self, node: str) -> KeyRing | None:
        """Return a node's keys; None: it has none."""
        async with self.desk() as desk:
            state = (await desk.states([node])).get(node)
        return state.ring if state and state.ring.keys else None

    async def enrol(self, nodes: Sequence[Enrolment]) -> None:
        """Write the nodes of the configuration.

        Raises:
            SettingsError: a node has another key.
        """
        async with self.desk() as desk:
            await desk.adopt()
            for one in nodes:
                await desk.enrol(one)


def _pieces(placed: Sequence[Placed]) -> Iterator[Sequence[Placed]]:
    """Divide *placed* into statements: of one node, and no message of many megabytes."""
    first = size = 0
    for at, one in enumerate(placed):
        size += len(one.entry.body)
        if at > first and (size > _PIECE_BYTES or one.entry.node != placed[first].entry.node):
            yield placed[first:at]
            first, size = at, len(one.entry.body)
    yield placed[first:]


def entry_of(row: asyncpg.Record) -> Entry:
    """Return a kept entry. One whose bytes are not canonical, or no more, is still of its place.

    It is of no kind; whoever reads or verifies it refuses it, with an alarm that names the place.
    """
    try:
        return parse(row["body"], row["signature"])
    except MalformedEntry:
        return Entry(
            node=row["node"],
            seq=row["seq"],
            prev="",
            kind="",
            key_id="",
            body=row["body"],
            signature=row["signature"],
        )


def _columns(
    named: Sequence[Named],
) -> tuple[list[str], list[bytes], list[int], list[date | None]]:
    return (
        [one.node for one in named],
        [bytes.fromhex(one.sha256) for one in named],
        [one.seq for one in named],
        [one.on for one in named],
    )


def _month(at: datetime) -> date:
    return at.astimezone(UTC).date().replace(day=1)
