"""By what keys the centre is known: that of the enrolment, and those that came after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from station.contract.checkpoint import Checkpoint, read_note
from station.contract.enrolling import CentreIdentity
from station.contract.entries import KeyRevoked, Kind, read
from station.contract.keyring import KeyRing, NodeKey
from station.contract.signature import Ed25519Verifier
from station.contract.uplink import Receipt, check_receipt
from station.domain.errors import BadSignature, KeyNotGood
from station.domain.ledger import Entry, Head, follows


@dataclass(frozen=True, slots=True)
class CentreKeys:
    """The centre's name and the keys by which it signs, as its own ledger tells them."""

    node: str
    origin: str
    ring: KeyRing

    @classmethod
    def of(cls, identity: CentreIdentity, told: Iterable[Entry] = ()) -> CentreKeys:
        """Return what an enrolment named, and what the entries *told* since, which are checked."""
        public_key = bytes.fromhex(identity.public_key)
        first = NodeKey(key_id=identity.key_id, public_key=public_key, from_seq=1)
        keys = cls(identity.node, identity.origin, KeyRing((first,)))
        for entry in told:
            keys = keys.after(entry)
        return keys

    def knows(self, key_id: str) -> bool:
        """Tell whether the key is one of the centre's."""
        return any(key.key_id == key_id for key in self.ring.keys)

    def after(self, entry: Entry) -> CentreKeys:
        """Return the keys once *entry* stands in the centre's ledger."""
        if not self.knows(entry.key_id):
            # It is older than the key of the enrolment: that one is what it led to.
            return self
        if entry.kind == Kind.KEY_REVOKED.value:
            return replace(self, ring=_revoked(self.ring, entry))
        return replace(self, ring=self.ring.after(entry))

    def check_receipt(self, receipt: Receipt, *, kept: bool = False) -> None:
        """Check that the centre signed *receipt*; *kept*: in its time, which may be over.

        Raises:
            KeyNotGood: by a key that is not the centre's, or not any more, as far as is known here.
            BadReceipt: the signature is not that key's.
        """
        for key in self.in_force if kept else self.newest:
            if key.key_id == receipt.key_id:
                check_receipt(receipt, Ed25519Verifier(key.public_key))
                return
        raise KeyNotGood(receipt.key_id, node=self.node, seq=receipt.seq)

    def read_note(self, note: str, *, kept: bool = False) -> Checkpoint:
        """Return the checkpoint in *note*, which the centre signed; *kept*: as above.

        Raises:
            EvidenceError: it is none, not signed by the centre, or of another log.
        """
        keys = self.in_force if kept else self.newest
        found = read_note(note.encode(), [key.public_key for key in keys])
        if found.origin != self.origin:
            raise BadSignature("the checkpoint is of another log", origin=found.origin)
        return found

    @property
    def newest(self) -> tuple[NodeKey, ...]:
        """Return the keys that sign now: neither revoked nor rotated."""
        return tuple(key for key in self.in_force if key.until_seq is None)

    @property
    def in_force(self) -> tuple[NodeKey, ...]:
        """Return the keys that were not revoked, the newest first."""
        return tuple(key for key in reversed(self.ring.keys) if key.revoked_from_seq is None)


@dataclass(frozen=True, slots=True)
class Following:
    """Where the centre's ledger ends, while it is followed from page to page.

    What was signed by keys older than that of the enrolment cannot be checked by itself: it is
    held back until an entry that follows it is signed by a key that is known, which binds it all.

    Attributes:
        head: of what has come; ``unproven`` is the end of that, and not to be used yet.
    """

    keys: CentreKeys
    head: Head
    unproven: tuple[Entry, ...] = ()

    def after(self, entries: Sequence[Entry]) -> tuple[Following, tuple[Entry, ...]]:
        """Return where the ledger ends after *entries*, and all that they prove, in order.

        Raises:
            EvidenceError: an entry does not follow the one before, or is not the centre's.
        """
        keys, head, unproven = self.keys, self.head, list(self.unproven)
        proven: list[Entry] = []
        for entry in entries:
            follows(entry, head)
            # Before the first entry by a known key, others may be by older ones.
            if keys.knows(entry.key_id) or head.seq != len(unproven):
                keys.ring.verify_entry(entry)
                proven += [*unproven, entry]
                unproven = []
                keys = keys.after(entry)
            else:
                unproven.append(entry)
            head = entry.head
        return Following(keys, head, tuple(unproven)), tuple(proven)


def _revoked(ring: KeyRing, entry: Entry) -> KeyRing:
    _, payload = read(entry)
    if not isinstance(payload, KeyRevoked) or payload.node != entry.node:
        return ring
    return KeyRing(
        tuple(
            replace(key, revoked_from_seq=payload.from_seq) if key.key_id == payload.key_id else key
            for key in ring.keys
        )
    )
