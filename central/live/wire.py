"""The way past the framework: a frame that was encoded once is written to each connection."""

from __future__ import annotations

import socket
from typing import Final, Protocol, cast

from fastapi import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, Frame, Opcode

WIRE: Final = "zhichao.wire"
"""The ASGI extension under which a connection's transport is found."""

SEND_BUFFER_BYTES: Final = 128 * 1024
"""What the kernel may hold for one watcher: else it grows to megabytes before anybody notices."""


class Wire(Protocol):
    """What of a transport is needed."""

    def write(self, data: bytes) -> None:
        """Send *data*, after what waits; never blocks."""
        ...

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait."""
        ...

    def close(self) -> None:
        """Close when what waits is sent."""
        ...

    def abort(self) -> None:
        """Close at once; what waits is lost."""
        ...


class WireProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, whose application finds the transport in its scope.

    A whole frame written between two frames of the library is as good as its own, as long as no
    message is compressed or sent in pieces: ``ws_per_message_deflate`` must be off.
    """

    async def run_asgi(self) -> None:
        """Serve the connection."""
        kernel = self.transport.get_extra_info("socket")
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.scope["extensions"] = {**self.scope["extensions"], WIRE: self.transport}  # type: ignore[dict-item]
        await super().run_asgi()


def wire_of(connection: WebSocket) -> Wire:
    """Return the transport of a connection that :class:`WireProtocol` serves."""
    return cast(Wire, connection.scope["extensions"][WIRE])


def text_frame(payload: bytes) -> bytes:
    """Return a WebSocket text frame, unmasked as a server sends it."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


def close_frame(code: int) -> bytes:
    """Return a WebSocket close frame."""
    return Frame(Opcode.CLOSE, Close(code, "").serialize()).serialize(mask=False)
