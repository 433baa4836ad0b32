"""A line between a station and the centre that can be cut: a TCP proxy on the loopback."""

from __future__ import annotations

import asyncio
from contextlib import suppress

CHUNK = 65536


class Line:
    """One line. While it is cut, connections end at once."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.is_cut = False
        self._loses_answers = False

    @property
    def port(self) -> int:
        """Return where the station connects."""
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def cut(self) -> None:
        """End what runs over the line, in the middle of whatever it is."""
        self.is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def lose_answers(self) -> None:
        """End each connection on which an answer comes, instead of handing it on, until mended.

        Whoever asked does not know whether it was done, and must ask again.
        """
        self._loses_answers = True

    def mend(self) -> None:
        """Let connections and answers through again."""
        self.is_cut = self._loses_answers = False

    async def close(self) -> None:
        """End everything."""
        self.cut()
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, far_writer))
                tasks.create_task(self._answer(far_reader, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand answers on, but for those that are to be lost."""
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if self._loses_answers:
                    writer.transport.abort()
                    return
                writer.write(data)
                await writer.drain()
        _end(writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    _end(writer)


def _end(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.write_eof() if writer.can_write_eof() else writer.close()
