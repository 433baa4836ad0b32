"""A real station with its scale, its trucks and its console; what it said was saved, and when."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import websockets

from simulators.demo.ledgers import Held, station_entries
from simulators.demo.ports import ReservedPorts
from simulators.scale.simulator import ScaleSimulator
from simulators.scale.tcp_scale import TcpScale
from station.domain.units import Kg
from tests.torture.fleet import Program, finish
from tests.torture.mutant import command

PASSWORD = "a password of the torture"
UP_S = 40.0
UNAUTHORIZED = 401
ON_S, OFF_S = 1.6, 0.8
STEP_KG = 20
EDGE_S = 3.0
"""A truck so close to the end or the beginning of a program may have been weighed or not."""
_STATION = """\
[station]
node = "{node}"
name = "{node}"
road = "G110"
data_dir = "{data}"
listen = "127.0.0.1:{port}"

[scale]
url = "{scale}"
protocol = "yaohua-continuous"
scale_id = "S1"
certificate_no = "C1"
certificate_until = 2099-12-31
settle_ms = 500

[camera]
url = "folder:///dev/null"

[access]
totp_roles = []

[uplink]
url = "{centre}"
"""


@dataclass(slots=True, kw_only=True)
class Truck:
    """One that stood on the scale; moments of the monotonic clock, in seconds."""

    gross: Kg
    on_at: float
    off_at: float = float("inf")


@dataclass(slots=True)
class Yard:
    """Trucks that come one after the other, each 20 kg heavier than the one before."""

    first_kg: int = 20_000
    scale: TcpScale = field(default_factory=TcpScale)
    trucks: list[Truck] = field(default_factory=list)
    _present: Truck | None = None

    def weight(self) -> tuple[Kg, bool]:
        """Return what lies on the scale now."""
        return (self._present.gross if self._present else Kg(0)), True

    async def run(self) -> None:
        """Send weights and trucks until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            simulator = ScaleSimulator(self.scale, "yaohua-continuous", self.weight)
            tasks.create_task(simulator.run())
            tasks.create_task(self._drive())

    async def _drive(self) -> None:
        while True:
            await asyncio.sleep(OFF_S)
            gross = Kg(self.first_kg + STEP_KG * len(self.trucks))
            self._present = Truck(gross=gross, on_at=time.monotonic())
            self.trucks.append(self._present)
            await asyncio.sleep(ON_S)
            self._present.off_at = time.monotonic()
            self._present = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A passage that the console was shown as saved."""

    receipt: str
    gross: int
    passage_id: str
    at: float


class Site:
    """One station and what its console is told.

    Attributes:
        told: codes of the devices that the console was shown, and when each changed.
        lives: from when to when the program lived, but for its edges.
    """

    def __init__(
        self, folder: Path, node: str, *, mutant: str | None, environment: Mapping[str, str]
    ) -> None:
        self._ports = ReservedPorts()
        (self.port,) = self._ports.take([0])
        self._node = node
        self.data = folder / "data"
        self.data.mkdir(exist_ok=True)
        self.config = folder / "station.toml"
        program = command(mutant, "station", "run", "--config", str(self.config))
        self.program = Program(program, folder / "station.log", environment=environment)
        self.yard = Yard()
        self.saved: list[Saved] = []
        self.told: dict[str, list[tuple[float, str]]] = {"store": [], "clock": []}
        self.lives: list[tuple[float, float]] = []
        self._up_at: float | None = None
        self.pending = True
        self._tasks: list[asyncio.Task[None]] = []
        self._cookie = ""

    async def prepare(self, centre: str = "") -> None:
        """Let the trucks come, write the configuration and make an officer's account."""
        await self.yard.scale.plug()
        self._tasks.append(asyncio.create_task(self.yard.run()))
        text = _STATION.format(
            node=self._node,
            data=self.data,
            port=self.port,
            scale=self.yard.scale.url,
            centre=centre,
        )
        self.config.write_text(text, "utf-8")
        account = ("--certificate", "R1", "--name", "甲", "--role", "road")
        until = ("--valid-until", "2999-12-31", "--password-stdin")
        add = ("station", "officer", "add", "--config", self.config, *account, *until)
        await finish(*add, stdin=PASSWORD + "\n")

    async def start(self) -> bool:
        """Start the station and look at its console; False when it ended before it answered."""
        await self.program.start()
        deadline = time.monotonic() + UP_S
        while time.monotonic() < deadline and self.program.alive:
            with suppress(httpx.HTTPError):
                await self._sign_in()
                self._up_at = time.monotonic()
                self._tasks.append(asyncio.create_task(self._watch()))
                return True
            await asyncio.sleep(0.1)
        return False

    def lived(self, until: float) -> None:
        """Take the moment at which the program's life ended."""
        if self._up_at is not None:
            self.lives.append((self._up_at + EDGE_S, until - EDGE_S))
            self._up_at = None

    async def stop(self) -> None:
        """Let the program end politely."""
        await self.program.stop()
        self.lived(time.monotonic())

    def unlike_one(self) -> dict[int, int]:
        """Return how often trucks are recorded that a living program weighed, where not once."""
        recorded = Counter(self._weights())
        return {
            truck.gross: recorded[truck.gross]
            for truck in self.yard.trucks
            if recorded[truck.gross] != 1
            and any(up <= truck.on_at and truck.off_at <= end for up, end in self.lives)
        }

    def _weights(self) -> Iterator[int]:
        """Return what each record of a truck weighed, the unweighed passes with their highest."""
        for one in self.entries():
            payload = msgspec.json.decode(one.body)["payload"]
            if one.kind == "passage":
                yield payload["weighing"]["gross_kg"]
            elif one.kind == "unweighed_pass":
                yield payload["highest_kg"]

    async def saves(self, within_s: float = UP_S) -> bool:
        """Wait until a truck that came from now on is shown as saved."""
        since = time.monotonic()
        deadline = since + within_s
        while time.monotonic() < deadline:
            coming = {one.gross for one in self.yard.trucks if one.on_at >= since}
            if any(one.gross in coming for one in self.saved):
                return True
            await asyncio.sleep(0.05)
        return False

    def code(self, device: str) -> str:
        """Return how a device is, as the console was shown last."""
        return self.told[device][-1][1] if self.told[device] else ""

    async def review(self, passage_id: str, **named: object) -> str:
        """Let the officer name plate and vehicle; return the code of a refusal, or nothing."""
        url = f"http://127.0.0.1:{self.port}/api/passages/{passage_id}/review"
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            answer = await client.post(url, json=named, headers={"Cookie": self._cookie})
            if answer.status_code == UNAUTHORIZED:
                await self._sign_in()
                answer = await client.post(url, json=named, headers={"Cookie": self._cookie})
        return "" if answer.is_success else str(answer.json().get("code", answer.status_code))

    def entries(self) -> list[Held]:
        """Return the ledger that is really held."""
        return station_entries(self.data / "station.sqlite")

    def last_words(self) -> str:
        """Return the end of what it printed."""
        return self.program.log.read_text("utf-8", errors="replace")[-1500:]

    async def close(self) -> None:
        """End everything."""
        await self.program.kill()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ports.release()

    async def _sign_in(self) -> None:
        url = f"http://127.0.0.1:{self.port}/api/session"
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            asked = {"certificate_no": "R1", "password": PASSWORD}
            answer = (await client.post(url, json=asked)).raise_for_status()
        self._cookie = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())

    async def _watch(self) -> None:
        """Take what the console is told until the station is gone; sign in as often as it asks."""
        url = f"ws://127.0.0.1:{self.port}/api/live"
        while self.program.alive:
            headers = {"Cookie": self._cookie}
            with suppress(OSError, websockets.WebSocketException):
                async with websockets.connect(
                    url, additional_headers=headers, proxy=None
                ) as socket:
                    async for frame in socket:
                        self._take(json.loads(frame), time.monotonic())
            await asyncio.sleep(0.2)
            with suppress(httpx.HTTPError):
                await self._sign_in()

    def _take(self, event: Mapping[str, object], now: float) -> None:
        kind, data = event["kind"], event["data"]
        assert isinstance(data, dict)
        if kind == "lane":
            self.pending = data["pending"]
            for device, told in self.told.items():
                code = data[device]["code"]
                if code != self.code(device):
                    told.append((now, code))
        elif kind == "passage":
            self.saved.append(
                Saved(
                    receipt=data["receipt"],
                    gross=data["gross_kg"],
                    passage_id=data["passage_id"],
                    at=now,
                )
            )


@asynccontextmanager
async def site(
    folder: Path,
    node: str = "linhe",
    *,
    mutant: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Site]:
    """Give a station that does not run yet; it ends with the block."""
    made = Site(folder, node, mutant=mutant, environment=environment or {})
    try:
        yield made
    finally:
        await made.close()
