"""The tables that a beam search walks give exactly the plates that the grammar accepts."""

from hypothesis import given
from hypothesis import strategies as st

from station.domain.plates import GRAMMAR, Grammar, masked, parse

ALPHABET = "蒙京粤皖" + "ABDFIOUZ" + "0159" + "挂学警领港澳"
LONGEST = 8


@st.composite
def walks(draw):
    """Walk the tables to an end, a character at a time."""
    text = ""
    while following := GRAMMAR.next_characters(text):
        if GRAMMAR.kind(text) and draw(st.booleans()):
            break
        text += draw(st.sampled_from(sorted(following)))
    return text


@given(walks())
def test_every_walk_ends_in_a_plate(text):
    plate = parse(text)
    assert plate is not None
    assert plate.number == text
    assert len(text) <= LONGEST


@given(st.text(alphabet=ALPHABET, max_size=9))
def test_a_text_is_a_plate_exactly_when_it_can_be_walked(text):
    walked = all(text[i] in GRAMMAR.next_characters(text[:i]) for i in range(len(text)))
    if GRAMMAR.kind(text):
        assert walked
    if not walked:
        assert parse(text) is None


@given(st.text(max_size=12))
def test_any_text_is_parsed_or_refused_but_never_an_error(text):
    plate = parse(text)
    assert plate is None or GRAMMAR.kind(plate.number)


@given(walks())
def test_more_new_energy_letters_never_take_a_plate_away(text):
    assert Grammar(nev_letters="DFABCEGHJK").kind(text)


@given(walks())
def test_masking_keeps_the_length_and_hides_at_least_two_of_the_serial(text):
    shown = masked(text)
    assert len(shown) == len(text)
    assert shown[2:].count("*") >= 2
    assert all(a in (b, "*") for a, b in zip(shown, text, strict=True))
