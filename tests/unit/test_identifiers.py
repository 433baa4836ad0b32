"""What identifies a person: possible or not, and how much of it others see."""

import pytest

from station.domain.errors import BadIdentityNumber, InvalidFacts
from station.domain.identifiers import identity_number, masked, personal_text

GOOD = "11010519491231002X"


@pytest.mark.parametrize("number", [GOOD, GOOD.lower(), "440524188001010014"])
def test_a_number_with_its_check_digit_is_taken_in_one_form(number):
    assert identity_number(number) == number.upper()


@pytest.mark.parametrize("place", range(17))
def test_one_wrong_digit_anywhere_is_found(place):
    wrong = str((int(GOOD[place]) + 1) % 10)
    with pytest.raises(BadIdentityNumber):
        identity_number(GOOD[:place] + wrong + GOOD[place + 1 :])


@pytest.mark.parametrize("place", [n for n in range(16) if GOOD[n] != GOOD[n + 1]])
def test_two_digits_in_the_wrong_order_are_found(place):
    swapped = GOOD[:place] + GOOD[place + 1] + GOOD[place] + GOOD[place + 2 :]
    with pytest.raises(BadIdentityNumber):
        identity_number(swapped)


@pytest.mark.parametrize(
    "number",
    ["", GOOD[:-1], GOOD + "0", "X" + GOOD[1:], "１１０１０５194912310021", "110105490230002"],
)
def test_what_has_not_eighteen_places_is_none(number):
    with pytest.raises(BadIdentityNumber):
        identity_number(number)


def test_a_day_that_there_is_not_is_nobodys_birthday():
    with pytest.raises(BadIdentityNumber, match="no such day"):
        identity_number("110105194902300023")


@pytest.mark.parametrize(
    ("field", "text", "kept"),
    [
        ("driver_name", " 张三 ", "张三"),
        ("driver_name", "阿布都·热合曼", "阿布都·热合曼"),
        ("driver_id_no", GOOD.lower(), GOOD),
        ("driver_phone", "13800001234", "13800001234"),
        ("driver_phone", "0478-8260000", "0478-8260000"),
        ("driver_licence_no", GOOD, GOOD),
        ("driver_licence_no", "152800123456", "152800123456"),
    ],
)
def test_what_is_possible_is_kept(field, text, kept):
    assert personal_text(field, text) == kept


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("driver_name", ""),
        ("driver_name", "张3"),
        ("driver_name", "张" * 51),
        ("driver_phone", "138"),
        ("driver_phone", "call me"),
        ("driver_licence_no", "abc"),
        ("driver_licence_no", "110105194912310021"),
        ("driver_shoe_size", "43"),
    ],
)
def test_what_is_not_possible_is_refused_and_named(field, text):
    with pytest.raises(InvalidFacts) as caught:
        personal_text(field, text)
    assert caught.value.fields["field"] == field


@pytest.mark.parametrize(
    ("field", "text", "shown"),
    [
        ("driver_name", "张三", "张*"),
        ("driver_name", "欧阳修", "欧**"),
        ("driver_name", "张", "张*"),
        ("driver_id_no", "152801199001011212", "1528************12"),
        ("driver_phone", "13800001234", "1380*****34"),
        ("driver_phone", "8260000", "*******"),
        ("driver_licence_no", "123456", "******"),
    ],
)
def test_others_see_enough_to_recognise_and_not_enough_to_know(field, text, shown):
    assert masked(field, text) == shown
