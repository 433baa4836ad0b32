"""A station: its real store, keeper of the clock, pusher and puller, on a disk in memory."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import random
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import apsw
import httpx

from station.application.ahead import Ahead
from station.application.checkpoints import Checkpoints
from station.application.links import Links
from station.application.ports import Draft
from station.application.timekeeping import TimeKeeper
from station.bootstrap.opening import Stored
from station.bootstrap.uplink import Uplink
from station.contract.enrolling import CentreIdentity
from station.contract.entries import DeviceEvent, KeyRotate, Kind, Run
from station.contract.sealing import Sealer
from station.contract.signature import Ed25519Signer, rotation_message
from station.domain.errors import ZhichaoError
from station.domain.ledger import Entry, Head, parse
from station.store.branches import SqliteBranches
from station.store.centre_ledger import SqliteCentreLedger
from station.store.database import Database
from station.store.driver_requests import SqliteDriverRequests
from station.store.high_water import HighWater
from station.store.ledger_rows import newest_at
from station.store.marks import DELIVERED, mark
from station.store.outbox import SqliteOutbox
from station.store.recordings import SqliteRecordings
from station.store.rotations import successor
from station.store.sqlfile import load
from station.store.sqlite_store import SqliteStore
from station.uplink.http_centre import HttpCentre
from tests.torture.answering import answers
from tests.torture.simulation.centre import NODE, ORIGIN, SIGNER
from tests.torture.simulation.clock import SimulatedClock
from tests.torture.simulation.line import Line, Transport
from tests.torture.simulation.loop import Process
from tests.torture.simulation.officers import Officers

T = TypeVar("T")
LEGAL = "sha256:legal"
SINCE = "2026-03-01T04:00:00.000Z"
PLACE = Path("station.sqlite")
_SCHEMA = load("schema")["schema"]
_ENTRIES = "SELECT body, signature FROM entry WHERE seq > ? ORDER BY seq"
_SET_ASIDE = "SELECT body, signature FROM set_aside"
IDENTITY = CentreIdentity(
    node=NODE,
    alg=SIGNER.alg,
    key_id=SIGNER.key_id,
    public_key=SIGNER.public_key.hex(),
    origin=ORIGIN,
)


@functools.cache
def key_of(node: str, number: int) -> Ed25519Signer:
    """Return one of the keys that a node has in the course of time."""
    return Ed25519Signer(hashlib.sha256(f"{node}/{number}".encode()).digest())


@dataclass(slots=True)
class Disk:
    """All that is durable at a station.

    Attributes:
        key: that signs; ``next_key``: the one that was made to follow it.
        mark: of the ledger's end, beside it.
    """

    key: Ed25519Signer
    database: apsw.Connection = field(default_factory=lambda: _new_database())
    next_key: Ed25519Signer | None = None
    mark: int = 0

    def copy(self) -> Disk:
        """Return another disk with the same on it."""
        database = apsw.Connection(":memory:")
        database.deserialize("main", self.database.serialize("main"))
        return replace(self, database=database)

    def entries(self, after: int = 0) -> list[Entry]:
        """Return the ledger's entries."""
        return [parse(body, sig) for body, sig in self.database.execute(_ENTRIES, (after,))]

    def set_aside(self) -> list[Entry]:
        """Return the entries of other branches."""
        return [parse(body, sig) for body, sig in self.database.execute(_SET_ASIDE)]

    def delivered(self) -> int:
        """Return up to which entry the station takes the centre to have them."""
        return mark(self.database, DELIVERED)

    def signer(self) -> Ed25519Signer | None:
        """Return the key in force, as ``KeyPlace`` finds it; None when it is not here."""
        named = successor(self.database, self.key.key_id)
        if named is None:
            return self.key
        if self.next_key is None or self.next_key.key_id != named:
            return None
        self.key, self.next_key = self.next_key, None
        return self.key


@dataclass(slots=True, kw_only=True)
class StationMachine:
    """The computer of a station: its disk outlives the program.

    Attributes:
        name: of the machine; a clone has the node's name but not the machine's.
        wrote: is called after each piece of work on the disk.
        acknowledged: is told what officers were shown as saved.
        started: is called before the program starts, the disk being as it was left.
        working: whether officers work.
        aside: disks that were taken out and are kept.
        in_service: False for a clone that was found and switched off.
        rejoining: the ledger may be replaced by the centre's now.
    """

    name: str
    node: str
    chance: random.Random
    line: Line
    failed: Callable[[str, BaseException], None]
    wrote: Callable[[StationMachine], None]
    acknowledged: Callable[[StationMachine, tuple[Entry, ...]], None]
    started: Callable[[StationMachine], None]
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    disk: Disk = field(init=False)
    running: Station | None = None
    working: bool = True
    aside: list[Disk] = field(default_factory=list)
    in_service: bool = True
    rejoining: bool = False

    def __post_init__(self) -> None:
        self.disk = Disk(key_of(self.name, 0))

    def start(self) -> None:
        """Start the program, unless it runs."""
        if self.up is None and self.in_service and (signer := self.opened()) is not None:
            self.started(self)
            self.running = Station(self, signer)
            self.running.start()

    def stop(self) -> None:
        """Kill it."""
        if self.running is not None:
            self.running.process.kill()

    @property
    def up(self) -> Station | None:
        """Return the program when it runs."""
        return self.running if self.running and not self.running.process.dead else None

    def begin_anew(self) -> None:
        """Keep the disk aside, and put an empty one in, with another key."""
        self.stop()
        self.aside.append(self.disk)
        self.disk = Disk(self._new_key())

    def put_disk(self, disk: Disk) -> None:
        """Put another disk in."""
        self.stop()
        self.disk = disk

    def rotate(self, *, proven: bool) -> None:
        """Put another key in force, the program being stopped."""
        self.stop()
        ending = self.opened()
        if ending is None:
            return
        new = self.disk.next_key = self._new_key()
        message = rotation_message(self.node, ending.key_id, new.public_key)
        proof = (new if proven else ending).sign(message)
        payload = KeyRotate(
            alg=new.alg, key_id=new.key_id, public_key=new.public_key.hex(), proof=proof.hex()
        )
        command = Station(self, ending)
        try:
            command.store.append_on(self.disk.database, [Draft(Kind.KEY_ROTATE, payload)])
        except ZhichaoError as exc:
            self.failed(self.name, exc)
        command.process.kill()
        self.wrote(self)

    async def rejoin(self) -> str:
        """Take up the ledger that the centre holds, the program being stopped; say what came of it.

        It is what the command ``station rejoin`` does.
        """
        self.stop()
        signer = self.opened()
        if signer is None:
            return "its key is gone"
        command = Station(self, signer)
        self.rejoining = True
        (work,) = command.process.start(command.rejoin())
        await asyncio.wait((work,))
        self.wrote(self)
        self.rejoining = False
        command.process.kill()
        said: str = work.result()
        return said

    def opened(self) -> Ed25519Signer | None:
        """Return the key that signs the next entry; None when it is not here: people must help."""
        if self.disk.database.in_transaction:  # as SQLite does with the journal that it finds
            self.disk.database.execute("ROLLBACK")
        return self.disk.signer()

    def _new_key(self) -> Ed25519Signer:
        return key_of(self.name, self.chance.getrandbits(64))


class Station:
    """One run of a station's programs."""

    def __init__(self, machine: StationMachine, signer: Ed25519Signer) -> None:
        self._machine = machine
        self.process = Process(machine.name, machine.chance, machine.failed)
        database = SimulatedDatabase(
            machine.disk.database, self.process, lambda: machine.wrote(machine)
        )
        keeper = TimeKeeper(machine.clock, newest_at(machine.disk.database))
        sealer = Sealer(
            node=machine.node,
            signer=signer,
            clock=machine.clock,
            boot_id=f"{machine.chance.getrandbits(32):x}",
            legal_id=LEGAL,
            law_edition="sha256:law",
            witnessed=keeper.witnessed,
        )
        self.store = SqliteStore(database, sealer, keeper)
        self.store._high_water = _Mark(machine.disk)
        stored = Stored(
            database=database,
            ledger=self.store,
            outbox=SqliteOutbox(database, self.store),
            centre=SqliteCentreLedger(database, machine.node),
            requests=SqliteDriverRequests(database, machine.node),
            recordings=SqliteRecordings(database),
            branches=SqliteBranches(database, self.store),
            time=keeper,
            accounts=None,  # type: ignore[arg-type]
            passwords=None,  # type: ignore[arg-type]
            media=None,  # type: ignore[arg-type]
            signer=signer,
        )
        self._keeper = keeper
        self._uplink = _Uplink(machine, stored)

    def start(self) -> None:
        """Begin as the station does: first what the centre holds of us, then everything else."""
        self.process.start(self._run())

    def say_something(self) -> None:
        """Write an entry."""
        event = DeviceEvent(device="scale", code="device.silent", detail="", since=SINCE)
        self.process.start(self.store.append(Draft(Kind.DEVICE_RECOVERED, event)))

    async def rejoin(self) -> str:
        """Do what ``station rejoin`` does; return what it says."""
        try:
            aside = await self._uplink.rejoin("by order")
        except ZhichaoError as exc:
            return str(exc)
        return f"{len(aside)} entries are set aside"

    async def _run(self) -> None:
        machine = self._machine
        await self._uplink.prepare()
        await self.store.append(Draft(Kind.START, Run(program="station", detail=LEGAL)))
        pusher, puller, ahead = await self._uplink.parts()
        keeping = self._keeper.run(self.store, lambda _code, _detail: None)
        officers = Officers(machine.name, self.store, machine.clock, machine.chance)
        works = (pusher.run(), puller.run(), ahead.run(), keeping, self._work(officers))
        self.process.start(*works)

    async def _work(self, officers: Officers) -> None:
        while True:
            await asyncio.sleep(officers.pause())
            if self._machine.working:
                drafts = await officers.drafts()
                entries = await self.store.append(*drafts)
                self.process.living()
                self._machine.acknowledged(self._machine, entries)


class SimulatedDatabase(Database):
    """The real one, on a connection that outlives it; work is done at once, one by one."""

    def __init__(
        self, connection: apsw.Connection, process: Process, wrote: Callable[[], None]
    ) -> None:
        self.path = PLACE
        self._failure = None
        self._connection = connection
        self._process = process
        self._wrote = wrote
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """Do *work*; the program can be killed before it and after it."""
        async with self._turn:
            await self._process.step()
            result = self._guarded(work)
        self._wrote()
        await self._process.step()
        return result


class _Mark(HighWater):
    """The real one, on a disk in memory."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._seq = disk.mark

    def note(self, head: Head) -> None:
        """Take a new end."""
        self._seq = self._disk.mark = head.seq


class _Uplink(Uplink):
    """The real one, over a simulated line."""

    def __init__(self, machine: StationMachine, stored: Stored) -> None:
        self._settings = SimpleNamespace(  # type: ignore[assignment]
            station=SimpleNamespace(data_dir=PLACE.parent, node=machine.node),
            uplink=SimpleNamespace(url="http://centre"),
        )
        self._stored = stored
        self._checkpoints = Checkpoints(stored.centre, stored.ledger, stored.time)
        self._refusal = None
        self._pusher = None
        self._media = None
        self._client = _Client(machine, stored)
        self._jitter = machine.chance.random
        self._answers = answers(stored, machine.clock)

    async def parts(self):
        """Return what delivers and fetches."""
        links = Links(lambda _code, _detail: None)
        puller = await self._puller(IDENTITY, self._client, links, self._answers)
        pusher = self._pusher_of(self._client, puller, links)
        pusher._jitter = self._jitter
        return pusher, puller, Ahead(self._stored.ledger, self._client, pusher)

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[HttpCentre]:
        yield self._client


class _Client(HttpCentre):
    """The real one, over a simulated line."""

    def __init__(self, machine: StationMachine, stored: Stored) -> None:
        super().__init__(
            "http://centre",
            machine.node,
            stored.signer,
            ssl.create_default_context,
            clock=machine.clock,
            heard=stored.time.heard,
        )
        self._client = httpx.AsyncClient(
            base_url="http://centre", transport=Transport(machine.line), trust_env=False
        )

    def _line(self) -> httpx.AsyncClient:
        return self._client


def _new_database() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    connection.pragma("foreign_keys", True)
    connection.execute(_SCHEMA)
    return connection
