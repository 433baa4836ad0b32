"""An audit's walk over what headquarters took in: hashes, chain, tree, times; beside plain hashlib.

Both get the same rows in memory, a page at a time, and neither checks a signature: that is work of
its own, which an audit shares out among processes. The loop only takes the two SHA-256 of each
entry and those of the tree above them: it notices nothing, because it knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from benchmarks.ingest_lines import NODES
from benchmarks.passages import LOG_SIZE, Station
from benchmarks.report import Row, rounded, row
from benchmarks.rounds import Contender, Timed, interleaved, timed
from central.domain.auditing.values import Claim, Layer, StoredEntry, StoredHead, StoredLog
from central.domain.auditing.walking import Audit, Start
from central.store.auditing import PAGE
from station.domain.ledger import TAG, Entry
from station.domain.merkle import Frontier, leaf_hash

RATIOS: Final = ("audit_vs_hashlib",)
OURS: Final = "audit"
PLAIN: Final = "hashlib, no checks"
OF_A_STATION: Final = 1000
ROUNDS: Final = 9
_TRAVEL_MS: Final = 700
_EVERY: Final = 500
"""Leaves between two checkpoints."""

_BEFORE: Final = StoredLog(
    size=LOG_SIZE,
    peaks=tuple(bytes([place]) * 32 for place in range(LOG_SIZE.bit_count())),
)
"""The log to which the entries were added: they name a checkpoint of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What headquarters holds: rows, the ends of the ledgers and of the log, signed roots."""

    rows: tuple[StoredEntry, ...]
    heads: tuple[StoredHead, ...]
    log: StoredLog
    claims: tuple[Claim, ...]


def run(
    progress: Callable[[str], None],
) -> tuple[dict[str, float | None], list[Row]]:
    """Time both.

    Raises:
        AssertionError: the audit finds something in an honest store, or nothing in another.
    """
    progress("audit: sealing")
    held = honest(OF_A_STATION)
    _sure(held)
    progress("audit: walking")
    count = len(held.rows)
    found = interleaved(
        [
            Contender(PLAIN, timed(lambda: _hashed(held)), count),
            Contender(OURS, timed(lambda: walked(held)), count),
        ],
        ROUNDS,
    )
    plain, ours = found[PLAIN], found[OURS]
    rows = [
        row("audit an entry", "µs", plain, note=_rate(plain)),
        row("audit an entry", "µs", ours, plain, f"{_rate(ours)}; hashes, chain, tree, times"),
    ]
    return dict(zip(RATIOS, [rounded(ours.over(plain))], strict=True)), rows


def honest(of_a_station: int) -> Held:
    """Return what headquarters holds of so many passages of each station."""
    sealed = zip(*(Station(node).sealed(of_a_station) for node in NODES), strict=True)
    entries = [entry for turn in sealed for entry in turn]
    rows = tuple(_stored(place, entry) for place, entry in enumerate(entries, LOG_SIZE + 1))
    frontier, claims = _frontier(), []
    for first in range(0, len(rows), _EVERY):
        frontier = frontier.extended(_leaves(rows[first : first + _EVERY]))
        claims.append(Claim(layer=Layer.TREE, by="log", size=frontier.size, root=frontier.root))
    ends = {one.node: one for one in rows}.values()
    return Held(
        rows=rows,
        heads=tuple(
            StoredHead(node=one.node, seq=one.seq, digest=one.digest.hex(), position=one.position)
            for one in ends
        ),
        log=StoredLog(size=frontier.size, peaks=tuple(frontier.peaks)),
        claims=tuple(claims),
    )


def walked(held: Held) -> int:
    """Audit *held*, and return how much does not fit."""
    audit = Audit(Start(log=_BEFORE))
    audit.expect(held.claims)
    found = sum(len(audit.feed(page)) for page in _pages(held.rows))
    return found + len(audit.standing(held.heads, held.log))


def _hashed(held: Held) -> bytes:
    frontier = _frontier()
    for page in _pages(held.rows):
        for one in page:
            sha256(TAG + one.body).hexdigest()
        frontier = frontier.extended(_leaves(page))
    return frontier.root


def _sure(held: Held) -> None:
    """See that the audit holds what is sound for sound, and notices one changed letter."""
    *rest, last = held.rows
    spoilt = last._replace(body=last.body.replace(b'"evidence":true', b'"evidence":false'))
    changed = Held(rows=(*rest, spoilt), heads=held.heads, log=held.log, claims=held.claims)
    if walked(held) or not walked(changed):
        raise AssertionError("the audit does not tell what is sound from what is not")


def _stored(place: int, entry: Entry) -> StoredEntry:
    wall = datetime.fromisoformat(msgspec.json.decode(entry.body)["wall_utc"])
    return StoredEntry(
        position=place,
        node=entry.node,
        seq=entry.seq,
        kind=entry.kind,
        digest=bytes.fromhex(entry.digest),
        body=entry.body,
        signature=entry.signature,
        received_ms=int(wall.timestamp() * 1000) + _TRAVEL_MS,
    )


def _frontier() -> Frontier:
    return Frontier(_BEFORE.size, _BEFORE.peaks)


def _leaves(rows: tuple[StoredEntry, ...]) -> list[bytes]:
    return [leaf_hash(one.body, one.signature, one.received_ms) for one in rows]


def _pages(rows: tuple[StoredEntry, ...]) -> Iterator[tuple[StoredEntry, ...]]:
    for first in range(0, len(rows), PAGE):
        yield rows[first : first + PAGE]


def _rate(found: Timed) -> str:
    return f"{round(1 / found.median):,} entries/s"
