"""Times: what the clocks of a node and of the centre say of one entry must be possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from verifier.entries import Entry, Placed
from verifier.log import Checkpoint
from verifier.manifest import NAME as MANIFEST
from verifier.manifest import Manifest
from verifier.refusal import Note, Refused

TOLERANCE: Final = timedelta(seconds=120)
"""A clock that counts as verified was within 60 s of the centre's when it was last compared."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS: Final = 253_402_300_799_999


def check_times(found: Iterable[Entry], top: Checkpoint | None, log_node: str) -> Iterator[Note]:
    """Check each entry between the checkpoint that it names and its receipt by the centre.

    *log_node*: the centre's own node. Its entries bear the clock by which all others are verified,
    so there is none that could have verified theirs.
    """
    anchored: dict[str, int] = {}
    for entry in found:
        if not entry.clock_verified and entry.node != log_node:
            yield Note("clock.unverified", f"{entry.where}.clock")
        if entry.anchor is not None:
            if entry.anchor.log_size < anchored.get(entry.node, 0):
                raise Refused("time.anchor", f"{entry.where}.anchor")
            anchored[entry.node] = entry.anchor.log_size
            _check_anchor(entry, top)
            if entry.anchor.at - entry.wall_utc > TOLERANCE:
                yield _doubt("time.before_anchor", entry)
        if entry.placed is not None and entry.wall_utc - received(entry.placed) > TOLERANCE:
            yield _doubt("time.after_receipt", entry)


def check_made_at(manifest: Manifest, top: Checkpoint) -> None:
    """Refuse a bundle that says it was made before the checkpoint in it."""
    if top.at - manifest.made_at > TOLERANCE:
        raise Refused("manifest.made_at", f"{MANIFEST}.made_at")


def received(placed: Placed) -> datetime:
    """Return when the centre took the entry in."""
    return _EPOCH + timedelta(milliseconds=min(placed.received_ms, _LAST_MS))


def _check_anchor(entry: Entry, top: Checkpoint | None) -> None:
    """Refuse an entry that names a checkpoint younger than itself, whatever its clock says."""
    anchor, placed = entry.anchor, entry.placed
    if anchor is None:
        return
    if placed is not None and (
        anchor.log_size > placed.leaf_index or anchor.at - received(placed) > TOLERANCE
    ):
        raise Refused("time.anchor", f"{entry.where}.anchor")
    if top is not None and (
        anchor.log_size > top.size
        or (anchor.log_size == top.size and anchor.root != top.root.hex())
    ):
        raise Refused("time.anchor", f"{entry.where}.anchor")


def _doubt(code: str, entry: Entry) -> Note:
    """Refuse it of a clock that was verified; of another, return it as a note."""
    where = f"{entry.where}.wall_utc"
    if entry.clock_verified:
        raise Refused(code, where)
    return Note(code, where)
