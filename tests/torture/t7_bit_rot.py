"""T7, bit rot: a bit that flips in a store is detected or harmless, and never shows another value.

At the station two stores are written, one closed, one killed with its newest entries in the
journal. In copies of them bits flip in the database, its journal, the pictures and the mark of the
ledger's end: before the store is opened, or while it is. Then all that a station shows is read, an
entry is written, and ``python -m station check`` goes through it (:mod:`tests.torture.rotting`).
At the centre it is the same with its PostgreSQL, one closed and one killed, and its pictures: all
that headquarters shows is read, every row, and the audit looks
(:mod:`tests.torture.rotting_centre`); one fault of ten is there.

Promised: whatever is shown is what was written or an error of ours; what is missing is noticed, by
an error, by the check or by the audit; what nobody notices changed no entry, no view and no
picture. (At the station the newest receipts may go with the journal's end: what is sent again is
receipted again. In the journal of a *running* program this holds for what is shown; the marks of
delivery are not guarded there. At the centre, where PostgreSQL keeps no checksum of which
transactions were committed, what is shown may be older than it was until the audit says so, but
never another weight, time or amount; and checkpoints, alarms and what was refused, which only the
database holds, may go with the journal's end.) A *fault* is a copy in which bits flipped.
"""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.torture import mutant
from tests.torture.harness import Options, Outcome, run_program

NAME = "T7"
CENTRE_MUTANTS = {
    "database_checksums_ignored": "our tables",
    "views_not_compared": "pg_xact",
    "recording_digest_not_checked": "recordings",
    "audit_finds_nothing": "pg_wal",
}
"""Each with where bits must flip for it to be caught."""
MUTANTS = (
    "page_checksums_not_checked",
    "view_digest_not_checked",
    "entry_not_verified",
    "picture_digest_not_checked",
    "shorter_ledger_not_noticed",
    "check_finds_nothing",
    *CENTRE_MUTANTS,
)
FAULTS = 2000
AT_THE_CENTRE = 10
"""One in so many."""
WORKERS = 2
STORES = {"closed": ("--steps", "40"), "killed": ("--steps", "30+20", "--abandon")}


def run(options: Options) -> Outcome:
    """Write the stores, then flip bits in copies of them."""
    faults = options.faults or FAULTS
    lines: list[Line] = []
    if options.mutant not in CENTRE_MUTANTS:
        lines += _at_the_station(options, faults)
    if options.mutant is None:
        lines += _at_the_centre(options, max(1, faults // AT_THE_CENTRE))
    elif options.mutant in CENTRE_MUTANTS:
        lines += _at_the_centre(options, faults)
    found = [line for line in lines if "result" in line]
    entries = {line["of"]: line["entries"] for line in lines if "entries" in line}
    results = Counter(line["result"] for line in found)
    broken = tuple(
        f"{line['fault']}: {line['why']}" for line in found if line["result"] == "broken"
    )
    return Outcome(
        faults=len(found),
        acknowledged=sum(entries.values()),
        lost=sum("nobody noticed" in text for text in broken),
        broken=broken,
        more={
            "detected": results["detected"],
            "harmless": results["harmless"],
            "at_the_centre": sum(line["of"] == "centre" for line in found),
        },
    )


Line = dict[str, Any]


def _at_the_station(options: Options, faults: int) -> list[Line]:
    world = options.scratch / "world"
    for shape, arguments in STORES.items():
        program = ("tests.torture.writer", str(world / shape), "--seed", str(options.seed))
        run_program(*program, "--deliver-every", "1", *arguments)
    return _rot(options, "tests.torture.rotting", world, faults)


def _at_the_centre(options: Options, faults: int) -> list[Line]:
    world = options.scratch / "centre"
    for one in (options.scratch, *options.scratch.parents):
        if one.name.startswith("torture-"):
            one.chmod(0o711)  # the database runs as a user of its own
    run_program("tests.torture.centre_world", str(world), "--seed", str(options.seed))
    only = CENTRE_MUTANTS.get(options.mutant or "")
    more = ("--only", only) if only else ()
    return _rot(options, "tests.torture.rotting_centre", world, faults, *more)


def _rot(options: Options, name: str, world: Path, faults: int, *more: str) -> list[Line]:
    workers = 1 if options.until_broken else min(WORKERS, faults)

    def part(first: int) -> list[Line]:
        scratch = options.scratch / f"{world.name}-copies-{first}"
        scratch.mkdir()
        scratch.chmod(0o711)
        program = (name, str(world), str(scratch), "--seed", str(options.seed), *more)
        program += ("--faults", str(faults), "--first", str(first), "--step", str(workers))
        program += ("--until-broken",) if options.until_broken else ()
        lines = run_program(*mutant.command(options.mutant, *program))
        return [{**json.loads(line), "of": world.name} for line in lines]

    with ThreadPoolExecutor(workers) as pool:
        return [line for lines in pool.map(part, range(workers)) for line in lines]
