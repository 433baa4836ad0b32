"""Looking through a station's camera, for people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from central.api import schemas
from central.api.errors import ACTING
from central.api.parts import parts_of
from central.api.security import check_origin, permitted
from central.application.ports import Session
from station.domain.officers import Permission

ROUTER: Final = APIRouter(prefix="/api/stations/{node}/camera", tags=["camera"], responses=ACTING)
SEND_S: Final = 10.0
"""A picture that is not taken within this time ends the stream."""

_BOUNDARY: Final = "picture"

Watching = Annotated[Session, Depends(permitted(Permission.WATCH))]


class Mjpeg(StreamingResponse):
    """Pictures, each in the place of the one before."""

    def __init__(self, pictures: AsyncIterator[bytes]) -> None:
        super().__init__(
            _parts(pictures), media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        )

    async def stream_response(self, send: Send) -> None:
        """Send until there are no more pictures, or the viewer takes none."""

        async def bounded(message: Message) -> None:
            async with asyncio.timeout(SEND_S):
                await send(message)

        try:
            await super().stream_response(bounded)
        except TimeoutError:
            return  # he is seen no more, and so his watch ends


@ROUTER.post("", status_code=201)
async def begin(request: Request, node: str, session: Watching) -> schemas.CameraWatchOut:
    """Begin a watch; it ends some seconds after nobody takes its pictures any more."""
    return schemas.CameraWatchOut(watch_id=await parts_of(request).cameras.begin(node, session))


@ROUTER.get(
    "/{watch_id}.mjpeg",
    response_class=StreamingResponse,
    responses={200: {"content": {"multipart/x-mixed-replace": {}}}},
)
async def pictures(request: Request, node: str, watch_id: str, session: Watching) -> Response:
    """Stream the pictures of a watch of one's own (MJPEG)."""
    check_origin(request)
    stream = await parts_of(request).cameras.pictures(node, watch_id, session)
    return Mjpeg(stream())


@ROUTER.delete("/{watch_id}", status_code=204)
async def end(request: Request, node: str, watch_id: str, session: Watching) -> Response:
    """End a watch of one's own."""
    await parts_of(request).cameras.end(node, watch_id, session)
    return Response(status_code=204)


async def _parts(pictures: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Wrap pictures; a browser shows one when the boundary behind it has come."""
    yield f"--{_BOUNDARY}\r\n".encode()
    async for jpeg in pictures:
        head = f"content-type: image/jpeg\r\ncontent-length: {len(jpeg)}\r\n\r\n"
        yield head.encode() + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode()
