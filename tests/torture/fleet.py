"""A real centre and real stations as programs of their own, and what is really held at the end."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncpg
import httpx

from central.store.embedded import Place, running
from simulators.demo.children import environment
from simulators.demo.ledgers import CentralLedger, Held, station_entries
from simulators.demo.ports import ReservedPorts
from tests.torture.harness import ROOT
from tests.torture.mutant import command
from tests.torture.proxy import Line

UP_S = 60.0
_CENTRAL = """\
[central]
listen = "127.0.0.1:{port}"
name = "治超办"
data_dir = "data"
checkpoint_every_s = 2

[machines]
listen = "{host}:{machines_port}"
names = {names}
"""
_PLACE = """
[[stations]]
node = "{node}"
name = "{node}"
road = "G110"
"""
_STATION = """\
[station]
node = "{node}"
name = "{node}"
road = "G110"
data_dir = "data"

[scale]
url = "capture:///dev/null"
protocol = "yaohua-continuous"
scale_id = "S1"
certificate_no = "C1"
certificate_until = 2099-12-31

[camera]
url = "folder:///dev/null"

[uplink]
url = "https://{host}:{port}"
"""


class Program:
    """One program that is killed, stopped and started again."""

    def __init__(
        self,
        arguments: Sequence[str],
        log: Path,
        room: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare ``python -m …``; *room*: the network namespace it runs in."""
        self._command = (*_inside(room), sys.executable, "-m", *arguments)
        self._more = environment or {}
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self._ending = False
        self.started_at = 0.0
        self.ended_by_itself = False

    @property
    def output(self) -> asyncio.StreamReader:
        """Return what it prints."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def status(self) -> int | None:
        """Return its exit status, None while it runs."""
        return self._process.returncode if self._process else None

    @property
    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**environment(), "PYTHONPATH": str(ROOT), **self._more},
                start_new_session=True,
            )
        self._ending = False
        self.started_at = time.monotonic()
        asyncio.get_running_loop().create_task(self._watch(self._process))

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        if process is self._process and not self._ending:
            self.ended_by_itself = True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and whatever is in its group."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    async def kill(self) -> None:
        """End it as a power cut would."""
        self._ending = True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """End it politely, or less so."""
        self._ending = True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if self._process is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(20):
                    await self._process.wait()
        await self.kill()


@dataclass(frozen=True, slots=True)
class Room:
    """A network namespace in which a station runs, and where it finds the centre from there."""

    name: str
    host: str


@dataclass(slots=True)
class Node:
    """A station: its program, its line, and what it said was saved."""

    name: str
    config: Path
    program: Program
    loud_program: Program
    quiet_program: Program
    line: Line
    room: Room | None = None
    acknowledged: dict[int, str] = field(default_factory=dict)
    first_after_s: list[float] = field(default_factory=list)
    duplicated: int = 0

    @property
    def store(self) -> Path:
        """Return the file of its ledger."""
        return self.config.parent / "data" / "station.sqlite"

    async def start(self) -> None:
        """Start it and note what it acknowledges."""
        await self.program.start()
        asyncio.get_running_loop().create_task(self._listen(self.program))

    def last_words(self) -> str:
        """Return the end of what it printed."""
        return self.program.log.read_text("utf-8", errors="replace")[-2000:]

    async def quiet(self) -> None:
        """Start it to deliver what it holds, and to write nothing more."""
        self.program = self.quiet_program
        await self.start()

    async def _listen(self, program: Program) -> None:
        output, began, first = program.output, program.started_at, True
        while line := await output.readline():
            if not line.endswith(b"\n"):
                return  # killed while it spoke
            if first:
                self.first_after_s.append(time.monotonic() - began)
                first = False
            seq, digest = line.split()
            if int(seq) in self.acknowledged:
                self.duplicated += 1
            self.acknowledged[int(seq)] = digest.decode()


class Fleet:
    """One centre and its stations."""

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        mutant: str | None,
        rate: float,
        rooms: Mapping[str, Room],
    ) -> None:
        self._folder = folder
        for one in (folder, *folder.parents):
            if one.name.startswith(("torture-", "fleet")):
                one.chmod(0o711)  # the database runs as a user of its own
        self._ports = ReservedPorts()
        self.port, self._machines = self._ports.take([0, 0])
        self.centre_dir = folder / "central"
        config = self.centre_dir / "central.toml"
        self.centre_dir.mkdir()
        places = "".join(_PLACE.format(node=name) for name in names)
        hosts = sorted({"127.0.0.1", *(room.host for room in rooms.values())})
        self._settings = partial(
            _CENTRAL.format, host="0.0.0.0" if rooms else "127.0.0.1", names=json.dumps(hosts)
        )
        self._places = places
        text = self._settings(port=self.port, machines_port=self._machines) + places
        config.write_text(text, "utf-8")
        self.config = config
        programme = command(mutant, "central", "run", "--config", str(config))
        self.centre = Program(programme, folder / "central.log")
        self._mutant, self._rate = mutant, rate
        self.nodes = [self._node(name, rooms.get(name)) for name in names]

    @property
    def ledger(self) -> CentralLedger:
        """Return what the centre really holds."""
        return CentralLedger(self.centre_dir / "data")

    async def dsn(self) -> str | None:
        """Return the address of the centre's database, if it runs."""
        return await running(Place(data_dir=self.centre_dir / "data"))

    async def start(self) -> None:
        """Start everything and enrol the stations."""
        await self.start_centre()
        for node in self.nodes:
            await self.enrol(node)
        for node in self.nodes:
            await node.start()

    async def enrol(self, node: Node) -> None:
        """Open a station's line, configure it and enrol it."""
        await node.line.open()
        host, port = "127.0.0.1", node.line.port
        if node.room:
            host, port = node.room.host, self._machines
        text = _STATION.format(node=node.name, host=host, port=port)
        node.config.write_text(text, "utf-8")
        await self.enrol_at(node.name, node.config)

    async def enrol_at(self, name: str, config: Path) -> None:
        """Enrol whatever station is configured there."""
        token = await finish("central", "enrol-token", "--config", self.config, "--node", name)
        await finish("station", "enrol", "--config", config, "--token-stdin", stdin=token)

    @property
    def machines_url(self) -> str:
        """Return where stations find the centre when no line of ours is between."""
        return f"https://127.0.0.1:{self._machines}"

    async def second_centre(self) -> tuple[Program, str]:
        """Return another process of the centre on the same database, and where stations find it."""
        port, machines = self._ports.take([0, 0])
        config = self.centre_dir / "second.toml"
        database = f'[database]\ndsn = "{await self.dsn()}"\n'
        text = self._settings(port=port, machines_port=machines) + database + self._places
        config.write_text(text, "utf-8")
        programme = command(self._mutant, "central", "run", "--config", str(config))
        return Program(programme, self._folder / "second.log"), f"https://127.0.0.1:{machines}"

    def clone(self, node: Node) -> Node:
        """Copy a station that does not run to another place: the same node on another disk."""
        home = self._folder / f"{node.name}-clone"
        shutil.copytree(node.config.parent, home)
        made = self._node_at(home, node.name)
        made.line = node.line
        return made

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Ask the centre's database."""
        connection = await asyncpg.connect(await self.dsn())
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    async def start_centre(self) -> None:
        """Start the centre and wait until it answers."""
        await self.centre.start()
        asyncio.get_running_loop().create_task(_drink(self.centre.output))
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(UP_S):
            while True:
                with suppress(httpx.TransportError):
                    await client.get(f"http://127.0.0.1:{self.port}/api/health")
                    return
                if not self.centre.alive:
                    await self.centre.start()
                    asyncio.get_running_loop().create_task(_drink(self.centre.output))
                await asyncio.sleep(0.1)

    async def held(self, node: Node) -> tuple[list[Held], list[Held]]:
        """Return what a station and the centre hold of it."""
        return station_entries(node.store), await self.ledger.entries(node.name)

    async def close(self) -> None:
        """End everything."""
        for node in self.nodes:
            await node.program.kill()
            await node.line.close()
        await self.centre.stop()
        self._ports.release()

    def _node(self, name: str, room: Room | None) -> Node:
        home = self._folder / name
        home.mkdir()
        return self._node_at(home, name, room)

    def _node_at(self, home: Path, name: str, room: Room | None = None) -> Node:
        config = home / "station.toml"
        program = ("tests.torture.node", str(config), "--rate", str(self._rate))
        arguments = command(self._mutant, *program)
        log = home.with_suffix(".log")
        loud = Program(arguments, log, room.name if room else None)
        return Node(
            name=name,
            config=config,
            program=loud,
            loud_program=loud,
            quiet_program=Program((*arguments, "--until", "0"), log, room.name if room else None),
            line=Line(self._machines),
            room=room,
        )


@asynccontextmanager
async def fleet(
    folder: Path,
    names: Sequence[str],
    *,
    mutant: str | None = None,
    rate: float = 20,
    rooms: Mapping[str, Room] | None = None,
) -> AsyncIterator[Fleet]:
    """Run a fleet while the block runs; *rooms*: stations in network namespaces of their own."""
    made = Fleet(folder, names, mutant, rate, rooms or {})
    try:
        await made.start()
        yield made
    finally:
        await made.close()


def _inside(room: str | None) -> tuple[str, ...]:
    return ("ip", "netns", "exec", room) if room else ()


async def finish(*arguments: object, stdin: str = "", room: str | None = None) -> str:
    """Run ``python -m …`` to its end and return what it printed.

    Raises:
        RuntimeError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *_inside(room),
        sys.executable,
        "-m",
        *map(str, arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment(), "PYTHONPATH": str(ROOT)},
    )
    out, err = await process.communicate(stdin.encode())
    if process.returncode:
        raise RuntimeError(f"{arguments[:2]}: {err.decode(errors='replace')[-2000:]}")
    return out.decode()


async def _drink(output: asyncio.StreamReader) -> None:
    while await output.read(65536):
        pass
