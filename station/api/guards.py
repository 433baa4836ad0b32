"""What every request passes first: where it comes from, and a bound on its size."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from station.api.errors import refusal
from station.api.services import foreign, note_refusal
from station.domain.errors import NotPermitted

LARGEST_BODY: Final = 64 * 1024
"""Nothing that an officer types is near this; what is larger is not read to its end."""
LARGEST_REVIEW: Final = 2 * 1024 * 1024 + LARGEST_BODY
"""A review (人工核定) may bring a picture of a permit."""
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_TOO_LARGE: Final = 413


class Guards:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] not in _SAFE and foreign(Headers(scope=scope)):
            error = NotPermitted("the request comes from another site", permission="origin")
            note_refusal(Request(scope), error)
            await refusal(error)(scope, receive, send)
        else:
            review = scope["path"].endswith("/review")
            most = LARGEST_REVIEW if review else LARGEST_BODY
            await self._app(scope, _bounded(receive, most), send)


def _bounded(receive: Receive, most: int) -> Receive:
    """Count what comes in, whatever its headers promised."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(_TOO_LARGE, f"more than {most} bytes")
        return message

    return counted
