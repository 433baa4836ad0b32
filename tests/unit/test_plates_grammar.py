"""What may stand on a plate (GA 36-2018), and what an officer should look at."""

import pytest

from station.domain.plates import (
    GRAMMAR,
    PROVINCES,
    Grammar,
    Plate,
    PlateColour,
    PlateFlag,
    PlateKind,
    masked,
    parse,
)


def test_there_are_31_provinces_each_once():
    assert len(PROVINCES) == len(set(PROVINCES)) == 31


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("蒙L12345", PlateKind.ORDINARY),
        ("蒙LAB345", PlateKind.ORDINARY),
        ("蒙L1234挂", PlateKind.TRAILER),
        ("渝B3587学", PlateKind.COACH),
        ("蒙L1234警", PlateKind.POLICE),
        ("蒙LA234警", PlateKind.POLICE),
        ("沪A1234领", PlateKind.CONSULATE),
        ("粤Z1234港", PlateKind.CROSS_BORDER),
        ("粤Z1234澳", PlateKind.CROSS_BORDER),
        ("蒙L12345D", PlateKind.NEV_LARGE),
        ("蒙L12345F", PlateKind.NEV_LARGE),
        ("蒙LD12345", PlateKind.NEV_SMALL),
        ("蒙LFA2345", PlateKind.NEV_SMALL),
    ],
)
def test_each_kind_is_known_by_its_text(text, kind):
    assert parse(text) == Plate(text)
    assert Plate(text).kind is kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "蒙",
        "蒙L1234",  # one short
        "蒙L123456",  # eight, but no letter of a new-energy plate
        "蒙I12345",  # I never issues
        "蒙L1I345",  # no I in a serial
        "蒙L1O345",  # no O in a serial
        "蒙LE2345警",  # police: A to D at most
        "蒙L1234港",  # only 粤Z crosses the border
        "蒙挂12345",
        "L12345",
        "台A12345",
        "蒙L12345A",  # an extra letter no province has announced here
        "蒙L12345挂",  # a trailer has four
        "WJ12345",
    ],
)
def test_what_is_no_plate_is_refused(text):
    assert parse(text) is None


def test_writing_habits_are_forgiven_but_nothing_is_corrected():
    assert parse(" 蒙l·12345 ") == Plate("蒙L12345")
    assert parse("蒙Ｌ・１２３４５") == Plate("蒙L12345")
    assert parse("蒙L0O345") is None


def test_extra_new_energy_letters_are_a_matter_of_configuration():
    with_extra = Grammar(nev_letters="DFAG")
    assert with_extra.parse("蒙L12345G") == Plate("蒙L12345G")
    assert with_extra.kind("蒙LG12345") is PlateKind.NEV_SMALL
    assert GRAMMAR.parse("蒙L12345G") is None


@pytest.mark.parametrize(
    ("plate", "flags"),
    [
        (Plate("粤O12345"), (PlateFlag.LEGACY_ISSUER,)),
        (Plate("粤U12345"), (PlateFlag.LEGACY_ISSUER,)),
        (Plate("蒙LAB345"), ()),
        (Plate("蒙LABC45"), (PlateFlag.MANY_LETTERS,)),
        (Plate("蒙L1234挂", PlateColour.YELLOW), ()),
        (Plate("蒙L1234挂", PlateColour.BLUE), (PlateFlag.COLOUR_DISAGREES,)),
        (Plate("蒙L12345", PlateColour.GREEN), (PlateFlag.COLOUR_DISAGREES,)),
        (Plate("蒙L12345"), ()),
        (Plate("nonsense", PlateColour.BLUE), ()),
    ],
)
def test_what_an_officer_should_look_at(plate, flags):
    assert plate.flags == flags


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("蒙L12345", "蒙L***45"),
        ("蒙L1234挂", "蒙L**34挂"),
        ("蒙L12345D", "蒙L****5D"),
        ("蒙L45", "****"),
        ("", ""),
    ],
)
def test_the_middle_of_a_number_is_hidden(number, shown):
    assert masked(number) == shown
