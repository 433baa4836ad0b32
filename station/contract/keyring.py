"""Which of a node's keys is good at which place of its ledger (密钥登记)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from station.contract.entries import KeyRotate, read
from station.contract.signature import ED25519, Ed25519Verifier, key_id, rotation_message
from station.domain.errors import BadSignature, KeyNotGood, MalformedEntry
from station.domain.ledger import TAG, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKey:
    """One key of a node.

    Attributes:
        public_key: 32 raw bytes.
        from_seq: first entry that it may sign; ``until_seq``: last one, None while not rotated.
        revoked_from_seq: it is good for no entry from this one on, None while not revoked.
    """

    key_id: str
    public_key: bytes
    from_seq: int
    until_seq: int | None = None
    revoked_from_seq: int | None = None
    alg: str = ED25519

    def good_at(self, seq: int) -> bool:
        """Tell whether it may have signed entry *seq*."""
        before_its_end = self.until_seq is None or seq <= self.until_seq
        revoked = self.revoked_from_seq is not None and seq >= self.revoked_from_seq
        return self.from_seq <= seq and before_its_end and not revoked


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys that a node ever had, in the order of their registration."""

    keys: tuple[NodeKey, ...]

    def verify_entry(self, entry: Entry) -> None:
        """Check an entry's signature by the key that it names.

        Raises:
            KeyNotGood: the key is not good at that place.
            BadSignature: it is, and did not sign this.
        """
        key = self.good(entry)
        Ed25519Verifier(key.public_key).verify(TAG + entry.body, entry.signature)

    def good(self, entry: Entry) -> NodeKey:
        """Return the key that *entry* names.

        Raises:
            KeyNotGood: the key is not good at that place.
        """
        for key in self.keys:
            if key.key_id == entry.key_id and key.good_at(entry.seq):
                return key
        raise KeyNotGood(entry.key_id, node=entry.node, seq=entry.seq)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check a message that is no entry: signed by a key that is in force.

        Raises:
            BadSignature: by none of them.
        """
        refusal = BadSignature("no key in force")
        for key in self.keys:
            if key.until_seq is None and key.revoked_from_seq is None:
                try:
                    Ed25519Verifier(key.public_key).verify(message, signature)
                except BadSignature as exc:
                    refusal = exc
                else:
                    return
        raise refusal

    def after(self, entry: Entry) -> KeyRing:
        """Return the ring once *entry* is in the ledger: another one if it rotates the key.

        A rotation whose new key does not prove itself changes nothing: what that key signs later
        is then refused.
        """
        successor = _successor(entry)
        if successor is None:
            return self
        ended = self.good(entry)
        keys = tuple(replace(k, until_seq=entry.seq) if k is ended else k for k in self.keys)
        return KeyRing((*keys, successor))


def _successor(entry: Entry) -> NodeKey | None:
    if entry.kind != "key_rotate":
        return None
    try:
        _, payload = read(entry)
        if not isinstance(payload, KeyRotate) or payload.alg != ED25519:
            return None
        public_key = bytes.fromhex(payload.public_key)
        message = rotation_message(entry.node, entry.key_id, public_key)
        Ed25519Verifier(public_key).verify(message, bytes.fromhex(payload.proof))
    except (MalformedEntry, BadSignature, ValueError):
        return None
    return NodeKey(key_id=key_id(public_key), public_key=public_key, from_seq=entry.seq + 1)
