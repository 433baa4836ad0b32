"""A serial device server: the same bytes to whoever is connected."""

from __future__ import annotations

import asyncio

_MOST_WAITING = 4096
"""Bytes for a slow client; a device server has no more room either."""


class TcpScale:
    """A TCP server on one port. Unplugged, it closes all connections and refuses new ones."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Prepare; port 0 takes a free one at the first ``plug`` and keeps it."""
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self.dropped_bytes = 0

    @property
    def url(self) -> str:
        """What a station opens; only after the first ``plug`` when the port was 0."""
        return f"socket://{self._host}:{self._port}"

    async def plug(self) -> None:
        """Listen."""
        if self._server is None:
            self._server = await asyncio.start_server(self._client, self._host, self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Close everything."""
        if self._server is None:
            return
        self._server.close()
        for client in self._clients:
            client.close()
        await self._server.wait_closed()
        self._server = None

    def send(self, data: bytes) -> None:
        """Hand the bytes to every client that keeps up."""
        ready = [c for c in self._clients if c.transport.get_write_buffer_size() < _MOST_WAITING]
        for client in ready:
            client.write(data)
        if not ready:
            self.dropped_bytes += len(data)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while await reader.read(256):
                pass  # an indicator in continuous mode takes no commands
        except OSError:
            pass
        finally:
            self._clients.discard(writer)
            writer.close()
