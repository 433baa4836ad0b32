"""The demo runs the whole system against a simulated world and finds nothing lost or wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

KEYS = {
    *("trucks", "weighed", "unweighed", "verdicts_wrong"),
    *("plates_exact", "plates_wrong", "plates_abstained"),
    *("cases_opened", "cases_closed", "entries_at_stations", "entries_at_central"),
    *(
        "cases_closed_by_mode",
        "cases_complete",
        "recordings",
        "recordings_excused",
        "driver_requests_answered",
    ),
    *("lost", "duplicated", "list_rows", "seconds", "seed", "refused", "errors"),
}
STATIONS = ("linhe", "hailiutu", "dashuncheng", "mobile", "offsite")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the database's own user may enter, which pytest's is not."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def command(folder: Path, *options: str) -> list[str]:
    run = [sys.executable, "-m", "simulators", "demo", "--headless", "--speed", "60"]
    return [*run, "--dir", str(folder / "run"), *options]


def played(folder: Path, *options: str) -> tuple[dict[str, Any], str]:
    """Run a demo to its end; return its report and what it printed."""
    report = folder / "demo.json"
    done = subprocess.run(
        command(folder, "--report", str(report), *options),
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said + (report.read_text("utf-8") if report.exists() else "")
    return json.loads(report.read_text("utf-8")), said


def left_behind(folder: Path) -> list[str]:
    """Return the command lines of processes that have to do with *folder*."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def assert_nothing_left(folder: Path, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while left_behind(folder) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_behind(folder) == []


def assert_clean(report: dict[str, Any]) -> None:
    assert report["errors"] == []
    assert (report["lost"], report["duplicated"], report["verdicts_wrong"]) == (0, 0, 0)
    assert report["plates_wrong"] == 0
    assert report["trucks"] == report["weighed"] + report["unweighed"]
    assert report["entries_at_stations"] == report["entries_at_central"] > 0
    assert report["cases_opened"] == report["cases_closed"] == report["cases_complete"]
    assert report["recordings"] >= 1


def test_a_demo_runs_to_its_end_and_nothing_is_lost_or_wrong(folder: Path) -> None:
    report, said = played(folder, "--minutes", "0.5", "--seed", "7")
    assert set(report) == KEYS
    assert_clean(report)
    assert report["unweighed"] == 0
    assert report["weighed"] >= len(STATIONS) * 2
    assert report["cases_opened"] >= 1
    assert report["plates_exact"] > 0
    progress = [line for line in said.splitlines() if "weighed," in line]
    assert len(progress) > 5
    assert all(name in progress[-1] for name in STATIONS)
    assert_nothing_left(folder, 5)


def test_a_killed_station_loses_nothing_that_it_acknowledged(folder: Path) -> None:
    report, said = played(folder, "--minutes", "0.4", "--seed", "12", "--kill-station")
    assert "linhe was killed" in said
    assert "linhe runs again" in said
    assert_clean(report)
    assert report["unweighed"] <= 1
    assert_nothing_left(folder, 5)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_demo_that_is_stopped_or_killed_leaves_no_process_behind(
    folder: Path, how: signal.Signals
) -> None:
    with subprocess.Popen(
        command(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as demo:
        assert demo.stdout is not None
        until_traffic(demo)
        assert len(left_behind(folder)) >= len(STATIONS) + 2
        os.kill(demo.pid, how)
        demo.stdout.read()
        assert demo.wait(timeout=60) == (0 if how is signal.SIGINT else -how)
    assert_nothing_left(folder, 20)


def until_traffic(demo: subprocess.Popen[str]) -> None:
    """Read the demo's lines until trucks drive."""
    assert demo.stdout is not None
    for line in demo.stdout:
        if "traffic:" in line:
            return
    pytest.fail("the demo ended before any traffic")
