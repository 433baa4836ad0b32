"""Real lorry records: 1,000 lorries of the Dutch A16 (see README.md beside this file)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Final

GROUP_MM: Final = 1800
"""Axles nearer to one another than this belong to one group (轴组)."""
RIGID_MM: Final = 6000
"""A body on one frame has no longer gap between two axles."""
FULL_OF_100: Final = 95
"""The weight that so many of a hundred lorries of equal axles stay below counts as a full load."""


@dataclass(frozen=True)
class Record:
    """One lorry as it was measured in motion. Axles from the front."""

    length_mm: int
    gross_kg: int
    axle_kg: tuple[int, ...]
    spacing_mm: tuple[int, ...]

    @cached_property
    def groups(self) -> tuple[int, ...]:
        """Return how many axles each group has; the first axle, which steers, stands alone."""
        sizes = [1]
        for place, gap in enumerate(self.spacing_mm):
            if gap < GROUP_MM and place > 0:
                sizes[-1] += 1
            else:
                sizes.append(1)
        return tuple(sizes)

    @property
    def rigid(self) -> bool:
        """Tell whether all axles can lie under one body."""
        return max(self.spacing_mm) <= RIGID_MM

    def group_permille(self) -> tuple[int, ...]:
        """Return the share of each group in the load, in thousandths; the last takes the rest."""
        ends, at = [], 0
        for size in self.groups:
            ends.append(sum(self.axle_kg[at : at + size]))
            at += size
        shares = [kg * 1000 // sum(ends) for kg in ends]
        shares[-1] += 1000 - sum(shares)
        return tuple(shares)


def load_records() -> tuple[Record, ...]:
    """Read ``lorries.csv``."""
    text = files("simulators.traffic").joinpath("lorries.csv").read_text(encoding="utf-8")
    return tuple(
        Record(
            length_mm=int(row["length_mm"]),
            gross_kg=int(row["gross_kg"]),
            axle_kg=tuple(map(int, row["axle_kg"].split())),
            spacing_mm=tuple(map(int, row["spacing_mm"].split())),
        )
        for row in csv.DictReader(text.splitlines())
    )


def full_kg(records: Iterable[Record]) -> dict[int, int]:
    """Return what counts as fully loaded, by number of axles, in kg."""
    by_axles: dict[int, list[int]] = defaultdict(list)
    for record in records:
        by_axles[len(record.axle_kg)].append(record.gross_kg)
    return {
        axles: sorted(weights)[(len(weights) - 1) * FULL_OF_100 // 100]
        for axles, weights in by_axles.items()
    }
