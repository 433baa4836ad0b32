"""T7, bit rot: a bit that flips in a store is detected or harmless, and never shows another value.

Two stores are written, one closed, one killed with its newest entries in the journal. In copies of
them bits flip in the database, its journal, the pictures and the mark of the ledger's end: before
the store is opened, or while it is. Then all that a station shows is read, an entry is written, and
``python -m station check`` goes through it (:mod:`tests.torture.rotting`).

Promised: whatever is shown is what was written or an error of ours; what is missing is noticed, by
an error or by the check; what nobody notices changed no entry, no view and no picture. (The newest
receipts may go with the journal's end: what is sent again is receipted again.) In the journal of a
*running* program this holds for what is shown; the marks of delivery are not guarded there. A
*fault* is a copy in which bits flipped.
"""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.torture import mutant
from tests.torture.harness import Options, Outcome, run_program

NAME = "T7"
MUTANTS = (
    "page_checksums_not_checked",
    "view_digest_not_checked",
    "entry_not_verified",
    "picture_digest_not_checked",
    "shorter_ledger_not_noticed",
    "check_finds_nothing",
)
FAULTS = 2000
WORKERS = 2
STORES = {"closed": ("--steps", "40"), "killed": ("--steps", "30+20", "--abandon")}


def run(options: Options) -> Outcome:
    """Write the stores, then flip bits in copies of them."""
    world = options.scratch / "world"
    for shape, arguments in STORES.items():
        program = ("tests.torture.writer", str(world / shape), "--seed", str(options.seed))
        run_program(*program, "--deliver-every", "1", *arguments)
    workers = 1 if options.until_broken else WORKERS
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_rot, options, first, workers) for first in range(workers)]
        lines = [line for job in jobs for line in job.result()]
    entries = lines[0]["entries"]
    faults = [line for line in lines if "result" in line]
    results = Counter(line["result"] for line in faults)
    broken = tuple(
        f"{line['fault']}: {line['why']}" for line in faults if line["result"] == "broken"
    )
    return Outcome(
        faults=len(faults),
        acknowledged=entries,
        lost=sum("nobody noticed" in text for text in broken),
        broken=broken,
        more={"detected": results["detected"], "harmless": results["harmless"]},
    )


def _rot(options: Options, first: int, step: int) -> list[dict[str, str]]:
    scratch = options.scratch / f"copies-{first}"
    program = ("tests.torture.rotting", str(options.scratch / "world"), str(scratch))
    program += ("--seed", str(options.seed), "--faults", str(options.faults or FAULTS))
    program += ("--first", str(first), "--step", str(step))
    program += ("--until-broken",) if options.until_broken else ()
    return [json.loads(line) for line in run_program(*mutant.command(options.mutant, *program))]
