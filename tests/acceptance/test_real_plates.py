"""How much is read with certainty, and that what is certain is right.

With ``ZHICHAO_PLATE_PHOTOS`` naming a folder of labelled photographs (``labels.tsv``: ``file``,
``kind`` crop or scene, ``label`` with ``|`` between several plates, ``source``) a fixed sample of
them is read, ``ZHICHAO_PLATE_SAMPLE`` of each group (40). Without it, drawn plates are: the
photographs are not shipped. ``-s`` shows the counts.
"""

import csv
import os
import random
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from simulators.camera.sensor import Sensor
from simulators.camera.truck_art import WEATHERS, Scene
from station.domain.plates import DIGITS, Plate, PlateColour
from station.plate_reader.pictures import opened
from station.plate_reader.reader import PlateReader
from tests.fakes import NOON

PHOTOS = os.environ.get("ZHICHAO_PLATE_PHOTOS", "")
OF_EACH_GROUP = int(os.environ.get("ZHICHAO_PLATE_SAMPLE", "40"))
LEAST_OF_GROUP = 10
FLOORS = {"crop lprnet": 0.88, "crop easypr_crop": 0.70, "scene easypr": 0.72}
"""Shares that must be certain and exact, some way below what was measured (plates.md)."""

MOST_WRONG = 0.02
"""Share that may be certain and differ from its label; of those measured the label was wrong."""

DRAWN_FLOOR = 0.85
HEADS = ["蒙L"] * 5 + ["蒙K", "蒙B", "蒙J", "陕K", "晋B", "冀B", "甘A", "豫A", "鲁R"]


@dataclass
class Tally:
    plates: int = 0
    exact: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, wanted, readings):
        certain = {reading.text for reading in readings if reading.text}
        self.plates += len(wanted)
        self.exact += len(wanted & certain)
        self.wrong += sorted(certain - wanted)

    @property
    def share(self):
        return self.exact / self.plates


@pytest.fixture(scope="module")
def reader():
    return PlateReader(1280)


@pytest.fixture(scope="module")
def tallies(reader):
    tallies = _of_photographs(reader) if PHOTOS else {"drawn": _of_drawings(reader)}
    for group, tally in tallies.items():
        sys.stdout.write(f"{group}: {tally}\n")
    return tallies


def test_enough_is_certain_and_exact(tallies):
    for group, tally in tallies.items():
        floor = FLOORS.get(group, DRAWN_FLOOR if group == "drawn" else 0.0)
        assert tally.share >= floor, (group, tally)


def test_what_is_certain_is_right(tallies):
    plates = sum(tally.plates for tally in tallies.values())
    wrong = [text for tally in tallies.values() for text in tally.wrong]
    assert len(wrong) <= (MOST_WRONG * plates if PHOTOS else 0), wrong


@pytest.mark.parametrize("weather", ["clear", "dusk"])
def test_a_covered_plate_is_never_certain(reader, weather):
    for seed in range(6):
        front, rear = _truck(random.Random(seed))
        scene = Scene(front=front, rear=rear, covered=True, weather=WEATHERS[weather], seed=seed)
        readings = reader.read(Sensor(seed).frame(scene, NOON))
        assert [reading.text for reading in readings if reading.text] == []


@pytest.mark.parametrize("weather", [name for name in WEATHERS if name != "clear"])
def test_bad_weather_costs_certainty_but_makes_nothing_wrong(reader, weather):
    tally = Tally()
    for seed in range(6):
        front, rear = _truck(random.Random(100 + seed))
        scene = Scene(front=front, rear=rear, weather=WEATHERS[weather], seed=seed)
        tally.add({front.number, rear.number}, reader.read(Sensor(seed).frame(scene, NOON)))
    assert tally.wrong == []


def _of_photographs(reader):
    folder = Path(PHOTOS)
    groups = defaultdict(list)
    with (folder / "labels.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            groups[f"{row['kind']} {row['source']}"].append(row)
    assert groups, "labels.tsv names no pictures"
    tallies = {}
    for group, rows in groups.items():
        if len(rows) < LEAST_OF_GROUP:
            continue
        tally = tallies[group] = Tally()
        step = max(1, len(rows) // OF_EACH_GROUP)
        for row in rows[::step][:OF_EACH_GROUP]:
            image = opened(folder / row["file"])
            assert image is not None, row["file"]
            is_crop = row["kind"] == "crop"
            readings = (reader.read_crop(image),) if is_crop else reader.read(image)
            tally.add(set(row["label"].split("|")), readings)
    assert tallies, "no group of pictures is large enough"
    return tallies


def _of_drawings(reader):
    tally = Tally()
    for seed in range(OF_EACH_GROUP):
        front, rear = _truck(random.Random(seed))
        if seed % 2:
            rear = None
        scene = Scene(front=front, rear=rear, seed=seed)
        wanted = {plate.number for plate in (front, rear) if plate}
        tally.add(wanted, reader.read(Sensor(seed).frame(scene, NOON)))
    return tally


def _truck(rng):
    def digits(many):
        return "".join(rng.choices(DIGITS, k=many))

    front = Plate(rng.choice(HEADS) + digits(5), PlateColour.YELLOW)
    return front, Plate(rng.choice(HEADS) + digits(4) + "挂", PlateColour.YELLOW)
