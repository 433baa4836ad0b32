"""The simulation: many worlds hold what is promised, and one seed is one world."""

import hashlib
import os
import subprocess
import sys

import pytest

from central.application.ledger_ports import Desk
from central.application.serving import Shelf
from tests.torture import t12_simulation
from tests.torture.harness import Options, run_scenario
from tests.torture.simulation.archive import SimulatedDesk
from tests.torture.simulation.shelf import SimulatedShelf
from tests.torture.simulation.world import told

SEED = 515
SEEDS = 150
QUICK = (
    "acknowledges_before_commit",
    "receipt_before_commit",
    "counts_duplicates_twice",
    "projects_twice",
    "fines_twice",
    "takes_every_answer_for_a_yes",
    "notes_before_the_receipt",
    "skips_after_a_timeout",
    "log_forgets_a_leaf",
)
"""Wrong programs that the first few seeds catch; the others take seconds, and come with the whole
suite."""
DIGEST = (
    "import sys; from tests.torture.test_simulation import digest; print(digest(int(sys.argv[1])))"
)


def digest(seed):
    """Return a digest of all that happens in a world."""
    return hashlib.sha256("\n".join(told(seed).trace).encode()).hexdigest()


def test_in_many_worlds_every_promise_holds_after_each_step(tmp_path):
    options = Options(seed=SEED, scratch=tmp_path, states=SEEDS)
    report = run_scenario(t12_simulation, options, mutants=QUICK, status=lambda _: None)
    assert report.broken == []
    assert report.alive == []
    assert report.lost == 0
    assert report.more["seeds"] == SEEDS
    kinds = report.more["faults_by_kind"]
    assert len(kinds) == 20, "every kind of fault has happened"
    assert report.acknowledged > 5000
    assert report.more["decisions_taken_up"] > 50


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_is_one_world_in_whatever_process(hash_seed):
    found = subprocess.run(
        [sys.executable, "-c", DIGEST, str(SEED)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == digest(SEED)


@pytest.mark.parametrize(("port", "simulated"), [(Desk, SimulatedDesk), (Shelf, SimulatedShelf)])
def test_the_database_in_memory_has_all_that_its_port_has(port, simulated):
    wanted = {
        name
        for one in port.__mro__
        for name in vars(one)
        if not name.startswith("_") and callable(getattr(port, name))
    }
    assert {name for name in wanted if not hasattr(simulated, name)} == set()
