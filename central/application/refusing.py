"""Keeps what was refused (隔离), with an alarm that names node and seq."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from central.application.ledger_ports import Desk
from central.application.ports import Alarm, Books, Refused
from central.application.project import Touched
from central.domain.chain import Walk
from station.domain.errors import (
    BadSignature,
    EvidenceError,
    Fork,
    KeyNotGood,
    MalformedKept,
)
from station.domain.ledger import Entry

Announce = Callable[[Touched], None]

_KEPT: Final[dict[type[EvidenceError], str]] = {
    Fork: "fork",
    BadSignature: "bad_signature",
    MalformedKept: "malformed",
    KeyNotGood: "key_not_good",
}
"""Refusals whose bytes are kept. A gap is none: the station sends again from where it says."""

LAST_SEQ: Final = 2**63 - 1
"""Beyond it no ledger and no table has a place."""


@dataclass(frozen=True, slots=True)
class Refuser:
    """Writes refusals within a transaction; *announce* tells of the alarms once it is durable."""

    announce: Announce

    async def refuse(self, desk: Desk, found: Walk, at: datetime, touched: Touched) -> bool:
        """Keep what a walk refused; True when the node is in quarantine from now on."""
        refusal = found.refusal
        reason = _KEPT.get(type(refusal)) if refusal else None
        if reason is None or refusal is None:
            return False
        first = found.refused[0]
        stands = await desk.held(
            first.node, [entry.seq for entry in found.refused if place(entry.seq)]
        )
        kept = False
        for entry in found.refused:
            rival = stands.get(entry.seq, found.head.digest) if reason == "fork" else None
            kept = await desk.keep(_refused(entry, reason, refusal, rival, at)) or kept
        if reason == "fork":
            await desk.quarantine(first.node, at)
        if kept:
            await _raise(desk, _alarm(first.node, first.seq, refusal, at), touched)
        return reason == "fork"

    async def forked_ahead(self, desk: Desk, entry: Entry, at: datetime, touched: Touched) -> None:
        """Keep an entry that its node signed and sent ahead, and that another took the place of."""
        fork = Fork("sent ahead, and then otherwise", node=entry.node, seq=entry.seq)
        held = await desk.held(entry.node, [entry.seq])
        await desk.keep(_refused(entry, _KEPT[Fork], fork, held.get(entry.seq), at))
        await desk.quarantine(entry.node, at)
        await _raise(desk, _alarm(entry.node, entry.seq, fork, at), touched)


async def set_ahead_aside(desk: Desk, node: str, head_seq: int, at: datetime) -> None:
    """Keep what a node sent ahead before its release: it goes on from the head, maybe otherwise."""
    fork = Fork("sent ahead before the release", node=node)
    for entry in await desk.arrived({node: LAST_SEQ}):
        if entry.seq > head_seq:
            await desk.keep(_refused(entry, _KEPT[Fork], fork, None, at))


async def keep_unread(
    desk: Desk, data: bytes, node: str, refusal: MalformedKept, at: datetime
) -> Touched:
    """Keep a batch of *node* that is none."""
    touched = Touched()
    refused = Refused(
        node=node,
        seq=_named(refusal, node),
        digest=hashlib.sha256(data).hexdigest(),
        reason="malformed",
        detail=refusal.detail,
        body=data,
        signature=None,
        stands_against=None,
        at=at,
    )
    if await desk.keep(refused):
        await _raise(desk, _alarm(node, refused.seq, refusal, at), touched)
    return touched


async def _raise(books: Books, alarm: Alarm, touched: Touched) -> None:
    touched.alarms[await books.raise_alarm(alarm)] = None


def _alarm(node: str, seq: int | None, why: EvidenceError, at: datetime) -> Alarm:
    return Alarm(
        node=node,
        seq=None if seq is None else place(seq),
        code=why.code,
        detail=why.detail,
        at=at,
    )


def _named(refusal: EvidenceError, node: str) -> int | None:
    """Return the place in the ledger of *node* that a refusal names."""
    seq = refusal.fields.get("seq")
    ours = refusal.fields.get("node", node) == node
    return place(seq) if ours and isinstance(seq, int) else None


def place(seq: int) -> int | None:
    """Return *seq* when it is a place in a ledger; the sender may have written any number."""
    return seq if 0 < seq <= LAST_SEQ else None


def _refused(
    entry: Entry, reason: str, why: EvidenceError, stands_against: str | None, at: datetime
) -> Refused:
    return Refused(
        node=entry.node,
        seq=place(entry.seq),
        digest=entry.digest,
        reason=reason,
        detail=why.detail,
        body=entry.body,
        signature=entry.signature,
        stands_against=stands_against,
        at=at,
    )
