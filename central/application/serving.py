"""What the centre tells of its ledgers and its log: the way down, and the proofs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from central.application.ledger_ports import Placed, StoredCheckpoint
from station.contract.entries import Kind
from station.contract.personal import Opening
from station.contract.sealing import stamp
from station.contract.uplink import Down, EntryProof, Proofs, SealedEntry, batch, sealed
from station.domain.clock import Clock
from station.domain.errors import NotFound
from station.domain.merkle import (
    Range,
    consistency_proof,
    inclusion_proof,
    needed_consistency,
    needed_inclusion,
)

PAGE: Final = 200
"""Entries in one answer."""
MOST_PROOFS: Final = 200
"""Proofs in one answer."""


class Shelf(Protocol):
    """Ledgers and log, read."""

    async def ledger(self, node: str, after: int, limit: int) -> list[Placed]:
        """Return the next entries of a node."""
        ...

    async def at(self, node: str, seqs: Sequence[int]) -> list[Placed]:
        """Return those entries of a node that are held."""
        ...

    async def rotations(self, node: str) -> list[Placed]:
        """Return the entries by which a node's keys changed, in order."""
        ...

    async def openings(
        self, node: str, seqs: Sequence[int], case_node: str
    ) -> Mapping[int, Sequence[Opening]]:
        """Return the clear texts beside entries of *node* that are about cases of a station."""
        ...

    async def head(self, node: str) -> int:
        """Return the seq of a node's newest entry, 0 for none."""
        ...

    async def subtrees(self, ranges: Sequence[Range]) -> Mapping[Range, bytes]:
        """Return the roots of aligned ranges of leaves."""
        ...

    async def newest_checkpoint(self) -> StoredCheckpoint | None:
        """Return the newest checkpoint."""
        ...

    async def checkpoint(self, log_size: int) -> StoredCheckpoint | None:
        """Return the checkpoint of a size."""
        ...

    async def attested_checkpoint(self, log_size: int) -> StoredCheckpoint | None:
        """Return one of the newest of at least that size, the one that most witnesses signed."""
        ...


async def best_checkpoint(shelf: Shelf, placed: Sequence[Placed]) -> StoredCheckpoint | None:
    """Return the checkpoint to lead proofs to: one that covers all of *placed* if there is one."""
    last = max((one.position for one in placed), default=0)
    return await shelf.attested_checkpoint(last) or await shelf.newest_checkpoint()


async def entry_proofs(shelf: Shelf, size: int, placed: Sequence[Placed]) -> list[EntryProof]:
    """Return where those of *placed* stand that the tree of *size* leaves covers."""
    covered = [one for one in placed if one.position <= size]
    wanted = {r for one in covered for r in needed_inclusion(one.position - 1, size)}
    roots = await shelf.subtrees(sorted(wanted))
    return [
        EntryProof(
            seq=one.entry.seq,
            received_ms=one.received_ms,
            leaf_index=one.position - 1,
            proof=_base64(inclusion_proof(one.position - 1, size, lambda lo, hi: roots[lo, hi])),
        )
        for one in covered
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """Answers of the centre. ``node``: its own."""

    shelf: Shelf
    node: str
    clock: Clock

    async def down(self, after: int, station: str) -> Down:
        """Return the next entries of the centre's own ledger.

        What drivers wrote goes to *station* where it is about a case of its own, and nowhere else.
        """
        found = await self.shelf.ledger(self.node, after, PAGE)
        asked = [one.entry.seq for one in found if one.entry.kind == Kind.DRIVER_REQUEST.value]
        texts = await self.shelf.openings(self.node, asked, station) if asked else {}
        newest = await self.shelf.newest_checkpoint()
        return Down(
            entries=[sealed(one.entry, texts.get(one.entry.seq, ())) for one in found],
            head=await self.shelf.head(self.node),
            checkpoint=newest.note if newest else "",
            at=stamp(self.clock.now()),
        )

    async def ledger(self, node: str, after: int) -> bytes:
        """Return the next of the node's own entries, as a batch."""
        found = await self.shelf.ledger(node, after, PAGE)
        return batch(node, [one.entry for one in found])

    async def proofs(self, node: str, seqs: Sequence[int]) -> Proofs:
        """Prove that entries of *node* stand in the log, those that a checkpoint covers.

        Raises:
            NotFound: there is no checkpoint yet.
        """
        held = await self.shelf.at(node, seqs[:MOST_PROOFS])
        found = await best_checkpoint(self.shelf, held)
        if found is None:
            raise NotFound("checkpoint")
        proofs = await entry_proofs(self.shelf, found.log_size, held)
        return Proofs(checkpoint=found.note, proofs=proofs)

    async def checkpoint(self) -> str:
        """Return the newest signed note.

        Raises:
            NotFound: there is none yet.
        """
        newest = await self.shelf.newest_checkpoint()
        if newest is None:
            raise NotFound("checkpoint")
        return newest.note

    async def rotations(self) -> list[SealedEntry]:
        """Return how the centre's own key changed: each entry is signed by the key that ends."""
        return [sealed(one.entry) for one in await self.shelf.rotations(self.node)]

    async def consistency(self, old: int, new: int) -> list[str]:
        """Prove that the tree of one checkpoint is the beginning of that of another; base64.

        Raises:
            NotFound: *new* is the size of no checkpoint: nothing else was ever signed.
            BadProof: *old* is larger.
        """
        if await self.shelf.checkpoint(new) is None:
            raise NotFound("checkpoint", log_size=new)
        roots = await self.shelf.subtrees(needed_consistency(old, new))
        return _base64(consistency_proof(old, new, lambda lo, hi: roots[lo, hi]))


def _base64(proof: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in proof]
