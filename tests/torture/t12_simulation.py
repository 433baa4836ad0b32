"""T12, simulation: every promise holds after each step of thousands of worlds that go wrong.

A seed is a world (:mod:`tests.torture.simulation`): two stations, a centre and a witness in one
thread whose time is counted. By chance programs die between two effects, lines lose, double, delay
and tear messages, databases fail, clocks are set, disks are restored and cloned, keys are rotated
rightly and wrongly, strangers and old messages come. Then all faults cease.

Promised after each step: what officers were shown as saved is at the station; what a station takes
as delivered, and what a receipt names, is at the centre byte for byte, once, in order; the log is
the tree of the entries; a fork closes its node and nothing of it is seen; nobody else closes one;
on a violation one fine is effective; the witness believes one log. In the end both sides are equal.

A seed that breaks a promise is printed with its steps, and can be run alone:
``python -m tests.torture --scenario T12 --seed N --states 1``.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.torture.harness import Options, Outcome
from tests.torture.simulation.world import Told, told
from tests.torture.simulation.wrong import PROGRAMS

NAME = "T12"
MUTANTS = tuple(PROGRAMS)
SEEDS = 10_000
SEEDS_PER_MUTANT = 150
"""A mutant must be caught within so many."""
IN_ONE_PROCESS = 200
WORKERS = 2
STEPS_SHOWN = 60


def run(options: Options) -> Outcome:
    """Live through as many worlds as asked, from the seed on; ``states`` is their number."""
    seeds = range(options.seed, options.seed + (options.states or SEEDS))
    if options.mutant is not None:
        wrong = PROGRAMS[options.mutant]
        with wrong():
            return _outcome(_lived(seeds[:SEEDS_PER_MUTANT], until_broken=True), show=False)
    if len(seeds) <= IN_ONE_PROCESS:
        return _outcome(_lived(seeds))
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("fork")) as pool:
        return _outcome(pool.map(_quiet, seeds, chunksize=50))


def _lived(seeds: range, *, until_broken: bool = False) -> Iterator[Told]:
    for seed in seeds:
        found = _quiet(seed)
        yield found
        if found.broken and until_broken:
            return


def _quiet(seed: int) -> Told:
    """Live one world. What the programs log of their faults is known here already."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        found = told(seed)
    finally:
        logging.disable(before)
    if not found.broken:
        found.trace.clear()
    return found


def _outcome(worlds: Iterator[Told], *, show: bool = True) -> Outcome:
    sums, faults, broken = Counter[str](), Counter[str](), list[str]()
    for one in worlds:
        faults += one.faults
        sums.update(
            seeds=1,
            steps=one.steps,
            acknowledged=one.acknowledged,
            receipts=one.receipts,
            taken=one.taken,
            lost=one.lost,
        )
        if one.broken:
            broken += [f"seed {one.seed}: {text}" for text in one.broken]
            if show:
                _show(one)
    return Outcome(
        faults=faults.total(),
        acknowledged=sums["acknowledged"],
        lost=sums["lost"],
        broken=tuple(broken),
        more={
            "seeds": sums["seeds"],
            "steps": sums["steps"],
            "receipts": sums["receipts"],
            "decisions_taken_up": sums["taken"],
            "faults_by_kind": dict(sorted(faults.items())),
        },
    )


def _show(one: Told) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"seed {one.seed}\n" + "\n".join(one.trace[-STEPS_SHOWN:]) + "\n")
