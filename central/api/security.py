"""Who asks, from where, and whether he may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Response
from starlette.requests import HTTPConnection, Request

from central.api.parts import parts_of
from central.application.ports import Session
from central.domain.days import local_day
from station.domain.errors import AccessError, NotPermitted, NotSignedIn
from station.domain.officers import Permission


def check_origin(connection: HTTPConnection) -> None:
    """Refuse what another site's page sends.

    Browsers state the origin of every unsafe request and of every WebSocket. A program that is no
    browser states none, and holds no cookie that somebody else could use.

    Raises:
        NotPermitted: the origin is not this site.
    """
    origin = connection.headers.get("origin")
    foreign = connection.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
    if foreign or (origin is not None and not _ours(connection, origin)):
        raise NotPermitted("another site", permission="origin")


def permitted(permission: Permission) -> Callable[[Request], Awaitable[Session]]:
    """Return the dependency that gives the officer's session, if he may."""

    async def session(request: Request) -> Session:
        return await signed_in(request, permission)

    return session


async def signed_in(connection: HTTPConnection, permission: Permission | None = None) -> Session:
    """Return the session that the cookie names.

    Raises:
        NotSignedIn: no session.
        NotPermitted: not in the role, or the certificate is no longer valid today.
    """
    parts = parts_of(connection)
    session = await parts.sessions.used(token_of(connection))
    connection.state.who = session.officer.certificate_no
    if permission is not None:
        session.officer.require(permission, on=local_day(parts.clock.now()))
    return session


def note_refusal(connection: HTTPConnection, exc: AccessError) -> None:
    """Write down whom we refused, for the audit administrator."""
    route = connection.scope.get("route")
    what = f"{connection.scope.get('method', 'WS')} {getattr(route, 'path', '*')}"
    peer = connection.client.host if connection.client else ""
    who = getattr(connection.state, "who", "")
    parts_of(connection).access_log.note(exc, who=who, what=what, peer=peer)


def token_of(connection: HTTPConnection) -> str:
    """Return the session's token.

    Raises:
        NotSignedIn: no cookie.
    """
    token = connection.cookies.get(parts_of(connection).cookie)
    if not token:
        raise NotSignedIn
    return token


def give_cookie(request: Request, response: Response, token: str) -> None:
    """Hand the token to the browser, for as long as that runs; by TLS alone where it came so."""
    name, secure = parts_of(request).cookie, request.url.scheme == "https"
    response.set_cookie(name, token, httponly=True, samesite="strict", secure=secure, path="/")


def take_cookie(request: Request, response: Response) -> None:
    """Make the browser forget the token."""
    response.delete_cookie(parts_of(request).cookie, httponly=True, samesite="strict", path="/")


def _ours(connection: HTTPConnection, origin: str) -> bool:
    return urlsplit(origin).netloc == connection.headers.get("host", "")
