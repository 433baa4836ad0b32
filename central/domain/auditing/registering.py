"""Whose key was good where, as the entries themselves say: the table of keys is not believed.

It begins with the centre's own key, which the auditor has from outside the database. That key signs
the enrolments and revocations in the centre's ledger; a station's rotation is signed by the key
that ends with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from central.domain.auditing.seen import Seen
from central.domain.auditing.values import Discrepancy, Layer, StoredHead, StoredLog
from station.contract.entries import Enrolment, KeyRevoked, Kind, read
from station.contract.keyring import KeyRing, NodeKey
from station.contract.signature import key_id
from station.domain.errors import KeyNotGood, MalformedEntry
from station.domain.ledger import Entry, parse

_KINDS: Final = frozenset(
    {Kind.ENROLMENT.value, Kind.KEY_REVOKED.value, Kind.KEY_ROTATE.value},
)
_NONE: Final = KeyRing(())


class Registering:
    """Follows what the entries say of keys.

    Args:
        own: the centre's node.
        public_key: the centre's own (32 bytes).
    """

    def __init__(self, own: str, public_key: bytes) -> None:
        self._own = own
        first = NodeKey(key_id=key_id(public_key), public_key=public_key, from_seq=1)
        self.rings: dict[str, KeyRing] = {own: KeyRing((first,))}

    def see(self, seen: Seen) -> Sequence[Discrepancy]:
        """Take in one entry. One that nobody has signed is found by its signature."""
        if seen.glance is not None and seen.glance.kind in _KINDS:
            try:
                entry = parse(seen.stored.body, seen.stored.signature)
                _, payload = read(entry)
            except MalformedEntry:
                return ()
            if isinstance(payload, Enrolment | KeyRevoked):
                self._told(entry, payload)
            else:
                self._rotated(entry)
        return ()

    def standing(self, _heads: Iterable[StoredHead], _log: StoredLog) -> Sequence[Discrepancy]:
        """Return nothing: the table of keys is no head."""
        return ()

    def compared(self, stored: Mapping[str, KeyRing]) -> list[Discrepancy]:
        """Return where the table of keys says otherwise."""
        found = []
        for node in sorted(stored.keys() | self.rings.keys()):
            said, table = self.rings.get(node, _NONE), stored.get(node, _NONE)
            for key in sorted(set(said.keys) ^ set(table.keys), key=lambda one: one.key_id):
                where = "only the entries have" if key in said.keys else "only the table has"
                detail = f"{where} {key.key_id} from {key.from_seq} to {key.until_seq}"
                if key.revoked_from_seq is not None:
                    detail += f", revoked from {key.revoked_from_seq}"
                found.append(
                    Discrepancy(
                        layer=Layer.SIGNATURE,
                        node=node,
                        seq=key.from_seq,
                        code="register",
                        detail=detail,
                    )
                )
        return found

    def _told(self, entry: Entry, told: Enrolment | KeyRevoked) -> None:
        if entry.node != self._own:
            return
        keys = self.rings.get(told.node, _NONE).keys
        if isinstance(told, KeyRevoked):
            changed = tuple(_revoked(key, told) for key in keys)
        else:
            ended = tuple(_ended(key, told.from_seq - 1) for key in keys)
            changed = (*ended, _new(told)) if _new(told) not in keys else keys
        self.rings[told.node] = KeyRing(changed)

    def _rotated(self, entry: Entry) -> None:
        ring = self.rings.get(entry.node, _NONE)
        try:
            self.rings[entry.node] = ring.after(entry)
        except KeyNotGood:
            return


def _revoked(key: NodeKey, told: KeyRevoked) -> NodeKey:
    before = key.revoked_from_seq
    if key.key_id != told.key_id or (before is not None and before <= told.from_seq):
        return key
    return replace(key, revoked_from_seq=told.from_seq)


def _ended(key: NodeKey, last: int) -> NodeKey:
    ended_before = key.until_seq is not None and key.until_seq <= last
    return key if ended_before else replace(key, until_seq=last)


def _new(told: Enrolment) -> NodeKey:
    try:
        public_key = bytes.fromhex(told.public_key)
    except ValueError:
        public_key = b""
    return NodeKey(key_id=told.key_id, public_key=public_key, from_seq=told.from_seq, alg=told.alg)
