from datetime import date

import pytest
import yaml

from station.domain.errors import NoLawInForce
from station.rules.lawbook import LawBook, edition, lawbook, package_files
from station.rules.parameter import Confidence, InvalidLaw, Provision, Repeal, parse_parameter

GOOD = """
title: 二轴货车
unit: kg
values:
  2016-09-21: {value: 18000, source: 令62号, confidence: seen, day_confidence: recalled}
  2030-01-01: {repealed: true, source: 某令, confidence: inferred}
  2031-01-01: {value: 19000, source: 某令, confidence: recalled, note: 假设}
"""


def parsed(text):
    return parse_parameter("limit.x", yaml.safe_load(text))


def test_the_history_keeps_value_source_confidence_and_note():
    parameter = parsed(GOOD)

    first, repeal, last = parameter.history
    assert first == Provision(
        in_force_from=date(2016, 9, 21),
        value=18000,
        source="令62号",
        confidence=Confidence.SEEN,
        day_confidence=Confidence.RECALLED,
    )
    assert isinstance(repeal, Repeal)
    assert last.note == "假设"
    assert last.day_confidence is Confidence.RECALLED


@pytest.mark.parametrize(
    ("day", "value"),
    [
        (date(2016, 9, 20), None),
        (date(2016, 9, 21), 18000),
        (date(2029, 12, 31), 18000),
        (date(2030, 1, 1), None),
        (date(2030, 12, 31), None),
        (date(2031, 1, 1), 19000),
    ],
)
def test_a_value_binds_from_its_day_to_the_day_before_the_next(day, value):
    parameter = parsed(GOOD)
    if value is None:
        with pytest.raises(NoLawInForce) as caught:
            parameter.on(day)
        assert caught.value.fields == {"key": "limit.x", "day": day.isoformat()}
    else:
        assert parameter.on(day).value == value


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (GOOD.replace("unit: kg", "unit: kg\nlegal: yes"), "unknown keys legal"),
        (GOOD.replace("note: 假设", "notes: 假设"), "unknown keys notes"),
        (GOOD.replace("title: 二轴货车\n", ""), "missing keys title"),
        (GOOD.replace("title: 二轴货车", "title: ''"), "'title' must be text"),
        (GOOD.replace("unit: kg", "unit: stone"), "unknown unit 'stone'"),
        (GOOD.replace("value: 18000", "value: 18000.0"), "is no whole number"),
        (GOOD.replace("value: 18000", "value: -1"), "is no whole number"),
        (GOOD.replace("value: 18000", "value: true"), "is no whole number"),
        (GOOD.replace("value: 18000", "value: 10000001"), "is no whole number"),
        (GOOD.replace("value: 18000", "value: per_axle"), "is no whole number"),
        (GOOD.replace("source: 令62号, ", ""), "missing keys source"),
        (GOOD.replace("confidence: seen, ", ""), "missing keys confidence"),
        (GOOD.replace("confidence: seen", "confidence: sure"), "'sure' is no confidence"),
        (GOOD.replace("repealed: true", "repealed: false"), "can only be true"),
        (GOOD.replace("repealed: true", "repealed: true, value: 1"), "unknown keys value"),
        (GOOD.replace("2030-01-01", "2016-09-20"), "days must ascend"),
        (GOOD.replace("2030-01-01", "twenty"), "is not a day"),
        (GOOD.replace("2030-01-01", "2030-01-01 00:00:00"), "is not a day"),
        ("title: t\nunit: kg\nvalues: {}", "must map days"),
        ("title: t\nunit: kg\nvalues: [1]", "must map days"),
        ("[]", "a mapping is expected"),
        (
            "title: t\nunit: kg\nvalues: {2016-09-21: {repealed: true, source: s,"
            " confidence: seen}}",
            "cannot start with a repeal",
        ),
        (GOOD.replace("unit: kg", "unit: kg\nchoices: [a]"), "goes with the unit 'choice'"),
        (GOOD.replace("unit: kg", "unit: choice"), "goes with the unit 'choice'"),
        (GOOD.replace("unit: kg", "unit: choice\nchoices: [a, b]"), "18000 is not one of a, b"),
        (GOOD.replace("unit: kg", "unit: choice\nchoices: [a, a]"), "listed twice"),
        (
            GOOD.replace("unit: kg", "unit: choice\nchoices: [a]").replace("18000", "b"),
            "'b' is not one of a",
        ),
        (GOOD.replace("unit: kg", "unit: kg\nopen: C1"), "a list of words"),
        (GOOD.replace("unit: kg", "unit: kg\nopen: [1]"), "a list of words"),
        (GOOD.replace("unit: kg", "unit: kg\nopen: [X1]"), "no open point"),
    ],
)
def test_a_file_that_is_not_exactly_right_is_refused(wrong, says):
    assert wrong != GOOD
    with pytest.raises(InvalidLaw, match=says) as caught:
        parsed(wrong)
    assert str(caught.value).startswith("limit.x")


def test_two_values_on_one_day_are_refused_by_name_of_the_file():
    twice = GOOD.replace("2030-01-01", "2016-09-21").encode()
    with pytest.raises(InvalidLaw, match=r"limit/x\.yaml.*written twice"):
        LawBook({"limit/x.yaml": twice})


def test_a_file_that_is_no_yaml_is_refused_by_name():
    with pytest.raises(InvalidLaw, match=r"limit/x\.yaml"):
        LawBook({"limit/x.yaml": b"title: ["})


def test_a_tag_that_would_run_code_is_refused():
    with pytest.raises(InvalidLaw, match=r"limit/x\.yaml"):
        LawBook({"limit/x.yaml": b"!!python/object/apply:os.getcwd []"})


def test_the_edition_is_the_digest_of_names_and_bytes():
    law = package_files()

    assert lawbook().edition == edition(law) == edition(dict(reversed(law.items())))
    assert lawbook().edition.startswith("sha256:")
    some = next(iter(law))
    assert edition({**law, some: law[some] + b"\n"}) != edition(law)
    renamed = {("x" + name if name == some else name): text for name, text in law.items()}
    assert edition(renamed) != edition(law)


def test_bytes_cannot_move_from_one_file_to_the_next_unseen():
    assert edition({"a": b"xy", "b": b""}) != edition({"a": b"x", "b": b"y"})
    assert edition({"a": b"1\0b"}) != edition({"a": b"1", "b": b""})


def test_no_limit_before_the_first_day_of_the_law():
    with pytest.raises(NoLawInForce):
        lawbook().on(date(2016, 9, 20))


def test_one_period_gives_one_compiled_law():
    law = lawbook()

    assert law.on(date(2022, 4, 1)) is law.on(date(2022, 4, 2))
    assert law.on(date(2022, 3, 31)) is not law.on(date(2022, 4, 1))


def test_an_unknown_key_has_no_law():
    with pytest.raises(NoLawInForce):
        lawbook().provision("limit.annex.tr_99", date(2026, 3, 1))


def test_a_law_without_a_file_that_the_core_needs_has_no_limits():
    law = package_files()
    del law["limit/single_tyre/mode.yaml"]
    with pytest.raises(NoLawInForce, match=r"limit\.single_tyre\.mode"):
        LawBook(law).on(date(2026, 3, 1))
