"""The Merkle tree of the log (公证日志), RFC 6962 section 2.1: roots, proofs and their checks.

Digests are raw SHA-256, 32 bytes. A *range* ``(lo, hi)`` stands for the leaves ``lo`` … ``hi - 1``;
it is *aligned* when ``hi - lo`` is a power of two and ``lo`` a multiple of it. Whoever makes proofs
from a database asks :func:`needed_inclusion` or :func:`needed_consistency` which aligned ranges the
proof is made of, fetches their roots, and passes ``lambda lo, hi: fetched[lo, hi]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from station.domain.errors import BadProof

Range = tuple[int, int]
Subtree = Callable[[int, int], bytes]
"""Root of an aligned range."""

EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(body: bytes, signature: bytes, received_ms: int) -> bytes:
    """Return the leaf of an entry that the centre took in at *received_ms* (since 1970, UTC)."""
    return sha256(b"".join((b"\x00", body, signature, received_ms.to_bytes(8, "big")))).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the digest of an inner node."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed of a tree to append to it.

    Attributes:
        size: number of leaves.
        peaks: roots of the largest aligned ranges that make up the tree, from left to right.

    Raises:
        BadProof: a tree of that size has another number of peaks.
    """

    size: int
    peaks: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if self.size < 0 or self.size.bit_count() != len(self.peaks):
            raise BadProof("the peaks do not fit the size", size=self.size, peaks=len(self.peaks))

    def extended(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier after *leaves* (each of :func:`leaf_hash`) were appended."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            size += 1
            top, rest = leaf, size
            while not rest & 1:  # node_hash, written out: every entry of an audit passes here
                top = sha256(b"\x01" + peaks.pop() + top).digest()
                rest >>= 1
            peaks.append(top)
        return Frontier(size, tuple(peaks))

    @property
    def root(self) -> bytes:
        """Return the root of the tree."""
        return _joined(self.peaks) if self.peaks else EMPTY_ROOT


EMPTY: Final = Frontier(0, ())


def needed_inclusion(index: int, size: int) -> tuple[Range, ...]:
    """Return the aligned ranges from which the proof of leaf *index* is made.

    Raises:
        BadProof: the tree has no such leaf.
    """
    return _aligned_all(_inclusion_ranges(index, size))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """Return the audit path of leaf *index* (from 0) in the tree of *size* leaves.

    Raises:
        BadProof: the tree has no such leaf.
    """
    return tuple(_root(part, subtree) for part in _inclusion_ranges(index, size))


def needed_consistency(old: int, new: int) -> tuple[Range, ...]:
    """Return the aligned ranges from which the consistency proof is made.

    Raises:
        BadProof: *old* is larger than *new*, or negative.
    """
    return _aligned_all(_consistency_ranges(old, new))


def consistency_proof(old: int, new: int, subtree: Subtree) -> tuple[bytes, ...]:
    """Return the proof that the tree of *old* leaves is the beginning of that of *new* leaves.

    It is empty when *old* is 0 or *new*.

    Raises:
        BadProof: *old* is larger than *new*, or negative.
    """
    return tuple(_root(part, subtree) for part in _consistency_ranges(old, new))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that *leaf* stands at *index* of the tree of *size* leaves with that *root*.

    Raises:
        BadProof: it does not, or the proof is too long or too short.
    """
    if not 0 <= index < size:
        raise BadProof("the tree has no such leaf", index=index, size=size)
    top, place, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            raise BadProof("the proof is too long", index=index, size=size)
        if place & 1 or place == last:
            top = node_hash(sibling, top)
            place, last = _climbed(place, last)
        else:
            top = node_hash(top, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or top != root:
        raise BadProof("the proof does not lead to the root", index=index, size=size)


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of *old_size* leaves is the beginning of that of *new_size*.

    Raises:
        BadProof: it is not, or the proof is too long or too short.
    """
    sizes = {"old": old_size, "new": new_size}
    if not 0 <= old_size <= new_size:
        raise BadProof("a log does not shrink", **sizes)
    if old_size in {0, new_size}:
        if proof or old_root != (new_root if old_size else EMPTY_ROOT):
            raise BadProof("the roots differ", **sizes)
        return
    found_old, found_new = _both_roots(old_size, old_root, new_size, proof)
    if found_old != old_root or found_new != new_root:
        raise BadProof("the proof does not lead to the roots", **sizes)


def _both_roots(
    old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return what *proof* makes of the two roots (RFC 9162 section 2.1.4.2)."""
    whole = old_size & (old_size - 1) == 0  # then the old root is itself a node of the new tree
    path = (old_root, *proof) if whole else tuple(proof)
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if not proof:
        raise BadProof("the proof is too short", old=old_size, new=new_size)
    old_top = new_top = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadProof("the proof is too long", old=old_size, new=new_size)
        if place & 1 or place == last:
            old_top, new_top = node_hash(sibling, old_top), node_hash(sibling, new_top)
            place, last = _climbed(place, last)
        else:
            new_top = node_hash(new_top, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short", old=old_size, new=new_size)
    return old_top, new_top


def _climbed(place: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a node of the right edge has no sibling; *place* is not 0."""
    while not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _inclusion_ranges(index: int, size: int) -> list[Range]:
    if not 0 <= index < size:
        raise BadProof("the tree has no such leaf", index=index, size=size)
    lo, hi = 0, size
    ranges: list[Range] = []
    while hi - lo > 1:
        middle = lo + _split(hi - lo)
        if index < middle:
            ranges.append((middle, hi))
            hi = middle
        else:
            ranges.append((lo, middle))
            lo = middle
    return ranges[::-1]


def _consistency_ranges(old: int, new: int) -> list[Range]:
    if not 0 <= old <= new:
        raise BadProof("a log does not shrink", old=old, new=new)
    if old in {0, new}:
        return []
    lo, hi = 0, new
    ranges: list[Range] = []
    while hi != old:
        middle = lo + _split(hi - lo)
        if old <= middle:
            ranges.append((middle, hi))
            hi = middle
        else:
            ranges.append((lo, middle))
            lo = middle
    if lo:  # from 0 it is the old tree itself, whose root the verifier has
        ranges.append((lo, hi))
    return ranges[::-1]


def _split(width: int) -> int:
    """Return the largest power of two below *width*, at which RFC 6962 divides a tree."""
    return 1 << ((width - 1).bit_length() - 1)


def _aligned(part: Range) -> list[Range]:
    """Divide a range that begins on a boundary of the tree into aligned ones, left to right."""
    lo, hi = part
    found: list[Range] = []
    while lo < hi:
        width = 1 << ((hi - lo).bit_length() - 1)
        found.append((lo, lo + width))
        lo += width
    return found


def _aligned_all(parts: Iterable[Range]) -> tuple[Range, ...]:
    return tuple(aligned for part in parts for aligned in _aligned(part))


def _root(part: Range, subtree: Subtree) -> bytes:
    return _joined([subtree(lo, hi) for lo, hi in _aligned(part)])


def _joined(peaks: Sequence[bytes]) -> bytes:
    """Return the root over *peaks*, of which each is higher than the one after it."""
    top = peaks[-1]
    for peak in reversed(peaks[:-1]):
        top = node_hash(peak, top)
    return top
