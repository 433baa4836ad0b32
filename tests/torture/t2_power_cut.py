"""T2, power cut: whatever a disk forgets of what was not synced, nothing acknowledged is lost.

A writer works under ``strace``: new store, close, open again, killed, open again with the journal
that was left. Its system calls are played onto a disk that forgets (:mod:`tests.torture.disk`). At
each of many moments the power fails; what is left is opened as the station opens it, without help.

Promised: every acknowledged entry is there byte for byte and every acknowledged picture verifies;
the chain and the signatures hold from the first entry to the last; the views are what the entries
come to; the mark of delivery is not behind what was noted; the next entry and picture can be
written. A *fault* is a power cut that took or tore something.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

from tests.torture import mutant
from tests.torture.disk import MODES, Disk, Left
from tests.torture.examining import Acknowledged, Verified, violations
from tests.torture.harness import Options, Outcome
from tests.torture.tracing import Call, run_traced

NAME = "T2"
NO_SYNC = "fsync_does_nothing"
MUTANTS = (
    "synchronous_normal",
    "synchronous_off",
    NO_SYNC,
    "picture_not_synced",
    "picture_name_not_synced",
    "acknowledged_before_commit",
    "views_in_their_own_transaction",
)
STATES = 2000
LONG = ("200+60", "80")
SHORT = ("20+10", "10")
SHORT_UP_TO = 300
"""So few states go with the short day."""
WORKERS = 2
DIRTY_SHARE = 0.95
"""So many power cuts come while something is not synced."""

TRIES = 20


def run(options: Options) -> Outcome:
    """Trace one day, then cut the power at many moments of it."""
    states = options.states or options.faults or STATES
    days = SHORT if states <= SHORT_UP_TO else LONG
    work = _Work(_traced(options, days), options.scratch, options)
    cuts = _cuts(work, states)
    parts = [_cut_power(work, cuts, 0)] if options.until_broken else _in_parallel(work, cuts)
    said = work.everything_said()
    lost = sum(part.lost for part in parts)
    return Outcome(
        faults=sum(part.faults for part in parts),
        acknowledged=len(said.entries),
        lost=lost,
        duplicated=said.duplicated,
        broken=tuple(text for part in parts for text in part.broken),
        more={
            "states": sum(part.states for part in parts),
            "pictures": len(said.pictures),
            "system_calls": sum(len(calls) for calls in work.traces),
        },
    )


@dataclass(slots=True)
class _Work:
    """One day's system calls, process by process, and where they happened."""

    traces: list[list[Call]]
    scratch: Path
    options: Options

    def moments(self) -> Sequence[tuple[int, Call]]:
        """Return every call with its process."""
        return [(number, call) for number, trace in enumerate(self.traces) for call in trace]

    def everything_said(self) -> Acknowledged:
        """Return all that was acknowledged in the whole day."""
        said = Acknowledged()
        for _, call in self.moments():
            if call.name == "write" and call.words[0] == "1":
                said.add(call.texts[0])
        return said


@dataclass(slots=True)
class _Part:
    states: int = 0
    faults: int = 0
    lost: int = 0
    broken: list[str] = field(default_factory=list)


def _traced(options: Options, days: Sequence[str]) -> list[list[Call]]:
    """Run the writer once for each day; the first is killed at its end, the second goes on."""
    world = options.scratch / "world"
    world.mkdir()
    no_sync = ["fsync,fdatasync:retval=0"] if options.mutant == NO_SYNC else []
    wrong = None if options.mutant == NO_SYNC else options.mutant
    traces = []
    for number, steps in enumerate(days):
        program = ("tests.torture.writer", str(world / "station"), "--steps", steps)
        program += ("--seed", str(options.seed), "--first", str(number * 10_000))
        program += ("--abandon",) if number + 1 < len(days) else ()
        record = options.scratch / "record"
        traces.append(run_traced(mutant.command(wrong, *program), record, inject=no_sync))
        record.unlink()
    return traces


def _cuts(work: _Work, states: int) -> list[int]:
    """Choose the moments: mostly such at which something is not synced."""
    disk, dirty, every = Disk(work.scratch / "world"), [], []
    for index, (process, call) in enumerate(work.moments()):
        _play(disk, process, call)
        if disk.unsynced:
            dirty.append(index)
        every.append(index)
    chance = random.Random(work.options.seed)
    chosen = [
        chance.choice(dirty if chance.random() < DIRTY_SHARE else every) for _ in range(states)
    ]
    return sorted(chosen)


def _in_parallel(work: _Work, cuts: list[int]) -> list[_Part]:
    fork = multiprocessing.get_context("fork")
    global _SHARED
    _SHARED = work
    with ProcessPoolExecutor(WORKERS, mp_context=fork) as pool:
        jobs = [pool.submit(_share, cuts[number::WORKERS], number) for number in range(WORKERS)]
        return [job.result() for job in jobs]


_SHARED: _Work


def _share(cuts: list[int], number: int) -> _Part:
    return _cut_power(_SHARED, cuts, number)


def _cut_power(work: _Work, cuts: list[int], number: int) -> _Part:
    """Play the day; at each of *cuts* lay down what is left and examine it."""
    disk, said, part = Disk(work.scratch / "world"), Acknowledged(), _Part()
    verified, chance = Verified(), random.Random(f"{work.options.seed}/{number}")
    here = work.scratch / f"left-{number}"
    waiting = iter(cuts)
    cut = next(waiting, None)
    with asyncio.Runner() as runner:
        for index, (process, call) in enumerate(work.moments()):
            _play(disk, process, call)
            for line in disk.said:
                said.add(line)
            disk.said.clear()
            while cut == index:
                mode, left, taken = _crash(disk, chance)
                _lay_down(left, here)
                found = runner.run(violations(here / "station", said, verified))
                rmtree(here)
                part.states += 1
                part.faults += taken > 0
                part.lost += sum(text.startswith("lost") for text in found)
                part.broken += [f"power cut after call {index} ({mode}): {text}" for text in found]
                cut = next(waiting, None)
            if cut is None or (part.broken and work.options.until_broken):
                break
    return part


def _crash(disk: Disk, chance: random.Random) -> tuple[str, Left, int]:
    """Fail the power, in a way that takes something if there is anything to take."""
    for _ in range(TRIES):
        mode = chance.choice(MODES)
        left, taken = disk.crash(mode, chance)
        if taken or not disk.unsynced:
            break
    return mode, left, taken


def _play(disk: Disk, process: int, call: Call) -> None:
    if process != disk.process:
        disk.new_process(process)
    disk.play(call)


def _lay_down(left: Left, folder: Path) -> None:
    folder.mkdir()
    for name, content in left.items():
        if isinstance(content, dict):
            _lay_down(content, folder / name)
        else:
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o600)
