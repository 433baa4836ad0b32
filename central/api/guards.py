"""What every request passes first: its origin, a bound on its size, headers on its answer."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.errors import refusal
from central.api.security import check_origin, note_refusal
from station.domain.errors import NotPermitted

BATCH_BYTES: Final = 8 * 1024 * 1024
OTHER_BYTES: Final = 64 * 1024
MEDIA_BYTES: Final = 256 * 1024
PICTURE_BYTES: Final = 512 * 1024
_TOO_LARGE: Final = 413
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_BATCHES: Final = frozenset({"/api/ingest", "/api/ahead"})
_MEDIA: Final = "/api/media/"
_CAMERA: Final = "/api/camera/"
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Guards:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] not in _SAFE:
            request = Request(scope)
            try:
                check_origin(request)
            except NotPermitted as exc:
                note_refusal(request, exc)
                await refusal(exc)(scope, receive, send)
                return
        path: str = scope["path"]
        bound = BATCH_BYTES if path in _BATCHES else OTHER_BYTES
        if path.startswith(_MEDIA):
            bound = MEDIA_BYTES
        elif path.startswith(_CAMERA):
            bound = PICTURE_BYTES
        await self._app(scope, _bounded(receive, bound), _headed(send, path))


def _bounded(receive: Receive, bound: int) -> Receive:
    """Count what comes in, whatever its headers promised.

    Raises:
        HTTPException: 413, from within the reading of the body.
    """
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > bound:
            raise HTTPException(_TOO_LARGE, f"more than {bound} bytes")
        return message

    return counted


def _headed(send: Send, path: str) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            if path.startswith("/api/"):
                headers.setdefault("cache-control", "no-store")
        await send(message)

    return headed
