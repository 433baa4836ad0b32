"""How often the site answers: by address, and in all. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MINUTE_NS: Final = 60 * 10**9
MOST_ADDRESSES: Final = 10_000


class Limits:
    """Counts by the minute. Memory is bounded: of many addresses the longest unseen is forgotten.

    Args:
        each: requests of one address in a minute.
        all_of_them: requests of all.
    """

    def __init__(self, each: int, all_of_them: int) -> None:
        self._each = each
        self._all = all_of_them
        self._minute = -1
        self._total = 0
        self._seen: OrderedDict[str, int] = OrderedDict()

    def allow(self, address: str, now_ns: int) -> bool:
        """Tell whether a request is answered. ``now_ns``: monotonic. What is not, still counts."""
        minute = now_ns // MINUTE_NS
        if minute != self._minute:
            self._minute, self._total = minute, 0
            self._seen.clear()
        count = self._seen.pop(address, 0) + 1
        self._seen[address] = count
        if len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        if count > self._each:
            return False
        self._total += 1
        return self._total <= self._all
