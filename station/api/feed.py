"""Live frames to the consoles: encoded once; a slow watcher is dropped, never waited for."""

from __future__ import annotations

import asyncio
from typing import Final

from station.api.shaping import live_out
from station.application.live import Event

BACKLOG: Final = 200


class Watcher:
    """One console. ``frames`` ends with None when the watcher was dropped."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[str | None] = asyncio.Queue(BACKLOG + 1)


class Feed:
    """All consoles of this station."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()

    def join(self, first: Event) -> Watcher:
        """Add a watcher; it is told *first* before anything else."""
        watcher = Watcher()
        watcher.frames.put_nowait(_encoded(first))
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Remove a watcher."""
        self._watchers.discard(watcher)

    def publish(self, event: Event) -> None:
        """Give *event* to everybody who watches."""
        if not self._watchers:
            return
        frame = _encoded(event)
        for watcher in tuple(self._watchers):
            if watcher.frames.qsize() >= BACKLOG:
                self.leave(watcher)
                watcher.frames.put_nowait(None)
            else:
                watcher.frames.put_nowait(frame)


def _encoded(event: Event) -> str:
    return live_out(event).model_dump_json()
