import re
from pathlib import Path

import pytest

from station.contract.messages import message, templates
from station.domain import errors
from station.domain.errors import ZhichaoError
from station.domain.said import FIELDS, OPTIONAL, PERSONAL


def every_error(kind=ZhichaoError):
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from every_error(child)


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: error.__name__)
def test_every_error_has_a_chinese_sentence_of_its_own(error):
    assert re.search(r"[\u4e00-\u9fff]", templates()[error.code])


def test_no_two_errors_share_a_code():
    codes = [error.code for error in every_error()]

    assert len(set(codes)) == len(codes) > 20


def test_fields_are_filled_in_and_a_missing_one_shows_as_a_dash():
    full = message(errors.BrokenChain.code, {"expected": 4, "seq": 9})

    assert "第4条" in full
    assert "第9条" in full
    assert "第—条" in message(errors.BrokenChain.code, {"seq": 9})


def test_a_detail_that_is_not_there_leaves_no_trace():
    assert message("not_found", {}) == "没有找到所查内容。"


def test_a_code_that_nobody_has_written_a_sentence_for_is_still_shown():
    assert "device.new" in message("device.new", {})


def test_braces_in_a_field_are_text():
    assert message("settings", {"detail": "{x}{0}"}).endswith("{x}{0}")


def test_every_reason_that_an_error_gives_has_a_sentence_and_no_sentence_is_left_over():
    root = Path(__file__).parents[2]
    sources = [*(root / "station").rglob("*.py"), *(root / "central").rglob("*.py")]
    given = {why for path in sources for why in re.findall(r'why="(\w+)"', path.read_text("utf-8"))}
    said = {code.removeprefix("why.") for code in templates() if code.startswith("why.")}

    assert given == said
    assert len(said) > 30


def test_a_reason_is_said_in_place_of_the_codes_own_sentence():
    fields = {"field": "fine_fen", "why": "fine_band", "low": 500, "high": 2000, "detail": "x"}

    assert message("facts.invalid", fields) == "罚款应在500元至2000元之间，请按认定的幅度填写。"


def test_every_field_that_an_act_states_has_a_word():
    acts = (*FIELDS.values(), *OPTIONAL.values(), *PERSONAL.values())
    fields = {name for act in acts for name in act}

    assert {name for name in fields if f"value.field.{name}" not in templates()} == set()
