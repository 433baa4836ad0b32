"""What goes wrong, one at a time, by chance. Each counts when it has really happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from station.contract.entries import Kind, Run
from station.contract.sealing import Sealer
from station.contract.signature import Ed25519Signer
from station.contract.uplink import batch
from station.domain.ledger import Head
from tests.torture.simulation.centre import Asked
from tests.torture.simulation.line import Weather
from tests.torture.simulation.station import StationMachine, key_of

if TYPE_CHECKING:
    from tests.torture.simulation.world import World

SOON_S = 8.0
STEPS = 14
"""A killed program takes fewer steps than this before it dies."""
JUMPS = (timedelta(seconds=30), timedelta(seconds=-30), timedelta(hours=-2), timedelta(days=365))


def kill_station(world: World) -> None:
    """A station's program dies between two of its steps, and is started again."""
    machine = world.any_machine()
    if machine.up is None:
        return
    machine.up.process.kill_after(
        world.chance.randint(1, STEPS),
        lambda: world.happened("kill_station", machine.name, restart=machine.start),
    )


def kill_centre(world: World) -> None:
    """The centre dies between two of its steps: before a commit, after it, before an answer."""
    if world.centre.up is None:
        return
    world.centre.up.process.kill_after(
        world.chance.randint(1, STEPS),
        lambda: world.happened("kill_centre", "centre", restart=world.centre.start),
    )


def break_database(world: World) -> None:
    """Statements of the centre fail, or the end of a transaction is not heard of."""
    world.centre.failing += world.chance.randint(1, 3)
    world.happened("break_database", "centre")


def cut_line(world: World) -> None:
    """A machine's line is away for a while."""
    _weather(world, "cut_line", Weather(cut=True))


def spoil_line(world: World) -> None:
    """A machine's line loses, doubles, delays and cuts messages for a while."""
    chance = world.chance
    kinds = ("lost", "answer_lost", "doubled", "slow", "torn")
    bad = {kind: chance.random() * 0.6 for kind in chance.sample(kinds, chance.randint(1, 3))}
    _weather(world, "spoil_line", Weather(**bad))


def _weather(world: World, name: str, weather: Weather) -> None:
    machine = world.any_machine()
    machine.line.weather = weather
    world.happened(name, machine.name)
    asyncio.get_running_loop().call_later(
        world.chance.random() * 15, lambda: setattr(machine.line, "weather", Weather())
    )


def replay(world: World) -> None:
    """Somebody sends again what was sent before, however long ago."""
    machine = world.any_machine()
    if machine.line.seen:
        machine.line.later(world.chance.choice(machine.line.seen))
        world.happened("replay", machine.name)


def stranger(world: World) -> None:
    """Entries in a node's name by a key that is not its own: refused, and nobody is quarantined."""
    machine = world.any_machine()
    held = world.checks.held_of(machine.node)
    place = world.chance.randint(0, len(held))
    _forged(world, machine, place, key_of("nobody", 0))
    world.happened("stranger", machine.name)


def old_key(world: World) -> None:
    """Whoever has found a key that was rotated writes the next entry with it: refused."""
    machine = world.any_machine()
    held = world.checks.held_of(machine.node)
    if any(world.checks.rotates(entry) for entry in held):
        _forged(world, machine, len(held), key_of(machine.node, 0))
        world.happened("old_key", machine.name)


def _forged(world: World, machine: StationMachine, after: int, signer: Ed25519Signer) -> None:
    held = world.checks.held_of(machine.node)
    forger = Sealer(
        node=machine.node,
        signer=signer,
        clock=machine.clock,
        boot_id="x",
        legal_id="x",
        law_edition="x",
    )
    head = held[after - 1].head if after else Head()
    entry = forger.seal(Kind.START, Run(program="x", detail="x"), head)
    machine.line.later(Asked("POST", "/api/ingest", batch(machine.node, [entry])))


def set_clock(world: World) -> None:
    """Somebody sets a station's clock."""
    machine = world.any_machine()
    machine.clock.offset += world.chance.choice(JUMPS)
    world.happened("set_clock", machine.name)


def rotate_key(world: World) -> None:
    """A station's key is rotated as it should be."""
    machine = world.any_machine()
    machine.rotate(proven=True)
    world.happened("rotate_key", machine.name, restart=machine.start)


def rotate_unproven(world: World) -> None:
    """A rotation names a key whose holder has not proven himself: it must never be believed."""
    machine = world.any_machine()
    machine.rotate(proven=False)
    world.happened("rotate_unproven", machine.name, restart=machine.start)


def restore_station(world: World) -> None:
    """A station's disk is replaced by an older copy of it."""
    machine = world.any_machine()
    copies = world.copies.get(machine.name, [])
    if not copies:
        return
    machine.put_disk(world.chance.choice(copies).copy())
    world.checks.stations.disk_replaced(machine)
    world.happened("restore_station", machine.name, restart=machine.start)


def clone_station(world: World) -> None:
    """A second machine is made from a copy of a station's disk, and both go on."""
    machine = world.chance.choice(world.machines)
    clone = world.new_machine(f"{machine.name}-clone", machine.node)
    clone.put_disk(machine.disk.copy())
    world.checks.stations.disk_replaced(clone)
    world.happened("clone_station", machine.name, restart=clone.start)


def restore_centre(world: World) -> None:
    """The centre's disk is replaced by an older backup."""
    if not world.backups:
        return
    world.centre.stop()
    world.centre.disk = world.chance.choice(world.backups).copy()
    world.checks.centre_replaced()
    world.happened("restore_centre", "centre", restart=world.centre.start)


OFTEN: tuple[Callable[[World], None], ...] = (
    kill_station,
    kill_centre,
    break_database,
    cut_line,
    spoil_line,
    replay,
    stranger,
    old_key,
    set_clock,
)
ONCE: tuple[Callable[[World], None], ...] = (
    rotate_key,
    rotate_unproven,
    restore_station,
    clone_station,
    restore_centre,
)
"""After these a run is another one: each happens at most once, and not in every run."""
