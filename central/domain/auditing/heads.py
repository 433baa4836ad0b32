"""The layer of the high-water marks: as many entries are there as the heads say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from central.domain.auditing.seen import Seen
from central.domain.auditing.values import Discrepancy, Layer, StoredHead, StoredLog


class HighWater:
    """Counts what is there, and compares it with the heads in the end."""

    def __init__(self, heads: Iterable[StoredHead], log: StoredLog) -> None:
        self._start = {head.node: head for head in heads}
        self._last: dict[str, Seen] = {}
        self._missing: dict[str, int] = {}
        self._count = {head.node: head.seq for head in self._start.values()}
        self._leaves = log.size

    def see(self, seen: Seen) -> Sequence[Discrepancy]:
        """Count one entry."""
        node = seen.node
        self._leaves += 1
        count = self._count[node] = self._count.get(node, 0) + 1
        if seen.seq != count:
            self._missing.setdefault(node, count)
        self._last[node] = seen
        return ()

    def standing(self, heads: Iterable[StoredHead], log: StoredLog) -> list[Discrepancy]:
        """Compare with the heads as the database says them: each, if a spoilt one says two."""
        stated: dict[str, list[StoredHead]] = {}
        for head in heads:
            stated.setdefault(head.node, []).append(head)
        found = []
        for node in sorted(stated.keys() | self._start.keys() | self._last.keys()):
            for head in stated.get(node, [StoredHead(node=node)]):
                found += self._compared(head, self._reached(node))
        if log.size != self._leaves:
            detail = f"the log's head counts {log.size} leaves, {self._leaves} are there"
            found.append(_one(StoredHead(node=""), None, "log_size", detail))
        return found

    def _reached(self, node: str) -> StoredHead:
        seen = self._last.get(node)
        if seen is None:
            return self._start.get(node, StoredHead(node=node))
        return StoredHead(
            node=node, seq=seen.seq, digest=seen.digest, position=seen.stored.position
        )

    def _compared(self, stated: StoredHead, last: StoredHead) -> list[Discrepancy]:
        if stated.seq > last.seq:
            detail = f"the ledger ends at {last.seq}, its head says {stated.seq}"
            return [_one(stated, last.seq + 1, "tail", detail, last=stated.seq)]
        missing = self._missing.get(stated.node)
        if missing is not None:
            detail = f"{self._count[stated.node]} entries are there up to {last.seq}"
            return [_one(stated, missing, "count", detail)]
        if stated != last:
            detail = f"the head says {stated.seq} {stated.digest[:10]} at {stated.position}"
            return [_one(last, last.seq, "head", detail)]
        return []


def _one(
    head: StoredHead, seq: int | None, code: str, detail: str, last: int | None = None
) -> Discrepancy:
    return Discrepancy(
        layer=Layer.HIGH_WATER, node=head.node, seq=seq, code=code, detail=detail, last=last
    )
