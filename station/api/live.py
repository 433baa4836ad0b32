"""The live socket of a console."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from station.api.feed import Watcher
from station.api.services import Serving, foreign, note_refusal, of, signed_in, watching
from station.domain.errors import AccessError, NotPermitted

router = APIRouter()

SESSION_LOOK_S: Final = 1.0
"""A live socket is closed within this time after its session ended."""
REFUSED: Final = 4401
TRY_LATER: Final = 1013


@router.websocket("/api/live")
async def live(socket: WebSocket, services: Serving) -> None:
    """Send every event from now on, the lane's state first."""
    await socket.accept()
    token = socket.cookies.get(services.cookie)
    try:
        if foreign(socket.headers):
            raise NotPermitted("the socket comes from another site", permission="origin")
        await watching(of(socket), await signed_in(socket, services))
    except AccessError as exc:
        note_refusal(socket, exc)
        await socket.close(REFUSED, exc.code)
        return
    watcher = services.feed.join(services.lane())
    try:
        await _serve(socket, watcher, lambda: services.duty.is_alive(token))
    finally:
        services.feed.leave(watcher)


async def _serve(
    socket: WebSocket, watcher: Watcher, is_alive: Callable[[], Awaitable[bool]]
) -> None:
    """Send frames until the console leaves, its session ends, or it is too slow."""
    # A handler that only waits for frames would never notice that its console has gone.
    jobs = {
        asyncio.create_task(_until_gone(socket)),
        asyncio.create_task(_send(socket, watcher)),
        asyncio.create_task(_until_signed_out(socket, is_alive)),
    }
    try:
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _send(socket: WebSocket, watcher: Watcher) -> None:
    try:
        while (frame := await watcher.frames.get()) is not None:
            await socket.send_text(frame)
        await socket.close(TRY_LATER, "slow")
    except (WebSocketDisconnect, RuntimeError):
        # Starlette's ways of saying that the other side has gone.
        return


async def _until_signed_out(socket: WebSocket, is_alive: Callable[[], Awaitable[bool]]) -> None:
    while await is_alive():  # noqa: ASYNC110 - a session ends by time, which sets no event
        await asyncio.sleep(SESSION_LOOK_S)
    await socket.close(REFUSED, "access.not_signed_in")
