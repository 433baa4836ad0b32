"""One stored entry as an audit sees it: what its bytes say, beside what its columns say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from central.domain.auditing.values import Discrepancy, Layer, StoredEntry
from station.domain.ledger import digest
from station.domain.merkle import leaf_hash


class Glance(msgspec.Struct, frozen=True):
    """The fields of a body that an audit follows. Whatever a station may seal can be read so."""

    node: str
    seq: int
    prev: str
    kind: str
    wall_utc: object = None
    anchor: object = None


_EIGHT_BYTES: Final = 1 << 64  # a column can be made to hold anything; an audit goes on
_GLANCE: Final = msgspec.json.Decoder(Glance)


@dataclass(slots=True)
class Seen:
    """What follows from the bytes. ``node``, ``seq``: the columns' where the body is unreadable.

    Attributes:
        glance: None when the body is no entry.
        index: leaf index, by counting.
        digest: hex, of the body.
        leaf: the leaf's hash.
    """

    stored: StoredEntry
    index: int
    glance: Glance | None
    node: str
    seq: int
    digest: str
    leaf: bytes

    def discrepancy(
        self, layer: Layer, code: str, detail: str = "", *, since: int | None = None
    ) -> Discrepancy:
        """Return a discrepancy about this entry, or about all places from *since* to it."""
        return Discrepancy(
            layer=layer,
            node=self.node,
            seq=self.seq if since is None else since,
            last=None if since is None else self.seq,
            code=code,
            detail=detail,
            index=self.index,
        )


def see(stored: StoredEntry, index: int) -> Seen:
    """Read a stored entry."""
    try:
        glance = _GLANCE.decode(stored.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        glance = None
    return Seen(
        stored,
        index,
        glance,
        stored.node if glance is None else glance.node,
        stored.seq if glance is None else glance.seq,
        digest(stored.body),
        leaf_hash(stored.body, stored.signature, stored.received_ms % _EIGHT_BYTES),
    )
