"""The layer of the chain: every entry names the one before it, and the columns say what it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from central.domain.auditing.seen import Seen
from central.domain.auditing.values import Discrepancy, Layer, StoredHead, StoredLog
from station.domain.ledger import GENESIS

_NOTHING: Final = (0, GENESIS)
_LONGEST_KIND: Final = 64


class Chains:
    """Follows each node's ledger from *heads* on. Catches what does not fit together any more.

    It does not see a ledger that was made anew from some place on, nor a tail that is cut off.
    """

    def __init__(self, heads: Iterable[StoredHead]) -> None:
        self._heads = {head.node: (head.seq, head.digest) for head in heads}

    def see(self, seen: Seen) -> Sequence[Discrepancy]:
        """Follow one entry."""
        seq, digest = self._heads.get(seen.node, _NOTHING)
        self._heads[seen.node] = (seen.seq, seen.digest)
        glance = seen.glance
        if glance is None:
            return [seen.discrepancy(Layer.CHAIN, "malformed", "the body is no entry")]
        found = []
        if wrong := _columns(seen, glance.kind):
            found.append(seen.discrepancy(Layer.CHAIN, "columns", wrong))
        if seen.seq > seq + 1:
            found.append(seen.discrepancy(Layer.CHAIN, "gap", "places are missing", since=seq + 1))
        elif seen.seq <= seq:
            found.append(seen.discrepancy(Layer.CHAIN, "again", "the place was taken before"))
        elif glance.prev != digest:
            found.append(_broken(seen))
        return found

    def standing(self, _heads: Iterable[StoredHead], _log: StoredLog) -> list[Discrepancy]:
        """Return nothing: a chain does not prove that its tail is still there."""
        return []


def _columns(seen: Seen, kind: str) -> str:
    stored = seen.stored
    said = {
        "node": (stored.node, seen.node),
        "seq": (stored.seq, seen.seq),
        "kind": (stored.kind, _in_a_column(kind)),
        "digest": (stored.digest.hex(), seen.digest),
    }
    return ", ".join(
        f"column {name} is {column}, the bytes say {byte}"
        for name, (column, byte) in said.items()
        if column != byte
    )


def _in_a_column(kind: str) -> str:
    return kind.replace("\0", "\ufffd")[:_LONGEST_KIND]


def _broken(seen: Seen) -> Discrepancy:
    """Blame both: either of the two was changed; the chain alone does not tell which."""
    first = max(seen.seq - 1, 1)
    detail = f"{seen.seq} does not name the bytes of {first}"
    return seen.discrepancy(Layer.CHAIN, "link", detail, since=first)
