"""What the enrolment of a key does to those that a node had before. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from station.contract.keyring import KeyRing, NodeKey
from station.contract.signature import key_id
from station.domain.errors import KeysNotProven


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """The key's place, and what changes in the register.

    Attributes:
        from_seq: the first entry that the key is good for.
        ended: keys that the new one replaces, with their last entry; their holder has lost them.
        new: None when the node has the key already.
    """

    from_seq: int
    ended: tuple[NodeKey, ...] = ()
    new: NodeKey | None = None


def enrolled(ring: KeyRing, public_key: bytes, *, last_seq: int, after_seq: int) -> Enrolled:
    """Return what becomes of the register when a node shows *public_key* (32 bytes).

    Args:
        ring: the keys that the node had.
        public_key: the one that it has now.
        last_seq: of the newest entry that is held.
        after_seq: the node's last entry that another key has signed, held or not yet.

    Raises:
        KeysNotProven: the key was the node's once, and has ended or was revoked; or it begins
            after entries that the node has not any more.
    """
    known = next((key for key in ring.keys if key.public_key == public_key), None)
    if known is not None:
        if known.until_seq is not None or known.revoked_from_seq is not None:
            raise KeysNotProven("this key has ended: make another", key_id=known.key_id)
        if known.from_seq > max(last_seq, after_seq) + 1:
            # It followed another key's entries, which went with a disk.
            raise KeysNotProven("this key begins later: make another", key_id=known.key_id)
        return Enrolled(from_seq=known.from_seq)
    from_seq = max(last_seq, after_seq) + 1 if ring.keys else 1
    # One that was enrolled and never signed may have ended later than the new one begins.
    ended = tuple(
        replace(key, until_seq=from_seq - 1)
        for key in ring.keys
        if key.until_seq is None or key.until_seq >= from_seq
    )
    new = NodeKey(key_id=key_id(public_key), public_key=public_key, from_seq=from_seq)
    return Enrolled(from_seq=from_seq, ended=ended, new=new)


def held_by(key: NodeKey, from_seq: int, last_seq: int) -> range:
    """Return the places from *from_seq* on, of those held, that *key* has signed."""
    last = last_seq if key.until_seq is None else min(key.until_seq, last_seq)
    return range(max(key.from_seq, from_seq), last + 1)
