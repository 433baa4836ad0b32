"""Whose stations an officer sees, how long a session lasts, and how refused sign-ins slow down.

Pure.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from station.domain.errors import NotPermitted

IDLE: Final = timedelta(minutes=30)
"""A session unused this long has ended."""

ABSOLUTE: Final = timedelta(hours=12)
"""No session lasts longer: a shift."""

FREE_TRIES: Final = 3
LONGEST_WAIT_S: Final = 8
FORGET_AFTER: Final = timedelta(minutes=15)
MOST_ACCOUNTS: Final = 1024


@dataclass(frozen=True, slots=True)
class Scope:
    """The stations that somebody may watch (数据范围). ``nodes`` None: all of them."""

    nodes: frozenset[str] | None = None

    def covers(self, node: str) -> bool:
        """Tell whether *node* may be watched. What belongs to no node ("") is for all or none."""
        return self.nodes is None or node in self.nodes

    def narrowed(self, node: str) -> Scope:
        """Return what of the scope is *node*'s."""
        return Scope(frozenset({node} if self.covers(node) else ()))

    def require(self, node: str) -> None:
        """Let pass, or refuse.

        Raises:
            NotPermitted: the station is not within the scope.
        """
        if not self.covers(node):
            raise NotPermitted("another station", permission="station")


ALL: Final = Scope()


def has_ended(*, began_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Tell whether a session has run out; it has exactly at the limit."""
    return now - seen_at >= IDLE or now - began_at >= ABSOLUTE


@dataclass(frozen=True, slots=True)
class _Refusals:
    count: int
    last_at: datetime


class Throttle:
    """Counts refused sign-ins per account and says how long the next one takes.

    Nobody is locked out: the right password is accepted however often a wrong one came before,
    only some seconds later. The memory is bounded; the account refused longest ago is forgotten.
    """

    def __init__(self) -> None:
        self._refusals: OrderedDict[str, _Refusals] = OrderedDict()

    def wait_s(self, certificate_no: str, now: datetime) -> int:
        """Return for how many seconds the next try is held up: 0, then 1, 2, 4, 8."""
        refusals = self._fresh(certificate_no, now)
        if refusals < FREE_TRIES:
            return 0
        return int(min(2 ** (refusals - FREE_TRIES), LONGEST_WAIT_S))

    def refused(self, certificate_no: str, now: datetime) -> None:
        """Note a refused try."""
        count = self._fresh(certificate_no, now) + 1
        self._refusals[certificate_no] = _Refusals(count, now)
        self._refusals.move_to_end(certificate_no)
        while len(self._refusals) > MOST_ACCOUNTS:
            self._refusals.popitem(last=False)

    def accepted(self, certificate_no: str) -> None:
        """Forget the account's refusals."""
        self._refusals.pop(certificate_no, None)

    def _fresh(self, certificate_no: str, now: datetime) -> int:
        known = self._refusals.get(certificate_no)
        if known is None or now - known.last_at >= FORGET_AFTER:
            return 0
        return known.count
