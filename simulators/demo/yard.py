"""Everything outside one station's walls but its officers: trucks, scale, camera."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from simulators.camera.camera import run_camera
from simulators.camera.truck_art import Scene
from simulators.demo.scenery import scene_of
from simulators.scale.run import run_scale
from simulators.scale.weather import Forecast
from simulators.traffic.arrivals import Arrivals
from simulators.traffic.plan import Trip
from simulators.traffic.world import Place, World
from station.domain.units import Kg

TICK_S: Final = 0.05
CAMERA_FPS: Final = 4


@dataclass(frozen=True, slots=True)
class WorldClock:
    """The simulated world's clock: the event loop's, with its wall time at second 0."""

    loop: asyncio.AbstractEventLoop
    begun_at: datetime

    @staticmethod
    def started() -> WorldClock:
        """Return a clock for the running loop."""
        loop = asyncio.get_running_loop()
        return WorldClock(loop, datetime.now(UTC) - timedelta(seconds=loop.time()))

    def now(self) -> float:
        """Return seconds."""
        return self.loop.time()

    def moment(self, at: datetime) -> float:
        """Return the second of a wall time."""
        return (at - self.begun_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """Where scale and camera are to be found.

    Attributes:
        scale_listen: ``pty:///path/of/symlink`` or ``tcp://host:port``.
        protocol: of the indicator.
        seed: of the line's weather and the sensor's noise.
    """

    scale_listen: str
    protocol: str
    camera_port: int
    camera_host: str = "127.0.0.1"
    forecast: Forecast
    seed: int


class Yard:
    """The yard of one station. ``world`` is the truth."""

    def __init__(
        self,
        devices: Devices,
        trips: Iterator[Trip],
        *,
        speed: float,
        clock: WorldClock,
        under_way: Callable[[str], bool],
    ) -> None:
        self.world = World()
        self._devices = devices
        self._trips, self._speed, self._under_way = trips, speed, under_way
        self._clock = clock
        self._arrivals: Arrivals | None = None

    async def devices(self) -> None:
        """Run scale and camera until cancelled."""
        there = self._devices
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                run_scale(
                    there.scale_listen,
                    there.protocol,
                    self._load,
                    seed=there.seed,
                    forecast=there.forecast,
                )
            )
            tasks.create_task(
                run_camera(
                    self._scene,
                    host=there.camera_host,
                    port=there.camera_port,
                    fps=CAMERA_FPS,
                    seed=there.seed,
                )
            )

    async def life(self) -> None:
        """Let trucks come and drive until cancelled."""
        self._arrivals = Arrivals(
            self._trips, speed=self._speed, under_way=self._under_way, now=self._clock.now()
        )
        while True:
            now = self._clock.now()
            trip = self._arrivals.due(now, self.world.waiting)
            if trip is not None:
                self.world.arrive(trip, now)
            self.world.tick(now)
            await asyncio.sleep(TICK_S)

    def close_road(self) -> None:
        """Let no further truck set out."""
        if self._arrivals is not None:
            self._arrivals.close()

    @property
    def quiet(self) -> bool:
        """Tell whether nobody comes any more and everybody has left."""
        arrivals = self._arrivals
        return arrivals is not None and arrivals.over and not self.world.under_way

    def on_platform(self) -> bool:
        """Tell whether a truck stands on the platform."""
        return any(journey.place is Place.PLATFORM for journey in self.world.under_way)

    def _scene(self) -> Scene:
        return scene_of(self.world.view)

    def _load(self) -> tuple[Kg, bool]:
        weight, at_rest = self.world.load(self._clock.now())
        return Kg(weight), at_rest
