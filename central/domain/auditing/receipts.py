"""The layer of receipts: what the centre has signed for is there, at its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from central.domain.auditing.seen import Seen
from central.domain.auditing.values import Discrepancy, Layer, StoredHead, StoredLog
from station.contract.uplink import Receipt


class Receipts:
    """Holds the receipts that were handed in, each until its entry comes by."""

    def __init__(self, receipts: Iterable[Receipt]) -> None:
        self._open: dict[tuple[str, int], list[Receipt]] = {}
        for receipt in receipts:
            self._open.setdefault((receipt.node, receipt.seq), []).append(receipt)
        self._proved: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def see(self, seen: Seen) -> Sequence[Discrepancy]:
        """Compare one entry with the receipts for it."""
        self._last[seen.node] = seen.seq
        receipts = self._open.pop((seen.node, seen.seq), None)
        if receipts is None:
            return ()
        found = []
        since = self._proved.get(seen.node, 0) + 1
        for receipt in receipts:
            if receipt.digest != seen.digest:
                detail = f"a receipt for {receipt.digest[:10]}, the bytes are {seen.digest[:10]}"
                found.append(seen.discrepancy(Layer.RECEIPTS, "digest", detail, since=since))
            elif receipt.leaf_index != seen.index:
                detail = f"a receipt for leaf {receipt.leaf_index}, it stands at {seen.index}"
                found.append(seen.discrepancy(Layer.RECEIPTS, "place", detail, since=since))
        self._proved[seen.node] = seen.seq
        return found

    def standing(self, _heads: Iterable[StoredHead], _log: StoredLog) -> list[Discrepancy]:
        """Return the receipts whose entries did not come by."""
        return [self._missing(node, seq) for node, seq in sorted(self._open)]

    def _missing(self, node: str, seq: int) -> Discrepancy:
        end = self._last.get(node, 0)
        return Discrepancy(
            layer=Layer.RECEIPTS,
            node=node,
            seq=min(end + 1, seq),
            last=seq,
            code="missing",
            detail=f"a receipt says that {seq} is there",
        )
