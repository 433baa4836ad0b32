import re

import pytest

from station.contract.messages import message, templates
from station.domain import errors
from station.domain.errors import ZhichaoError


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
