"""What must hold at a station after every step: what was shown as saved is there, and in order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from station.domain.ledger import GENESIS, Entry
from tests.torture.simulation.station import StationMachine

TAG = b"zhichao-entry-v1\0"
CLOCK_STEP = timedelta(seconds=2)
SAYS_SO = "clock_change"


@dataclass(slots=True)
class Known:
    """What a machine's disk holds, and what officers were shown of it."""

    entries: list[Entry] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)
    delivered: int = 0


class StationChecks:
    """Watches every station's disk.

    Attributes:
        known: by machine.
        sealed: every entry that a station ever sealed, by its digest.
        branches: the digests that were ever sealed for a place.
        ever_held: the digests of what the centre has ever held.
    """

    def __init__(self, fail: Callable[[str], None]) -> None:
        self._fail = fail
        self.known: dict[str, Known] = {}
        self.sealed: dict[str, Entry] = {}
        self.branches: dict[tuple[str, int], set[str]] = {}
        self.ever_held: set[str] = set()
        self.acknowledged = 0
        self.lost = 0

    def wrote(self, machine: StationMachine) -> None:
        """Look at a station's disk after some work on it."""
        if machine.disk.database.in_transaction:
            return
        known = self.known.setdefault(machine.name, Known())
        if machine.rejoining:
            self._check_rejoined(machine, known)
        for entry in machine.disk.entries(len(known.entries)):
            before = known.entries[-1] if known.entries else None
            self._check_new_entry(machine, before, entry)
            known.entries.append(entry)
            self._register([entry])
        self._check_delivered(machine, known)

    def _check_rejoined(self, machine: StationMachine, known: Known) -> None:
        entries = machine.disk.entries()
        shared = sum(a == b for a, b in zip(known.entries, entries, strict=False))
        known.entries = entries[:shared]

    def _register(self, entries: list[Entry]) -> None:
        for entry in entries:
            self.sealed[entry.digest] = entry
            self.branches.setdefault((entry.node, entry.seq), set()).add(entry.digest)

    def _check_new_entry(self, machine: StationMachine, before: Entry | None, entry: Entry) -> None:
        seq, digest = (before.seq, before.digest) if before else (0, GENESIS)
        if (entry.seq, entry.prev) != (seq + 1, digest):
            self._fail(f"{machine.name}: entry {entry.seq} does not follow")
        if hashlib.sha256(TAG + entry.body).hexdigest() != entry.digest:
            self._fail(f"{machine.name}: the digest of entry {entry.seq} is not of its bytes")
        if before is None or entry.kind == SAYS_SO:
            return
        if _shown_at(before) - _shown_at(entry) > CLOCK_STEP:
            self._fail(f"{machine.name}: entry {entry.seq} goes back in time, and nothing says so")

    def _check_delivered(self, machine: StationMachine, known: Known) -> None:
        delivered = machine.disk.delivered()
        if delivered > known.delivered:
            beyond = delivered > len(known.entries)
            if beyond or known.entries[delivered - 1].digest not in self.ever_held:
                self._fail(f"{machine.name}: {delivered} is noted as delivered, and is not held")
        known.delivered = delivered

    def shown(self, machine: StationMachine, entries: tuple[Entry, ...]) -> None:
        """Remember what officers were shown as saved."""
        known = self.known.setdefault(machine.name, Known())
        self.acknowledged += len(entries)
        known.acknowledged |= {entry.digest: entry.seq for entry in entries}

    def started(self, machine: StationMachine) -> None:
        """Read the whole disk of a station that starts."""
        known = self.known.setdefault(machine.name, Known())
        entries = machine.disk.entries()
        there = [entry.digest for entry in entries]
        if there[: len(known.entries)] != [entry.digest for entry in known.entries]:
            self._fail(f"{machine.name}: its ledger is another one after a restart")
        self.all_there(machine)
        self.wrote(machine)

    def all_there(self, machine: StationMachine) -> None:
        """Check that a station has what its officers were shown as saved."""
        there = {entry.digest for entry in machine.disk.entries()}
        there |= {entry.digest for entry in machine.disk.set_aside()}
        for disk in machine.aside:
            there |= {entry.digest for entry in (*disk.entries(), *disk.set_aside())}
        for digest, seq in self.known[machine.name].acknowledged.items():
            if digest not in there:
                self.lost += 1
                self._fail(f"{machine.name}: entry {seq} was acknowledged, and is gone")

    def disk_replaced(self, machine: StationMachine) -> None:
        """Begin anew with a disk that was put in: what it lacks, people have taken away."""
        entries = machine.disk.entries()
        disks = (machine.disk, *machine.aside)
        there = {entry.digest for disk in disks for entry in (*disk.entries(), *disk.set_aside())}
        before = self.known.get(machine.name, Known()).acknowledged
        kept = {digest: seq for digest, seq in before.items() if digest in there}
        self.known[machine.name] = Known(entries, kept, machine.disk.delivered())

    def forked(self, node: str) -> bool:
        """Tell whether two different entries were ever sealed for one place of the node."""
        return any(len(found) > 1 for (one, _), found in self.branches.items() if one == node)


def _shown_at(entry: Entry) -> datetime:
    """Return what the station's clock showed."""
    return datetime.fromisoformat(msgspec.json.decode(entry.body)["wall_utc"])
