"""One world of a seed: two stations, a centre, a witness; faults come and cease; all drains."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from unittest.mock import patch

import msgspec

from station.bootstrap import uplink
from station.domain.errors import SettingsError
from tests.torture.simulation import faults, people
from tests.torture.simulation.centre import CentreMachine, registered
from tests.torture.simulation.checking import Checks
from tests.torture.simulation.clock import SimulatedClock
from tests.torture.simulation.line import Line, Weather
from tests.torture.simulation.loop import run
from tests.torture.simulation.signatures import remembered
from tests.torture.simulation.station import IDENTITY, StationMachine
from tests.torture.simulation.station import Disk as StationDisk
from tests.torture.simulation.tables import Disk
from tests.torture.simulation.witness import EVERY_S, MemoryBook, witness

NODES = ("linhe", "dashuncheng")
MEAN_BETWEEN_FAULTS_S = 1.6
LAST_FAULT_S = (10.0, 30.0)
SEEN_WITHIN_S = 150.0
DRAINED_WITHIN_S = 400.0
CAUGHT_UP_S = 5.0
REPAIRS = 3
"""What comes back from the centre may show that a station's key is not on its disk any more."""
OK = 200
SHARE_OF_EACH = 0.6
"""So likely is it that a kind of fault belongs to a run."""
SHARE_OF_EACH_ONCE = 0.4


@dataclass(slots=True)
class Told:
    """What came of one seed."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    receipts: int = 0
    taken: int = 0
    lost: int = 0
    steps: int = 0
    broken: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)


class World:
    """Everything of one seed."""

    def __init__(self, seed: int) -> None:
        self.told = Told(seed)
        self.chance = random.Random(seed)
        self.centre = CentreMachine(
            chance=self.chance,
            clock=SimulatedClock(),
            failed=self._program_failed,
            committed=self._committed,
            answered=self._answered,
            disk=registered(NODES),
        )
        self.checks = Checks(self.centre, self.fail)
        self.book = MemoryBook(self.checks.witnessed)
        self.machines: list[StationMachine] = []
        self.copies: dict[str, list[StationDisk]] = {}
        self.backups: list[Disk] = []
        self._often = self._some(faults.OFTEN, SHARE_OF_EACH)
        self._once = self._some(faults.ONCE, SHARE_OF_EACH_ONCE)

    async def live(self) -> None:
        """Let it all happen."""
        self.centre.start()
        for node in NODES:
            await people.enrol(self, self.new_machine(node, node))
        for machine in self.machines:
            machine.start()
        watching = asyncio.create_task(witness(self.centre, self.book).run(EVERY_S))
        await self._go_wrong()
        self._stop_faults()
        await self._settle()
        for _ in range(REPAIRS):
            await people.repair(self)
            for machine in self.machines:
                machine.start()
            await asyncio.sleep(CAUGHT_UP_S)
            self._last_words()
            await self._until(self._unsettled_or_stuck, DRAINED_WITHIN_S)
            if not people.help_is_needed(self):
                break
        await self._drain()
        watching.cancel()
        self.told.acknowledged = self.checks.stations.acknowledged
        self.told.receipts = self.checks.receipts
        self.told.taken = self.checks.taken
        self.told.lost = self.checks.stations.lost
        for machine in self.machines:
            self.told.faults += machine.line.done

    def new_machine(self, name: str, node: str) -> StationMachine:
        """Return another machine, which is not started."""
        machine = StationMachine(
            name=name,
            node=node,
            chance=self.chance,
            line=Line(centre=self.centre, peer=node, chance=self.chance),
            failed=self._program_failed,
            wrote=self._wrote,
            acknowledged=self._acknowledged,
            started=self.checks.stations.started,
        )
        self.machines.append(machine)
        return machine

    def any_machine(self) -> StationMachine:
        """Return a machine by chance."""
        return self.chance.choice(self.machines)

    def happened(
        self, fault: str, where: str, *, restart: Callable[[], None] | None = None
    ) -> None:
        """Count a fault; *restart* is called some time later."""
        self.told.faults[fault] += 1
        self.note(where, fault)
        if restart is not None:
            asyncio.get_running_loop().call_later(self.chance.random() * faults.SOON_S, restart)

    def fail(self, broken: str) -> None:
        """Write down that a promise broke."""
        if broken not in self.told.broken:
            self.told.broken.append(broken)
            self.note("!", broken)

    def note(self, who: str, what: str) -> None:
        """Write a step down."""
        now = asyncio.get_running_loop().time()
        self.told.trace.append(f"{now:8.3f} {who:18} {what}")

    def _some(
        self, every: tuple[Callable[[World], None], ...], share: float
    ) -> list[Callable[[World], None]]:
        return [fault for fault in every if self.chance.random() < share]

    async def _go_wrong(self) -> None:
        """Do faults by chance until it is time to cease."""
        loop = asyncio.get_running_loop()
        end = self.chance.uniform(*LAST_FAULT_S)
        while not self.told.broken:
            await asyncio.sleep(self.chance.expovariate(1 / MEAN_BETWEEN_FAULTS_S))
            if loop.time() >= end:
                return
            self._copy()
            if self._once and self.chance.random() < 0.4:
                self._once.pop(self.chance.randrange(len(self._once)))(self)
            elif self._often:
                self.chance.choice(self._often)(self)

    def _copy(self) -> None:
        """Make a backup of something, as people do."""
        if self.chance.random() < 0.3:
            machine = self.any_machine()
            self.copies.setdefault(machine.name, []).append(machine.disk.copy())
            self.note(machine.name, "copied")
        if self.chance.random() < 0.3:
            self.backups.append(self.centre.disk.copy())
            self.note("centre", "backed up")

    def _stop_faults(self) -> None:
        self.note("*", "faults cease")
        self.centre.failing = 0
        self.centre.start()
        for machine in self.machines:
            machine.line.weather = Weather()
            machine.working = False
            machine.start()

    async def _settle(self) -> None:
        """Wait until every branch that there is has been seen by the centre."""
        await self._until(self._unseen, SEEN_WITHIN_S)

    def _unseen(self) -> str:
        """Return whose entries the centre has neither taken nor refused."""
        for machine in self.machines:
            if self.checks.parted(machine) and not self.checks.seen_by_people(machine.node):
                return f"{machine.name}: a fork that nobody was told of"
        return ""

    def _last_words(self) -> None:
        """Let every station write once more: only then does it hear where the centre stands."""
        for machine in self.machines:
            if machine.up is not None:
                machine.up.say_something()

    def _unsettled_or_stuck(self) -> str:
        """Return what is still to come, "" when people must look again."""
        unsettled = self._unsettled()
        return unsettled if unsettled and not people.help_is_needed(self) else ""

    async def _drain(self) -> None:
        """Wait until both ends are equal."""
        await self._until(self._unsettled, DRAINED_WITHIN_S)
        for machine in self.machines:
            self.checks.stations.all_there(machine)
        self.checks.all_seen()

    async def _until(self, why: Callable[[], str], most_s: float) -> None:
        """Wait until nothing is left of what *why* says; programs that ended are started."""
        loop = asyncio.get_running_loop()
        end = loop.time() + most_s
        while (left := why()) and loop.time() < end and not self.told.broken:
            await asyncio.sleep(1)
            self.centre.start()
            for machine in self.machines:
                machine.start()
        if left:
            self.fail(f"never settles: {left}")

    def _unsettled(self) -> str:
        """Return what both ends still differ in, "" when nothing."""
        tables = self.centre.disk.tables
        size = len(self.checks.log)
        for worker in ("projector", "signatures"):
            if tables["progress"].get(worker, 0) != size:
                return f"{worker} stands at {tables['progress'].get(worker, 0)} of {size}"
        for machine in self.machines:
            if not machine.in_service:
                continue
            own, held = self.checks.both(machine)
            if own != held:
                return f"{machine.name}: {len(held)} are held of {len(own)}"
            behind = len(own) - machine.disk.delivered()
            if behind:
                return f"{machine.name}: {behind} are not noted as delivered"
        return self._unwitnessed(size)

    def _unwitnessed(self, size: int) -> str:
        newest = self.book.newest
        if (newest and newest.size == size) or self.told.faults["restore_centre"]:
            return ""
        if self.book.refusals:
            self.fail("the witness refused a log that only grew")
        return f"the witness has not seen all {size}"

    def _wrote(self, machine: StationMachine) -> None:
        self.told.steps += 1
        self.checks.stations.wrote(machine)

    def _committed(self) -> None:
        self.told.steps += 1
        before = len(self.checks.log)
        self.checks.committed()
        for one in self.checks.log[before:]:
            self.note("centre", f"holds {one.entry.node} {one.entry.seq} {one.entry.digest[:8]}")

    def _answered(self, request: bytes, status: int, answer: bytes) -> None:
        self.told.steps += 1
        self.note("centre", f"answers {shown(status, answer)}")
        self.checks.answered(request, status, answer)

    def _acknowledged(self, machine: StationMachine, entries) -> None:
        for entry in entries:
            self.note(machine.name, f"shows {entry.kind} {entry.seq} {entry.digest[:8]} as saved")
        self.checks.stations.shown(machine, entries)

    def _program_failed(self, name: str, exc: BaseException) -> None:
        if isinstance(exc, SettingsError):
            # Its key was rotated by what came back from the centre: the next start looks again.
            self.note(name, f"ends: {exc}")
            machine = next(one for one in self.machines if one.name == name)
            asyncio.get_running_loop().call_soon(machine.stop)
            asyncio.get_running_loop().call_later(1, machine.start)
            return
        self.fail(f"{name} ended by itself: {type(exc).__name__}: {exc}")


def shown(status: int, answer: bytes) -> str:
    """Return an answer in a few words."""
    said = msgspec.json.decode(answer)
    if status != OK:
        return f"{said['code']} {said['fields']}"
    receipt = said["receipt"]
    upto = f"{receipt['node']} {receipt['seq']}" if receipt else "nothing"
    return f"holds up to {upto}, accepted {said['accepted']}, duplicates {said['duplicates']}"


def told(seed: int) -> Told:
    """Return what comes of a seed."""
    world = World(seed)
    with patch.object(uplink, "known_centre", lambda _folder: IDENTITY), remembered():
        run(world.live)
    return world.told
