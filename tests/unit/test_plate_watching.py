"""Which pictures are worth a reading, and which readings are worth a report."""

import cv2
import numpy as np
import pytest

from simulators.camera.sensor import Sensor
from simulators.camera.truck_art import EMPTY, WEATHERS, Scene, Weather, scene_art
from station.domain.plates import Plate, PlateColour, PlateReading
from station.plate_reader.frame import Frame, is_dark, small_jpeg
from station.plate_reader.motion import SceneChange
from station.plate_reader.watcher import Attention
from tests.fakes import NOON

MS = 1_000_000
BOX = ((0, 0), (9, 0), (9, 3), (0, 3))
TRUCK = Scene(front=Plate("蒙L12345", PlateColour.YELLOW), seed=4)


def seen(text, guess="蒙L12345"):
    return PlateReading(
        text=text,
        best_guess=guess,
        confidence_permille=999,
        colour=PlateColour.YELLOW,
        rows=1,
        box=BOX,
    )


SURE = (seen("蒙L12345"),)
UNSURE = (seen(None),)
HALF = (seen("蒙L12345"), seen(None, "蒙L1234挂"))


def readings_of(attention, outcome, *, frames=200, every_ms=100):
    """Show one unchanging scene; return at which ms it was read."""
    read = []
    for number in range(frames):
        at = number * every_ms
        if attention.wants(at * MS, is_new=number == 0):
            attention.note(at * MS, outcome)
            read.append(at)
    return read


def test_a_certain_reading_is_confirmed_once_and_then_it_rests():
    assert readings_of(Attention(), SURE) == [0, 700]


def test_an_uncertain_one_is_tried_eight_times_and_then_it_rests():
    assert readings_of(Attention(), UNSURE) == [n * 700 for n in range(8)]


def test_a_picture_with_one_of_two_plates_certain_is_tried_on():
    assert len(readings_of(Attention(), HALF)) == 8


def test_an_empty_scene_is_looked_at_twice():
    assert readings_of(Attention(), ()) == [0, 700]


def test_a_change_ends_the_rest_but_never_the_pause():
    attention = Attention()
    readings_of(attention, SURE, frames=10)
    assert not attention.wants(10_000 * MS, is_new=False)
    assert attention.wants(10_000 * MS, is_new=True)
    attention.note(10_000 * MS, SURE)
    assert not attention.wants(10_699 * MS, is_new=True)
    assert attention.wants(10_700 * MS, is_new=True)


def test_the_scene_is_reported_empty_once_and_only_after_plates():
    attention = Attention()
    assert [attention.note(n, ()) for n in range(3)] == [False, False, False]
    assert attention.note(3, UNSURE)
    assert [attention.note(n, ()) for n in range(4, 8)] == [False, True, False, False]


def test_one_reading_that_missed_the_plate_does_not_empty_the_scene():
    attention = Attention()
    assert [attention.note(n, r) for n, r in enumerate([SURE, (), SURE])] == [True, False, True]


def test_a_picture_of_a_folder_stands_for_itself():
    attention = Attention()
    attention.note(0, SURE, stands_alone=True)
    assert attention.note(1, (), stands_alone=True)


def grey(scene, seed=0):
    return Frame(NOON, 0, image=Sensor(seed).frame(scene, NOON)).grey()


def change(before, after):
    scene = SceneChange()
    assert scene.is_new(grey(before))
    scene.remember(grey(before))
    return scene.is_new(grey(after, 1))


@pytest.mark.parametrize("weather", [w for name, w in WEATHERS.items() if name != "night"])
def test_a_truck_that_comes_or_goes_is_a_change(weather):
    empty, truck = Scene(weather=weather), Scene(front=TRUCK.front, seed=4, weather=weather)
    assert change(empty, truck)
    assert change(truck, empty)


@pytest.mark.parametrize("scene", [EMPTY, TRUCK])
def test_noise_and_the_burnt_in_clock_are_none(scene):
    assert not change(scene, scene)


@pytest.mark.parametrize("brightness", [800, 1200])
def test_a_cloud_is_none(brightness):
    assert not change(EMPTY, Scene(weather=Weather(brightness_permille=brightness)))


def test_the_next_truck_in_the_same_place_is_a_change():
    other = Scene(front=Plate("冀B55555", PlateColour.YELLOW), seed=9)
    assert change(TRUCK, other)


def test_a_jpeg_in_grey_is_an_eighth_and_shows_the_same():
    image = scene_art(TRUCK)
    jpeg = bytes(cv2.imencode(".jpg", image)[1])
    from_jpeg, from_image = Frame(NOON, 0, jpeg=jpeg).grey(), Frame(NOON, 0, image=image).grey()
    assert from_jpeg is not None
    assert from_jpeg.shape == from_image.shape == (90, 160)
    assert np.abs(from_jpeg.astype(int) - from_image).mean() < 8


def test_a_damaged_picture_is_none_and_no_error():
    frame = Frame(NOON, 0, jpeg=b"\xff\xd8 nothing \xff\xd9")
    assert frame.image() is None
    assert frame.grey() is None


def test_black_is_dark_and_night_with_a_plate_is_not():
    sensor = Sensor()
    black = Frame(NOON, 0, image=sensor.frame(TRUCK, NOON, is_dark=True)).grey()
    night = Scene(front=TRUCK.front, seed=4, weather=WEATHERS["night"])
    assert is_dark(black)
    assert not is_dark(grey(night))


def noise(height, width):
    """A picture that no JPEG makes small."""
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)


def test_a_small_picture_goes_over_the_line_as_the_camera_gave_it():
    jpeg = Frame(NOON, 0, image=np.zeros((720, 1280, 3), np.uint8)).jpeg()

    assert small_jpeg(Frame(NOON, 0, jpeg=jpeg)) is jpeg


@pytest.mark.parametrize(
    ("shape", "shown"), [((1080, 1920), (720, 1280)), ((600, 800), (600, 800))]
)
def test_a_large_picture_is_made_small_for_the_line_and_none_larger(shape, shown):
    jpeg = Frame(NOON, 0, image=noise(*shape)).jpeg()
    small = small_jpeg(Frame(NOON, 0, jpeg=jpeg))

    assert len(small) < 0.6 * len(jpeg)
    assert len(small) <= 512 * 1024
    assert cv2.imdecode(np.frombuffer(small, np.uint8), 1).shape[:2] == shown


def test_a_damaged_large_picture_is_not_shown():
    assert small_jpeg(Frame(NOON, 0, jpeg=b"\xff\xd8" + b"x" * 200_000)) == b""
