"""A station's program with cases to act on, a truck on its scale and officers at its interface."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import httpx
import msgspec
from websockets.asyncio.client import connect

from benchmarks.passages import Station
from simulators.scale.simulator import ScaleSimulator
from simulators.scale.tcp_scale import TcpScale
from station.application.ports import Draft
from station.bootstrap.opening import open_store
from station.bootstrap.upkeep import add_officer
from station.contract.entries import CaseOpened, Kind
from station.contract.sealing import local_day, stamp
from station.domain.officers import Officer, Role
from station.domain.units import Kg
from station.settings import Settings, read_settings

ROOT: Final = Path(__file__).parents[1]
PASSWORD: Final = "only for this measurement"  # noqa: S105 - of a station that lives for a minute
OFFICERS: Final = {"R1": Role.ROAD, "R2": Role.ROAD, "P1": Role.POLICE, "P2": Role.POLICE}
UP_S: Final = 60.0
_TRUCK: Final = Kg(43_260)
_EVERY_S: Final = 8
"""A truck stands on the platform for half of this time, and then the next one comes."""
_CONFIG: Final = """
[access]
totp_roles = []
[station]
node = "linhe"
name = "临河"
road = "G110"
data_dir = "data"
listen = "127.0.0.1:{port}"
[scale]
url = "{scale}"
protocol = "yaohua-continuous"
scale_id = "S"
certificate_no = "C"
certificate_until = 2099-12-31
[camera]
url = "folder:///dev/null"
"""


class Site:
    """The running program: where it is, its cases, and who is signed in."""

    def __init__(self, url: str, cases: dict[str, CaseOpened]) -> None:
        self.url = url
        self.pid = 0
        self.cases = cases
        self.officers: dict[str, httpx.AsyncClient] = {}
        self.frames = 0

    @property
    def cpu_s(self) -> float:
        """Seconds of processor that the program has used so far, for all that it does."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def passages(self) -> int:
        """Return how many passages the console lists, of the lane's own."""
        found = await self.officers["R1"].get("/api/passages", params={"limit": 500})
        return len(found.raise_for_status().json()) - len(self.cases)


@asynccontextmanager
async def site(folder: Path, cases: int) -> AsyncIterator[Site]:
    """Run the program in *folder* with *cases* open cases, under the load of a working station."""
    async with AsyncExitStack() as stack:
        line = TcpScale()
        await line.plug()
        config = folder / "station.toml"
        port = _free_port()
        config.write_text(_CONFIG.format(port=port, scale=line.url), "utf-8")
        opened = await _prepared(read_settings(config), cases)
        made = Site(f"http://127.0.0.1:{port}", opened)
        scale = ScaleSimulator(line, "yaohua-continuous", _traffic)
        weighing = asyncio.create_task(scale.run())
        stack.push_async_callback(_cancelled, weighing)
        made.pid = await stack.enter_async_context(_program(config))
        await _up(made.url)
        for number in OFFICERS:
            client = httpx.AsyncClient(base_url=made.url, trust_env=False, timeout=30)
            made.officers[number] = await stack.enter_async_context(client)
            who = {"certificate_no": number, "password": PASSWORD}
            (await client.post("/api/session", json=who)).raise_for_status()
        watching = asyncio.create_task(_watch(made))
        stack.push_async_callback(_cancelled, watching)
        yield made


def _traffic() -> tuple[Kg, bool]:
    """Return what lies on the platform now."""
    standing = asyncio.get_running_loop().time() % _EVERY_S < _EVERY_S / 2
    return (_TRUCK, True) if standing else (Kg(0), True)


async def _watch(site: Site) -> None:
    """Keep a live socket open, as every console does."""
    cookies = site.officers["R1"].cookies
    cookie = "; ".join(f"{one.name}={one.value}" for one in cookies.jar)
    address = site.url.replace("http", "ws", 1) + "/api/live"
    async with connect(address, additional_headers={"cookie": cookie}, proxy=None) as wire:
        async for _ in wire:
            site.frames += 1


async def _prepared(settings: Settings, cases: int) -> dict[str, CaseOpened]:
    for number, role in OFFICERS.items():
        officer = Officer(
            certificate_no=number, name="测", role=role, valid_until=date(2099, 12, 31)
        )
        await add_officer(settings, officer, PASSWORD)
    trucks, now = Station("linhe"), datetime.now(UTC)
    opened: dict[str, CaseOpened] = {}
    stored = open_store(settings)
    try:
        while len(opened) < cases:
            passage = trucks.passage()
            if passage.verdict["verdict"] != "violation":
                continue
            day = local_day(now)
            case = CaseOpened(
                case_no=f"LINHE{day.replace('-', '')}{len(opened) + 1:04d}",
                violation_id=passage.passage_id,
                passage_id=passage.passage_id,
                plate=passage.tractor.text or "",
                occurred_on=day,
                opened_at=stamp(now),
                gross_kg=passage.weighing.gross_kg,
                limit_kg=_kg(passage.verdict["limit_kg"]),
                excess_kg=_kg(passage.verdict["excess_kg"]),
            )
            passage = msgspec.structs.replace(passage, occurred_on=day)
            await stored.ledger.append(Draft(Kind.PASSAGE, passage), Draft(Kind.CASE_OPENED, case))
            opened[case.case_no] = case
    finally:
        stored.database.close()
    return opened


def _kg(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a violation has a limit and an excess")
    return value


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


@asynccontextmanager
async def _program(config: Path) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "station", "run", "--config", str(config)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(UP_S):
            await process.wait()


async def _up(url: str) -> None:
    async with asyncio.timeout(UP_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            with suppress(httpx.TransportError):
                if (await client.get(f"{url}/api/station")).is_success:
                    return
            await asyncio.sleep(0.1)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
