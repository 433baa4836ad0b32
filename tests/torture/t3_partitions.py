"""T3, partitions: one station's wire fails in every way, another's is cut for good, one is well.

In network namespaces of their own: one way only, 30 % loss, 20 kB/s, resets, an MTU hole. As in T1
nothing is lost or doubled. The healthy station's entries are at the centre within 5 s (p99) all
the while; the cut one works on, and when its wire is mended in the end, delivers 2,000 entries
within 2 minutes.
"""

from __future__ import annotations

import asyncio
import json
import math
import pickle
import random
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from simulators.demo.ledgers import Held
from tests.torture import rooms as wires
from tests.torture.fleet import Fleet, Node, fleet
from tests.torture.harness import Options, Outcome, started
from tests.torture.t1_kill_storm import Examined, audited, drained, fined_twice, unasked

NAME = "T3"
MUTANTS = ("one_body_at_a_time", "repeated_is_taken_again")
FAULTS = 18
MUTANT_PLAN = ("mtu_hole", "deaf", "mtu_hole", "deaf", "mtu_hole")
"""Bodies that do not end, and answers that do not come: long enough for the one that is well."""
WELL, SHAKEN, CUT = STATIONS = ("linhe", "hailiutu", "dashuncheng")
LASTS_S = (3, 7)
MUTANT_LASTS_S = (9, 12)
BETWEEN_S = (1, 3)
SLOWEST_S = 5.0
BACKLOG = 2000
MUTANT_BACKLOG = 300
BACKLOG_S = 120.0

ARRIVALS = "SELECT body, received_ms FROM entry WHERE node = $1"


def run(options: Options) -> Outcome:
    """Run the scenario in a network namespace of its own, from which nothing leads out."""
    wires.require()
    command = ("unshare", "-n", sys.executable, "-m", "tests.torture.t3_partitions")
    result = options.scratch / "outcome"
    plan = {"seed": options.seed, "faults": options.faults, "mutant": options.mutant}
    arguments = (json.dumps(plan), str(options.scratch), str(result))
    with started((*command, *arguments)) as child:
        _, errors = child.communicate()
    if not result.exists():
        raise RuntimeError(errors.decode(errors="replace")[-2000:])
    outcome: Outcome = pickle.loads(result.read_bytes())
    return outcome


async def storm(options: Options) -> Outcome:
    """Let the wires fail."""
    choice = random.Random(options.seed)
    plan = [list(wires.FAULTS)[n % len(wires.FAULTS)] for n in range(options.faults or FAULTS)]
    choice.shuffle(plan)
    lasts_s = LASTS_S
    if options.mutant:
        plan, lasts_s = list(MUTANT_PLAN), MUTANT_LASTS_S
    with wires.rooms(STATIONS) as rooms:
        async with fleet(options.scratch, STATIONS, mutant=options.mutant, rooms=rooms) as made:
            wires.fault(rooms[CUT], "dumb")
            for kind in plan:
                wires.fault(rooms[SHAKEN], kind)
                await asyncio.sleep(choice.uniform(*lasts_s))
                wires.mend(rooms[SHAKEN])
                await asyncio.sleep(choice.uniform(*BETWEEN_S))
            backlog = MUTANT_BACKLOG if options.mutant else BACKLOG
            return await _examined(made, rooms, [*plan, "cut"], backlog, options)


async def _examined(
    made: Fleet, rooms: dict[str, wires.Room], faults: list[str], backlog: int, options: Options
) -> Outcome:
    well, shaken, cut = made.nodes
    worked_on = await _backlog(made, cut, backlog)
    unasked(made)
    broken: list[str] = []
    if worked_on < backlog:
        broken.append(f"{cut.name} wrote {worked_on} entries while it was cut off")
    arrived = len(await made.ledger.entries(cut.name))
    wires.mend(rooms[CUT])
    began = time.monotonic()
    for node in (cut, shaken, well):
        if not await drained(made, node):
            broken.append(f"{node.name} does not drain")
            if options.until_broken:
                return Outcome(faults=len(faults), acknowledged=0, broken=tuple(broken))
        if node is cut:
            took_s = time.monotonic() - began
    if took_s > BACKLOG_S:
        broken.append(f"{worked_on - arrived} entries took {took_s:.0f} s")
    for node in made.nodes:
        await node.program.stop()
    found = [Examined(node, *await made.held(node)) for node in made.nodes]
    broken += [text for one in found for text in one.broken]
    p99_s = await _arrival_p99_s(made, well.name)
    if p99_s > SLOWEST_S:
        broken.append(f"{well.name}: entries arrive after {p99_s:.1f} s (p99)")
    broken += await fined_twice(made)
    broken += [] if broken else await audited(made)
    return Outcome(
        faults=len(faults),
        acknowledged=sum(len(node.acknowledged) for node in made.nodes),
        lost=sum(one.lost for one in found),
        duplicated=sum(one.duplicated for one in found),
        broken=tuple(broken),
        more={
            "kinds": {kind: faults.count(kind) for kind in sorted(set(faults))},
            "well_p99_s": round(p99_s, 2),
            "backlog": worked_on - arrived,
            "backlog_s": round(took_s, 1),
        },
    )


async def _backlog(made: Fleet, cut: Node, wanted: int) -> int:
    """Wait until the station that is cut off has written enough, and return how much."""
    held: Sequence[Held] = ()
    deadline = time.monotonic() + BACKLOG_S
    while len(held) < wanted and time.monotonic() < deadline:
        await asyncio.sleep(2)
        held, _ = await made.held(cut)
    return len(held)


async def _arrival_p99_s(made: Fleet, node: str) -> float:
    """Return how long after it was sealed an entry was at the centre; one clock for both."""
    rows = await made.rows(ARRIVALS, node)
    waits = sorted(
        received_ms / 1000 - datetime.fromisoformat(json.loads(body)["wall_utc"]).timestamp()
        for body, received_ms in rows
    )
    return waits[-(-99 * len(waits) // 100) - 1] if waits else math.inf


def main() -> None:
    """Run inside; the outcome goes to a file."""
    plan, scratch, result = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    folder = scratch / "fleet"
    folder.mkdir()
    options = Options(
        seed=plan["seed"], scratch=folder, faults=plan["faults"], mutant=plan["mutant"]
    )
    result.write_bytes(pickle.dumps(asyncio.run(storm(options))))


if __name__ == "__main__":
    main()
