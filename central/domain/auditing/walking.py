"""Walks through the stored entries in order of acceptance and shows each to every layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from central.domain.auditing.chaining import Chains
from central.domain.auditing.heads import HighWater
from central.domain.auditing.receipts import Receipts
from central.domain.auditing.registering import Registering
from central.domain.auditing.roots import Roots
from central.domain.auditing.seen import Seen, see
from central.domain.auditing.times import USUAL, Times, Tolerances
from central.domain.auditing.values import (
    EMPTY_LOG,
    EVERY_LAYER,
    Claim,
    Discrepancy,
    Layer,
    StoredEntry,
    StoredHead,
    StoredLog,
)
from station.contract.uplink import Receipt

_OF_THE_TREE = frozenset({Layer.TREE, Layer.WITNESS, Layer.RECEIPTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a walk begins: at the first entry, or where one that was believed ended."""

    heads: tuple[StoredHead, ...] = ()
    log: StoredLog = EMPTY_LOG


class Audit:
    """One walk. The layer of the signatures, which costs fifty times as much, walks by itself.

    Args:
        receipts: what stations hold, verified (:func:`.claims.good_receipts`).
        register: follows what the entries say of keys; None: nobody wants to know.
        tolerances: how far times may be apart.
        layers: which to run.
    """

    def __init__(
        self,
        start: Start,
        receipts: Iterable[Receipt] = (),
        *,
        register: Registering | None = None,
        tolerances: Tolerances = USUAL,
        layers: frozenset[Layer] = EVERY_LAYER,
    ) -> None:
        self._layers = layers
        self._index = self._position = start.log.size
        self._roots = Roots(start.log, tree=Layer.TREE in layers)
        made: dict[Layer, _Check] = {
            Layer.CHAIN: Chains(start.heads),
            Layer.HIGH_WATER: HighWater(start.heads, start.log),
            Layer.RECEIPTS: Receipts(receipts),
            Layer.TIME_ORDER: Times(tolerances),
        }
        self._checks = [check for layer, check in made.items() if layer in layers]
        if layers & _OF_THE_TREE:
            self._checks.append(self._roots)
        if register is not None:
            self._checks.append(register)

    @property
    def walked(self) -> int:
        """Return how many leaves have been seen, those before the start included."""
        return self._index

    @property
    def position(self) -> int:
        """Return the position, as the table says, of the last entry that was seen."""
        return self._position

    def expect(self, claims: Iterable[Claim]) -> list[Discrepancy]:
        """Compare with *claims* too, at once or as their sizes come; see :class:`.roots.Roots`."""
        return self._roots.expect(claim for claim in claims if claim.layer in self._layers)

    def feed(self, page: Sequence[StoredEntry]) -> list[Discrepancy]:
        """Take in the entries that follow, and return what does not fit."""
        found: list[Discrepancy] = []
        for stored in page:
            seen = see(stored, self._index)
            self._index += 1
            for check in self._checks:
                found += check.see(seen)
        if page:
            self._position = page[-1].position
        return found

    def standing(self, heads: Iterable[StoredHead], log: StoredLog) -> list[Discrepancy]:
        """Compare where the walk stands with where the database says that everything ends."""
        stated = tuple(heads)
        return [one for check in self._checks for one in check.standing(stated, log)]


class _Check(Protocol):
    def see(self, seen: Seen) -> Sequence[Discrepancy]: ...

    def standing(self, heads: Iterable[StoredHead], log: StoredLog) -> Sequence[Discrepancy]: ...
