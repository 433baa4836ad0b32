"""The layers of the tree: the leaves come to the roots that were signed.

The centre's own checkpoints (``tree``), those in a witness's hands (``witness``) and those on
receipts (``receipts``) are claims about one tree, and are followed side by side: whoever forges
some of them must not be able to move the blame by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from central.domain.auditing.seen import Seen
from central.domain.auditing.values import Claim, Discrepancy, Layer, StoredHead, StoredLog
from station.domain.merkle import Frontier

OWN: Final = "log"
"""Who holds the centre's own checkpoints."""

_PENDING: Final = 1024
_KNOWN: Final = 200_000  # roots that anchors are compared with: 4 months of one a minute
_NODES_NAMED: Final = 50


class Roots:
    """Grows the tree and compares its root wherever one was signed.

    Args:
        tree: whether the order, the log's head and the anchors in entries are looked at too.
    """

    def __init__(self, start: StoredLog, *, tree: bool) -> None:
        self._frontier = Frontier(start.size, start.peaks)
        self._pending: list[bytes] = []
        self._sources: dict[tuple[Layer, str], _Source] = {}
        if tree:  # the log's own checkpoints come along the way
            self._sources[Layer.TREE, OWN] = _Source()
        self._claims: dict[int, list[Claim]] = {}
        self._known: dict[int, bytes] = {}
        self._forgotten = start.size
        self._tree = tree
        self._position = start.size

    def expect(self, claims: Iterable[Claim]) -> list[Discrepancy]:
        """Compare with *claims*: now where they are about the tree as it stands, else in time.

        What they say of smaller trees cannot be told any more.
        """
        now: list[Claim] = []
        for claim in claims:
            self._sources.setdefault((claim.layer, claim.by), _Source())
            if claim.size > self._size:
                self._claims.setdefault(claim.size, []).append(claim)
            elif claim.size == self._size:
                now.append(claim)
        return self._compared(self._size, now)

    def see(self, seen: Seen) -> Sequence[Discrepancy]:
        """Take in one leaf."""
        found = self._ordered(seen) if self._tree else []
        self._pending.append(seen.leaf)
        for source in self._sources.values():
            source.note(seen)
        size = seen.index + 1
        if size in self._claims:
            found += self._compared(size, self._claims.pop(size))
        elif len(self._pending) >= _PENDING:
            self._grow()
        return found

    def standing(self, _heads: Iterable[StoredHead], log: StoredLog) -> list[Discrepancy]:
        """Return the claims about a longer log, and the log's head where it is another."""
        found = [_short(claim, self._size) for claims in self._claims.values() for claim in claims]
        self._grow()
        if self._tree and log.peaks != self._frontier.peaks:
            detail = f"the log's head has other peaks than its {self._size} leaves come to"
            found.append(_nowhere(Layer.TREE, "head", detail))
        return found

    @property
    def _size(self) -> int:
        return self._frontier.size + len(self._pending)

    def _grow(self) -> None:
        self._frontier = self._frontier.extended(self._pending)
        self._pending.clear()

    def _compared(self, size: int, claims: Sequence[Claim]) -> list[Discrepancy]:
        self._grow()
        root = self._frontier.root
        if any(claim.layer is Layer.TREE for claim in claims):
            self._remember(size, root)
        found = []
        for claim in claims:
            found += self._sources[claim.layer, claim.by].compared(claim, root)
        return found

    def _remember(self, size: int, root: bytes) -> None:
        """Keep the root of a checkpoint that the centre still has, for anchors that name it."""
        self._known[size] = root
        if len(self._known) > _KNOWN:
            self._forgotten = next(iter(self._known))
            del self._known[self._forgotten]

    def _ordered(self, seen: Seen) -> list[Discrepancy]:
        found = []
        self._position += 1
        if seen.stored.position != self._position:
            detail = f"position {seen.stored.position} after {self._position - 1}"
            found.append(seen.discrepancy(Layer.TREE, "position", detail))
            self._position = seen.stored.position
        anchor = seen.glance.anchor if seen.glance else None
        if isinstance(anchor, dict):
            found += self._anchored(seen, anchor)
        return found

    def _anchored(self, seen: Seen, anchor: dict[str, object]) -> list[Discrepancy]:
        """Take an entry for a witness: it names a checkpoint that its station had seen."""
        size, root = anchor.get("log_size"), anchor.get("root")
        if type(size) is not int or not self._forgotten < size <= seen.index:
            return []
        known = self._known.get(size)
        if known is None:
            detail = f"names a checkpoint of {size} leaves, which is not kept"
        elif known.hex() != root:
            detail = f"names another root of {size} leaves"
        else:
            return []
        return [seen.discrepancy(Layer.TREE, "anchor", detail)]


class _Source:
    """Claims out of one hand, and what has come since the last of them that was right."""

    def __init__(self) -> None:
        self._since: dict[str, list[int]] = {}
        self._failed = False

    def note(self, seen: Seen) -> None:
        """Remember the first and the last place of each node since the last right claim."""
        span = self._since.get(seen.node)
        if span is None:
            self._since[seen.node] = [seen.seq, seen.seq, seen.index]
        else:
            span[1:] = seen.seq, seen.index

    def compared(self, claim: Claim, root: bytes) -> list[Discrepancy]:
        """Compare a claim; once one is wrong, all later ones are, and say nothing new."""
        if claim.root == root:
            self._since.clear()
            return []
        if self._failed:
            return []
        self._failed = True
        detail = f"{claim.by}: {claim.size} leaves come to another root"
        if not self._since:
            return [_nowhere(claim.layer, "root", detail)]
        return [
            Discrepancy(
                layer=claim.layer,
                node=node,
                seq=first,
                last=last,
                code="root",
                detail=detail,
                index=index,
            )
            for node, (first, last, index) in list(self._since.items())[:_NODES_NAMED]
        ]


def _nowhere(layer: Layer, code: str, detail: str) -> Discrepancy:
    return Discrepancy(layer=layer, node="", seq=None, code=code, detail=detail)


def _short(claim: Claim, size: int) -> Discrepancy:
    return Discrepancy(
        layer=claim.layer,
        node=claim.node,
        seq=claim.seq,
        code="short",
        detail=f"{claim.by}: the log had {claim.size} leaves, {size} are there",
    )
