"""Who is at the other end of a line: the node that a station's certificate names."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from central.api.parts import parts_of
from central.application.admit import Peer
from station.domain.errors import NoCertificate

_STATE: Final = "peer"


class MachineProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP, which also tells the application whose certificate opened the line."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the certificate, which the handshake has verified, before the first request."""
        super().connection_made(transport)
        self.app = joined_by(self.app, peer(transport.get_extra_info("peercert")))

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: machines have no WebSockets, and Uvicorn would advise to install some."""


def joined_by(app: ASGIApp, who: Peer | None) -> ASGIApp:
    """Return the application as *who* meets it; None: somebody without a certificate."""

    async def joined(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {**scope.get("state", {}), _STATE: who}}, receive, send)

    return joined


def peer(certificate: Mapping[str, object] | None) -> Peer | None:
    """Return whom a verified certificate names, as :meth:`ssl.SSLSocket.getpeercert` gives it."""
    if not certificate:
        return None
    subject, serial = certificate["subject"], certificate["serialNumber"]
    assert isinstance(subject, tuple)  # noqa: S101 - for the type only
    node = next(value for part in subject for key, value in part if key == "commonName")
    return Peer(node=node, serial=f"{int(str(serial), 16):x}")


async def station(request: Request) -> str:
    """Return the node that asks, if it may go on.

    Raises:
        NoCertificate: nobody known.
        CertificateRevoked, NotFound: somebody who was known.
    """
    who = getattr(request.state, _STATE, None)
    if not isinstance(who, Peer):
        raise NoCertificate
    return await parts_of(request).admit(who)


Station = Annotated[str, Depends(station)]
"""The node at the other end, for a route that needs to know."""
