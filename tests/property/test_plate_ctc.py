"""The beam search reads what the frames show, and never leaves the grammar."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from station.domain.plates import DIGITS, GRAMMAR, PROVINCES, SERIAL_LETTERS
from station.plate_reader.ctc import Alphabet, likeliest

CHARACTERS = [*PROVINCES, *DIGITS, *SERIAL_LETTERS, "O", "I", "挂", "学", "·"]
ALPHABET = Alphabet(CHARACTERS)
COLUMNS = len(CHARACTERS) + 1


def frames(text, *, sure=0.97, repeat=1):
    """Make frames that show a text: each character ``repeat`` times, then a blank."""
    shown = [place for c in text for place in (*[CHARACTERS.index(c) + 1] * repeat, 0)]
    out = np.full((len(shown), COLUMNS), (1 - sure) / (COLUMNS - 1), np.float32)
    out[np.arange(len(shown)), shown] = sure
    return out


@st.composite
def plates(draw):
    head = draw(st.sampled_from(PROVINCES)) + draw(st.sampled_from(SERIAL_LETTERS))
    serial = draw(st.text(alphabet=DIGITS + SERIAL_LETTERS, min_size=4, max_size=4))
    return head + serial + draw(st.sampled_from(DIGITS + SERIAL_LETTERS + "挂"))


@settings(max_examples=60, deadline=None)
@given(plates(), st.integers(1, 3))
def test_what_the_frames_show_is_read(text, repeat):
    read = likeliest(frames(text, repeat=repeat), ALPHABET)
    assert read.text == text
    assert all(abs(permille - 970) <= 20 for permille in read.permilles)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_noise_gives_a_plate_of_the_grammar_or_nothing(seed, length):
    noise = np.random.default_rng(seed).dirichlet(np.full(COLUMNS, 0.05), length)
    read = likeliest(noise.astype(np.float32), ALPHABET)
    assert read.text == "" or GRAMMAR.kind(read.text)
    assert len(read.permilles) == len(read.text)
    assert all(0 <= permille <= 1000 for permille in read.permilles)


def test_an_o_in_the_serial_can_only_be_a_nought_but_an_issuing_o_stays():
    assert likeliest(frames("蒙L1O345"), ALPHABET).text == "蒙L10345"
    assert likeliest(frames("粤O12345"), ALPHABET).text == "粤O12345"


def test_the_dot_between_letter_and_serial_is_no_character():
    read = likeliest(frames("蒙L·12345"), ALPHABET)
    assert read.text == "蒙L12345"
    assert read.worst_permille >= 950


def test_one_bad_character_decides_the_confidence():
    shown = frames("蒙L12345")
    place = 2 * 4
    shown[place] = (1 - 0.4) / (COLUMNS - 1)
    shown[place, CHARACTERS.index("3") + 1] = 0.4
    read = likeliest(shown, ALPHABET)
    assert read.text == "蒙L12345"
    assert read.worst_permille == read.permilles[4] == 400


def test_frames_that_show_nothing_give_nothing():
    blank = np.zeros((20, COLUMNS), np.float32)
    blank[:, 0] = 1.0
    assert likeliest(blank, ALPHABET).text == ""
