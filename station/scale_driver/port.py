"""The only module that opens a scale's line: a tty, a socket, or a recorded capture.

========================================  =====================================================
``/dev/ttyUSB0``, any path                a tty, a pseudo-terminal, or a symlink to one
``serial:///dev/ttyUSB0``                 the same
``socket://host:port``                    a serial device server, raw TCP
``capture:///path/file.bin?baud=9600``    a recording, replayed at the speed of its line;
                                          ``&loop=1`` starts over at its end
========================================  =====================================================
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import termios
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, urlsplit

import serial

from station.domain.errors import CaptureEnded, PortBusy, PortLost, PortMissing

BITS_PER_BYTE = 10
"""On the line: 8N1 and 7E1 both frame a byte in ten bits."""

_READ_SIZE = 4096
_CONNECT_S = 5
_TICK_S = 0.02
# A device server without power answers nothing: found out after 5 + 3 * 2 seconds.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 5), (socket.TCP_KEEPINTVL, 2), (socket.TCP_KEEPCNT, 3))
# pyserial lets OSError and termios.error through here and there; ValueError is a refused baud rate.
_SERIAL_ERRORS = (serial.SerialException, OSError, termios.error, ValueError)
_HELD = frozenset({errno.EAGAIN, errno.EBUSY})


class Port(Protocol):
    """An open line that bytes come from."""

    async def read(self) -> bytes:
        """Return the next bytes, at least one. Safe to cancel: no byte is lost.

        Raises:
            PortLost: the line is gone; field ``port``.
        """
        ...

    def close(self) -> None:
        """Give the line back; a read under way raises :exc:`PortLost`."""
        ...


async def open_port(url: str, *, baud: int = 9600) -> Port:
    """Open a line.

    Args:
        url: see the module.
        baud: of a tty, and of a capture that does not name its own.

    Raises:
        PortBusy: another program holds it.
        PortMissing: there is nothing of that name, or it is no line; field ``port``.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "":
            return _open_serial(url, url, baud)
        case "serial":
            return _open_serial(url, parts.path, baud)
        case "socket":
            return await _open_socket(url, parts)
        case "capture":
            return await _open_capture(url, parts, baud)
        case scheme:
            raise PortMissing(f"no such kind of line: {scheme}", port=url)


def _open_serial(url: str, path: str, baud: int) -> Port:
    # Always 8N1: a pseudo-terminal refuses 7E1, and the decoder checks parity itself.
    # Exclusive: two readers of one line would each get half of every frame.
    try:
        line = serial.Serial(path, baud, timeout=0, exclusive=True)
    except _SERIAL_ERRORS as exc:
        if getattr(exc, "errno", None) in _HELD:
            raise PortBusy(str(exc), port=url) from exc
        raise PortMissing(str(exc), port=url) from exc
    return SerialPort(url, line)


class SerialPort:
    """A tty: a serial line, a USB adapter or a pseudo-terminal; the kernel does not care."""

    def __init__(self, url: str, line: serial.Serial) -> None:
        self._url = url
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._readable: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """Return the next bytes."""
        while True:
            await self._until_readable()
            try:
                data = os.read(self._line.fileno(), _READ_SIZE)
            except BlockingIOError:
                continue
            except _SERIAL_ERRORS as exc:
                raise PortLost(str(exc), port=self._url) from exc
            if not data:
                raise PortLost("hung up", port=self._url)
            return data

    def close(self) -> None:
        """Release the tty and its lock."""
        if self._readable and not self._readable.done():
            self._readable.set_exception(PortLost("closed", port=self._url))
        if self._line.is_open:
            self._loop.remove_reader(self._line.fileno())
            with contextlib.suppress(*_SERIAL_ERRORS):
                self._line.close()

    async def _until_readable(self) -> None:
        if not self._line.is_open:
            raise PortLost("closed", port=self._url)
        readable = self._readable = self._loop.create_future()
        # Level-triggered: the reader is taken off at once, so a slow consumer does not spin.
        self._loop.add_reader(self._line.fileno(), _wake, readable)
        try:
            await readable
        finally:
            if self._line.is_open:
                self._loop.remove_reader(self._line.fileno())


def _wake(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


async def _open_socket(url: str, parts: SplitResult) -> Port:
    try:
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise PortMissing(str(exc), port=url) from exc
    if not host or port is None:
        raise PortMissing("socket:// needs host:port", port=url)
    try:
        async with asyncio.timeout(_CONNECT_S):
            reader, writer = await asyncio.open_connection(host, port)
    except TimeoutError as exc:
        raise PortMissing("no answer", port=url) from exc
    except OSError as exc:
        raise PortMissing(str(exc), port=url) from exc
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        raw.setsockopt(socket.IPPROTO_TCP, option, value)
    return SocketPort(url, reader, writer)


class SocketPort:
    """A serial device server. A peer that closes is an unplugged cable."""

    def __init__(
        self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._url = url
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Return the next bytes."""
        try:
            data = await self._reader.read(_READ_SIZE)
        except OSError as exc:
            raise PortLost(str(exc), port=self._url) from exc
        if not data:
            raise PortLost("closed by peer", port=self._url)
        return data

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def _open_capture(url: str, parts: SplitResult, baud: int) -> Port:
    try:
        query = parse_qs(parts.query, strict_parsing=bool(parts.query))
        rate = int(query.pop("baud", [str(baud)])[0])
        is_endless = {"0": False, "1": True}[query.pop("loop", ["0"])[0]]
    except (ValueError, KeyError) as exc:
        raise PortMissing(f"not understood: {parts.query}", port=url) from exc
    if query or rate <= 0:
        raise PortMissing(f"not understood: {parts.query}", port=url)
    try:
        data = await asyncio.to_thread(Path(parts.path).read_bytes)
    except OSError as exc:
        raise PortMissing(str(exc), port=url) from exc
    if not data:
        raise PortMissing("the capture is empty", port=url)
    return CapturePort(url, data, rate, is_endless=is_endless)


class CapturePort:
    """A recording of a line, at the speed of the line: ten bits a byte."""

    def __init__(self, url: str, data: bytes, baud: int, *, is_endless: bool) -> None:
        self._url = url
        self._data = data
        self._bytes_per_s = baud / BITS_PER_BYTE
        self._is_endless = is_endless
        self._given = 0
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()
        self._closed = asyncio.Event()

    async def read(self) -> bytes:
        """Return the bytes that the line has carried since the last read."""
        while not self._closed.is_set():
            left = len(self._data) - self._given
            due = int((self._loop.time() - self._began_at) * self._bytes_per_s) - self._given
            if data := self._data[self._given : self._given + max(due, 0)]:
                self._given += len(data)
                return data
            if left == 0:
                self._end()
            # At least the time of one byte: a slow line is not asked faster than it sends.
            await self._pause(max(_TICK_S, 1 / self._bytes_per_s))
        raise PortLost("closed", port=self._url)

    def close(self) -> None:
        """Stop the replay."""
        self._closed.set()

    def _end(self) -> None:
        if not self._is_endless:
            raise CaptureEnded("capture ended", port=self._url)
        self._began_at += len(self._data) / self._bytes_per_s
        self._given = 0

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
