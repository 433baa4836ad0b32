"""An indicator in continuous mode: weight in, frames out, at the speed of its line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulators.scale.line import BITS_PER_BYTE, Line
from simulators.scale.weather import FINE, Weather
from station.domain.units import Kg
from station.scale_driver.protocols import encoder

WeightSource = Callable[[], tuple[Kg, bool]]
"""What lies on the plate now: kg, and whether it is at rest."""

_FIFO = 16
"""Bytes that a UART hands over at once."""


def steady(weight: Kg) -> WeightSource:
    """Return a source that never changes."""
    return lambda: (weight, True)


class ScaleSimulator:
    """Sends a frame ten times a second, or as often as the line can carry one."""

    def __init__(
        self,
        line: Line,
        protocol: str,
        source: WeightSource,
        *,
        baud: int = 9600,
        rate_hz: float = 10.0,
        weather: Weather | None = None,
    ) -> None:
        """Prepare; ``run`` plugs the line.

        Raises:
            UnknownProtocol: the driver has no such protocol.
        """
        self._line, self._source = line, source
        self._encode = encoder(protocol)
        self._byte_s = BITS_PER_BYTE / baud
        self._period_s = 1 / rate_hz
        self._weather = weather or Weather(0, FINE)
        self.frames = 0

    async def run(self) -> None:
        """Send until cancelled; the line is unplugged then."""
        await self._line.plug()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pull_cable())
                tasks.create_task(self._send_frames())
        finally:
            await self._line.unplug()

    async def _send_frames(self) -> None:
        loop = asyncio.get_running_loop()
        begins_at = loop.time()
        while True:
            await asyncio.sleep(max(0.0, begins_at - loop.time()))
            weight, stable = self._source()
            await self._transmit(self._weather(self._encode(weight, stable=stable)))
            self.frames += 1
            begins_at = max(begins_at + self._period_s, loop.time())

    async def _transmit(self, data: bytes) -> None:
        """Put the bytes on the line, each piece after the time that it takes on the wire."""
        loop = asyncio.get_running_loop()
        size = 1 if self._weather.byte_by_byte else _FIFO
        arrives_at = loop.time()
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            arrives_at += len(piece) * self._byte_s
            await asyncio.sleep(max(0.0, arrives_at - loop.time()))
            self._line.send(piece)

    async def _pull_cable(self) -> None:
        for outage in self._weather.outages():
            await asyncio.sleep(outage.plugged_s)
            self._weather.unplugs += 1
            await self._line.unplug()
            await asyncio.sleep(outage.unplugged_s)
            await self._line.plug()
