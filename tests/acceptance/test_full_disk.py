"""A disk that is really full: nothing acknowledged is lost, and the console says what to do."""

import os
import subprocess
import time

import pytest

from station.store.database import RESERVE_BYTES
from tests.acceptance.test_recorded_reality import RunningStation, frames_of, line

SIZE = RESERVE_BYTES + 4 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        assert not os.environ.get("CI"), "CI runs as root"
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "data"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Leave no byte free."""
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def wait_for(station, wanted, within_s=30):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        lane = station.get("/api/lane")
        if wanted(lane):
            return lane
        time.sleep(0.5)
    raise AssertionError(lane)


def test_a_full_disk_is_told_and_what_was_weighed_is_written_when_there_is_room(
    tmp_path, small_disk
):
    frames = frames_of("yaohua-continuous", "capture")
    capture = line(frames[0], [frames[23960], frames[3290], frames[1650]] * 4)
    with RunningStation(tmp_path, "yaohua-continuous", capture) as station:
        before = station.passages(1, within_s=60)
        fill(small_disk)
        full = wait_for(station, lambda lane: lane["store"]["code"] == "store.full")
        assert "磁盘已满" in full["store"]["message"]
        (small_disk / "filler").unlink()
        wait_for(station, lambda lane: lane["store"]["code"] == "ok" and not lane["pending"])
        after = station.passages(12, within_s=60)
        told = [alarm["code"] for alarm in station.get("/api/alarms")]
    assert [p["receipt"] for p in before] == [p["receipt"] for p in after[: len(before)]]
    assert [passage["gross_kg"] for passage in after] == [23960, 3290, 1650] * 4
    assert "store.full" in told
