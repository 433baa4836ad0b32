"""All officers of one station: two of each authority, so that a second one is always on duty."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from simulators.officers.body_camera import BodyCamera
from simulators.officers.console import Account, Away, Console, Refused
from simulators.officers.driver import Driver
from simulators.officers.gate import Gate
from simulators.officers.penal import PenalDesk
from simulators.officers.police import PoliceDesk
from simulators.officers.post import Post
from simulators.officers.road import RoadDesk
from simulators.officers.watch import Watch
from simulators.traffic.world import World

ON_DUTY_S: Final = 60.0
"""So often the second officers show that they are still there."""
_AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who works here: of each authority the officer at the console and the one beside him."""

    road: tuple[Account, Account]
    police: tuple[Account, Account]


class Crew:
    """The officers at work."""

    def __init__(
        self,
        base_url: str,
        accounts: Accounts,
        *,
        world: World,
        now: Callable[[], float],
        moment: Callable[[datetime], float],
        pauses_s: Mapping[str, int],
        speed: float,
        offsite: bool = False,
        inbox: Path | None = None,
        say: Callable[[str], None],
    ) -> None:
        """Make the crew of the station at *base_url*; the rest is of :class:`Post`.

        *inbox*: where clips of their cameras go, None where the station takes none; *say* hears
        where a driver opened his page.
        """
        self._say = say
        self._road = [Console(base_url, account) for account in accounts.road]
        self._police = [Console(base_url, account) for account in accounts.police]
        live_url = base_url.replace("http", "ws", 1) + "/api/live"
        self.cameras = [
            BodyCamera(inbox, pair[0].certificate_no, lambda: datetime.now(UTC))
            for pair in (accounts.road, accounts.police)
        ]
        self.post = Post(
            world=world,
            watch=Watch(self._road[0], live_url),
            now=now,
            moment=moment,
            pauses_s=pauses_s,
            speed=speed,
            offsite=offsite,
        )

    @property
    def consoles(self) -> list[Console]:
        """Return every session."""
        return [*self._road, *self._police]

    async def run(self) -> None:
        """Work until cancelled."""
        worn, other = self.cameras
        road = RoadDesk(self.post, self._road[0], self._road[1].account.certificate_no, worn)
        police = PoliceDesk(
            self.post, self._police[0], self._police[1].account.certificate_no, other
        )
        penal = PenalDesk(self.post, self._road[0], self._road[1].account.certificate_no, worn)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.post.watch.run())
                tasks.create_task(Gate(self.post).run())
                tasks.create_task(road.run())
                tasks.create_task(police.run())
                tasks.create_task(penal.run())
                tasks.create_task(Driver(self.post, self._say).run())
                for camera in self.cameras:
                    tasks.create_task(camera.run())
                for console in (self._road[1], self._police[1]):
                    tasks.create_task(_be_there(console))
        finally:
            for console in self.consoles:
                await console.close()


async def _be_there(console: Console) -> None:
    """Stay signed in, as the second officer on duty."""
    while True:
        try:
            await console.get("/api/session")
        except (Refused, Away):
            await asyncio.sleep(_AGAIN_S)
        else:
            await asyncio.sleep(ON_DUTY_S)
