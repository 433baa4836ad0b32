"""A camera on the network: MJPEG over HTTP from drawn scenes. It can go away, freeze, go dark."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

from simulators.camera.sensor import Sensor
from simulators.camera.truck_art import EMPTY, Scene

SceneSource = Callable[[], Scene]
"""Asked for each frame what stands before the camera now."""

_BOUNDARY = "frame"
_WRITE_TIMEOUT_S = 5.0
_REQUEST_TIMEOUT_S = 5.0
_MOST_HEADER_LINES = 64
_CHINA = timezone(timedelta(hours=8))


class Fault(Enum):
    """What a camera can suffer."""

    NONE = "none"
    AWAY = "away"  # no power, no network: connections are refused
    FROZEN = "frozen"  # the same picture for ever
    DARK = "dark"  # a lens cap, a burnt-out lamp


class MjpegCamera:
    """Serves ``/mjpeg`` (endless) and ``/snapshot.jpg`` on one port.

    A frame is drawn and encoded once for all clients, and only while there is one.

    Args:
        scenes: asked for each frame.
        port: 0 takes a free one; see :attr:`port` once started.
        fps: frames a second.
        seed: of the sensor's noise.
        now: what the burnt-in clock shows.
    """

    def __init__(
        self,
        scenes: SceneSource,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        fps: int = 5,
        seed: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._scenes = scenes
        self._host = host
        self.port = port
        self._period_s = 1 / fps
        self._sensor = Sensor(seed)
        self._now = now
        self._fault = Fault.NONE
        self._server: asyncio.Server | None = None
        self._drawing: asyncio.Task[None] | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._fresh = asyncio.Condition()
        self._jpeg = b""
        self._number = 0

    @property
    def url(self) -> str:
        """Where a station finds it."""
        return f"http://{self._host}:{self.port}/mjpeg"

    async def __aenter__(self) -> MjpegCamera:
        """Start listening and drawing."""
        await self._listen()
        self._drawing = asyncio.create_task(self._draw())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop drawing, drop the clients, close the port."""
        if self._drawing is not None:
            self._drawing.cancel()
            await asyncio.gather(self._drawing, return_exceptions=True)
        await self._hang_up()

    async def suffer(self, fault: Fault) -> None:
        """Begin a fault, or end it with ``Fault.NONE``."""
        before, self._fault = self._fault, fault
        if fault is Fault.AWAY:
            await self._hang_up()
        elif before is Fault.AWAY:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        clients = tuple(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _draw(self) -> None:
        while True:
            if self._clients:
                await self._draw_one()
            await asyncio.sleep(self._period_s)

    async def _draw_one(self) -> None:
        if self._fault is not Fault.FROZEN or not self._jpeg:
            self._jpeg = await asyncio.to_thread(
                self._sensor.jpeg,
                self._scenes(),
                self._now().astimezone(_CHINA),
                is_dark=self._fault is Fault.DARK,
            )
        async with self._fresh:
            self._number += 1
            self._fresh.notify_all()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.create_task(self._serve(reader, writer))
        self._clients.add(client)
        client.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT_S):
                path = await _requested_path(reader)
            if path.startswith("/mjpeg"):
                await self._stream(writer)
            elif path.startswith("/snapshot.jpg"):
                jpeg = await self._next_frame()
                writer.write(_head(200, "image/jpeg", len(jpeg)) + jpeg)
                await writer.drain()
            else:
                writer.write(_head(404, "text/plain", 0))
                await writer.drain()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            pass  # a client that left, was too slow or spoke no HTTP
        finally:
            writer.transport.abort() if self._fault is Fault.AWAY else writer.close()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(200, f"multipart/x-mixed-replace; boundary={_BOUNDARY}"))
        while True:
            jpeg = await self._next_frame()
            writer.write(
                f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                f"Content-Length: {len(jpeg)}\r\n\r\n".encode()
            )
            writer.write(jpeg + b"\r\n")
            async with asyncio.timeout(_WRITE_TIMEOUT_S):
                await writer.drain()

    async def _next_frame(self) -> bytes:
        async with self._fresh:
            seen = self._number
            await self._fresh.wait_for(lambda: self._number > seen)
            return self._jpeg


def parade(
    scenes: Sequence[Scene], *, stay_s: float, gap_s: float, monotonic: Callable[[], float]
) -> SceneSource:
    """Return a source that shows the scenes in turn, for ever, with an empty road between them."""
    began = monotonic()

    def scene() -> Scene:
        turn, within_s = divmod(monotonic() - began, stay_s + gap_s)
        return scenes[int(turn) % len(scenes)] if scenes and within_s < stay_s else EMPTY

    return scene


async def run_camera(
    scenes: SceneSource, *, host: str = "127.0.0.1", port: int = 8554, fps: int = 5, seed: int = 0
) -> None:
    """Serve until cancelled."""
    async with MjpegCamera(scenes, host=host, port=port, fps=fps, seed=seed):
        await asyncio.Event().wait()


async def _requested_path(reader: asyncio.StreamReader) -> str:
    method, path, *_ = (await reader.readline()).decode("latin-1").split()
    for _ in range(_MOST_HEADER_LINES):
        if not (await reader.readline()).strip():
            return path if method == "GET" else ""
    return ""


def _head(status: int, kind: str, length: int | None = None) -> bytes:
    word = {200: "OK", 404: "Not Found"}[status]
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return (
        f"HTTP/1.1 {status} {word}\r\nContent-Type: {kind}\r\n{size}"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    ).encode()
