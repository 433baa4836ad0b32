"""Puts the centre, its nodes and their worlds on stage, and takes them down again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulators.demo.children import Broken, Child
from simulators.demo.installation import (
    STATIONS,
    Centre,
    Installed,
    Installer,
    add_crew,
    add_hq,
    enrol,
)
from simulators.demo.options import FORECASTS, Options
from simulators.demo.ports import ReservedPorts
from simulators.demo.site import Site
from simulators.demo.yard import Devices, WorldClock, Yard
from simulators.officers.crew import Crew
from simulators.traffic.fleet import FleetMaker
from simulators.traffic.limits import Limits, load_limits
from simulators.traffic.plan import Plan
from simulators.traffic.records import load_records
from simulators.traffic.scenario import Scenario, load_scenario

CENTRE_PORT: Final = 8080
MACHINES_PORT: Final = 8443
PAGES_PORT: Final = 8090
READY_S: Final = 90.0
_PASSING: Final = 30
"""So many trucks of the fleet pass the off-site point, and no others."""
DOWN_S: Final = 1.5

Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Actor:
    """One station: its program and its world."""

    installed: Installed
    child: Child
    site: Site

    @property
    def node(self) -> str:
        """Return the station's node id."""
        return self.installed.place.node

    async def start(self) -> None:
        """Start the program and wait until it answers.

        Raises:
            Broken: it does not.
        """
        self.child.start()
        await self.child.answers(f"{self.installed.url}/api/station", READY_S)


@dataclass(slots=True)
class Stage:
    """Everything that runs. ``limits`` is the simulators' own table."""

    options: Options
    folder: Path
    say: Say
    clock: WorldClock = field(default_factory=WorldClock.started)
    scenario: Scenario = field(default_factory=load_scenario)
    limits: Limits = field(default_factory=load_limits)
    actors: list[Actor] = field(default_factory=list)
    _centre: tuple[Centre, Child] | None = None
    _resting: set[str] = field(default_factory=set)
    _ports: ReservedPorts = field(default_factory=ReservedPorts)

    @property
    def centre(self) -> Centre:
        """Return the centre."""
        if self._centre is None:
            raise RuntimeError("not installed yet")
        return self._centre[0]

    @property
    def sites(self) -> list[Site]:
        """Return the stations' worlds."""
        return [actor.site for actor in self.actors]

    async def install(self) -> None:
        """Write configurations and accounts, start the centre, and enrol the stations there.

        Raises:
            Broken: a step failed.
        """
        fleet = FleetMaker(self.scenario, self.limits, load_records()).fleet(self.options.seed)
        count = len(STATIONS)
        wanted = [
            MACHINES_PORT,
            PAGES_PORT,
            *(CENTRE_PORT + n for n in range(count + 1)),
            *[0] * (2 * count),
        ]
        machines_port, pages_port, centre_port, *ports = self._ports.take(wanted)
        installer = Installer(self.folder, fleet)
        for n, place in enumerate(STATIONS):
            installed = installer.station(
                place,
                port=ports[n],
                scale_port=ports[count + n],
                camera_port=ports[2 * count + n],
                machines_port=machines_port,
                pages_port=pages_port,
            )
            plan = Plan(
                seed=self.options.seed,
                node=installed.place.node,
                traffic=self.scenario.traffic,
                limits=self.limits,
                # Whoever is not stopped is not unloaded either: the same truck, met again with the
                # same load, would rightly be barred.
                fleet=fleet[-_PASSING:] if place.offsite else fleet[:-_PASSING],
            )
            self.actors.append(self._actor(installed, plan))
        self.say("accounts; the centre and its database")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                self._start_centre(installer.centre(centre_port, machines_port, pages_port))
            )
            for actor in self.actors:
                tasks.create_task(add_crew(actor.installed))
        self.say("enrolment")
        async with asyncio.TaskGroup() as tasks:
            for actor in self.actors:
                tasks.create_task(enrol(actor.installed, self.centre))

    async def start_stations(self) -> None:
        """Start the stations, whose devices run already.

        Raises:
            Broken: one does not come up.
        """
        self.say("the stations")
        async with asyncio.TaskGroup() as tasks:
            for actor in self.actors:
                tasks.create_task(actor.start())

    async def watch(self) -> None:
        """Watch the programs until cancelled.

        Raises:
            Broken: one ended by itself.
        """
        while True:
            for child in self._children():
                if not child.alive and child.name not in self._resting:
                    raise Broken(f"{child.name} ended by itself:\n{child.last_words()}")
            await asyncio.sleep(0.5)

    async def power_cut(self, actor: Actor) -> None:
        """Kill a station with a truck on its platform, and start it again.

        Raises:
            Broken: it does not come up again.
        """
        self._resting.add(actor.child.name)
        await actor.child.kill()
        self.say(f"{actor.node} was killed")
        await asyncio.sleep(DOWN_S)
        await actor.start()
        self._resting.discard(actor.child.name)
        self.say(f"{actor.node} runs again")

    async def strike(self) -> None:
        """End every program: stations first, then the centre. Nothing is left behind."""
        *stations, centre = [*(actor.child for actor in self.actors), self._central_child()]
        rude = [
            child.name
            for child, polite in zip(
                stations, await asyncio.gather(*(one.stop() for one in stations)), strict=True
            )
            if not polite
        ]
        if centre is not None and not await centre.stop():
            rude.append(centre.name)
        self._ports.release()
        if rude:
            self.say(f"had to be killed: {', '.join(rude)}")

    async def _start_centre(self, centre: Centre) -> None:
        child = self._child("central", ["central", "run", "--config", str(centre.config)])
        self._centre = (centre, child)
        child.start()
        await child.answers(f"{centre.url}/api/health", READY_S)
        await add_hq(centre)

    def _actor(self, installed: Installed, plan: Plan) -> Actor:
        place, speed = installed.place, self.options.speed
        yard = Yard(
            Devices(
                scale_listen=installed.scale_listen,
                protocol=place.protocol,
                camera_port=installed.camera_port,
                forecast=FORECASTS[self.options.weather],
                seed=self.options.seed + place.number,
            ),
            plan.trips(),
            speed=speed,
            clock=self.clock,
            under_way=self._under_way,
        )
        crew = Crew(
            installed.url,
            installed.accounts,
            world=yard.world,
            now=self.clock.now,
            moment=self.clock.moment,
            pauses_s=self.scenario.pauses_s,
            speed=speed,
            offsite=place.offsite,
            inbox=installed.inbox,
            say=self.say,
        )
        arguments = ["station", "run", "--config", str(installed.config)]
        return Actor(
            installed=installed,
            child=self._child(place.node, arguments),
            site=Site(node=place.node, yard=yard, crew=crew),
        )

    def _under_way(self, plate: str) -> bool:
        return any(
            journey.trip.truck.plate.number == plate
            for site in self.sites
            for journey in site.world.under_way
        )

    def _child(self, name: str, arguments: list[str]) -> Child:
        return Child(name, arguments, self.folder / "logs" / f"{name}.log")

    def _central_child(self) -> Child | None:
        return self._centre[1] if self._centre else None

    def _children(self) -> list[Child]:
        central = self._central_child()
        return [*(actor.child for actor in self.actors), *([central] if central else [])]
