"""How a batch of entries stands to the ledger that is held of its node. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from station.domain.errors import EvidenceError, Fork, MalformedEntry
from station.domain.ledger import TAG, Entry, Head, Verifier, check


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What a batch comes to.

    Attributes:
        accepted: the entries that continue the ledger, in order.
        duplicates: number of entries held already, byte for byte.
        head: where the ledger ends with the accepted ones.
        refusal: why the walk stopped, None when it reached the end.
        refused: the entry it stopped at, and for a fork all that follow it.
    """

    accepted: tuple[Entry, ...]
    duplicates: int
    head: Head
    refusal: EvidenceError | None = None
    refused: tuple[Entry, ...] = ()


def walk(entries: Sequence[Entry], head: Head, held: Mapping[int, str], key: Verifier) -> Walk:
    """Follow *entries* from *head*.

    A fork is only what the node itself has signed: a stranger's bytes at a place that is taken are
    a bad signature, or anybody could bring a station into quarantine.

    Args:
        entries: of one node.
        head: where the node's ledger ends here.
        held: digests (hex) of the entries held at the batch's places up to *head*.
        key: verifies the node's signatures.
    """
    known = dict(held)
    accepted: list[Entry] = []
    duplicates = 0
    for at, entry in enumerate(entries):
        try:
            if _held(entry, head, known, key):
                duplicates += 1
                continue
            check(entry, head, key)
        except EvidenceError as refusal:
            refused = entries[at:] if isinstance(refusal, Fork) else (entry,)
            return Walk(
                accepted=tuple(accepted),
                duplicates=duplicates,
                head=head,
                refusal=refusal,
                refused=tuple(refused),
            )
        accepted.append(entry)
        head = entry.head
        known[entry.seq] = head.digest
    return Walk(accepted=tuple(accepted), duplicates=duplicates, head=head)


def _held(entry: Entry, head: Head, known: Mapping[int, str], key: Verifier) -> bool:
    if entry.seq < 1:
        raise MalformedEntry("places are counted from 1", node=entry.node, seq=entry.seq)
    if entry.seq > head.seq:
        return False
    if known.get(entry.seq) != entry.digest:
        key.verify(TAG + entry.body, entry.signature)
        raise Fork("the place is taken", node=entry.node, seq=entry.seq)
    return True
