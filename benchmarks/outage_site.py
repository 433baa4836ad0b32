"""A centre and a station as programs of their own, enrolled by their own commands."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import httpx

from station.settings import Settings, read_settings

NODE: Final = "linhe"
ROOT: Final = Path(__file__).parents[1]
UP_S: Final = 120.0
_PASSWORD: Final = "only for this measurement"  # noqa: S105 - of a centre that lives for a minute
_CENTRAL: Final = f"""
[access]
totp_roles = []
[central]
listen = "127.0.0.1:0"
name = "治超办"
data_dir = "data"
[[stations]]
node = "{NODE}"
name = "临河"
road = "G110"
[machines]
listen = "127.0.0.1:0"
"""
_STATION: Final = """
[station]
node = "{node}"
name = "临河"
road = "G110"
data_dir = "data"
listen = "127.0.0.1:0"
[scale]
url = "/dev/null"
protocol = "yaohua-continuous"
scale_id = "S"
certificate_no = "C"
certificate_until = 2099-12-31
[camera]
url = "folder:///dev/null"
[uplink]
url = "{url}"
"""


class Site:
    """The two programs. ``settings``: of the station."""

    def __init__(
        self, client: httpx.AsyncClient, settings: Settings, config: Path, centre: int
    ) -> None:
        self.settings = settings
        self._client = client
        self._config = config
        self._centre = centre
        self._station: asyncio.subprocess.Process | None = None

    @property
    def pids(self) -> dict[str, int]:
        """Return the processes that run."""
        station = {NODE: self._station.pid} if self._station else {}
        return {**station, "centre": self._centre}

    async def start_station(self) -> None:
        """Start the station's program; do not wait for it."""
        self._station = await _program("station", self._config)

    async def kill_station(self) -> None:
        """End it as a power cut does."""
        if self._station is not None:
            await _ended(self._station, signal.SIGKILL)

    async def last_seq(self) -> int:
        """Return the newest entry of the station that the centre has acknowledged."""
        (found,) = (await self._client.get("/api/stations")).raise_for_status().json()
        return int(found["last_seq"])

    async def passages(self) -> set[str]:
        """Return the newest passages that headquarters sees."""
        found = (await self._client.get("/api/passages")).raise_for_status().json()
        return {one["passage_id"] for one in found}


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Run the centre in *folder*, with one station enrolled and one officer signed in."""
    central = folder / "central.toml"
    central.write_text(_CENTRAL, "utf-8")
    process = await _program("central", central)
    try:
        machines, pages = await _addresses(process)
        settings = await _enrolled(folder, central, machines)
        await _command("central", "officer", "add", "--config", str(central), *_OFFICER)
        async with httpx.AsyncClient(base_url=pages, trust_env=False, timeout=30) as client:
            who = {"certificate_no": "HQ1", "password": _PASSWORD}
            (await client.post("/api/session", json=who)).raise_for_status()
            made = Site(client, settings, folder / NODE / "station.toml", process.pid)
            try:
                yield made
            finally:
                await made.kill_station()
    finally:
        await _ended(process, signal.SIGTERM)


def peak_mb(pid: int) -> float:
    """Return the most memory that a process has held so far, in MB."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    (kb,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kb) / 1024


async def _addresses(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """Return where the centre's machines' side and its pages are, once it says so."""
    if process.stdout is None:
        raise RuntimeError("nobody listens to the centre")
    async with asyncio.timeout(UP_S):
        line = (await process.stdout.readline()).decode()
    machines, pages = re.findall(r"https?://\S+", line)
    return machines, pages


async def _enrolled(folder: Path, central: Path, machines: str) -> Settings:
    config = folder / NODE / "station.toml"
    config.parent.mkdir()
    config.write_text(_STATION.format(node=NODE, url=machines), "utf-8")
    token = await _command("central", "enrol-token", "--config", str(central), "--node", NODE)
    await _command("station", "enrol", "--config", str(config), "--token-stdin", given=token)
    return read_settings(config)


_OFFICER: Final = (
    *("--certificate", "HQ1", "--name", "测", "--role", "hq"),
    *("--valid-until", "2099-12-31", "--password-stdin"),
)


async def _command(*arguments: str, given: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=_environment(),
    )
    async with asyncio.timeout(UP_S):
        out, _ = await process.communicate((given or _PASSWORD + "\n").encode())
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments[:2])} ended with {process.returncode}")
    return out.decode()


async def _program(name: str, config: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        name,
        "run",
        "--config",
        str(config),
        stdout=asyncio.subprocess.PIPE if name == "central" else asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env=_environment(),
    )


async def _ended(process: asyncio.subprocess.Process, how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(how)
    async with asyncio.timeout(UP_S):
        await process.wait()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
