"""The driver on real lines: pseudo-terminals, TCP, captures."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from simulators.scale.pty_scale import PtyScale
from simulators.scale.run import run_scale
from simulators.scale.simulator import ScaleSimulator, steady
from simulators.scale.tcp_scale import TcpScale
from simulators.scale.weather import Forecast, Weather
from station.domain.errors import PortBusy, PortLost, PortMissing
from station.domain.weighing import LineFault, Reading
from station.scale_driver.driver import ScaleDriver
from station.scale_driver.port import open_port
from station.scale_driver.protocols import names, toledo, yaohua

FRAME = yaohua.encode(48_260)


class SystemClock:
    def now(self):
        return datetime.now(UTC)

    def monotonic_ns(self):
        return time.monotonic_ns()


@pytest.fixture(params=["pty", "tcp"])
def line(request, tmp_path):
    return PtyScale(tmp_path / "scale") if request.param == "pty" else TcpScale()


@asynccontextmanager
async def plugged(line):
    await line.plug()
    try:
        yield line
    finally:
        await line.unplug()


@asynccontextmanager
async def opened(url, **options):
    port = await open_port(url, **options)
    try:
        yield port
    finally:
        port.close()


async def until(condition, limit_s=5.0):
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 -- what is waited for has no event of its own
            await asyncio.sleep(0.01)


class Lane:
    """A driver, and all that it told."""

    def __init__(self, url, protocol="yaohua-continuous", retry_s=0.05):
        self.events, self.links, self.naps = [], [], []

        async def sleep(seconds):
            # Only the back-off is shortened; the look at the clock keeps its half second.
            self.naps.append(seconds)
            await asyncio.sleep(retry_s if seconds >= 1 else seconds)

        self.driver = ScaleDriver(
            url,
            protocol,
            9600,
            lambda event, at_ns: self.events.append(event),
            lambda link: self.links.append(link.code),
            clock=SystemClock(),
            sleep=sleep,
        )

    @property
    def readings(self):
        return [event for event in self.events if isinstance(event, Reading)]

    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.driver.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def simulated(simulator):
    task = asyncio.create_task(simulator.run())
    await asyncio.sleep(0.05)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("protocol", names())
async def test_weights_arrive_one_byte_at_a_time(line, protocol):
    weather = Weather(1, Forecast(byte_by_byte=True))
    simulator = ScaleSimulator(line, protocol, steady(48_260), rate_hz=40, weather=weather)
    async with simulated(simulator):
        lane = Lane(line.url, protocol)
        async with lane.running():
            await until(lambda: len(lane.readings) >= 5)
    assert {event.gross for event in lane.readings} == {48_260}
    assert lane.links == ["connecting", "ok"]


async def test_an_unplugged_cable_is_a_lost_port(line):
    async with plugged(line), opened(line.url) as port:
        if isinstance(line, TcpScale):
            await asyncio.sleep(0.05)
        line.send(FRAME)
        assert await asyncio.wait_for(port.read(), 5) == FRAME
        waiting = asyncio.create_task(port.read())
        await asyncio.sleep(0.05)
        await line.unplug()
        with pytest.raises(PortLost) as lost:
            await asyncio.wait_for(waiting, 5)
        assert lost.value.fields == {"port": line.url}
        with pytest.raises(PortMissing):
            await open_port(line.url)


async def test_the_driver_comes_back_after_the_cable_was_out(line):
    simulator = ScaleSimulator(line, "yaohua-continuous", steady(480), rate_hz=40)
    async with simulated(simulator):
        lane = Lane(line.url)
        async with lane.running():
            await until(lambda: len(lane.readings) >= 2)
            await line.unplug()
            await until(lambda: "device.port_missing" in lane.links)
            assert lane.links[:3] == ["connecting", "ok", "device.port_lost"]
            before = len(lane.readings)
            await line.plug()
            await until(lambda: len(lane.readings) > before)
            assert lane.links[-2:] == ["connecting", "ok"]
            # The back-off started at one second and doubled; the good frame reset it.
            backs = [nap for nap in lane.naps if nap >= 1]
            assert backs[:2] == [1, 2]
            await line.unplug()
            await until(lambda: lane.links[-1] == "device.port_missing")
            again = [nap for nap in lane.naps if nap >= 1][len(backs) :]
            assert again[0] == 1


async def test_two_programs_never_share_one_port(tmp_path):
    async with plugged(PtyScale(tmp_path / "scale")) as line:
        async with opened(line.url) as port:
            with pytest.raises(PortBusy) as busy:
                await open_port(f"serial://{line.url}")
            assert busy.value.fields == {"port": f"serial://{line.url}"}
            # The refused one has not disturbed the first.
            line.send(FRAME)
            assert await asyncio.wait_for(port.read(), 5) == FRAME
        async with opened(line.url):
            pass


async def test_a_silent_scale_is_shown_as_silent_within_five_seconds(tmp_path):
    async with plugged(PtyScale(tmp_path / "scale")) as line:
        lane = Lane(line.url)
        async with lane.running():
            await until(lambda: lane.links == ["connecting"])
            await asyncio.sleep(0.2)
            line.send(FRAME)
            await until(lambda: lane.links == ["connecting", "ok"])
            began = time.monotonic()
            await until(lambda: lane.links[-1] == "silent", limit_s=5)
            assert time.monotonic() - began > 2.9


@pytest.mark.parametrize(
    "url",
    [
        "/dev/no-such-scale",
        "serial:///dev/no-such-scale",
        "/dev/null",
        "socket://127.0.0.1:1",
        "socket://127.0.0.1",
        "socket://127.0.0.1:99999",
        "rtsp://127.0.0.1/scale",
        "capture:///no/such/file.bin",
        "capture:///dev/null",
        "capture:///etc/hostname?speed=9600",
        "capture:///etc/hostname?baud=0",
        "capture:///etc/hostname?loop=yes",
    ],
)
async def test_what_is_no_line_is_missing_and_names_its_url(url):
    with pytest.raises(PortMissing) as missing:
        await open_port(url)
    assert missing.value.fields == {"port": url}


async def test_a_speed_that_no_port_has_is_refused(tmp_path):
    async with plugged(PtyScale(tmp_path / "scale")) as line:
        with pytest.raises(PortMissing):
            await open_port(line.url, baud=-1)


async def test_closing_wakes_the_reader(line):
    async with plugged(line), opened(line.url) as port:
        waiting = asyncio.create_task(port.read())
        await asyncio.sleep(0.05)
        port.close()
        with pytest.raises(PortLost):
            await asyncio.wait_for(waiting, 5)


async def test_a_capture_is_replayed_at_the_speed_of_its_line_and_once(tmp_path):
    file = tmp_path / "scale.bin"
    stream = b"".join(yaohua.encode(value) for value in range(0, 800, 20))
    file.write_bytes(stream)
    lane = Lane(f"capture://{file}?baud=9600")
    began = time.monotonic()
    async with lane.running() as task:
        await asyncio.wait_for(task, 5)
    took = time.monotonic() - began
    assert [event.gross for event in lane.events] == list(range(0, 800, 20))
    assert lane.links == ["connecting", "ok", "device.capture_ended"]
    # 480 bytes of ten bits at 9600 baud.
    assert 0.5 <= took < 0.8


async def test_an_endless_capture_starts_over_without_a_gap(tmp_path):
    file = tmp_path / "scale.bin"
    file.write_bytes(FRAME)
    lane = Lane(f"capture://{file}?baud=115200&loop=1")
    async with lane.running():
        await until(lambda: len(lane.readings) > 100)
        assert lane.links == ["connecting", "ok"]
    assert all(event.raw == FRAME for event in lane.readings)


@pytest.mark.parametrize("protocol", names())
async def test_on_a_stormy_day_hardly_a_wrong_weight_arrives_and_every_upset_is_counted(
    line, protocol
):
    storm = Forecast(flips=0.01, loss=0.005, noise=0.01, plugged_s=0.6, unplugged_s=0.1)
    weather = Weather(7, storm)
    simulator = ScaleSimulator(
        line, protocol, steady(48_260), baud=115_200, rate_hz=200, weather=weather
    )
    async with simulated(simulator):
        lane = Lane(line.url, protocol)
        async with lane.running():
            await until(
                lambda: (
                    weather.unplugs >= 2
                    and lane.links.count("ok") >= 3
                    and len(lane.readings) > 100
                    and all(count > 0 for count in weather.counts.values())
                ),
                30,
            )
    faults = sum(isinstance(event, LineFault) for event in lane.events)
    wrong = sum(event.gross != 48_260 for event in lane.readings)
    # Two upset bits that cancel in one frame pass any sum: a few in a thousand of upset frames.
    assert faults > 20
    assert wrong <= faults / 25


async def test_run_scale_serves_until_cancelled(tmp_path):
    link = tmp_path / "scale"
    task = asyncio.create_task(run_scale(f"pty://{link}", "toledo-continuous", steady(20)))
    await until(link.exists)
    async with opened(str(link)) as port:
        frame = toledo.encode(20)
        received = b""
        while frame not in received:
            received += await asyncio.wait_for(port.read(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not link.is_symlink()
    with pytest.raises(ValueError, match="neither"):
        await run_scale("/dev/ttyUSB0", "toledo-continuous", steady(20))
