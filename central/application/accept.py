"""Accepts entries from stations: verified, in order, idempotent; acknowledged after commit."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from central.application.ports import Alarm, Archive, Books, Desk, Refused
from central.application.project import Arrived, Differs, Touched, fold
from central.domain.chain import Walk, walk
from station.contract.entries import Kind
from station.contract.uplink import Receipt, read_batch
from station.domain.clock import Clock
from station.domain.errors import BadSignature, EvidenceError, Fork, MalformedEntry, NotFound
from station.domain.ledger import Entry, Verifier

Enrolled = Mapping[str, Verifier]
"""The register of keys: every node that may deliver, and who verifies its signatures."""

Announce = Callable[[Touched], None]

_KEPT: Final[dict[type[EvidenceError], str]] = {
    Fork: "fork",
    BadSignature: "bad_signature",
    MalformedEntry: "malformed",
}
"""Refusals whose bytes are kept. A gap is none: the station sends again from where it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The use case of ``POST /api/ingest``."""

    archive: Archive
    enrolled: Enrolled
    clock: Clock
    differs: Differs
    announce: Announce

    async def __call__(self, data: bytes) -> Receipt:
        """Take in a batch and return the receipt for all that is held now.

        Whatever comes before a refused entry is taken, durably, before the refusal is raised.

        Raises:
            NotFound: the node is not enrolled.
            BrokenChain: a gap; ``fields["expected"]`` is where to go on.
            Fork: two entries claim one place; the node is in quarantine from then on.
            BadSignature, MalformedEntry: refused, and kept.
        """
        at = self.clock.now()
        try:
            node, entries = await asyncio.to_thread(read_batch, data)
        except MalformedEntry as refusal:
            await self._keep_unread(data, refusal, at)
            raise
        key = self.enrolled.get(node)
        if key is None:
            raise NotFound("not enrolled", node=node)
        touched = Touched(nodes={node: None})
        async with self.archive.desk() as desk:
            found = await self._walk(desk, node, entries, key)
            await self._write(desk, found, at, touched)
        self.announce(touched)
        if found.refusal is not None:
            raise found.refusal
        return Receipt(
            node=node,
            seq=found.head.seq,
            digest=found.head.digest,
            accepted=len(found.accepted),
            duplicates=found.duplicates,
        )

    async def _walk(self, desk: Desk, node: str, entries: tuple[Entry, ...], key: Verifier) -> Walk:
        state = await desk.lock(node)
        if state.quarantined_at is not None:
            raise Fork("the node is in quarantine", node=node, seq=state.head.seq)
        places = [entry.seq for entry in entries if 0 < entry.seq <= state.head.seq]
        held = await desk.held(node, places)
        return await asyncio.to_thread(walk, entries, state.head, held, key)

    async def _write(self, desk: Desk, found: Walk, at: datetime, touched: Touched) -> None:
        if any(entry.kind == Kind.CASE_ACT.value for entry in found.accepted):
            await desk.lock_decisions()
        await desk.append(found.accepted, at)
        arrived = [Arrived(entry, at) for entry in found.accepted]
        touched.add(await fold(arrived, desk, self.differs))
        if found.refusal is not None:
            await self._refuse(desk, found, at, touched)

    async def _refuse(self, desk: Desk, found: Walk, at: datetime, touched: Touched) -> None:
        reason = _KEPT.get(type(found.refusal)) if found.refusal else None
        if reason is None or found.refusal is None:
            return
        first = found.refused[0]
        stands = await desk.held(
            first.node, [entry.seq for entry in found.refused if entry.seq > 0]
        )
        kept = False
        for entry in found.refused:
            rival = stands.get(entry.seq, found.head.digest) if reason == "fork" else None
            refused = _refused(entry, reason, found.refusal, rival, at)
            kept = await desk.keep(refused) or kept
        if reason == "fork":
            await desk.quarantine(first.node, at)
        if kept:
            alarm = _alarm(first.node, found.refusal, f"#{first.seq}", at)
            await _raise(desk, alarm, touched)

    async def _keep_unread(self, data: bytes, refusal: MalformedEntry, at: datetime) -> None:
        """Keep a batch that is none. Whose it is, only its own word says: nothing follows."""
        claimed = _claimed_node(data)
        node = claimed if claimed in self.enrolled else ""
        touched = Touched()
        refused = Refused(
            node=node,
            seq=None,
            digest=hashlib.sha256(data).hexdigest(),
            reason="malformed",
            detail=refusal.detail,
            body=data,
            signature=None,
            stands_against=None,
            at=at,
        )
        async with self.archive.desk() as desk:
            if await desk.keep(refused) and node:
                await _raise(desk, _alarm(node, refusal, refusal.detail, at), touched)
        self.announce(touched)


class _Claim(msgspec.Struct):
    node: str = ""


def _claimed_node(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=_Claim).node
    except msgspec.MsgspecError:
        return ""


async def _raise(books: Books, alarm: Alarm, touched: Touched) -> None:
    touched.alarms[await books.raise_alarm(alarm)] = None


def _alarm(node: str, why: EvidenceError, detail: str, at: datetime) -> Alarm:
    return Alarm(node=node, seq=None, code=why.code, detail=detail, at=at)


def _refused(
    entry: Entry, reason: str, why: EvidenceError, stands_against: str | None, at: datetime
) -> Refused:
    return Refused(
        node=entry.node,
        seq=entry.seq if entry.seq > 0 else None,
        digest=entry.digest,
        reason=reason,
        detail=why.detail,
        body=entry.body,
        signature=entry.signature,
        stands_against=stands_against,
        at=at,
    )
