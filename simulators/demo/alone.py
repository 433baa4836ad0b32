"""The world around one station that the demo did not start, and a camera by itself."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulators.camera.camera import parade, run_camera
from simulators.camera.truck_art import Scene
from simulators.demo.installation import register_text
from simulators.demo.yard import Devices, WorldClock, Yard
from simulators.officers.console import Account
from simulators.officers.crew import Accounts, Crew
from simulators.scale.weather import Forecast
from simulators.traffic.fleet import FleetMaker
from simulators.traffic.limits import load_limits
from simulators.traffic.plan import Plan
from simulators.traffic.records import load_records
from simulators.traffic.scenario import load_scenario

_STAY_S: Final = 10.0
_GAP_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """What one site is asked to be.

    Attributes:
        register: file that the vehicle register is written to, for the station to read.
        console_url, accounts: of the officers; without them nobody waves the trucks on.
    """

    scale_listen: str
    protocol: str
    camera_host: str
    camera_port: int
    register: Path | None
    console_url: str
    accounts: Path | None
    speed: float
    seed: int
    forecast: Forecast


async def site_alone(alone: Alone) -> None:
    """Run until cancelled."""
    scenario, limits, clock = load_scenario(), load_limits(), WorldClock.started()
    fleet = FleetMaker(scenario, limits, load_records()).fleet(alone.seed)
    if alone.register is not None:
        await asyncio.to_thread(alone.register.write_text, register_text(fleet), "utf-8")
    plan = Plan(seed=alone.seed, node="site", traffic=scenario.traffic, limits=limits, fleet=fleet)
    devices = Devices(
        scale_listen=alone.scale_listen,
        protocol=alone.protocol,
        camera_port=alone.camera_port,
        camera_host=alone.camera_host,
        forecast=alone.forecast,
        seed=alone.seed,
    )
    yard = Yard(
        devices,
        plan.trips(),
        speed=alone.speed,
        clock=clock,
        under_way=lambda plate: any(
            journey.trip.truck.plate.number == plate for journey in yard.world.under_way
        ),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(yard.devices())
        tasks.create_task(yard.life())
        if alone.accounts is not None and alone.console_url:
            crew = Crew(
                alone.console_url,
                _accounts(alone.accounts),
                world=yard.world,
                now=clock.now,
                moment=clock.moment,
                pauses_s=scenario.pauses_s,
                speed=alone.speed,
                say=lambda _: None,
            )
            tasks.create_task(crew.run())


async def camera_alone(*, host: str, port: int, trucks: int, seed: int) -> None:
    """Show *trucks* trucks in turn until cancelled."""
    fleet = FleetMaker(load_scenario(), load_limits(), load_records()).fleet(seed)
    scenes = [
        Scene(front=truck.plate, rear=truck.trailer_plate, covered=truck.plate_hidden, seed=n)
        for n, truck in enumerate(fleet[:trucks])
    ]
    source = parade(scenes, stay_s=_STAY_S, gap_s=_GAP_S, monotonic=time.monotonic)
    await run_camera(source, host=host, port=port, seed=seed)


def _accounts(path: Path) -> Accounts:
    tree = json.loads(path.read_text("utf-8"))
    road = [Account(*pair) for pair in tree["road"]]
    police = [Account(*pair) for pair in tree["police"]]
    return Accounts(road=(road[0], road[1]), police=(police[0], police[1]))
