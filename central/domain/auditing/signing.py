"""The layer of the signatures: each entry was signed by a key that was good for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from central.domain.auditing.values import Discrepancy, Layer, StoredEntry
from station.contract.keyring import KeyRing
from station.domain.errors import BadSignature, KeyNotGood, MalformedEntry
from station.domain.ledger import parse

Rings = Mapping[str, KeyRing]
"""The register of keys, by node."""

_NONE = KeyRing(())


def check_signatures(
    page: Sequence[StoredEntry], first_index: int, rings: Rings
) -> list[Discrepancy]:
    """Return what is wrong with the signatures of entries that follow one another.

    The bytes must be canonical too: a signature over two readings of one text proves neither.

    Args:
        page: the entries.
        first_index: leaf index of the first.
        rings: whose keys are which, as the entries themselves say.
    """
    found = []
    for index, stored in enumerate(page, first_index):
        code, node, seq = _fault(stored, rings)
        if code:
            found.append(
                Discrepancy(layer=Layer.SIGNATURE, node=node, seq=seq, code=code, index=index)
            )
    return found


def _fault(stored: StoredEntry, rings: Rings) -> tuple[str, str, int]:
    try:
        entry = parse(stored.body, stored.signature)
    except MalformedEntry:
        return "malformed", stored.node, stored.seq
    try:
        rings.get(entry.node, _NONE).verify_entry(entry)
    except (KeyNotGood, ValueError):  # ValueError: the register's key is none
        return "key", entry.node, entry.seq
    except BadSignature:
        return "bad", entry.node, entry.seq
    return "", entry.node, entry.seq
