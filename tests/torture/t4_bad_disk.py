"""T4, bad disk: after a commit that failed nothing is shown as saved, and the fault is seen.

A real station with its scale, its trucks and its console, on a small disk of its own (a tmpfs). By
chance a sync fails and forgets what it was to keep, writes fail, are cut short, find no room or a
disk that may only be read; the disk is really full; it does not answer at all, and sometimes the
station is killed then; or it is really read-only when the station starts.

Promised: what the console was shown as saved is there in the end, and the station's own check finds
nothing; within 5 s of the first call that failed the console shows the fault, or the program has
ended with a word of why; after a failed sync, a failed write or on a read-only disk it *has* ended;
while nothing can be written nothing is shown as saved; on a mended disk it starts and saves without
help; what was weighed while it lived is recorded once. Pictures are T2's. A *fault* is one that at
least one system call ran into.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from station.store.database import RESERVE_BYTES
from tests.torture.fleet import finish
from tests.torture.harness import Options, Outcome, Skipped
from tests.torture.shim import Disk, Shim
from tests.torture.site import Site, site

NAME = "T4"
MUTANTS = (
    "acknowledged_before_commit",
    "goes_on_after_a_failure",
    "store_faults_not_shown",
    "stalled_not_noticed",
)
FULL, FROZEN_KILLED, READ_ONLY_AT_START = "really_full", "frozen_and_killed", "read_only_at_start"
SHIMMED = {
    **{one.name.lower(): one for one in Disk if one is not Disk.WELL},
    FULL: Disk.WELL,
    FROZEN_KILLED: Disk.FROZEN,
}
"""What the shim does; a disk that is really full needs nothing of it."""
KINDS = (*SHIMMED, READ_ONLY_AT_START)
FAULTS = 3 * len(KINDS)
FATAL = frozenset({"sync_eio", "write_eio", "read_only"})
SEEN_S = 5.0
HIT_S = 20.0
WELL_AGAIN_S = 30.0
LASTS_S = (1, 4)
SHOWN_S = 0.5
"""A commit that was good just before the fault may be shown so much later."""
SIZE = RESERVE_BYTES + 16 * 1024 * 1024


def run(options: Options) -> Outcome:
    """Let the disk fail."""
    if os.geteuid() != 0:
        raise Skipped("root mounts disks")
    count = options.faults or FAULTS
    if options.mutant:
        count = min(count, len(KINDS))
    chance = random.Random(options.seed)
    plan = [KINDS[n % len(KINDS)] for n in range(count)]
    chance.shuffle(plan)
    with _disk(options.scratch / "data") as data:
        return asyncio.run(_run(options, plan, chance, data))


async def _run(options: Options, plan: list[str], chance: random.Random, data: Path) -> Outcome:
    shim = Shim(options.scratch, data)
    async with site(options.scratch, mutant=options.mutant, environment=shim.environment) as made:
        await made.prepare()
        storm = Storm(made, shim, chance, data)
        await storm.start()
        for kind in plan:
            await storm.strike(kind)
            if storm.broken and options.until_broken:
                break
        await storm.end()
    seen = sorted(storm.seen_s)
    return Outcome(
        faults=storm.faults.total(),
        acknowledged=len({one.receipt for one in made.saved}),
        lost=storm.lost,
        duplicated=storm.duplicated,
        broken=tuple(storm.broken),
        more={
            "kinds": dict(sorted(storm.faults.items())),
            "slowest_seen_s": round(seen[-1], 2) if seen else 0,
            "trucks": len(made.yard.trucks),
        },
    )


@dataclass(slots=True)
class Storm:
    """Lets one thing happen after the other, and looks what comes of it."""

    site: Site
    shim: Shim
    chance: random.Random
    data: Path
    faults: Counter[str] = field(default_factory=Counter)
    told: int = 0
    """Faults that the ledger itself must tell of."""
    seen_s: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    lost: int = 0
    duplicated: int = 0

    async def start(self) -> None:
        """Start the station on a disk that is well."""
        if not await self.site.start() or not await self.site.saves():
            self.broken.append(f"does not start, or saves nothing: {self.site.last_words()}")

    async def strike(self, kind: str) -> None:
        """Let *kind* happen to a station that is well, and let it be well again."""
        if kind == READ_ONLY_AT_START:
            await self._start_on_a_read_only_disk()
            return
        self.shim.break_disk(SHIMMED[kind])
        if kind == FULL:
            _fill(self.data / "filler")
        if not await self._hit():
            self.broken.append(f"{kind}: nothing ran into it")
        self.faults[kind] += 1
        ended = await self._seen(kind)
        await asyncio.sleep(self.chance.uniform(*LASTS_S))
        if ended:
            await self._start_in_vain(kind)
        elif kind == FROZEN_KILLED:
            await self._kill()
        if kind != FULL:
            self._nothing_saved(kind)
        self.shim.mend_disk()
        (self.data / "filler").unlink(missing_ok=True)
        await self._well_again(kind, ended=ended or kind == FROZEN_KILLED)

    async def end(self) -> None:
        """Stop, and hold what is there against what was shown as saved."""
        await self.site.stop()
        if self.site.program.status != 0:
            self.broken.append(f"does not end well: {self.site.last_words()}")
        there = {one.seq: one for one in self.site.entries()}
        for receipt in sorted({one.receipt for one in self.site.saved}):
            _, seq, digest = receipt.rsplit("-", 2)
            if int(seq) not in there or not there[int(seq)].digest.startswith(digest):
                self.lost += 1
                self.broken.append(f"shown as saved, not kept: {receipt}")
        for gross, count in self.site.unlike_one().items():
            self.duplicated += count > 1
            self.broken.append(f"the truck of {gross} kg is recorded {count} times")
        told = sum(
            b'"device":"store"' in one.body for one in there.values() if one.kind == "device_fault"
        )
        if told < self.told:
            self.broken.append(f"the ledger tells of {told} faults of {self.told}")
        await self._checked()

    async def _start_on_a_read_only_disk(self) -> None:
        await self.site.stop()
        saved = len(self.site.saved)
        _mount("-o", "remount,ro", str(self.data))
        self.faults[READ_ONLY_AT_START] += 1
        began = time.monotonic()
        if await self.site.start():
            self.broken.append("starts on a disk that may only be read")
        self.seen_s.append(0.0)
        if len(self.site.saved) > saved or time.monotonic() - began > WELL_AGAIN_S:
            self.broken.append("a read-only disk is not noticed at the start")
        _mount("-o", "remount,rw", str(self.data))
        await self.start()

    async def _hit(self) -> bool:
        deadline = time.monotonic() + HIT_S
        while not self.shim.hits and time.monotonic() < deadline:  # noqa: ASYNC110 - another's
            await asyncio.sleep(0.02)
        return self.shim.hits > 0

    async def _seen(self, kind: str) -> bool:
        """Wait until the fault can be seen; tell whether the program ended by it."""
        hit_at = self.shim.first_hit_at
        ended = False
        while time.monotonic() - hit_at <= SEEN_S:
            await asyncio.sleep(0.02)
            ended = not self.site.program.alive
            if ended or (kind not in FATAL and self.site.code("store") != "ok"):
                break
        took_s = time.monotonic() - hit_at
        self.seen_s.append(took_s)
        if took_s > SEEN_S:
            word = "has not ended" if kind in FATAL else "shows nothing"
            self.broken.append(f"{kind}: the station {word} after {SEEN_S} s")
        if ended:
            self.site.lived(hit_at)
            if self.site.program.status == 0 or "store." not in self.site.last_words():
                self.broken.append(f"{kind}: ends without a word of why")
        elif took_s <= SEEN_S and kind != FROZEN_KILLED:
            self.told += 1
        return ended

    async def _start_in_vain(self, kind: str) -> None:
        """Start it while the disk is as bad as it was: it may end, and it saves nothing."""
        if await self.site.start():
            await asyncio.sleep(self.chance.uniform(*LASTS_S))
        self._nothing_saved(kind)
        await self._kill()

    async def _kill(self) -> None:
        self.site.lived(self.shim.first_hit_at)
        await self.site.program.kill()

    async def _well_again(self, kind: str, *, ended: bool) -> None:
        if ended:
            await self.start()
            return
        since = time.monotonic()
        while time.monotonic() - since < WELL_AGAIN_S:
            if self.site.code("store") == "ok" and not self.site.pending:
                break
            await asyncio.sleep(0.05)
        if not await self.site.saves(WELL_AGAIN_S) or self.site.code("store") != "ok":
            self.broken.append(f"{kind}: not well again: {self.site.last_words()}")

    def _nothing_saved(self, kind: str) -> None:
        since = self.shim.first_hit_at + SHOWN_S
        if wrong := [one.receipt for one in self.site.saved if one.at > since]:
            self.broken.append(f"{kind}: shown as saved all the while: {wrong[:3]}")

    async def _checked(self) -> None:
        with suppress(RuntimeError):
            await finish("station", "check", "--config", self.site.config)
            return
        self.broken.append("the station's own check finds something")


def _fill(path: Path) -> None:
    """Leave no byte free."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


@contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(("umount", "-l", str(folder)), check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(("mount", *arguments), check=True)
