"""What the lane is told of its scale's line, in a time that the test moves."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from station.domain.errors import CaptureEnded, PortBusy, PortLost, PortMissing, UnknownProtocol
from station.domain.weighing import LineFault, Reading
from station.scale_driver.driver import LinkState, ScaleDriver
from station.scale_driver.protocols import toledo, yaohua

FRAME = yaohua.encode(48_260)
MS = 1_000_000


class FakeTime:
    """A clock and a sleep that agree with each other; ``pass_ms`` moves both."""

    def __init__(self):
        self.ns = 7 * MS
        self._sleepers = []

    def now(self):
        return datetime(2026, 4, 1, tzinfo=UTC)

    def monotonic_ns(self):
        return self.ns

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.ns + round(seconds * 1e9), woken))
        await woken

    async def pass_ms(self, ms):
        end = self.ns + ms * MS
        while True:
            await settle()
            self._sleepers = [one for one in self._sleepers if not one[1].done()]
            due = [one for one in self._sleepers if one[0] <= end]
            if not due:
                break
            self.ns, woken = min(due, key=lambda one: one[0])
            woken.set_result(None)
        self.ns = end
        await settle()


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


class FakePort:
    def __init__(self):
        self.closed = False
        self._coming = asyncio.Queue()

    async def read(self):
        item = await self._coming.get()
        if isinstance(item, Exception):
            raise item
        return item

    def close(self):
        self.closed = True

    async def gives(self, *items):
        for item in items:
            self._coming.put_nowait(item)
        await settle()


class Bench:
    """A driver whose every opening is scripted: a port, or an error."""

    def __init__(self, protocol="yaohua-continuous"):
        self.time = FakeTime()
        self.told = []
        self.to_open = []
        self.opened_at_ms = []
        self.driver = ScaleDriver(
            "/dev/scale",
            protocol,
            9600,
            lambda event, at_ns: self.told.append((event, at_ns)),
            lambda link: self.told.append(link),
            clock=self.time,
            sleep=self.time.sleep,
            opener=self._open,
        )

    async def _open(self, url, *, baud):
        assert (url, baud) == ("/dev/scale", 9600)
        self.opened_at_ms.append(self.time.ns // MS)
        result = self.to_open.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    @property
    def links(self):
        return [each.code for each in self.told if isinstance(each, LinkState)]

    @property
    def events(self):
        return [each[0] for each in self.told if isinstance(each, tuple)]

    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.driver.run())
        await settle()
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_the_link_is_ok_before_the_first_weight_is_told():
    bench, port = Bench(), FakePort()
    bench.to_open = [port]
    async with bench.running():
        await port.gives(FRAME)
    assert bench.told == [
        LinkState("connecting"),
        LinkState("ok"),
        (Reading(FRAME, 0, 48_260), 7 * MS),
    ]
    assert port.closed


async def test_a_burst_is_handed_over_whole_and_in_order():
    bench, port = Bench(), FakePort()
    bench.to_open = [port]
    frames = [yaohua.encode(value) for value in range(500)]
    async with bench.running():
        await port.gives(b"".join(frames[:300]) + b"xx" + b"".join(frames[300:]))
    assert [event.raw for event in bench.events] == [*frames[:300], b"xx", *frames[300:]]


@pytest.mark.parametrize(("waited_ms", "code"), [(2_999, "ok"), (3_500, "silent")])
async def test_three_seconds_without_a_byte_are_silence(waited_ms, code):
    bench, port = Bench(), FakePort()
    bench.to_open = [port]
    async with bench.running():
        await port.gives(FRAME)
        await bench.time.pass_ms(waited_ms)
        assert bench.driver.link.code == code
        await port.gives(FRAME)
        assert bench.driver.link.code == "ok"


async def test_garbage_all_the_time_is_shown_as_garbage_and_not_as_the_last_weight():
    bench, port = Bench(), FakePort()
    bench.to_open = [port]
    async with bench.running():
        await port.gives(FRAME)
        for _ in range(35):
            await bench.time.pass_ms(100)
            await port.gives(b"\x00\xff garbage")
        assert bench.links == ["connecting", "ok", "device.garbage"]
        await bench.time.pass_ms(3_500)
        assert bench.links[-1] == "silent"


async def test_an_indicator_set_up_anew_is_understood_after_a_while():
    bench, port = Bench("toledo-continuous"), FakePort()
    bench.to_open = [port]
    checked, bare = toledo.encode(480), toledo.encode(480, check=False)
    async with bench.running():
        await port.gives(checked * 3)
        assert bench.driver.link.code == "ok"
        for _ in range(140):
            await bench.time.pass_ms(100)
            await port.gives(bare)
        assert bench.links == ["connecting", "ok", "device.garbage", "ok"]
    last = bench.events[-1]
    assert last == Reading(bare, 3 * 18 + 139 * 17, 480, stable=True)


async def test_what_was_held_in_a_silence_keeps_the_time_at_which_it_came():
    bench, port = Bench("toledo-continuous"), FakePort()
    bench.to_open = [port]
    frame = toledo.encode(480)
    async with bench.running():
        came_at = bench.time.ns
        await port.gives(frame)
        assert bench.events == []
        await bench.time.pass_ms(3_500)
    # Told, but as an old weight: the link is never called ok for it.
    assert bench.told == [
        LinkState("connecting"),
        (Reading(frame, 0, 480, stable=True), came_at),
        LinkState("silent"),
    ]


async def test_the_back_off_doubles_from_one_second_to_thirty():
    bench = Bench()
    bench.to_open = [PortMissing("no such device") for _ in range(8)]
    async with bench.running():
        await bench.time.pass_ms(1_000 + 2_000 + 4_000 + 8_000 + 16_000 + 30_000 + 30_000 - 1)
        assert len(bench.opened_at_ms) == 7
        await bench.time.pass_ms(1)
    gaps = [b - a for a, b in pairwise(bench.opened_at_ms)]
    assert gaps == [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
    assert bench.told[1] == LinkState("device.port_missing", "no such device", 1_000)


async def test_a_good_frame_resets_the_back_off_and_an_open_port_alone_does_not():
    bench, mute, good = Bench(), FakePort(), FakePort()
    bench.to_open = [PortBusy("held"), mute, good, FakePort()]
    async with bench.running():
        await bench.time.pass_ms(1_000)
        await mute.gives(b"noise", PortLost("unplugged"))
        assert bench.told[-1] == LinkState("device.port_lost", "unplugged", 2_000)
        await bench.time.pass_ms(2_000)
        await good.gives(FRAME, PortLost("unplugged"))
        assert bench.told[-1] == LinkState("device.port_lost", "unplugged", 1_000)
        assert mute.closed
        assert good.closed


async def test_a_frame_never_joins_two_connections():
    bench, first, second = Bench(), FakePort(), FakePort()
    bench.to_open = [first, second]
    async with bench.running():
        await first.gives(FRAME[:6], PortLost("unplugged"))
        await bench.time.pass_ms(1_000)
        await second.gives(FRAME[6:], FRAME)
        counts = bench.driver.counts
    assert bench.events == [
        LineFault(FRAME[:6], 0, "truncated"),
        LineFault(FRAME[6:], 0, "noise"),
        Reading(FRAME, 6, 48_260),
    ]
    assert (counts.frames, counts.faults, counts.skipped_bytes) == (1, 2, 12)


async def test_a_capture_is_told_once_and_not_again():
    bench, port = Bench(), FakePort()
    bench.to_open = [port]
    async with bench.running() as task:
        await port.gives(FRAME, CaptureEnded("capture ended"))
        assert task.done()
    assert bench.links == ["connecting", "ok", "device.capture_ended"]
    assert len(bench.events) == 1


class Refusing(list):
    def append(self, item):
        if isinstance(item, tuple):
            raise ZeroDivisionError


async def test_a_failing_callback_is_not_swallowed():
    bench, port = Bench(), FakePort()
    bench.to_open = [port]
    bench.told = Refusing()
    async with asyncio.timeout(5):
        task = asyncio.create_task(bench.driver.run())
        await settle()
        await port.gives(FRAME)
        with pytest.raises(ExceptionGroup):
            await task
    assert port.closed


def test_an_unknown_protocol_is_refused_at_once():
    with pytest.raises(UnknownProtocol):
        Bench("yaohua")
