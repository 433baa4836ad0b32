"""One vehicle, several pictures: what counts as its plate."""

import pytest

from station.domain.plate_vote import settled
from station.domain.plates import PlateColour, PlateReading

BOX = ((0, 0), (9, 0), (9, 3), (0, 3))


def reading(guess, *, certain=True, permille=999, rows=1):
    return PlateReading(
        text=guess if certain else None,
        best_guess=guess,
        confidence_permille=permille,
        colour=PlateColour.YELLOW,
        rows=rows,
        box=BOX,
    )


def test_one_certain_reading_is_enough():
    vote = settled([reading("蒙L12345", permille=991)]).tractor
    assert vote.reading is not None
    assert vote.reading.text == "蒙L12345"
    assert not vote.ambiguous


def test_a_hundred_guesses_make_no_plate():
    vote = settled([reading("蒙L12345", certain=False)] * 100).tractor
    assert vote.reading is None
    assert not vote.ambiguous
    assert vote.candidates == ("蒙L12345",)


@pytest.mark.parametrize("others", [1, 50])
def test_two_certain_numbers_are_for_an_officer_however_often_one_was_read(others):
    vote = settled([reading("蒙L12345")] * others + [reading("蒙L12346", permille=990)]).tractor
    assert vote.reading is None
    assert vote.ambiguous
    assert set(vote.candidates) == {"蒙L12345", "蒙L12346"}


def test_a_guess_does_not_contradict_a_certain_reading():
    vote = settled([reading("豫L12345", certain=False), reading("蒙L12345", permille=990)]).tractor
    assert vote.reading is not None
    assert vote.reading.text == "蒙L12345"
    assert vote.candidates == ("蒙L12345", "豫L12345")


def test_tractor_and_trailer_are_settled_apart():
    plates = settled([reading("蒙L12345"), reading("蒙L1234挂", rows=2)])
    assert plates.tractor.reading is not None
    assert plates.trailer.reading is not None
    assert plates.tractor.reading.text == "蒙L12345"
    assert plates.trailer.reading.text == "蒙L1234挂"


def test_an_uncertain_trailer_does_not_touch_the_tractor():
    plates = settled([reading("蒙L12345"), reading("蒙L1234挂", certain=False)])
    assert plates.tractor.candidates == ("蒙L12345",)
    assert plates.trailer.reading is None
    assert plates.trailer.candidates == ("蒙L1234挂",)


def test_nothing_seen_is_nothing_known():
    plates = settled([])
    assert plates.tractor.reading is None
    assert plates.tractor.candidates == ()
