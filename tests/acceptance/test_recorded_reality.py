"""The station on recorded reality: real indicator frames over a replayed line, real photographs.

The frames are captures from the field (``tests/golden/README.md``). The photographs are found by
``ZHICHAO_PLATE_PHOTOS`` and are never part of the project; without them the pictures are drawn.
"""

import csv
import os
import re
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from simulators.camera.truck_art import EMPTY, Scene, scene_art
from station.domain.plates import PlateColour, parse

ROOT = Path(__file__).parents[2]
FRAMES = ROOT / "tests/golden/indicator-frames.tsv"
PASSWORD = "a password of the test"
PICTURES = 8
PERIOD = timedelta(seconds=2.5)
BYTES_PER_S = 960  # 9600 baud

STATION = """
[station]
node = "linhe"
name = "临河超限检测站"
road = "G110"
data_dir = "data"
listen = "127.0.0.1:{port}"
[scale]
url = "capture://{capture}?baud=9600"
protocol = "{protocol}"
scale_id = "S1"
certificate_no = "C1"
certificate_until = 2099-12-31
[access]
totp_roles = []
[camera]
url = "folder://{pictures}?period_ms={period_ms}"
"""


def frames_of(protocol, *origins):
    """Return the recorded frames of a protocol by the weight they mean, kg."""
    with FRAMES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader((line for line in file if line[0] != "#"), delimiter="\t"))
    return {
        int(row["gross_kg"]): bytes.fromhex(row["hex"])
        for row in rows
        if row["protocol"] == protocol
        and row["origin"] in origins
        and row["gross_kg"]
        and row["stable"] != "no"
        and "7E1" not in row["note"]
    }


def line(empty, trucks):
    """Lay the frames on the line: 1.5 s empty, then each truck for 2.6 s and 2.4 s empty.

    A picture comes each 2.5 s: the empty road first, then a truck 1 s after it drove on, the road
    0.9 s after it left, and so on.
    """

    def for_seconds(frame, seconds):
        return frame * round(seconds * BYTES_PER_S / len(frame))

    return for_seconds(empty, 1.5) + b"".join(
        for_seconds(truck, 2.6) + for_seconds(empty, 2.4) for truck in trucks
    )


def photographs():
    """Choose real photographs with one plate each: path and number."""
    folder = Path(os.environ["ZHICHAO_PLATE_PHOTOS"])
    with (folder / "labels.tsv").open(encoding="utf-8") as file:
        rows = [
            (folder / row["file"], row["label"])
            for row in csv.DictReader(file, delimiter="\t")
            if row["source"] == "easypr" and row["kind"] == "scene" and "|" not in row["label"]
        ]
    return rows[: PICTURES * 3 : 3]


def pictures_into(folder):
    """Put the pictures into *folder* in order and return their plates."""
    folder.mkdir()
    for number in range(PICTURES + 1):
        cv2.imwrite(str(folder / f"{number:02d}-a-road.png"), scene_art(EMPTY))
    if os.environ.get("ZHICHAO_PLATE_PHOTOS"):
        plates = []
        for number, (path, plate) in enumerate(photographs()):
            (folder / f"{number:02d}-b{path.suffix}").write_bytes(path.read_bytes())
            plates.append(plate)
        return plates
    plates = [f"蒙L{number}{number}{number}8{number}" for number in range(1, PICTURES + 1)]
    for number, plate in enumerate(plates):
        art = scene_art(Scene(front=parse(plate, PlateColour.YELLOW), seed=number))
        noise = np.random.default_rng(number).normal(0, 3, art.shape)
        picture = np.clip(art + noise, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number:02d}-b.jpg"), picture)
    return plates


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningStation:
    """``python -m station run`` as a child, and a signed-in console."""

    def __init__(self, folder, protocol, capture):
        self.plates = pictures_into(folder / "pictures")
        (folder / "line.bin").write_bytes(capture)
        self.config = folder / "station.toml"
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        text = STATION.format(
            port=port,
            capture=folder / "line.bin",
            protocol=protocol,
            pictures=folder / "pictures",
            period_ms=int(PERIOD.total_seconds() * 1000),
        )
        self.config.write_text(text, "utf-8")
        account = ["--certificate", "R1", "--name", "甲", "--role", "road"]
        self.command("officer", "add", *account, "--valid-until", "2099-12-31", "--password-stdin")

    def command(self, *words):
        subprocess.run(
            [sys.executable, "-m", "station", *words, "--config", str(self.config)],
            input=PASSWORD + "\n",
            text=True,
            check=True,
            cwd=ROOT,
        )

    def __enter__(self):
        self.child = subprocess.Popen(
            [sys.executable, "-m", "station", "run", "--config", str(self.config)], cwd=ROOT
        )
        self.client = httpx.Client(base_url=self.url, trust_env=False)
        return self

    def __exit__(self, *_):
        self.client.close()
        self.child.terminate()
        assert self.child.wait(20) == 0

    def get(self, path):
        answer = self.client.get(path)
        if answer.status_code == 401:
            asked = {"certificate_no": "R1", "password": PASSWORD}
            self.client.post("/api/session", json=asked).raise_for_status()
            answer = self.client.get(path)
        return answer.raise_for_status().json()

    def passages(self, wanted, within_s):
        """Wait until there are so many passages, and return them, oldest first."""
        end = time.monotonic() + within_s
        seen = []
        while time.monotonic() < end and len(seen) < wanted:
            time.sleep(1)
            try:
                seen = self.get("/api/passages")
            except httpx.TransportError:
                continue
        return seen[::-1]


def test_real_frames_and_real_photographs_become_passages(tmp_path):
    frames = frames_of("yaohua-continuous", "capture")
    weights = [weight for weight in frames if weight >= 500]
    assert sorted(weights) == [1560, 1650, 3290, 23960]
    weights = (weights * PICTURES)[:PICTURES]
    capture = line(frames[0], [frames[weight] for weight in weights])
    with RunningStation(tmp_path, "yaohua-continuous", capture) as station:
        passages = station.passages(PICTURES, within_s=120)
        alarms = station.get("/api/alarms")
    assert [passage["gross_kg"] for passage in passages] == weights
    read = [passage["tractor"]["text"] for passage in passages]
    wrong = [(r, p) for r, p in zip(read, station.plates, strict=True) if r not in (None, p)]
    exact = sum(r == p for r, p in zip(read, station.plates, strict=True))
    assert wrong == []
    assert exact > PICTURES / 2
    assert all(passage["outcome"] == "needs_review" for passage in passages)
    assert all(re.fullmatch(r"linhe-\d+-[0-9a-f]{10}", p["receipt"]) for p in passages)
    assert "passage.unweighed" not in [alarm["code"] for alarm in alarms]


@pytest.mark.parametrize("length", [17, 18])
def test_toledo_frames_of_both_lengths_become_passages(tmp_path, length):
    frames = frames_of("toledo-continuous", "capture", "computed")
    weights = [48260, 10480]
    capture = line(frames[0][:length], [frames[weight][:length] for weight in weights])
    if length == 18:
        empty = bytes.fromhex("023130202020202020302020202020300D50")
        capture = line(empty, [frames[weight] for weight in weights])
    with RunningStation(tmp_path, "toledo-continuous", capture) as station:
        passages = station.passages(len(weights), within_s=60)
    assert [passage["gross_kg"] for passage in passages] == weights
