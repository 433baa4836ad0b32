"""T1, kill storm: stations, the centre and its whole database are killed, stopped and cut off.

Three stations write 20 entries a second each. Once the backlog has drained, every acknowledged
entry is there exactly once, the ledgers are byte-equal at both ends, every signature is good, the
audit finds nothing, no unlawful act has two effective fines, and each station acknowledged again
within 10 s of its restart (p99).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from simulators.demo.children import environment
from simulators.demo.ledgers import Held
from tests.torture.fleet import Fleet, Node, fleet
from tests.torture.harness import ROOT, Options, Outcome

NAME = "T1"
MUTANTS = ("repeated_is_taken_again", "watermark_without_entries", "acknowledged_before_commit")
FAULTS = 200
MUTANT_FAULTS = 30
STATIONS = ("linhe", "hailiutu", "dashuncheng")
PAUSE_S = (0.2, 1.2)
DRAIN_S = 120.0
SLOWEST_S = 10.0

FINED_TWICE = """
SELECT violation_id, count(*) FILTER (WHERE effective)
  FROM decision WHERE kind = 'fine'
 GROUP BY violation_id HAVING count(*) > 1
"""
"""Acts on which stations decided more than once, and how many of the fines are in force."""

REFUSED = "SELECT count(*) FROM alarm WHERE code = 'case.second_fine'"
UNSAID = "SELECT detail FROM alarm WHERE code = 'case.false_answer'"
"""What stations took for the centre's answer to a decision, and is not."""


def run(options: Options) -> Outcome:
    """Run the storm."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Outcome:
    faults = options.faults or FAULTS
    if options.mutant:
        faults = min(faults, MUTANT_FAULTS)
    async with fleet(options.scratch, STATIONS, mutant=options.mutant) as made:
        storm = Storm(made, random.Random(options.seed))
        for _ in range(faults):
            await storm.strike()
        unasked(made)
        broken: list[str] = []
        await storm.calm()
        broken += [
            f"{node.name} does not drain" for node in made.nodes if not await drained(made, node)
        ]
        for node in made.nodes:
            await node.program.stop()
        found = [Examined(node, *await made.held(node)) for node in made.nodes]
        broken += [text for one in found for text in one.broken]
        broken += await fined_twice(made)
        if not broken:
            broken += await audited(made)
    waits = sorted(wait for node in made.nodes for wait in node.first_after_s)
    p99 = waits[max(0, -(-99 * len(waits) // 100) - 1)] if waits else 0.0
    if p99 > SLOWEST_S:
        broken.append(f"restart to first acknowledgement: p99 {p99:.1f} s")
    return Outcome(
        faults=storm.count,
        acknowledged=sum(len(node.acknowledged) for node in made.nodes),
        lost=sum(one.lost for one in found),
        duplicated=sum(one.duplicated for one in found),
        broken=tuple(broken),
        more={"kinds": storm.kinds, "restarts": len(waits), "restart_p99_s": round(p99, 2)},
    )


class Storm:
    """Strikes at random; what it hit is up again, or on its way, when the next strike comes."""

    def __init__(self, made: Fleet, choice: random.Random) -> None:
        self._fleet = made
        self._random = choice
        self.kinds: dict[str, int] = {}
        self._blows: tuple[Callable[[], Awaitable[None]], ...] = (
            self.station_killed,
            self.station_killed,
            self.station_stopped,
            self.centre_killed,
            self.centre_stopped,
            self.database_killed,
            self.line_cut,
            self.line_cut,
            self.answers_lost,
        )
        kinds = tuple(dict.fromkeys(self._blows))
        self._due = choice.sample(kinds, len(kinds))

    @property
    def count(self) -> int:
        """Return how many faults there really were."""
        return sum(self.kinds.values())

    async def strike(self) -> None:
        """Do one thing that happens: each kind once first, so that no storm lacks one."""
        blow = self._due.pop() if self._due else self._random.choice(self._blows)
        await blow()
        name = blow.__name__
        self.kinds[name] = self.kinds.get(name, 0) + 1
        await asyncio.sleep(self._random.uniform(*PAUSE_S))

    async def calm(self) -> None:
        """Let everything run."""
        for node in self._fleet.nodes:
            node.line.mend()
            if not node.program.alive:
                await node.start()
        if not self._fleet.centre.alive:
            await self._fleet.start_centre()

    async def station_killed(self) -> None:
        """SIGKILL a station and start it again."""
        node = self._random.choice(self._fleet.nodes)
        await node.program.kill()
        await node.start()

    async def station_stopped(self) -> None:
        """SIGSTOP a station for a while."""
        await self._stopped(self._random.choice(self._fleet.nodes).program.signal)

    async def centre_killed(self) -> None:
        """SIGKILL the centre and start it again."""
        await self._fleet.centre.kill()
        await self._fleet.start_centre()

    async def centre_stopped(self) -> None:
        """SIGSTOP the centre for a while."""
        await self._stopped(self._fleet.centre.signal)

    async def database_killed(self) -> None:
        """SIGKILL the database with all its processes; the centre starts it again."""
        postmaster = self._fleet.centre_dir / "data" / "postgres" / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(postmaster.read_text("utf-8").splitlines()[0])
            for one in (pid, *children(pid)):
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)

    async def line_cut(self) -> None:
        """Cut a station's line, in the middle of whatever it carries, for a while."""
        line = self._random.choice(self._fleet.nodes).line
        line.cut()
        await asyncio.sleep(self._random.uniform(0.2, 2))
        line.mend()

    async def answers_lost(self) -> None:
        """Let the answers to a station be lost for a while: what the centre took in comes again."""
        line = self._random.choice(self._fleet.nodes).line
        line.lose_answers()
        await asyncio.sleep(self._random.uniform(0.5, 1.5))
        line.mend()

    async def _stopped(self, send: Callable[[signal.Signals], None]) -> None:
        send(signal.SIGSTOP)
        await asyncio.sleep(self._random.uniform(0.2, 1.5))
        send(signal.SIGCONT)


class Examined:
    """What became of one station's entries. *here* and *there*: at the station, at the centre."""

    def __init__(self, node: Node, here: list[Held], there: list[Held]) -> None:
        at_home = {one.seq: one for one in here}
        arrived = {one.seq: one for one in there}
        said = node.acknowledged
        missing = [s for s, d in said.items() if s not in at_home or at_home[s].digest != d]
        unsent = [s for s in said if s in at_home and s not in arrived]
        self.lost = len(missing) + len(unsent)
        self.duplicated = node.duplicated + len(there) - len(arrived) + len(here) - len(at_home)
        self.broken: list[str] = []
        if missing:
            self.broken.append(f"{node.name}: {len(missing)} acknowledged, not kept, {missing[:3]}")
        if unsent:
            self.broken.append(f"{node.name}: {len(unsent)} not at the centre, first {min(unsent)}")
        if self.duplicated:
            self.broken.append(f"{node.name}: {self.duplicated} twice")
        unlike = [s for s in arrived if s in at_home and at_home[s].body != arrived[s].body]
        if unlike:
            self.broken.append(f"{node.name}: {len(unlike)} differ at both ends, {unlike[:3]}")


def unasked(made: Fleet) -> None:
    """Check that no station ended though nobody ended it.

    Raises:
        RuntimeError: one has; the run says nothing, least of all that a mutant was caught.
    """
    for node in made.nodes:
        if node.program.ended_by_itself:
            raise RuntimeError(f"{node.name} ended by itself: {node.last_words()}")


async def drained(made: Fleet, node: Node) -> bool:
    """Let the station write no more, and wait until the centre holds all that it holds."""
    await node.program.stop()
    await node.quiet()
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline:
        here, there = await made.held(node)
        if len(there) >= len(here):
            return True
        await asyncio.sleep(0.5)
    return False


async def fined_twice(made: Fleet) -> list[str]:
    """Return the unlawful acts on which not exactly one fine is in force, though several decided.

    The stations fine each other's acts all the while: that nothing was to be refused is wrong too.
    """
    acts = await made.rows(FINED_TWICE)
    [(refused,)] = await made.rows(REFUSED)
    broken = [f"{act}: {count} effective fines" for act, count in acts if count != 1]
    if bool(acts) != bool(refused):
        broken.append(f"{len(acts)} acts fined more than once, {refused} fines refused")
    broken += [f"an answer that was not given: {detail}" for (detail,) in await made.rows(UNSAID)]
    return broken


async def audited(made: Fleet) -> list[str]:
    """Return what the centre's own audit finds."""
    status, out, err = await audit_of(made)
    if status == 0:
        return []
    with suppress(ValueError):
        return [f"audit: {json.dumps(json.loads(out), ensure_ascii=False)[:400]}"]
    return [f"audit: {(out + err).decode(errors='replace')[-400:]}"]


async def audit_of(made: Fleet) -> tuple[int | None, bytes, bytes]:
    """Audit the centre; return the command's exit status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "central", "audit", "--config", str(made.config), "--json"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment(), "PYTHONPATH": str(ROOT)},
    )
    out, err = await process.communicate()
    return process.returncode, out, err


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
