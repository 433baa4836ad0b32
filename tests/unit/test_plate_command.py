"""The command ``read-plates``: a line for every picture, whatever the picture is."""

import io
import json

import cv2
import pytest

from simulators.camera.plate_art import plate_art
from simulators.camera.truck_art import Scene, scene_art
from station.domain.plates import Plate, PlateColour
from station.plate_reader.command import read_plates

PLATE = Plate("蒙L52896", PlateColour.YELLOW)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    cv2.imwrite(str(folder / "b truck 车.png"), scene_art(Scene(front=PLATE, seed=2)))
    cv2.imwrite(str(folder / "a road.png"), scene_art(Scene()))
    (folder / "c.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not a picture")
    sink = io.StringIO()
    read_plates([folder / "missing.jpg", folder], crop=False, sink=sink)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_a_folder_stands_for_its_pictures_by_name(lines):
    names = [line["path"].rsplit("/", 1)[-1] for line in lines]
    assert names == ["missing.jpg", "a road.png", "b truck 车.png", "c.jpg"]


def test_what_cannot_be_opened_says_so_and_the_run_goes_on(lines):
    for line in (lines[0], lines[3]):
        assert line["error"]["code"] == "plates.unreadable_picture"
        assert line["error"]["message"]
        assert line["plates"] == []
        assert isinstance(line["ms"], int)


def test_an_empty_road_has_no_plates(lines):
    assert lines[1]["plates"] == []
    assert "error" not in lines[1]


def test_a_plate_is_told_with_all_that_is_known_of_it(lines):
    (plate,) = lines[2]["plates"]
    assert plate["text"] == plate["best_guess"] == PLATE.number
    assert plate["colour"] == "yellow"
    assert plate["rows"] == 1
    assert 990 <= plate["confidence_permille"] <= 1000
    xs, ys = zip(*plate["box"], strict=True)
    assert len(plate["box"]) == 4
    assert 170 <= max(xs) - min(xs) <= 215
    assert all(isinstance(number, int) for number in xs + ys)


def test_a_crop_is_read_as_it_is(tmp_path):
    path = tmp_path / "crop.png"
    cv2.imwrite(str(path), cv2.resize(plate_art(PLATE), None, fx=0.4, fy=0.4))
    sink = io.StringIO()
    read_plates([path], crop=True, sink=sink)
    (plate,) = json.loads(sink.getvalue())["plates"]
    assert plate["text"] == PLATE.number
    assert plate["box"] == [[0, 0], [175, 0], [175, 55], [0, 55]]
