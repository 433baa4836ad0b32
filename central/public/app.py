"""The application for drivers. The code comes in the body of a POST, never in an address."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.application.driver_pages import DriverPage
from central.public.limits import Limits
from central.public.page import Offices, Parts, Sent, asking, busy, failed, page, slow
from station.contract.driver_page import page_token
from station.domain.asking import Asked
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts, StorageError

EACH_A_MINUTE: Final = 20
ALL_A_MINUTE: Final = 600
AT_ONCE: Final = 4
MOST_BYTES: Final = 16_384
"""A text of the greatest length, its characters of four bytes, each byte written as three."""
BODY_S: Final = 10.0
"""So long a body may take to come."""
_LOG: Final = logging.getLogger(__name__)
_STYLE: Final = (files("central.public") / "page.css").read_text("utf-8")
_SCRIPT: Final = (files("central.public") / "page.js").read_text("utf-8")
_COUNTING: Final = (files("central.public") / "counting.js").read_text("utf-8")

_PARTS: Final = Parts(_STYLE, _COUNTING)


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_HEADERS: Final = {
    "content-security-policy": (
        f"default-src 'none'; style-src {_source(_STYLE)}; "
        f"script-src {_source(_SCRIPT)} {_source(_COUNTING)}; "
        "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow, noarchive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the application is joined to."""

    find: Callable[[bytes | None], Awaitable[DriverPage | None]]
    ask: Callable[[bytes | None, Asked, str], Awaitable[None]]
    offices: Offices
    clock: Clock


def create_public_app(site: Site, *, body_s: float = BODY_S) -> Starlette:
    """Return the application."""
    limits = Limits(EACH_A_MINUTE, ALL_A_MINUTE)
    turns = asyncio.Semaphore(AT_ONCE)

    async def show(request: Request) -> Response:
        if request.method != "POST":
            return _html(asking(_STYLE, _SCRIPT))
        address = request.client.host if request.client else ""
        if not limits.allow(address, site.clock.monotonic_ns()):
            return _html(busy(_STYLE), 429)
        try:
            async with asyncio.timeout(body_s):
                body = await _body(request)
        except TimeoutError:
            return _html(slow(_STYLE), 408)
        async with turns:
            said = _read(b"" if body is None else body)
            token = page_token(said.code)
            try:
                sent = await _ask(site, token, said)
            except StorageError as exc:
                _LOG.error("what a driver asked is not kept", extra={"code": exc.code})
                return _html(failed(_STYLE, unsaved=True), 503)
            found = await site.find(token)
        if found is None:
            return _html(asking(_STYLE, _SCRIPT, unknown=True), 404)
        status = 422 if sent is not None and sent.refused else 200
        return _html(page(_PARTS, site.offices, found, said.code, sent), status)

    async def broken(_request: Request, exc: Exception) -> Response:
        assert isinstance(exc, StorageError)  # noqa: S101 - for the type only
        _LOG.warning("a driver's page could not be read", extra={"code": exc.code})
        return _html(failed(_STYLE), 503)

    return Starlette(
        routes=[Route("/", show, methods=["GET", "POST"]), Route("/robots.txt", _robots)],
        exception_handlers={StorageError: broken},
        middleware=[Middleware(_Headed)],
    )


class _Headed:
    """Puts the headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, headed if scope["type"] == "http" else send)


async def _robots(_request: Request) -> Response:
    return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")


async def _body(request: Request) -> bytes | None:
    """Return the body, None when it is longer than a code can be."""
    taken = b""
    async for piece in request.stream():
        taken += piece
        if len(taken) > MOST_BYTES:
            return None
    return taken


@dataclass(frozen=True, slots=True)
class _Said:
    """What came in a form, as it was typed; ``asked`` None: the page alone."""

    code: str = ""
    asked: Asked | None = None
    text: str = ""


def _read(body: bytes) -> _Said:
    try:
        fields = parse_qs(body.decode(), max_num_fields=4)
    except ValueError:  # not UTF-8, or too many fields
        return _Said()
    code, ask, text = (fields.get(name, [""])[0] for name in ("code", "ask", "text"))
    asked = next((one for one in Asked if one.value == ask), None)
    return _Said(code, asked, text)


async def _ask(site: Site, token: bytes | None, said: _Said) -> Sent | None:
    """Ask what he asks; return what became of it; None for nothing."""
    if said.asked is None:
        return None
    try:
        await site.ask(token, said.asked, said.text)
    except InvalidFacts:
        return Sent(said.asked, said.text, refused=True)
    return Sent(said.asked, "", refused=False)


def _html(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status)
