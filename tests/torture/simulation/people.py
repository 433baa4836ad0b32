"""What people do when all is over: they find clones, release nodes, and bring stations back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from station.store.rotations import last_rotation
from tests.torture.simulation.line import DOUBLE_AFTER_S, TIMEOUT_S
from tests.torture.simulation.station import StationMachine

if TYPE_CHECKING:
    from tests.torture.simulation.world import World

OFFICERS = ("HQ1", "HQ2")
NOTHING_ON_THE_WAY_S = TIMEOUT_S + DOUBLE_AFTER_S
KEY_GONE = "settings"
"""What the command says first when the key that it would need is not on its disk."""


def help_is_needed(world: World) -> bool:
    """Tell whether a station will not come to deliver by itself."""
    return any(_needs_help(world, machine) for machine in world.machines if machine.in_service)


async def repair(world: World) -> None:
    """Bring every station to where it can deliver, by the means that there are."""
    for machine in world.machines:
        machine.in_service = machine.name == machine.node
        if not machine.in_service:
            machine.stop()
    if not help_is_needed(world):
        return
    world.note("people", "repair")
    for machine in world.machines:
        machine.stop()
    await asyncio.sleep(NOTHING_ON_THE_WAY_S)
    for machine in world.machines:
        if machine.in_service and not world.told.broken:
            world.centre.start()
            await _released(world, machine)
            await _rejoined(world, machine)
            await _enrolled(world, machine)


def _needs_help(world: World, machine: StationMachine) -> bool:
    checks, key = world.checks, machine.opened()
    quarantined = world.centre.disk.tables["node"][machine.node].quarantined_at is not None
    known = key is not None and checks.in_force(machine.node, key.key_id)
    own, held = checks.both(machine)
    return quarantined or not known or own[: len(held)] != held


async def enrol(world: World, machine: StationMachine) -> None:
    """Take a machine's key into the register, as with a token."""
    centre = world.centre.up
    key = machine.opened()
    assert centre is not None
    assert key is not None
    after = last_rotation(machine.disk.database)
    await asyncio.wait(centre.process.start(centre.enrol(machine.node, key.public_key, after)))
    world.note(machine.name, f"enrolled with {key.key_id}")


async def _released(world: World, machine: StationMachine) -> None:
    """Two officers release the node from quarantine."""
    if world.centre.disk.tables["node"][machine.node].quarantined_at is None:
        return
    centre = world.centre.up
    assert centre is not None
    for officer in OFFICERS:
        released = centre.release(machine.node, officer, "checked")
        await asyncio.wait(centre.process.start(released))
    world.note(machine.node, "released from quarantine")


async def _rejoined(world: World, machine: StationMachine) -> None:
    """The station takes up the centre's branch; without its key it begins with an empty disk."""
    if world.checks.parted(machine):
        said = await machine.rejoin()
        world.note(machine.name, f"rejoins: {said}")
        if not world.checks.parted(machine):
            return
        if not said.startswith(KEY_GONE) and not world.told.faults["restore_centre"]:
            world.fail(f"{machine.name}: could not rejoin: {said}")
    elif machine.opened() is not None:
        return
    _begin_anew(world, machine)


def _begin_anew(world: World, machine: StationMachine) -> None:
    machine.begin_anew()
    world.checks.stations.disk_replaced(machine)
    world.note(machine.name, "begins anew with an empty disk")


async def _enrolled(world: World, machine: StationMachine) -> None:
    """A key that the centre does not know, or takes to have ended, is enrolled."""
    checks, key = world.checks, machine.opened()
    assert key is not None
    if not checks.in_force(machine.node, key.key_id):
        await enrol(world, machine)
    refused = not checks.in_force(machine.node, key.key_id)
    own, held = checks.stations.known[machine.name].entries, len(checks.held_of(machine.node))
    strange = [e for e in own[held:] if not checks.in_force(e.node, e.key_id, e.seq)]
    if refused or strange:
        # The key has ended, or one that has never proven itself, and is gone, has signed.
        _begin_anew(world, machine)
        await enrol(world, machine)
