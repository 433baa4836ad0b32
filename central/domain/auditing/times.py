"""The layer of time: no entry is older than what it names, or newer than its arrival."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from central.domain.auditing.seen import Glance, Seen
from central.domain.auditing.values import Discrepancy, Layer, StoredHead, StoredLog

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_CLOCK_CHANGE: Final = "clock_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """How far times may be apart before an audit speaks, in milliseconds.

    Attributes:
        back_ms: how far a node's clock may go back between two entries without a ``clock_change``;
            5 s: a station says so of every step above 2 s, and two smaller ones may fall together.
        apart_ms: how far a node's clock may be from the centre's; 60 s, beyond which no automatic
            penalty is based on its time either.
    """

    back_ms: int = 5_000
    apart_ms: int = 60_000


@dataclass(slots=True)
class _Ledger:
    newest_ms: int
    kind: str


USUAL: Final = Tolerances()


class Times:
    """Follows each node's wall clock."""

    def __init__(self, tolerances: Tolerances) -> None:
        self._tolerances = tolerances
        self._ledgers: dict[str, _Ledger] = {}

    def see(self, seen: Seen) -> Sequence[Discrepancy]:
        """Look at the times of one entry. One that states no time has no effect in law either."""
        glance = seen.glance
        wall_ms = None if glance is None else moment_ms(glance.wall_utc)
        if glance is None or wall_ms is None:
            return ()
        found = []
        if (back_ms := self._back(seen.node, glance.kind, wall_ms)) > self._tolerances.back_ms:
            found.append(_one(seen, "back", f"{back_ms} ms before an entry before it"))
        ahead_ms = wall_ms - seen.stored.received_ms
        if ahead_ms > self._tolerances.apart_ms:
            found.append(_one(seen, "ahead", f"{ahead_ms} ms after it was received"))
        if glance.anchor is not None:
            found += self._anchored(seen, glance, wall_ms)
        return found

    def standing(self, _heads: Iterable[StoredHead], _log: StoredLog) -> list[Discrepancy]:
        """Return nothing: times are judged entry by entry."""
        return []

    def _back(self, node: str, kind: str, wall_ms: int) -> int:
        """Return how far the clock went back since the newest entry after the last clock change."""
        ledger = self._ledgers.get(node)
        if ledger is None:
            self._ledgers[node] = _Ledger(wall_ms, kind)
            return 0
        back_ms = ledger.newest_ms - wall_ms
        if _CLOCK_CHANGE in (kind, ledger.kind):
            ledger.newest_ms, back_ms = wall_ms, 0
        elif back_ms > self._tolerances.back_ms or back_ms < 0:
            ledger.newest_ms = wall_ms
        ledger.kind = kind
        return back_ms

    def _anchored(self, seen: Seen, glance: Glance, wall_ms: int) -> list[Discrepancy]:
        anchor = glance.anchor
        size = anchor.get("log_size") if isinstance(anchor, dict) else None
        at_ms = moment_ms(anchor.get("at")) if isinstance(anchor, dict) else None
        if type(size) is not int or at_ms is None:
            return [_one(seen, "anchor", "the anchor is no checkpoint")]
        found = []
        if size > seen.index:
            found.append(
                _one(seen, "anchor", f"names a log of {size} leaves, stands at leaf {seen.index}")
            )
        if at_ms - wall_ms > self._tolerances.apart_ms:
            found.append(_one(seen, "before_anchor", f"{at_ms - wall_ms} ms before its anchor"))
        return found


def moment_ms(text: object) -> int | None:
    """Return milliseconds since 1970 of a record's time, None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else (moment - _EPOCH) // _MILLISECOND


def _one(seen: Seen, code: str, detail: str) -> Discrepancy:
    return seen.discrepancy(Layer.TIME_ORDER, code, detail)
