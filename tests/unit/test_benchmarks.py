"""The benchmark is honest: equal answers, turns, medians, and a peer that is missing says so."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import papers, rules, rules_bulk, rules_single
from benchmarks.__main__ import app
from benchmarks.openfisca_process import LOCK, CannotRun, OpenFisca, environment
from benchmarks.report import Row, row
from benchmarks.rounds import Contender, Timed, interleaved
from benchmarks.rules_cases import decisions, history, questions, steps, vehicles
from station.documents.registry import registry
from station.rules.decide import decide
from station.rules.lawbook import lawbook
from station.rules.verdict import Outcome

ROOT = Path(__file__).parents[2]


def absent():
    raise CannotRun("cannot be installed: no such package")


@pytest.fixture
def short(monkeypatch):
    """Keep every task to a round of one call."""
    monkeypatch.setattr(rules_single, "ROUNDS", 1)
    monkeypatch.setattr(rules_single, "_REPEATS", dict.fromkeys(rules_single._REPEATS, 1))
    monkeypatch.setattr(rules_bulk, "ROUNDS", 1)
    monkeypatch.setattr(rules, "OpenFisca", lambda table: OpenFisca(table, absent))


def test_contenders_take_turns_and_the_first_round_does_not_count():
    turns = []

    def seconds(name):
        turns.append(name)
        return float(len(turns))

    found = interleaved([Contender(n, lambda n=n: seconds(n), 2) for n in "ab"], 3)
    assert turns == list("abababab")
    assert found["a"].seconds == (1.5, 2.5, 3.5)
    assert found["a"].median == 2.5


def test_a_ratio_is_the_median_of_the_pairs():
    ours, theirs = Timed("a", (1.0, 2.0, 100.0)), Timed("b", (10.0, 30.0, 100.0))
    assert theirs.over(ours) == 10.0
    assert row("t", "µs", theirs, ours) == Row(
        task="t", engine="b", unit="µs", median=3e7, times=10.0
    )
    assert row("t", "ns", ours, ours).times is None


def test_the_json_has_the_promised_keys_and_nothing_else_is_printed(short):
    done = CliRunner().invoke(app, ["rules", "--json", "--records", "2000"])
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert set(found) == {"ratios", "rows"}
    assert set(found["ratios"]) == set(rules.RATIOS)
    assert all(value > 0 for value in found["ratios"].values())
    engines = {one["engine"] for one in found["rows"]}
    assert engines >= {"station", "zen-engine", "rule-engine", "polars", "memory copy"}


def test_a_peer_that_cannot_be_installed_says_so_and_the_run_goes_on(short):
    _, rows = rules.run(2000, lambda _: None)
    missing = [one for one in rows if one.engine == "openfisca-core"]
    assert [one.median for one in missing] == [None, None]
    assert {one.note for one in missing} == {"cannot be installed: no such package"}


def test_people_get_a_table(short):
    done = CliRunner().invoke(app, ["rules", "--records", "2000"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "rule-engine" in done.stdout
    assert "bulk_vs_copy" in done.stdout


def test_a_lock_that_cannot_be_met_is_no_crash(tmp_path):
    lock = tmp_path / "some.lock"
    lock.write_text(f"{tmp_path}/nothing-1.0-py3-none-any.whl --hash=sha256:{'0' * 64}\n")
    with pytest.raises(CannotRun, match="cannot be installed"):
        environment(tmp_path / "env", lock)
    assert not (tmp_path / "env/.ready").exists()


def test_a_peer_that_ends_at_once_is_no_crash():
    """The interpreter here has no openfisca_core."""
    with OpenFisca({"limit": [1]}, lambda: Path(sys.executable)) as peer:
        assert not peer.running
        assert "openfisca_core" in peer.why


def test_an_engine_with_another_answer_stops_the_benchmark():
    asked = questions(lawbook())
    wanted = [one.limit for one in asked]
    rules_single._assert_equal("x", wanted, asked)
    with pytest.raises(AssertionError, match="x answers"):
        rules_single._assert_equal("x", [wanted[0] + 1, *wanted[1:]], asked)
    with pytest.raises(AssertionError, match="other results"):
        rules_bulk._assert_equal("x", "aa", "ab")


def test_the_questions_end_in_every_outcome():
    outcomes = {decide(facts, lawbook()).outcome for facts in decisions().values()}
    assert outcomes == set(Outcome)


def test_the_history_is_mostly_lawful_and_is_the_same_each_time():
    columns, again = history(20_000), history(20_000)
    assert np.array_equal(columns.gross, again.gross)
    limits = np.array(steps(lawbook())["limit"])[columns.vehicle]
    share = float((columns.gross > limits).mean())
    assert 0.05 < share < 0.4
    assert len(np.unique(columns.vehicle)) == len(vehicles())


def test_the_lock_of_the_peer_names_no_host_and_pins_by_hash():
    text = LOCK.read_text("utf-8")
    assert "://" not in text
    assert "openfisca-core==" in text
    pins = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
    assert all("--hash=sha256:" in text.split(pin)[1].split("==")[0] for pin in pins)


def test_nothing_of_the_product_imports_the_benchmarks():
    script = "import station.__main__, sys; print('benchmarks' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"


def test_every_document_is_timed_on_the_clock_and_of_the_processor():
    ratios, rows = papers.run(1, lambda _: None)
    assert set(ratios) == {"document_ms", "document_cpu_ms", "document_p99_ms"}
    assert all(value > 0 for value in ratios.values())
    assert {row.engine for row in rows} == set(registry(papers.REGION).forms)
