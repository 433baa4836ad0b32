"""How the log grows (公证日志): its frontier, and the roots of the blocks that become full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from station.domain.merkle import Frontier

BLOCK: Final = 256
"""Leaves of a block of level 1, and blocks of one level in a block of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A full block: leaves ``number * 256**level`` up to the next one's first."""

    level: int
    number: int
    root: bytes


def grown(frontier: Frontier, leaves: Sequence[bytes]) -> tuple[Frontier, tuple[Block, ...]]:
    """Return the frontier with *leaves* appended, and the blocks that they fill, smaller first."""
    blocks: list[Block] = []
    done = 0
    while done < len(leaves):
        room = BLOCK - frontier.size % BLOCK
        piece = leaves[done : done + room]
        grown_to = frontier.extended(piece)
        if grown_to.size % BLOCK == 0:
            blocks += _filled(frontier, piece, grown_to.size)
        frontier, done = grown_to, done + len(piece)
    return frontier, tuple(blocks)


def _filled(before: Frontier, piece: Sequence[bytes], size: int) -> list[Block]:
    """Return the blocks of every level that end at *size*."""
    blocks: list[Block] = []
    level, span = 1, BLOCK
    while size % span == 0:
        within = before.size % span
        peaks = before.peaks[len(before.peaks) - within.bit_count() :]
        root = Frontier(size=within, peaks=peaks).extended(piece).root
        blocks.append(Block(level=level, number=size // span - 1, root=root))
        level, span = level + 1, span * BLOCK
    return blocks
