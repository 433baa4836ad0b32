"""Fans ticks out to watchers: encoded once for each scope, written to each connection.

A watcher that does not keep up is dropped and never waited for; its page connects again with the
token of the last tick that it has taken in.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

from central.application.news import Item, Viewer, reload_text, tick_text
from central.domain.access import Scope
from central.live.wire import Wire, close_frame, text_frame

BEHIND_BYTES: Final = 1024 * 1024
"""Bytes that may wait for one watcher, beside what the kernel holds."""

CLOSE_S: Final = 2.0
"""A connection that does not close itself within this time is cut."""

POLICY_VIOLATION: Final = 1008
GOING_AWAY: Final = 1001
TRY_AGAIN: Final = 1013


class Watcher:
    """One connection. Until it is live, frames are held back: first it must learn what was."""

    def __init__(self, wire: Wire, viewer: Viewer, since: int) -> None:
        """Prepare; every tick after *since* will be offered."""
        self.viewer = viewer
        self.since = since
        self._wire = wire
        self._held: list[bytes] | None = []
        self._held_bytes = 0
        self._gone = False

    def offer(self, frame: bytes) -> None:
        """Write *frame*, or drop a watcher that is too far behind."""
        if self._gone:
            return
        behind = self._wire.get_write_buffer_size() if self._held is None else self._held_bytes
        if behind > BEHIND_BYTES:
            self.drop()
        elif self._held is None:
            self._wire.write(frame)
        else:
            self._held.append(frame)
            self._held_bytes += len(frame)

    def go_live(self) -> None:
        """Write what was held back, and from now on everything at once."""
        held, self._held = self._held, None
        if not self._gone:
            for frame in held or ():
                self._wire.write(frame)

    def end(self, code: int) -> None:
        """Close the connection and say why; nothing more is written."""
        if not self._gone:
            self._gone = True
            self._wire.write(close_frame(code))
            self._wire.close()
            asyncio.get_running_loop().call_later(CLOSE_S, self._wire.abort)

    def drop(self) -> None:
        """Cut the connection: who does not read what was sent will not read a farewell either."""
        self._gone = True
        self._held = []
        self._wire.abort()


class Hub:
    """All watchers of this process, by scope."""

    def __init__(self) -> None:
        self._groups: dict[Scope, set[Watcher]] = {}
        self._moved = asyncio.Event()
        self.token = 0
        """The turn up to which everything was told."""

    @property
    def watched(self) -> bool:
        """Tell whether anybody watches."""
        return bool(self._groups)

    @property
    def viewers(self) -> set[Viewer]:
        """Return who watches."""
        return {watcher.viewer for group in self._groups.values() for watcher in group}

    @contextlib.contextmanager
    def watcher(self, wire: Wire, viewer: Viewer) -> Iterator[Watcher]:
        """Watch while the block runs: from the next tick on."""
        watcher = Watcher(wire, viewer, self.token)
        group = self._groups.setdefault(viewer.scope, set())
        group.add(watcher)
        try:
            yield watcher
        finally:
            group.discard(watcher)
            if not group:
                self._groups.pop(viewer.scope, None)

    def tick(self, token: int, items: Sequence[Item]) -> None:
        """Tell each watcher what he may know of *items*. Never waits."""
        for scope, group in self._groups.items():
            bodies = [item.body for item in items if scope.covers(item.node)]
            if bodies:
                _offer(group, text_frame(tick_text(token, bodies)))
        self._move(token)

    def reload(self, token: int) -> None:
        """Tell every page to load anew: too much has happened to tell it one by one."""
        frame = text_frame(reload_text(token))
        for group in self._groups.values():
            _offer(group, frame)
        self._move(token)

    async def reached(self, token: int, within_s: float) -> bool:
        """Wait until everything up to *token* was told here; False when it takes too long."""
        try:
            async with asyncio.timeout(within_s):
                while self.token < token:
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    def end(self, viewers: set[Viewer], code: int) -> None:
        """Close the connections of *viewers*."""
        for group in self._groups.values():
            for watcher in tuple(group):
                if watcher.viewer in viewers:
                    watcher.end(code)

    def close(self) -> None:
        """Close every connection, at the end of the program."""
        self.end(self.viewers, GOING_AWAY)

    def _move(self, token: int) -> None:
        self.token = token
        self._moved.set()
        self._moved = asyncio.Event()


def _offer(group: set[Watcher], frame: bytes) -> None:
    for watcher in group:
        watcher.offer(frame)
