"""Serves one watcher on a WebSocket until either side ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Final

from fastapi import WebSocket, WebSocketDisconnect

from central.live.hub import Hub, Watcher

SEND_S: Final = 10.0
"""A frame that is not taken within this time ends the connection."""

LOOK_EVERY_S: Final = 30.0
"""How often it is checked that the watcher is still signed in."""

POLICY_VIOLATION: Final = 1008
TRY_AGAIN: Final = 1013

Greeting = Callable[[], Awaitable[Sequence[str]]]
Allowed = Callable[[], Awaitable[bool]]


class Live:
    """The handler behind ``/api/live``."""

    def __init__(self, hub: Hub, greeting: Greeting, *, look_every_s: float = LOOK_EVERY_S) -> None:
        """Prepare; *greeting* gives the first frames of each connection."""
        self._hub = hub
        self._greeting = greeting
        self._look_every_s = look_every_s

    async def __call__(self, socket: WebSocket, allowed: Allowed) -> None:
        """Send frames until the client leaves, falls behind or is no longer *allowed*."""
        await socket.accept()
        with self._hub.watcher() as watcher:
            first = await _first(
                self._refused(allowed),
                self._send(socket, watcher),
                _left(socket),
                watcher.dropped.wait(),
            )
        code = POLICY_VIOLATION if first == 0 else TRY_AGAIN
        with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
            async with asyncio.timeout(SEND_S):
                await socket.close(code)

    async def _send(self, socket: WebSocket, watcher: Watcher) -> None:
        with contextlib.suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
            for frame in await self._greeting():
                await _give(socket, frame)
            while True:
                await _give(socket, await watcher.next())

    async def _refused(self, allowed: Allowed) -> None:
        while True:
            if not await allowed():
                return
            await asyncio.sleep(self._look_every_s)


async def _give(socket: WebSocket, frame: str) -> None:
    async with asyncio.timeout(SEND_S):
        await socket.send_text(frame)


async def _left(socket: WebSocket) -> None:
    """Wait until the client has gone; what it says is of no interest."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _first(*coroutines: Coroutine[object, object, object]) -> int:
    """Run *coroutines* until one has ended, and return its place; the others are cancelled."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return next(place for place, task in enumerate(tasks) if task in done)
