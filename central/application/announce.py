"""Tells the watchers what has changed: read after the commit, each row once in a tick.

Whichever process committed: what was touched is found by the turn that touched it, so nothing is
told twice, nothing is left out, and two processes on one database tell the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from central.application.news import Item, reload_text, tick_text
from central.application.ports import Reading
from central.application.rebuild import REBUILT
from central.application.stations import Board, Stations, StationView
from central.application.views import AlarmView, CaseView, PassageView
from central.domain.access import ALL, Scope
from station.domain.clock import Clock
from station.domain.errors import StorageError

LONGEST_PAUSE_S: Final = 0.05
"""Between two ticks."""

SHARE: Final = 2
"""At most one part in so many of the time goes into ticks, as long as the pauses suffice."""

CREDIT_S: Final = 0.25
"""So much may be spent at once: while little happens, it is told without a pause."""

LOOK_EVERY_S: Final = 1.0
"""Even unwoken, as a notification may be lost."""

MOST_ROWS: Final = 500
"""Told one by one; when more has happened, pages load their lists anew."""

MOST_MISSED: Final = 2000
"""Rows told to who comes back; after a longer absence his page loads its lists anew."""

MOST_AHEAD: Final = 200
"""Passages before their order that are shown."""

PIECE: Final = 200
"""Pieces of news in one of the first frames."""

News = StationView | PassageView | CaseView | AlarmView
Encode = Callable[[News], bytes]

_LOG: Final = logging.getLogger(__name__)


class Outlet(Protocol):
    """Whoever writes to the watchers of this process."""

    token: int
    """The turn up to which everything was told."""

    @property
    def watched(self) -> bool:
        """Tell whether anybody watches."""
        ...

    def tick(self, token: int, items: Sequence[Item]) -> None:
        """Tell *items* to whom they concern."""
        ...

    def reload(self, token: int) -> None:
        """Make every page load anew."""
        ...


class Pace:
    """How long to wait between ticks: not at all, until they cost much; then they grow together."""

    def __init__(self) -> None:
        self._paid_s = float("-inf")

    def pause(self, begun_s: float, ended_s: float) -> float:
        """Return how long to wait after a tick; times of one monotonic clock."""
        self._paid_s = max(self._paid_s, begun_s) + SHARE * (ended_s - begun_s)
        return min(max(0.0, self._paid_s - ended_s - CREDIT_S), LONGEST_PAUSE_S)


class Announcer:
    """One task for each process."""

    def __init__(
        self,
        reading: Reading,
        board: Board,
        outlet: Outlet,
        encode: Encode,
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare."""
        self._reading = reading
        self._board = board
        self._stations = Stations(reading=reading, board=board)
        self._outlet = outlet
        self._encode = encode
        self._clock = clock
        self._sleep = sleep
        self._woken = asyncio.Event()
        self._nodes: set[str] = set()
        self._ahead: dict[str, int] = {}
        self._anew = True

    def wake(self) -> None:
        """Look for news now."""
        self._woken.set()

    def note(self, nodes: Iterable[str]) -> None:
        """Tell of these stations."""
        self._nodes.update(nodes)
        self.wake()

    def note_ahead(self, what: str) -> None:
        """Tell of passages that came before their order: ``node first_seq``."""
        node, first_seq = what.split()
        self._ahead[node] = min(int(first_seq), self._ahead.get(node, int(first_seq)))
        self.wake()

    def note_turn(self, what: str) -> None:
        """Look for news: the number of a turn, or that everything was made anew."""
        if what == REBUILT:
            self._anew = True
        self.wake()

    async def run(self) -> None:
        """Tell, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_for_ever())
            tasks.create_task(self._look_for_silence())

    async def tell(self) -> None:
        """Tell what has happened since the last time."""
        upto = await self._reading.turn()
        nodes, self._nodes = self._nodes, set()
        ahead, self._ahead = self._ahead, {}
        if not self._outlet.watched:
            self._anew = False
            self._outlet.tick(upto, ())
            return
        try:
            rows = await self._rows(upto)
            touched = {row.node for row in rows or ()}
            stations = await self._stations.all(Scope(frozenset(nodes | touched)))
            early = [one for node in ahead for one in await self._early(node, ahead[node])]
        except StorageError:
            self._nodes |= nodes
            self._ahead = ahead | self._ahead
            raise
        if rows is None:
            self._anew = False
            self._outlet.reload(upto)
        news: list[News] = [*early, *(rows or ()), *stations]
        self._outlet.tick(upto, [Item(_node(one), self._encode(one)) for one in news])

    async def _rows(self, upto: int) -> Sequence[PassageView | CaseView | AlarmView] | None:
        """Return what to tell one by one; None: everything is to be loaded anew."""
        if self._anew:
            return None
        return await self._reading.touched(ALL, self._outlet.token, upto, MOST_ROWS)

    async def _early(self, node: str, first_seq: int) -> list[PassageView]:
        return await self._reading.ahead(Scope(frozenset({node})), MOST_AHEAD, first_seq)

    async def _tell_for_ever(self) -> None:
        pace = Pace()
        while True:
            begun_s = self._clock.monotonic_ns() / 1e9
            try:
                await self.tell()
            except StorageError as exc:
                _LOG.warning("watchers wait for news", extra={"code": exc.code})
            await self._sleep(pace.pause(begun_s, self._clock.monotonic_ns() / 1e9))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._woken.wait()
            self._woken.clear()

    async def _look_for_silence(self) -> None:
        while True:
            await self._sleep(LOOK_EVERY_S)
            if silent := self._board.fallen_silent():
                self.note(silent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """The first frames of a connection: every station, and what was missed."""

    reading: Reading
    stations: Stations
    encode: Encode

    async def __call__(self, scope: Scope, after: int | None, upto: int) -> list[bytes]:
        """Return the frames. *after*: the token that is held, None for none; *upto*: see Outlet."""
        news: list[News] = [*await self.stations.all(scope)]
        if after is None:
            return [*self._ticks(news, upto, upto)]
        rows = await self.reading.touched(scope, after, upto, MOST_MISSED)
        if rows is None:
            return [reload_text(upto), *self._ticks(news, upto, upto)]
        news += await self.reading.ahead(scope, MOST_AHEAD)
        return [*self._ticks([*news, *rows], after, upto)]

    def _ticks(self, news: Sequence[News], after: int, upto: int) -> Iterator[bytes]:
        """Encode in pieces, so that a slow line takes one after the other."""
        for first in range(0, len(news), PIECE):
            token = upto if first + PIECE >= len(news) else after
            yield tick_text(token, [self.encode(one) for one in news[first : first + PIECE]])


def _node(news: News) -> str:
    return news.node.node if isinstance(news, StationView) else news.node
