"""T6, forks: what a node did not write in its order is seen at the first push, and fines nobody.

A real centre with its database, and one station after the other, each with one thing that happens
to it: its disk is restored from a backup, while the centre answers or while it does not; its disk
is cloned and both copies work; somebody who has its key writes another entry at a place that is
taken; an old batch comes again, or new entries come by another station's line; two stations have
swapped signing keys, or certificates.

Promised: of a second branch nothing is among the entries, and its first entry is kept beside them,
byte for byte, with an alarm; the node is in quarantine from then on; the branch that was first is
as it was; whatever a station acknowledged is on its disk still; no decision that stands only in a
refused branch, or came after it, is a decision at the centre. A backup that can ask goes on without
a fork; a batch that comes again has no effect; what comes by a stranger's line or key is not taken,
and is told. A *fault* is one of these that really happened.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from simulators.demo.ledgers import Held, station_entries
from station.bootstrap.opening import SystemClock
from station.contract.uplink import Acknowledged
from station.domain.errors import EvidenceError, UplinkError
from station.domain.ledger import Entry, parse, seal
from station.keys.signing import existing_signer
from station.keys.tls import TlsFiles
from station.uplink.http_centre import HttpCentre
from tests.machines import identity_of
from tests.torture.fleet import Fleet, Node
from tests.torture.harness import Options, Outcome
from tests.torture.t1_kill_storm import Examined, audited, drained, unasked

NAME = "T6"
MUTANTS = {
    "place_not_compared": "forged",
    "fork_taken_in": "restored_unseen",
    "fork_not_quarantined": "cloned",
    "other_branch_not_kept": "forged",
    "any_key_is_good": "signing_keys_swapped",
    "any_peer_is_good": "replayed_by_another",
    "old_disk_goes_on": "restored",
}
"""Each with what must happen for it to be caught."""

FAULTS = 16
WAIT_S = 40.0
WORK_S = (0.5, 2)
FINE = b'"act":"decide"'
QUARANTINED = "SELECT count(*) FROM node WHERE node = $1 AND quarantined_at IS NOT NULL"
KEPT = "SELECT body FROM quarantine WHERE node = $1 AND reason = $2 ORDER BY quarantine_id"
ALARMS = "SELECT count(*) FROM alarm WHERE node = $1 AND code = $2"
DECIDED = "SELECT case_no FROM decision"
LOG = "SELECT size, (SELECT count(*) FROM entry), (SELECT count(*) FROM decision) FROM log"


def run(options: Options) -> Outcome:
    """Let one thing after the other happen, each to stations of its own."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Outcome:
    chance = random.Random(options.seed)
    if options.mutant:
        plan = [MUTANTS[options.mutant]]
    else:
        kinds = list(EPISODES)
        plan = [kinds[n % len(kinds)] for n in range(options.faults or FAULTS)]
        chance.shuffle(plan)
    async with _centre(options, 2 * len(plan)) as made:
        scene = Scene(made, chance)
        for kind in plan:
            await EPISODES[kind](scene)
            scene.faults[kind] += 1
        if not scene.broken:
            scene.broken += await audited(made)
        nodes = [*made.nodes, *scene.clones]
    return Outcome(
        faults=scene.faults.total(),
        acknowledged=sum(len(node.acknowledged) for node in nodes),
        lost=scene.lost,
        duplicated=scene.duplicated,
        broken=tuple(scene.broken),
        more={
            "kinds": dict(sorted(scene.faults.items())),
            "fines_in_refused_branches": scene.refused_fines,
            "slowest_seen_s": round(max(scene.seen_s, default=0), 1),
        },
    )


@asynccontextmanager
async def _centre(options: Options, stations: int) -> AsyncIterator[Fleet]:
    """Run a centre that waits for so many stations; none of them is enrolled yet."""
    names = [f"station-{number}" for number in range(1, stations + 1)]
    made = Fleet(options.scratch, names, options.mutant, 20, {})
    try:
        await made.start_centre()
        yield made
    finally:
        await made.close()


@dataclass(slots=True)
class Scene:
    """A centre, and what is found out about its stations."""

    fleet: Fleet
    chance: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    seen_s: list[float] = field(default_factory=list)
    clones: list[Node] = field(default_factory=list)
    lost: int = 0
    duplicated: int = 0
    refused_fines: int = 0
    _used: int = 0

    async def station(self) -> Node:
        """Give a station that has worked and delivered, and does not run."""
        node = self.fleet.nodes[self._used]
        self._used += 1
        await self.fleet.enrol(node)
        await node.start()
        await self._until(lambda: len(node.acknowledged) > 20, "does not work")
        await self.deliver(node)
        return node

    async def deliver(self, node: Node) -> None:
        """Let it deliver everything, and stop."""
        if not await drained(self.fleet, node):
            self.broken.append(f"{node.name} does not drain")
        await self.stop(node)

    async def work(self, node: Node) -> int:
        """Start it and let it work until it has fined somebody; return where it began."""
        begun = len(station_entries(node.store))
        node.program = node.loud_program
        await node.start()
        await self._until(lambda: _fines(station_entries(node.store)[begun:]), "fines nobody")
        await asyncio.sleep(self.chance.uniform(*WORK_S))
        return begun

    async def stop(self, *nodes: Node) -> None:
        """Stop; one that had ended by itself says nothing about a centre."""
        unasked(self.fleet)
        for node in nodes:
            await node.program.stop()

    async def quarantined(self, node: Node) -> None:
        """Wait until the centre has closed the node."""
        began = time.monotonic()
        while time.monotonic() - began < WAIT_S:
            if (await self.fleet.rows(QUARANTINED, node.name))[0][0]:
                break
            await asyncio.sleep(0.1)
        else:
            self.broken.append(f"{node.name}: a fork is not seen")
        self.seen_s.append(time.monotonic() - began)

    async def refused(self, node: Node, first: bytes, fines: set[str], reason: str) -> None:
        """Check that a branch is kept from its *first* entry on, told, and means nothing."""
        kept = [row["body"] for row in await self.fleet.rows(KEPT, node.name, reason)]
        if first not in kept:
            self.broken.append(f"{node.name}: the other branch is not kept ({len(kept)} others)")
        held = await self.fleet.ledger.entries(node.name)
        if any(one.body in (first, *kept) for one in held):
            self.broken.append(f"{node.name}: what was refused stands among the entries")
        await self.alarmed(node, f"evidence.{reason}")
        await self.nobody_fined(node, fines)

    async def alarmed(self, node: Node, code: str) -> None:
        """Check that headquarters was told."""
        if not (await self.fleet.rows(ALARMS, node.name, code))[0][0]:
            self.broken.append(f"{node.name}: no alarm {code}")

    async def nobody_fined(self, node: Node, fines: set[str]) -> None:
        """Check that none of these cases was decided, as far as the centre knows."""
        self.refused_fines += len(fines)
        await asyncio.sleep(1)  # a projector that is wrong is behind by less
        decided = {row["case_no"] for row in await self.fleet.rows(DECIDED)}
        if fines & decided:
            self.broken.append(f"{node.name}: {len(fines & decided)} fines of a refused branch")

    async def unchanged(self, node: Node, before: Sequence[Held]) -> None:
        """Check that the centre still holds what it held of a node, byte for byte, first of all."""
        held = await self.fleet.ledger.entries(node.name)
        if [one.body for one in held[: len(before)]] != [one.body for one in before]:
            self.broken.append(f"{node.name}: the branch that was first has changed")

    def kept_at_home(self, node: Node, *, after: int = 0) -> None:
        """Check that what a station acknowledged *after* a place is on its disk."""
        there = {one.seq: one.digest for one in station_entries(node.store)}
        said = {seq: sha for seq, sha in node.acknowledged.items() if seq > after}
        missing = [seq for seq, digest in said.items() if there.get(seq) != digest]
        self.lost += len(missing)
        if missing:
            self.broken.append(f"{node.name}: acknowledged, not kept: {missing[:3]}")

    async def equal(self, node: Node) -> None:
        """Check that both ends hold the same, and that it is not in quarantine."""
        found = Examined(node, *await self.fleet.held(node))
        self.lost += found.lost
        self.duplicated += found.duplicated
        self.broken += found.broken
        if (await self.fleet.rows(QUARANTINED, node.name))[0][0]:
            self.broken.append(f"{node.name}: an honest station is in quarantine")

    async def _until(self, seen: Callable[[], object], otherwise: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not seen():
            if time.monotonic() > deadline:
                raise RuntimeError(otherwise)
            await asyncio.sleep(0.2)


async def restored(scene: Scene) -> None:
    """A disk comes back from a backup and asks the centre first."""
    node = await scene.station()
    backup = _copied(node)
    await scene.work(node)
    await scene.deliver(node)
    _put_back(node, backup)
    await scene.work(node)
    await scene.deliver(node)
    await scene.equal(node)


async def restored_unseen(scene: Scene) -> None:
    """The same while the line is down: the station writes on from the backup."""
    node = await scene.station()
    backup = _copied(node)
    await scene.work(node)
    await scene.deliver(node)
    first = station_entries(node.store)
    _put_back(node, backup)
    node.line.cut()
    node.acknowledged.clear()
    begun = await scene.work(node)
    node.line.mend()
    await scene.quarantined(node)
    await asyncio.sleep(scene.chance.uniform(*WORK_S))
    await scene.stop(node)
    branch = station_entries(node.store)[begun:]
    await scene.unchanged(node, first)
    await scene.refused(node, branch[0].body, _fines(branch), "fork")
    scene.kept_at_home(node)


async def cloned(scene: Scene) -> None:
    """Two copies of one disk work at the same time."""
    node = await scene.station()
    twin = scene.fleet.clone(node)
    scene.clones.append(twin)
    node.acknowledged.clear()
    await asyncio.gather(scene.work(node), scene.work(twin))
    await scene.quarantined(node)
    await asyncio.sleep(scene.chance.uniform(*WORK_S))
    await scene.stop(node)
    await twin.program.stop()
    held = await scene.fleet.ledger.entries(node.name)
    disks = [station_entries(one.store) for one in (node, twin)]
    parted = next(n for n, (a, b) in enumerate(zip(*disks, strict=False)) if a.body != b.body)
    there = [one.body for one in held]
    whole = [disk for disk in disks if there == [one.body for one in disk[: len(there)]]]
    if not whole:
        scene.broken.append(f"{node.name}: the centre holds neither branch")
        return
    (loser,) = [disk for disk in disks if disk is not whole[0]]
    after = {one.body for disk in disks for one in disk[parted:]} - set(there)
    fines = _fines([one for disk in disks for one in disk if one.body in after])
    await scene.refused(node, loser[parted].body, fines, "fork")
    for one in (node, twin):
        scene.kept_at_home(one)


async def forged(scene: Scene) -> None:
    """Somebody who has the key gives a delivered entry another weight, and sends it."""
    node = await scene.station()
    first = station_entries(node.store)
    place = max(n for n, one in enumerate(first) if one.kind == "passage")
    tree = msgspec.json.decode(first[place].body)
    tree["payload"]["weighing"]["gross_kg"] = 48_000
    wrong = seal(tree, existing_signer(node.store.parent / "station.key"))
    answer = await _sent(node, [wrong])
    if isinstance(answer, Acknowledged):
        scene.broken.append(f"{node.name}: another entry at a place that is taken is acknowledged")
    await scene.quarantined(node)
    begun = await scene.work(node)
    await scene.stop(node)
    await scene.unchanged(node, first)
    fines = _fines(station_entries(node.store)[begun:])
    await scene.refused(node, wrong.body, fines, "fork")
    scene.kept_at_home(node)


async def replayed(scene: Scene) -> None:
    """An old batch comes again over the same line, alone and in parts."""
    node = await scene.station()
    entries = [parse(one.body, one.signature) for one in station_entries(node.store)]
    before = await scene.fleet.rows(LOG)
    for _ in range(5):
        first = scene.chance.randrange(len(entries))
        batch = entries[first : first + scene.chance.randint(1, len(entries))]
        answer = await _sent(node, batch)
        counts = (answer.accepted, answer.duplicates) if isinstance(answer, Acknowledged) else ()
        if counts != (0, len(batch)):
            scene.broken.append(f"{node.name}: a batch that came again: {answer!r}")
    if await scene.fleet.rows(LOG) != before:
        scene.broken.append(f"{node.name}: a batch that came again has changed something")
    await scene.work(node)
    await scene.deliver(node)
    await scene.equal(node)


async def replayed_by_another(scene: Scene) -> None:
    """New entries of one station come over another one's line."""
    node, other = await scene.station(), await scene.station()
    node.line.cut()
    begun = await scene.work(node)
    await scene.stop(node)
    disk = station_entries(node.store)
    answer = await _sent(other, [parse(one.body, one.signature) for one in disk], node.name)
    held = await scene.fleet.ledger.entries(node.name)
    if isinstance(answer, Acknowledged) or len(held) != begun:
        scene.broken.append(f"{node.name}: taken from another's line: {answer!r}")
    await scene.alarmed(other, "access.other_node")
    await scene.nobody_fined(node, _fines(disk[begun:]))
    node.line.mend()
    await scene.deliver(node)
    await scene.equal(node)


async def signing_keys_swapped(scene: Scene) -> None:
    """Two stations have each other's signing key."""
    pair = await scene.station(), await scene.station()
    _swap(*(node.store.parent / "station.key" for node in pair))
    for node in pair:
        begun = await scene.work(node)
        await scene.stop(node)
        disk = station_entries(node.store)
        held = await scene.fleet.ledger.entries(node.name)
        if len(held) > begun:
            scene.broken.append(f"{node.name}: {len(held) - begun} entries by another's key")
        await scene.unchanged(node, held[:begun])
        await scene.refused(node, disk[begun].body, _fines(disk[begun:]), "key_not_good")
        scene.kept_at_home(node)


async def certificates_swapped(scene: Scene) -> None:
    """Two stations have each other's certificate; then each has its own again."""
    pair = await scene.station(), await scene.station()
    files = [TlsFiles(node.store.parent) for node in pair]
    for names in zip(*((one.key, one.certificate) for one in files), strict=True):
        _swap(*names)
    fines = set()
    for node in pair:
        begun = await scene.work(node)
        await scene.stop(node)
        fines |= _fines(station_entries(node.store)[begun:])
        if len(await scene.fleet.ledger.entries(node.name)) > begun:
            scene.broken.append(f"{node.name}: taken from another's line")
        await scene.alarmed(pair[node is pair[0]], "access.other_node")
    await scene.nobody_fined(pair[0], fines)
    for names in zip(*((one.key, one.certificate) for one in files), strict=True):
        _swap(*names)
    for node in pair:
        await scene.deliver(node)
        await scene.equal(node)


EPISODES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    function.__name__: function
    for function in (
        restored,
        restored_unseen,
        cloned,
        forged,
        replayed,
        replayed_by_another,
        signing_keys_swapped,
        certificates_swapped,
    )
}


async def _sent(
    node: Node, entries: Sequence[Entry], of: str = ""
) -> Acknowledged | EvidenceError | UplinkError:
    """Send entries by a station's line, as *of* whom they are, and return what came back."""
    data = node.store.parent
    line = HttpCentre(
        f"https://127.0.0.1:{node.line.port}",
        of or node.name,
        existing_signer(data / "station.key"),
        identity_of(TlsFiles(data)).context,
        clock=SystemClock(),
        heard=lambda *_: None,
    )
    try:
        return await line.push(entries, {})
    except (EvidenceError, UplinkError) as exc:
        return exc
    finally:
        await line.close()


def _fines(entries: Sequence[Held]) -> set[str]:
    """Return the cases that were decided."""
    acts = [one.body for one in entries if one.kind == "case_act" and FINE in one.body]
    return {msgspec.json.decode(body)["payload"]["case_no"] for body in acts}


def _copied(node: Node) -> Path:
    backup = node.store.parent.with_name("backup")
    shutil.copytree(node.store.parent, backup)
    return backup


def _put_back(node: Node, backup: Path) -> None:
    shutil.rmtree(node.store.parent)
    shutil.copytree(backup, node.store.parent)


def _swap(one: Path, other: Path) -> None:
    aside = one.with_suffix(".aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
