"""Serves one watcher on a WebSocket until either side ends it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import WebSocket, WebSocketDisconnect

from central.application.news import Viewer, reload_text
from central.domain.access import Scope
from central.live.hub import POLICY_VIOLATION, TRY_AGAIN, Hub, Watcher
from central.live.wire import wire_of
from station.domain.errors import StorageError

SEND_S: Final = 10.0
"""A frame of the greeting that is not taken within this time ends the connection."""

REACH_S: Final = 3.0
"""How long a token that another process gave may be ahead of this one."""

LOOK_EVERY_S: Final = 2.0
"""How often it is checked that every watcher is still signed in."""

_LOG: Final = logging.getLogger(__name__)

Greeting = Callable[[Scope, int | None, int], Awaitable[Sequence[bytes]]]
"""What may be seen, the token that is held if any, that up to which to tell → the first frames."""

Lasting = Callable[[set[Viewer]], Awaitable[set[Viewer]]]
"""Tells who of them is still signed in and may watch."""


class Live:
    """The handler behind ``/api/live``."""

    def __init__(
        self,
        hub: Hub,
        greeting: Greeting,
        lasting: Lasting,
        *,
        look_every_s: float = LOOK_EVERY_S,
        reach_s: float = REACH_S,
    ) -> None:
        """Prepare."""
        self._hub = hub
        self._greeting = greeting
        self._lasting = lasting
        self._look_every_s = look_every_s
        self._reach_s = reach_s

    async def __call__(self, socket: WebSocket, viewer: Viewer, after: int | None) -> None:
        """Tell what *viewer* has missed since *after*, then everything, until he leaves."""
        await socket.accept()
        known = after is None or await self._hub.reached(after, self._reach_s)
        with self._hub.watcher(wire_of(socket), viewer) as watcher:
            await self._greet(socket, watcher, after, known=known)
            await _left(socket)

    async def run(self) -> None:
        """End the connections of those who are no longer allowed, for ever."""
        while True:
            await asyncio.sleep(self._look_every_s)
            viewers = self._hub.viewers
            if not viewers:
                continue
            try:
                lasting = await self._lasting(viewers)
            except StorageError as exc:
                # Nor is there any news while the database is away.
                _LOG.warning("sessions were not looked at", extra={"code": exc.code})
            else:
                self._hub.end(viewers - lasting, POLICY_VIOLATION)

    async def _greet(
        self, socket: WebSocket, watcher: Watcher, after: int | None, *, known: bool
    ) -> None:
        """Send the first frames. A token that means nothing here is of another database."""
        since = watcher.since
        try:
            first = [] if known else [reload_text(since)]
            first += await self._greeting(watcher.viewer.scope, after if known else None, since)
            for frame in first:
                async with asyncio.timeout(SEND_S):
                    await socket.send_text(frame.decode())
        except StorageError:
            watcher.end(TRY_AGAIN)
        except (WebSocketDisconnect, RuntimeError, TimeoutError):
            watcher.drop()
        else:
            watcher.go_live()


async def _left(socket: WebSocket) -> None:
    """Wait until the client has gone; what it says is of no interest."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
