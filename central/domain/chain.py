"""How a batch of entries stands to the ledger that is held of its node. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from station.contract.keyring import KeyRing
from station.domain.errors import BrokenChain, EvidenceError, Fork, MalformedKept
from station.domain.ledger import Entry, Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What a batch comes to.

    Attributes:
        accepted: the entries that continue the ledger, in order.
        duplicates: number of entries held already, byte for byte.
        head: where the ledger ends with the accepted ones.
        ring: the node's keys after the accepted ones.
        refusal: why the walk stopped, None when it reached the end.
        refused: the entry it stopped at, and for a fork all that follow it.
    """

    accepted: tuple[Entry, ...]
    duplicates: int
    head: Head
    ring: KeyRing
    refusal: EvidenceError | None = None
    refused: tuple[Entry, ...] = ()


@dataclass(slots=True)
class _Way:
    """The walk under way. ``known``: digests by place, those accepted on the way included."""

    head: Head
    ring: KeyRing
    known: dict[int, str]
    accepted: list[Entry]
    duplicates: int = 0

    def step(self, entry: Entry, *, signed: bool) -> None:
        """Take *entry* or raise; its own signature is verified when *signed* or it matters."""
        if entry.seq < 1:
            raise MalformedKept("places are counted from 1", node=entry.node, seq=entry.seq)
        if entry.seq <= self.head.seq:
            if self.known.get(entry.seq) != entry.digest:
                self.ring.verify_entry(entry)
                raise Fork("the place is taken", node=entry.node, seq=entry.seq)
            self.duplicates += 1
            return
        if entry.seq != self.head.seq + 1:
            raise BrokenChain(node=entry.node, seq=entry.seq, expected=self.head.seq + 1)
        if entry.prev != self.head.digest:
            self.ring.verify_entry(entry)
            raise Fork("it does not name the entry before it", node=entry.node, seq=entry.seq)
        if signed or entry.kind == "key_rotate":
            self.ring.verify_entry(entry)
        else:
            self.ring.good(entry)
        self.accepted.append(entry)
        self.head = entry.head
        self.ring = self.ring.after(entry)
        self.known[entry.seq] = entry.digest


def walk(entries: Sequence[Entry], head: Head, held: Mapping[int, str], ring: KeyRing) -> Walk:
    """Follow *entries* from *head*.

    The chain of every entry is checked, and the signature of the last one accepted, to which the
    chain binds the others. When that one is bad, each is verified, and what comes before the first
    bad one is accepted.

    A fork is only what the node itself has signed: a stranger's bytes at a place that is taken are
    a bad signature, or anybody could bring a station into quarantine.

    Args:
        entries: of one node.
        head: where the node's ledger ends here.
        held: digests (hex) of the entries held at the batch's places up to *head*.
        ring: the node's keys.
    """
    found = _walk(entries, head, held, ring, signed=False)
    if found.accepted and not _last_is_signed(found):
        return _walk(entries, head, held, ring, signed=True)
    return found


def _walk(
    entries: Sequence[Entry], head: Head, held: Mapping[int, str], ring: KeyRing, *, signed: bool
) -> Walk:
    way = _Way(head=head, ring=ring, known=dict(held), accepted=[])
    refusal: EvidenceError | None = None
    refused: tuple[Entry, ...] = ()
    for at, entry in enumerate(entries):
        try:
            way.step(entry, signed=signed)
        except EvidenceError as exc:
            refusal = exc
            refused = tuple(entries[at:]) if isinstance(exc, Fork) else (entry,)
            break
    return Walk(
        accepted=tuple(way.accepted),
        duplicates=way.duplicates,
        head=way.head,
        ring=way.ring,
        refusal=refusal,
        refused=refused,
    )


def _last_is_signed(found: Walk) -> bool:
    try:
        found.ring.verify_entry(found.accepted[-1])
    except EvidenceError:
        return False
    return True
