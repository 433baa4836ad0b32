import asyncio

import pytest
from fastapi import WebSocketDisconnect

from central.live.hub import Hub
from central.live.socket import Live


class FakeSocket:
    """A WebSocket whose client reads when it is told to."""

    def __init__(self, *, reads=True):
        self.accepted = False
        self.sent = []
        self.closed_with = None
        self.reads = reads
        self.gone = asyncio.Event()
        self.news = asyncio.Event()

    async def accept(self):
        self.accepted = True

    async def receive_text(self):
        await self.gone.wait()
        raise WebSocketDisconnect(1001)

    async def send_text(self, text):
        if not self.reads:
            await asyncio.Event().wait()
        self.sent.append(text)
        self.news.set()

    async def close(self, code):
        self.closed_with = code

    async def until(self, count):
        async with asyncio.timeout(5):
            while len(self.sent) < count:
                self.news.clear()
                await self.news.wait()


async def greeting():
    return ["station 1", "station 2"]


async def always():
    return True


async def ended(task):
    async with asyncio.timeout(5):
        await task


async def test_the_first_frames_are_the_greeting_then_come_the_news():
    hub, socket = Hub(), FakeSocket()
    serving = asyncio.create_task(Live(hub, greeting)(socket, always))
    await socket.until(2)
    hub.publish("passage")
    await socket.until(3)
    socket.gone.set()
    await ended(serving)

    assert socket.sent == ["station 1", "station 2", "passage"]
    assert not hub.watched


async def test_a_client_that_leaves_is_noticed_though_there_is_no_news():
    hub, socket = Hub(), FakeSocket()
    serving = asyncio.create_task(Live(hub, greeting)(socket, always))
    await socket.until(2)
    assert hub.watched

    socket.gone.set()
    await ended(serving)

    assert not hub.watched


async def test_a_watcher_that_does_not_read_is_dropped_and_others_get_everything():
    hub = Hub(behind=3)
    slow, quick = FakeSocket(reads=False), FakeSocket()
    tasks = [asyncio.create_task(Live(hub, greeting)(one, always)) for one in (slow, quick)]
    await quick.until(2)
    for number in range(5):
        hub.publish(f"news {number}")
        await quick.until(3 + number)
    await ended(tasks[0])

    assert slow.closed_with == 1013
    assert quick.sent[2:] == [f"news {number}" for number in range(5)]
    quick.gone.set()
    await ended(tasks[1])


async def test_a_full_queue_drops_at_the_frame_that_does_not_fit():
    hub = Hub(behind=2)
    with hub.watcher() as watcher:
        hub.publish("1")
        hub.publish("2")
        assert not watcher.dropped.is_set()
        hub.publish("3")
        assert watcher.dropped.is_set()


async def test_who_is_no_longer_signed_in_is_sent_away():
    answers = iter([True, False])

    async def allowed():
        return next(answers)

    socket = FakeSocket()
    live = Live(Hub(), greeting, look_every_s=0)
    await ended(asyncio.create_task(live(socket, allowed)))

    assert socket.closed_with == 1008


async def test_at_the_end_of_the_program_every_watcher_is_let_go():
    hub, socket = Hub(), FakeSocket()
    serving = asyncio.create_task(Live(hub, greeting)(socket, always))
    await socket.until(2)

    hub.close()
    await ended(serving)

    assert socket.closed_with == 1013


async def test_a_failure_is_not_swallowed():
    async def broken():
        raise LookupError("broken")

    with pytest.raises(LookupError):
        await Live(Hub(), greeting)(FakeSocket(), broken)
