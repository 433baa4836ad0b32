"""Whose stations an officer sees, and how long a session at headquarters lasts.

Pure. What stations share of it is in :mod:`station.domain.access`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from station.domain.access import Lasting
from station.domain.errors import NotPermitted

IDLE: Final = timedelta(minutes=30)
"""A session unused this long has ended."""

ABSOLUTE: Final = timedelta(hours=12)
"""No session lasts longer: a shift."""

SESSION: Final = Lasting(idle=IDLE, absolute=ABSOLUTE)


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
