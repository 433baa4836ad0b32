"""What an audit is given, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from station.domain.ledger import GENESIS


class Layer(Enum):
    """What an audit looks at; each layer can be run alone, and none suffices alone.

    ``VIEWS`` is no evidence: what is shown is held against the entries. ``MEDIA``: the recordings
    that entries name.
    """

    CHAIN = "chain"
    SIGNATURE = "signature"
    HIGH_WATER = "high_water"
    TREE = "tree"
    WITNESS = "witness"
    RECEIPTS = "receipts"
    TIME_ORDER = "time_order"
    VIEWS = "views"
    MEDIA = "media"


ONE_BY_ONE = frozenset({Layer.VIEWS, Layer.MEDIA})
"""Layers whose discrepancies do not follow from one another: several are named."""

EVERY_LAYER = frozenset(Layer) - ONE_BY_ONE

MOST_NAMED = 20
"""Of a layer of :data:`ONE_BY_ONE`, for each node and code."""


class StoredEntry(NamedTuple):
    """An entry as the database shows it; only ``body``, ``signature``, ``received_ms`` count.

    Attributes:
        position: place in the order of acceptance over all nodes, counted from 1.
        digest: the column (32 bytes), not what the body comes to.
        received_ms: milliseconds since 1970, as they stand in the leaf.
    """

    position: int
    node: str
    seq: int
    kind: str
    digest: bytes
    body: bytes
    signature: bytes
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHead:
    """Where a node's ledger ends, as the database says. ``digest``: hex.

    ``position``: of the newest entry; 0 when there is none.
    """

    node: str
    seq: int = 0
    digest: str = GENESIS
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLog:
    """The log's head as the database says: number of leaves, and the peaks (32 bytes each)."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()


EMPTY_LOG = StoredLog()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNote:
    """A checkpoint of the centre's own: two columns (``root``: 32 bytes) and the signed note."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Somebody signed that the tree of ``size`` leaves has this root, at a time when it had.

    Attributes:
        layer: which layer checks it: ``TREE`` for the centre's own checkpoints, ``WITNESS`` for
            those that a witness holds, ``RECEIPTS`` for those in the stations' hands.
        by: name of who holds it.
        node, seq: of the entry that a receipt is for; "" and None for a checkpoint.
    """

    layer: Layer
    by: str
    size: int
    root: bytes
    node: str = ""
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One thing that does not fit.

    Attributes:
        node: whose entry; "" when the log as a whole is meant.
        seq: the first place that may be wrong.
        last: the last one, where the evidence does not tell more closely; None: ``seq`` alone.
        code: what it is, a word of the layer.
        index: leaf index of the last of these places; None for an entry that is not there.
    """

    layer: Layer
    node: str
    seq: int | None
    code: str
    detail: str = ""
    last: int | None = None
    index: int | None = None

    @property
    def place(self) -> str:
        """Return ``linhe#50``, ``linhe#50-60``, or "" for the log as a whole."""
        if self.seq is None:
            return self.node
        upto = "" if self.last is None or self.last == self.seq else f"-{self.last}"
        return f"{self.node}#{self.seq}{upto}"


class Findings:
    """Discrepancies by layer, node and code: the first of each, and how many there were.

    Of layers whose discrepancies do not follow from one another, the first twenty of each. However
    much is wrong, this stays small.
    """

    def __init__(self) -> None:
        self._named: dict[tuple[Layer, str, str], list[Discrepancy]] = {}
        self._count: dict[tuple[Layer, str, str], int] = {}

    def add(self, found: Iterable[Discrepancy]) -> None:
        """Take in what one page brought, in its order."""
        for one in found:
            key = (one.layer, one.node, one.code)
            named = self._named.setdefault(key, [])
            if len(named) < (MOST_NAMED if one.layer in ONE_BY_ONE else 1):
                named.append(one)
            self._count[key] = self._count.get(key, 0) + 1

    def all(self) -> list[tuple[Discrepancy, int]]:
        """Return those that are named; what is earlier and more exact comes first.

        Each comes with the number that it stands for: the last one of its kind for all the rest.

        Where several layers speak of one entry, the one that names it alone comes before those
        that name places around it, since theirs end later.
        """
        found = [
            (one, 1 if one is not named[-1] else self._count[key] - len(named) + 1)
            for key, named in self._named.items()
            for one in named
        ]
        return sorted(found, key=lambda pair: _in_log(pair[0]))


def _in_log(one: Discrepancy) -> tuple[bool, int, int]:
    width = 0 if one.last is None or one.seq is None else one.last - one.seq
    return one.index is None, one.index or 0, width
