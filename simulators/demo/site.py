"""One station's outside world: yard, scale, camera, arriving trucks, officers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from simulators.officers.crew import Accounts, Crew
from simulators.scale.run import run_scale
from simulators.scale.weather import Forecast
from simulators.traffic.arrivals import Arrivals
from simulators.traffic.plan import Plan
from simulators.traffic.world import Place, World
from station.domain.units import Kg

TICK_S: Final = 0.05


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


class Site:
    """Everything outside one station's program.

    Attributes:
        world: the truth.
        crew: the officers.
    """

    def __init__(
        self,
        *,
        node: str,
        console_url: str,
        accounts: Accounts,
        scale_listen: str,
        protocol: str,
        camera_port: int,
        plan: Plan,
        speed: float,
        pauses_s: Mapping[str, int],
        forecast: Forecast,
        seed: int,
        clock: WorldClock,
        under_way: Callable[[str], bool],
    ) -> None:
        self.node = node
        self.world = World()
        self._clock = clock
        self._plan, self._speed, self._under_way = plan, speed, under_way
        self._arrivals: Arrivals | None = None
        self._scale_listen, self._protocol = scale_listen, protocol
        self._camera_port = camera_port
        self._forecast, self._seed = forecast, seed
        self.crew = Crew(
            console_url,
            accounts,
            world=self.world,
            now=clock.now,
            moment=clock.moment,
            pauses_s=pauses_s,
            speed=speed,
        )

    async def devices(self) -> None:
        """Run scale and camera until cancelled."""
        listen, protocol = self._scale_listen, self._protocol
        await run_scale(listen, protocol, self._load, seed=self._seed, forecast=self._forecast)

    async def life(self) -> None:
        """Let trucks come and drive until cancelled."""
        self._arrivals = Arrivals(
            self._plan.trips(),
            speed=self._speed,
            under_way=self._under_way,
            now=self._clock.now(),
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

    @property
    def settled(self) -> bool:
        """Tell whether it is quiet, and the officers have nothing left to do."""
        watch = self.crew.post.watch
        return (
            self.quiet
            and all(case.closed for case in watch.cases.values())
            and not any(
                passage.outcome == "needs_review" and self.crew.post.whose(passage)
                for passage in watch.passages.values()
            )
        )

    def on_platform(self) -> bool:
        """Tell whether a truck stands on the platform."""
        return any(journey.place is Place.PLATFORM for journey in self.world.under_way)

    def _load(self) -> tuple[Kg, bool]:
        weight, at_rest = self.world.load(self._clock.now())
        return Kg(weight), at_rest
