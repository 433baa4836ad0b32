"""Network namespaces of our own, and what goes wrong on the wire between them. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.torture.fleet import Room
from tests.torture.harness import Skipped

FAULTS: dict[str, tuple[str, ...]] = {
    "deaf": ("add rule inet f in drop",),  # what we send arrives, no answer does
    "dumb": ("add rule inet f out drop",),
    "loss": (
        "add rule inet f in numgen random mod 10 lt 3 drop",
        "add rule inet f out numgen random mod 10 lt 3 drop",
    ),
    "slow": ("add rule inet f out limit rate over 20 kbytes/second drop",),
    "reset": ("add rule inet f out ip protocol tcp reject with tcp reset",),
    "mtu_hole": ("add rule inet f out meta length gt 700 drop",),
}
"""nft statements of each fault, at the station's end of the wire."""

_CHAINS = (
    "add table inet f",
    "add chain inet f in { type filter hook input priority 0; }",
    "add chain inet f out { type filter hook output priority 0; }",
)


def require() -> None:
    """Skip unless this machine lets us make namespaces.

    Raises:
        Skipped: what is missing.
    """
    if os.geteuid() != 0:
        raise Skipped("root makes network namespaces")
    for tool in ("ip", "nft", "unshare"):
        if shutil.which(tool) is None:
            raise Skipped(f"{tool} is not installed")


@contextmanager
def rooms(names: Sequence[str]) -> Iterator[dict[str, Room]]:
    """Give each of *names* a namespace with a wire to ours. Ours is one of our own already."""
    made: dict[str, Room] = {}
    _do("ip", "link", "set", "lo", "up")
    try:
        for number, name in enumerate(names, 1):
            made[name] = _room(f"zc-{os.getpid()}-{number}", number)
        yield made
    finally:
        for room in made.values():
            subprocess.run(("ip", "netns", "del", room.name), check=False)


def fault(room: Room, kind: str) -> None:
    """Let *kind* of FAULTS happen on the room's wire."""
    for statement in (*_CHAINS, *FAULTS[kind]):
        _do("ip", "netns", "exec", room.name, "nft", *statement.split())


def mend(room: Room) -> None:
    """Let the wire be well."""
    _do("ip", "netns", "exec", room.name, "nft", "flush", "ruleset")


def _room(name: str, number: int) -> Room:
    here, there = f"10.77.{number}.1", f"10.77.{number}.2"
    _do("ip", "netns", "add", name)
    _do("ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "e0", "netns", name)
    _do("ip", "addr", "add", f"{here}/24", "dev", f"v{number}")
    _do("ip", "link", "set", f"v{number}", "up")
    for command in (f"addr add {there}/24 dev e0", "link set e0 up", "link set lo up"):
        _do("ip", "-n", name, *command.split())
    return Room(name=name, host=here)


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
