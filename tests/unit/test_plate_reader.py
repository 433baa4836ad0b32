"""When the reader is sure: two engines, the grammar, the worst character, size, ground."""

import numpy as np
import pytest

from simulators.camera.plate_art import plate_art
from station.domain.plates import Plate, PlateColour
from station.plate_reader.colour import ground_colour
from station.plate_reader.ctc import NOTHING, Text
from station.plate_reader.reader import LEAST_HEIGHT_PX, PlateReader

NUMBER = "蒙L12345"
YELLOW = plate_art(Plate(NUMBER, PlateColour.YELLOW))


class Says:
    """An engine that says one thing whatever it is shown."""

    def __init__(self, text, permilles=999):
        many = (permilles,) * len(text) if isinstance(permilles, int) else permilles
        self._text = Text(text, many) if text else NOTHING

    def read(self, crop):
        return self._text


def read(first, second, crop=YELLOW):
    return PlateReader(engines=(first, second)).read_crop(crop)


def with_one(permille, place=3, text=NUMBER):
    return Says(text, tuple(permille if i == place else 999 for i in range(len(text))))


def test_two_engines_that_agree_are_believed():
    reading = read(Says(NUMBER), Says(NUMBER))
    assert reading.text == reading.best_guess == NUMBER
    assert reading.colour is PlateColour.YELLOW
    assert reading.rows == 1


def test_engines_that_disagree_give_a_guess_only_the_surer_ones():
    reading = read(with_one(700), Says("蒙L12346"))
    assert reading.text is None
    assert reading.best_guess == "蒙L12346"
    assert reading.confidence_permille == 700


def test_two_engines_sure_of_different_numbers_are_not_believed():
    assert read(Says(NUMBER), Says("蒙L12346")).text is None


def test_one_engine_alone_is_never_believed():
    reading = read(Says(NUMBER), Says(""))
    assert reading.text is None
    assert reading.best_guess == NUMBER
    assert reading.confidence_permille == 0


@pytest.mark.parametrize(("permille", "certain"), [(908, False), (909, True)])
def test_the_worst_character_decides_not_the_mean(permille, certain):
    # Two witnesses of 0.909 together make 0.990.
    reading = read(with_one(permille), with_one(permille))
    assert reading.confidence_permille == (990 if certain else 989)
    assert (reading.text == NUMBER) is certain


@pytest.mark.parametrize(("permille", "certain"), [(949, False), (950, True)])
def test_the_province_that_both_engines_learned_most_needs_more(permille, certain):
    number = "皖A12345"
    reading = read(with_one(permille, 0, number), Says(number))
    assert (reading.text == number) is certain


@pytest.mark.parametrize(("height", "certain"), [(13, False), (14, True)])
def test_a_plate_of_too_few_pixels_is_not_believed(height, certain):
    assert LEAST_HEIGHT_PX == 14
    crop = np.ascontiguousarray(YELLOW[:height, :44])
    assert (read(Says(NUMBER), Says(NUMBER), crop).text == NUMBER) is certain


@pytest.mark.parametrize(
    ("number", "drawn", "certain"),
    [
        ("蒙L12345", PlateColour.GREEN, False),  # an eighth character was lost
        ("蒙L1234挂", PlateColour.BLUE, False),
        ("蒙L1234挂", PlateColour.YELLOW, True),
        ("蒙LD12345", PlateColour.GREEN, True),
        ("蒙L12345D", PlateColour.YELLOW_GREEN, True),
        ("蒙L12345", PlateColour.WHITE, True),  # bad light makes any ground white
    ],
)
def test_a_ground_of_another_kind_contradicts(number, drawn, certain):
    crop = plate_art(Plate("蒙L12345", drawn))
    assert (read(Says(number), Says(number), crop).text == number) is certain


@pytest.mark.parametrize("colour", [c for c in PlateColour if c is not PlateColour.UNKNOWN])
@pytest.mark.parametrize("brightness", [0.6, 1.0])
def test_each_ground_is_told_by_day_and_at_dusk(colour, brightness):
    number = "蒙LD12345" if colour in (PlateColour.GREEN, PlateColour.YELLOW_GREEN) else NUMBER
    crop = (plate_art(Plate(number, colour)) * brightness).astype(np.uint8)
    assert ground_colour(crop) is colour


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 3), (2, 900), (900, 2)])
def test_a_picture_of_next_to_nothing_is_read_as_nothing(size):
    crop = np.full((*size, 3), 128, np.uint8)
    reader = PlateReader()
    assert reader.read_crop(crop).text is None
    assert reader.read(crop) == ()


def test_in_the_dark_no_ground_is_told():
    assert ground_colour((YELLOW * 0.1).astype(np.uint8)) is PlateColour.UNKNOWN
    assert ground_colour(np.full((40, 120, 3), 90, np.uint8)) is PlateColour.UNKNOWN
