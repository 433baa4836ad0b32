"""Fans frames out to watchers: encoded once; a slow watcher is dropped and never waited for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

BEHIND: Final = 512
"""Frames a watcher may be behind before it is dropped; its page then connects and loads anew."""


class Watcher:
    """One connection's queue."""

    def __init__(self, behind: int) -> None:
        self._frames: asyncio.Queue[str] = asyncio.Queue(behind)
        self.dropped = asyncio.Event()

    def offer(self, frame: str) -> None:
        """Queue *frame*, or drop the watcher when its queue is full."""
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.dropped.set()

    async def next(self) -> str:
        """Return the next frame."""
        return await self._frames.get()


class Hub:
    """All watchers."""

    def __init__(self, behind: int = BEHIND) -> None:
        self._behind = behind
        self._watchers: set[Watcher] = set()

    @property
    def watched(self) -> bool:
        """Tell whether anybody listens."""
        return bool(self._watchers)

    @contextlib.contextmanager
    def watcher(self) -> Iterator[Watcher]:
        """Listen while the block runs."""
        watcher = Watcher(self._behind)
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def publish(self, frame: str) -> None:
        """Give *frame* to every watcher. Never waits."""
        for watcher in self._watchers:
            if not watcher.dropped.is_set():
                watcher.offer(frame)

    def close(self) -> None:
        """Drop every watcher, at the end of the program."""
        for watcher in self._watchers:
            watcher.dropped.set()
