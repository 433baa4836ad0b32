"""One contender of the fan-out benchmark: ``python -m benchmarks.fanout_server NAME WATCHERS``.

It says its port on standard output, and "ready" when that many watchers are connected; then it
takes ``burst MESSAGES`` and ``paced GAP GAP …`` (microseconds between messages) from standard
input. A message is a passage as headquarters tells it; "@t" and 19 digits in its receipt say when
it was sent.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final, Protocol, cast

import uvicorn
import uvloop
from fastapi import FastAPI, WebSocket
from websockets.asyncio.server import ServerConnection, broadcast, serve

from central.api.shaping import news_json
from central.application.announce import Announcer
from central.application.news import Viewer
from central.application.ports import Reading
from central.application.stations import Board
from central.application.views import AlarmView, CaseView, NodeView, PassageView
from central.domain.access import ALL, Scope
from central.live.hub import Hub
from central.live.socket import Live
from central.live.wire import WireProtocol, text_frame

IN_A_TICK: Final = 30
"""Messages that one tick of 30 ms holds of a stream of 1,000 a second."""

NOON: Final = datetime(2026, 3, 1, 4, tzinfo=UTC)
PASSAGE: Final = PassageView(
    node="linhe",
    passage_id="0196f2c4-5a3e-7d11-9f6b-000000000001",
    receipt="",
    lane="1",
    at=NOON,
    occurred_on=date(2026, 3, 1),
    plate="蒙L12345",
    plate_colour="yellow",
    trailer_plate=None,
    gross_kg=58300,
    configuration="TR-06-A",
    limit_kg=49000,
    excess_kg=9300,
    outcome="violation",
    reviewed=False,
    recheck_of=None,
    case_no=None,
)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """Return monotonic nanoseconds, the same for every process."""
        return time.monotonic_ns()


def passage() -> PassageView:
    """Return a passage that is sent now."""
    return replace(PASSAGE, receipt=f"@t{time.monotonic_ns():019d}")


def message() -> bytes:
    """Return a message that is sent now."""
    return news_json(passage())


class Contender(Protocol):
    """Something that tells all watchers."""

    async def burst(self, messages: int) -> None:
        """Tell that many as fast as it goes."""
        ...

    async def paced(self, gaps: Sequence[float]) -> None:
        """Tell one after each gap, in seconds."""
        ...


class Rows:
    """The database, in memory: each row is a turn of its own."""

    def __init__(self) -> None:
        self.passages: list[PassageView] = []

    async def turn(self) -> int:
        """See Reading."""
        return len(self.passages)

    async def nodes(self) -> list[NodeView]:
        """See Reading."""
        return []

    async def touched(
        self, _scope: Scope, after: int, upto: int, _most: int
    ) -> list[PassageView | CaseView | AlarmView]:
        """See Reading."""
        return [*self.passages[after:upto]]


class Ours:
    """Headquarters' own stream: announcer, hub and connections, as the program joins them."""

    def __init__(self, hub: Hub) -> None:
        self._rows = Rows()
        self._hub = hub
        clock = SystemClock()
        self._announcer = Announcer(
            cast(Reading, self._rows), Board(clock, ()), hub, news_json, clock=clock
        )

    async def burst(self, messages: int) -> None:
        """Tell in full ticks, one after the other; the first look only finds where to begin."""
        await self._announcer.tell()
        for first in range(0, messages, IN_A_TICK):
            count = min(IN_A_TICK, messages - first)
            self._rows.passages += [passage() for _ in range(count)]
            await self._announcer.tell()
            await asyncio.sleep(0)

    async def paced(self, gaps: Sequence[float]) -> None:
        """Write rows; the announcer makes its own ticks."""
        telling = asyncio.create_task(self._announcer.run())
        await _at_gaps(gaps, self._write)
        await _until(lambda: self._hub.token == len(self._rows.passages))
        telling.cancel()
        await asyncio.wait([telling])

    def _write(self) -> None:
        self._rows.passages.append(passage())
        self._announcer.wake()


class Broadcast:
    """``websockets.broadcast``, a frame for each message."""

    def __init__(self, connections: set[ServerConnection]) -> None:
        self._connections = connections

    async def burst(self, messages: int) -> None:
        """Tell one after the other."""
        for _ in range(messages):
            self._send()
            await asyncio.sleep(0)

    async def paced(self, gaps: Sequence[float]) -> None:
        """Tell one after each gap."""
        await _at_gaps(gaps, self._send)

    def _send(self) -> None:
        broadcast(self._connections, message().decode())


class Writes:
    """``os.write`` for each message and watcher: the limit where there is no C compiler."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._sockets = sockets
        self._frame = text_frame(message())
        self._stamp = self._frame.index(b"@t") + 2

    async def burst(self, messages: int) -> None:
        """Tell one after the other."""
        for _ in range(messages):
            self._send()

    async def paced(self, gaps: Sequence[float]) -> None:
        """Tell one after each gap."""
        await _at_gaps(gaps, self._send)

    def _send(self) -> None:
        """Write to all; the frame is encoded but for its time."""
        stamp = b"%019d" % time.monotonic_ns()
        frame = self._frame[: self._stamp] + stamp + self._frame[self._stamp + len(stamp) :]
        for one in self._sockets:
            rest = frame
            while rest:
                rest = rest[os.write(one.fileno(), rest) :]


@asynccontextmanager
async def ours(watchers: int) -> AsyncIterator[Contender]:
    """Run headquarters' stream."""
    hub, app, numbers = Hub(), FastAPI(), iter(range(watchers))
    live = Live(hub, _no_greeting, _everybody)

    @app.websocket("/live")
    async def _(connection: WebSocket) -> None:
        await live(connection, Viewer(next(numbers).to_bytes(4, "big"), ALL), None)

    listener = _listener(watchers)
    config = uvicorn.Config(
        app,
        ws=WireProtocol,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        log_level="critical",
        lifespan="off",
    )
    serving = asyncio.create_task(uvicorn.Server(config).serve([listener]))
    _say(listener.getsockname()[1])
    await _until(lambda: len(hub.viewers) == watchers)
    contender = Ours(hub)
    await contender.burst(0)
    yield contender
    await asyncio.wait([serving], timeout=0)


@asynccontextmanager
async def broadcasting(watchers: int) -> AsyncIterator[Contender]:
    """Run the websockets library."""
    connections: set[ServerConnection] = set()

    async def handler(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()

    async with serve(
        handler, sock=_listener(watchers), compression=None, ping_interval=None
    ) as server:
        _say(next(iter(server.sockets)).getsockname()[1])
        await _until(lambda: len(connections) == watchers)
        yield Broadcast(connections)


@asynccontextmanager
async def writing(watchers: int) -> AsyncIterator[Contender]:
    """Run plain sockets."""
    listener = _listener(watchers)
    _say(listener.getsockname()[1])
    yield Writes([_upgraded(listener.accept()[0]) for _ in range(watchers)])


CONTENDERS: Final = {"ours": ours, "broadcast": broadcasting, "writes": writing}


async def run(name: str, watchers: int) -> None:
    """Serve one contender until its standard input ends."""
    async with CONTENDERS[name](watchers) as contender:
        _say("ready")
        while words := (await asyncio.to_thread(sys.stdin.readline)).split():
            if words[0] == "burst":
                await contender.burst(int(words[1]))
            else:
                await contender.paced([int(gap) / 1e6 for gap in words[1:]])
    os._exit(0)  # nobody is left to say farewell to


async def _at_gaps(gaps: Sequence[float], send: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    for gap in gaps:
        due += gap
        await asyncio.sleep(max(0.0, due - loop.time()))
        send()


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.02)


def _upgraded(one: socket.socket) -> socket.socket:
    head = b""
    while b"\r\n\r\n" not in head:
        head += one.recv(4096)
    one.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    return one


def _listener(watchers: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=watchers)


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def _no_greeting(_scope: Scope, _after: int | None, _upto: int) -> list[bytes]:
    return []


async def _everybody(viewers: set[Viewer]) -> set[Viewer]:
    return viewers


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], int(sys.argv[2])))
