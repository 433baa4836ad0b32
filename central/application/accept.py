"""Accepts entries from stations: verified, in order, idempotent; acknowledged after commit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from central.application.admit import check_node
from central.application.appending import Delivery, Writer, acknowledged
from central.application.ledger_ports import Archive
from central.application.refusing import Refuser, keep_unread
from central.application.traffic import Traffic
from station.contract.personal import Opening
from station.contract.uplink import Acknowledged, read_batch
from station.domain.clock import Clock
from station.domain.errors import (
    BadSignature,
    BrokenChain,
    MalformedEntry,
    MalformedKept,
    NotFound,
)
from station.domain.ledger import Entry, Signer

AT_ONCE_BYTES: Final = 1_500_000
"""What is no longer than this is read in some milliseconds. On a thread it takes longer and delays
the others as much: for every entry both would wait for the interpreter's lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The use case of ``POST /api/ingest``. ``signer``: the centre's, for receipts."""

    archive: Archive
    writer: Writer
    refuser: Refuser
    clock: Clock
    signer: Signer
    traffic: Traffic

    async def __call__(self, data: bytes, peer: str) -> Acknowledged:
        """Take in a batch from the node *peer*, and return the receipt for all that is held now.

        Whatever comes before a refused entry is taken, durably, before the refusal is raised.

        Raises:
            OtherNode: the batch is of another node.
            NotFound: the node is not enrolled.
            BrokenChain: a gap; ``fields["expected"]`` is where to go on.
            Fork: two entries claim one place; the node is in quarantine from then on.
            BadSignature, KeyNotGood, MalformedKept: refused, and kept.
        """
        with self.traffic.delivery():
            delivery = await self._read(data, peer)
            taken = await self.writer.take(delivery)
        if taken.refusal is not None:
            raise taken.refusal
        return acknowledged(delivery.node, taken, self.clock.now(), self.signer)

    async def _read(self, data: bytes, peer: str) -> Delivery:
        try:
            node, entries, openings = await _read_batch(data)
        except MalformedEntry as refusal:
            raise await self.keep_unread(data, peer, refusal) from refusal
        check_node(peer, node, entries[0].seq if entries else None)
        return Delivery(node=node, entries=entries, openings=openings)

    async def keep_unread(self, data: bytes, peer: str, why: MalformedEntry) -> MalformedKept:
        """Keep bytes of the node *peer* that are no batch, as they came, with an alarm.

        Returns:
            The refusal that says so.
        """
        refusal = MalformedKept(why.detail, **why.fields)
        async with self.archive.desk() as desk:
            touched = await keep_unread(desk, data, peer, refusal, self.clock.now())
        self.refuser.announce(touched)
        return refusal


AHEAD: Final = "zhichao_ahead"
"""The channel on which processes hear which node's entries came before their order, from where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeAhead:
    """The use case of ``POST /api/ahead``: new entries are seen while older ones still wait."""

    archive: Archive
    clock: Clock

    async def __call__(self, data: bytes, peer: str) -> None:
        """Keep entries of the node *peer* that will come again in their order.

        Raises:
            OtherNode: they are another's.
            NotFound: the node is not enrolled.
            BrokenChain, BadSignature, KeyNotGood, MalformedEntry: not a run of the node's entries.
        """
        node, entries, _ = await _read_batch(data)
        check_node(peer, node, entries[0].seq if entries else None)
        if not entries:
            return
        async with self.archive.desk() as desk:
            state = (await desk.states({node})).get(node)
            if state is None:
                raise NotFound("not enrolled", node=node)
            _check_run(entries)
            state.ring.verify_entry(entries[-1])
            new = [entry for entry in entries if entry.seq > state.head.seq]
            if new and state.quarantined_at is None:
                await desk.keep_ahead(node, new, self.clock.now())
                await desk.tell(AHEAD, f"{node} {new[0].seq}")


async def _read_batch(data: bytes) -> tuple[str, tuple[Entry, ...], dict[int, tuple[Opening, ...]]]:
    """See :func:`~station.contract.uplink.read_batch`; a long one keeps nobody else waiting."""
    if len(data) <= AT_ONCE_BYTES:
        return read_batch(data)
    return await asyncio.to_thread(read_batch, data)


def _check_run(entries: tuple[Entry, ...]) -> None:
    for before, entry in pairwise(entries):
        if entry.seq != before.seq + 1 or entry.prev != before.digest:
            raise BrokenChain(node=entry.node, seq=entry.seq, expected=before.seq + 1)
    if entries[0].seq < 1:
        raise BadSignature("places are counted from 1", node=entries[0].node)
