"""The centre's ledgers and log in memory, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from central.application.ledger_ports import Placed, StoredCheckpoint
from station.contract.personal import Opening
from station.domain.errors import StoreFailed
from station.domain.merkle import EMPTY, Range, leaf_hash
from tests.torture.simulation.archive import SimulatedArchive


class SimulatedShelf:
    """Implements :class:`central.application.serving.Shelf`."""

    def __init__(self, archive: SimulatedArchive) -> None:
        self._archive = archive

    async def ledger(self, node: str, after: int, limit: int) -> list[Placed]:
        return await self.at(node, range(after + 1, after + 1 + limit))

    async def at(self, node: str, seqs: Sequence[int]) -> list[Placed]:
        await self._archive.step()
        tables = self._archive.disk.tables
        places = [tables["place"].get((node, seq)) for seq in seqs]
        return [tables["entry"][place][0] for place in places if place is not None]

    async def rotations(self, node: str) -> list[Placed]:
        held = await self.at(node, range(1, await self.head(node) + 1))
        return [one for one in held if one.entry.kind == "key_rotate"]

    async def openings(
        self, node: str, seqs: Sequence[int], case_node: str
    ) -> Mapping[int, Sequence[Opening]]:
        raise AssertionError("no driver asks anything in the simulation")

    async def head(self, node: str) -> int:
        await self._archive.step()
        row = self._archive.disk.tables["node"].get(node)
        return row.head.seq if row else 0

    async def subtrees(self, ranges: Sequence[Range]) -> Mapping[Range, bytes]:
        await self._archive.step()
        entries = self._archive.disk.tables["entry"]
        found: dict[Range, bytes] = {}
        for lo, hi in ranges:
            leaves = []
            for position in range(lo + 1, hi + 1):
                if position not in entries:
                    raise StoreFailed(f"the log has a gap between leaves {lo} and {hi}")
                leaves.append(leaf_of(entries[position][0]))
            found[lo, hi] = EMPTY.extended(leaves).root
        return found

    async def newest_checkpoint(self) -> StoredCheckpoint | None:
        await self._archive.step()
        found: list[StoredCheckpoint] = list(self._archive.disk.tables["checkpoint"].values())
        return max(found, key=lambda row: row.log_size, default=None)

    async def checkpoint(self, log_size: int) -> StoredCheckpoint | None:
        await self._archive.step()
        found: StoredCheckpoint | None = self._archive.disk.tables["checkpoint"].get(log_size)
        return found

    async def attested_checkpoint(self, log_size: int) -> StoredCheckpoint | None:
        await self._archive.step()
        rows: list[StoredCheckpoint] = list(self._archive.disk.tables["checkpoint"].values())
        large = sorted((row for row in rows if row.log_size >= log_size), key=_by_size)[-100:]
        return max(large, key=lambda row: (row.note.count("\n"), row.log_size), default=None)

    async def replace_note(self, log_size: int, before: str, after: str) -> bool:
        await self._archive.step()
        rows = self._archive.disk.tables["checkpoint"]
        row = rows.get(log_size)
        if row is None or row.note != before:
            return False
        rows[log_size] = replace(row, note=after)
        return True


def _by_size(row: StoredCheckpoint) -> int:
    return row.log_size


def leaf_of(one: Placed) -> bytes:
    """Return the leaf of an entry in its place."""
    return leaf_hash(one.entry.body, one.entry.signature, one.received_ms)
