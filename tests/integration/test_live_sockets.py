"""The live stream on real sockets: greeting, news, farewell, and 200 watchers that never read."""

import asyncio
import contextlib
import gc
import json
import os
import socket
import threading
from pathlib import Path

import pytest
import uvicorn
import uvloop
import websockets
from fastapi import FastAPI, WebSocket

from central.application.news import Item, Viewer, tick_text
from central.domain.access import ALL
from central.live.hub import BEHIND_BYTES, Hub
from central.live.socket import Live
from central.live.wire import SEND_BUFFER_BYTES, WireProtocol
from station.domain.errors import StoreFailed

HANDSHAKE = (
    b"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Centre:
    """A centre that is nothing but its stream."""

    def __init__(self, **options):
        self.hub = Hub()
        self.asked = []
        self.fails = False
        self.refused = False
        self.live = Live(self.hub, self._greeting, self._lasting, look_every_s=0.01, **options)
        self.url = ""

    async def _greeting(self, scope, after, upto):
        self.asked.append((scope, after, upto))
        if self.fails:
            raise StoreFailed("away")
        return [tick_text(upto, [b'"stations"'])]

    async def _lasting(self, viewers):
        return set() if self.refused else viewers

    def tell(self, token, text):
        self.hub.tick(token, [Item("linhe", json.dumps(text).encode())])

    @contextlib.asynccontextmanager
    async def running(self):
        app = FastAPI()

        @app.websocket("/live")
        async def live(connection: WebSocket, after: int | None = None) -> None:
            await self.live(connection, Viewer(b"session", ALL), after)

        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            config = uvicorn.Config(
                app,
                ws=WireProtocol,
                ws_per_message_deflate=False,
                log_level="warning",
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
            server = uvicorn.Server(config)
            server.capture_signals = contextlib.nullcontext
            serving = asyncio.create_task(server.serve([listener]))
            looking = asyncio.create_task(self.live.run())
            self.url = f"ws://127.0.0.1:{listener.getsockname()[1]}/live"
            try:
                yield self
            finally:
                looking.cancel()
                self.hub.close()
                server.should_exit = True
                await serving


async def heard(connection):
    async with asyncio.timeout(10):
        frame = json.loads(await connection.recv())
    return frame["type"], frame["token"], frame.get("news")


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_first_the_greeting_then_the_news():
    async with Centre().running() as centre, websockets.connect(centre.url) as page:
        assert await heard(page) == ("tick", "0", ["stations"])
        centre.tell(1, "a truck")
        assert await heard(page) == ("tick", "1", ["a truck"])
    assert centre.asked == [(ALL, None, 0)]


async def test_who_comes_back_says_what_he_has_heard():
    async with Centre().running() as centre:
        centre.hub.tick(7, ())
        async with websockets.connect(centre.url + "?after=5") as page:
            await heard(page)
    assert centre.asked == [(ALL, 5, 7)]


async def test_a_token_of_another_database_loads_the_page_anew():
    async with Centre(reach_s=0).running() as centre:
        centre.hub.tick(7, ())
        async with websockets.connect(centre.url + "?after=8") as page:
            assert await heard(page) == ("reload", "7", None)
            assert await heard(page) == ("tick", "7", ["stations"])
    assert centre.asked == [(ALL, None, 7)]


async def test_a_client_that_leaves_is_noticed_though_there_is_no_news():
    async with Centre().running() as centre:
        async with websockets.connect(centre.url) as page:
            await heard(page)
            assert centre.hub.watched
        await until(lambda: not centre.hub.watched)


async def test_whatever_a_client_says_is_of_no_interest():
    async with Centre().running() as centre, websockets.connect(centre.url) as page:
        await heard(page)
        await page.send("hello")
        await page.send(b"hello")
        await page.ping()
        centre.tell(1, "a truck")
        assert await heard(page) == ("tick", "1", ["a truck"])


async def test_whose_session_has_ended_is_told_so():
    async with Centre().running() as centre, websockets.connect(centre.url) as page:
        await heard(page)
        centre.refused = True
        async with asyncio.timeout(10):
            await page.wait_closed()
        assert page.close_code == 1008


async def test_without_a_database_the_page_is_asked_to_try_again():
    async with Centre().running() as centre:
        centre.fails = True
        async with websockets.connect(centre.url) as page, asyncio.timeout(10):
            await page.wait_closed()
        assert page.close_code == 1013


async def test_the_end_of_the_program_waits_for_nobody():
    centre = Centre()
    async with contextlib.AsyncExitStack() as stack:
        async with asyncio.timeout(20):
            async with centre.running():
                page = await stack.enter_async_context(websockets.connect(centre.url))
                await heard(page)
        await page.wait_closed()
        assert page.close_code == 1001


STUCK = 200
FRAME = b'"%b"' % (b"x" * 100_000)
ENOUGH = 2 * (BEHIND_BYTES + 4 * SEND_BUFFER_BYTES) // len(FRAME)


def resident_bytes():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def never_reading(url):
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    one = socket.create_connection(("127.0.0.1", port))
    one.sendall(HANDSHAKE)
    return one


async def stuck_watchers():
    """Return how many stuck ones were dropped, what a healthy one heard, and the growth."""
    async with Centre().running() as centre:
        stuck = [await asyncio.to_thread(never_reading, centre.url) for _ in range(STUCK)]
        await until(lambda: len(centre.asked) == STUCK)
        async with websockets.connect(centre.url, max_size=None) as page:
            await heard(page)
            before, most, got = resident_bytes(), 0, []
            for token in range(ENOUGH):
                centre.hub.tick(token, [Item("linhe", FRAME)])
                got.append((await heard(page))[1])
                most = max(most, resident_bytes() - before)
            (left,) = centre.hub._groups.values()
            for one in stuck:
                one.close()
            return STUCK + 1 - len(left), got, most


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells memory by /proc")
def test_two_hundred_watchers_that_never_read_cost_no_memory_and_are_dropped():
    """On uvloop, as the program runs: its transports share a frame's bytes."""
    found = []
    thread = threading.Thread(target=lambda: found.append(uvloop.run(stuck_watchers())))
    thread.start()
    thread.join(100)

    ((dropped, got, most),) = found
    assert dropped == STUCK
    assert got == [str(token) for token in range(ENOUGH)]
    # One megabyte may wait for each: if it were copied, this would be 200 of them.
    assert most < 32 * 1024 * 1024
