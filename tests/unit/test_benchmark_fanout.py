"""The fan-out benchmark is honest: everything arrives, in turns, with or without a compiler."""

import io
import os

import pytest

from benchmarks import fanout


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(fanout, "SIZES", (3,))
    monkeypatch.setattr(fanout, "ROUNDS", 1)
    monkeypatch.setattr(fanout, "DELIVERIES", 120)
    monkeypatch.setattr(fanout, "RATE", 300)
    monkeypatch.setattr(fanout, "PACED_ROUNDS", 1)
    monkeypatch.setattr(fanout, "PACED_S", 0.1)


@pytest.mark.parametrize("compiler", [True, False])
def test_every_contender_delivers_everything_and_the_limit_is_named(short, monkeypatch, compiler):
    if not compiler:
        monkeypatch.setattr(fanout.shutil, "which", lambda _: None)
    elif not (fanout.shutil.which("gcc") or fanout.shutil.which("cc")):
        assert "CI" not in os.environ, "no C compiler: tests/system_packages.py installs it"
        pytest.skip("no C compiler on this machine")

    ratios, rows = fanout.run(lambda _: None)

    assert tuple(ratios) == fanout.RATIOS
    assert all(value > 0 for value in ratios.values())
    through, lateness = ([row.engine for row in rows if row.unit == unit] for unit in ("µs", "ms"))
    assert through == [fanout.LIMIT, fanout.OURS, fanout.BROADCAST]
    assert lateness == [fanout.LIMIT, fanout.OURS]
    notes = {row.note for row in rows if row.engine == fanout.LIMIT}
    assert any("os.write" in note for note in notes) is not compiler


class FakeProcess:
    """A process that says what it was told to say."""

    def __init__(self, said=""):
        self.stdin, self.stdout, self.args = io.StringIO(), io.StringIO(said), "fake"


def test_what_does_not_arrive_is_no_result():
    pair = fanout.Pair(FakeProcess(), FakeProcess("5 100 10 20\n6 100 10 20\n"))
    with pytest.raises(RuntimeError, match="5 of 6 arrived"):
        pair.told("burst 3", 6)

    assert pair.told("burst 3", 6) == (6, 100, 10, 20)
