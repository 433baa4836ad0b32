import re
from datetime import date
from pathlib import Path

import pytest

from station.domain.errors import NoLawInForce
from station.rules.inspect import check_lines, law_check, law_list, law_show
from station.rules.lawbook import lawbook, package_files
from station.rules.pages import pages, write_pages
from station.rules.parameter import Confidence, Provision

ROOT = Path(__file__).parents[2]


def test_the_law_that_comes_with_the_package_is_fit():
    check = law_check(package_files())

    assert check.problems == ()
    assert check.files == len(lawbook().parameters) >= 230
    assert list(check_lines(check))[-1] == "可用"


def test_every_open_point_of_the_law_is_settled_by_a_named_parameter():
    open_points = {f"C{at}" for at in range(1, 22)} | {f"U{at}" for at in range(1, 19)}
    assert set(law_check(package_files()).open_points) == open_points


def test_what_nobody_read_is_listed():
    recalled = set(law_check(package_files()).recalled)

    assert {
        "limit.gb1589.tridem.up_to_1400",
        "count.window",
        "penalty.authority.offsite",
    } <= recalled
    assert "tolerance.entry_ratio" not in recalled
    for key in recalled:
        history = lawbook().parameter(key).history
        marks = {mark for entry in history for mark in (entry.confidence, entry.day_confidence)}
        assert Confidence.RECALLED in marks


def test_no_axle_limit_is_called_seen():
    for key, parameter in lawbook().parameters.items():
        if key.startswith(
            (
                "limit.gb1589.axle.",
                "limit.gb1589.tandem.",
                "limit.gb1589.tridem.",
                "limit.gb1589.spacing.",
            )
        ):
            assert {entry.confidence for entry in parameter.history} == {Confidence.RECALLED}, key


def test_every_wrong_file_is_reported_and_not_only_the_first():
    law = package_files()
    law["limit/posted.yaml"] = b"title: x"
    law["points/basis.yaml"] = law["points/basis.yaml"].replace(b"2013", b"2003")

    check = law_check(law)

    assert len(check.problems) == 2
    assert check.problems[0].startswith("limit/posted.yaml: missing keys")
    assert check.problems[1] == "points/basis.yaml: days must ascend"
    assert list(check_lines(check))[-1] == "不可用"


def test_a_repeal_that_leaves_a_day_without_law_is_reported():
    law = package_files()
    law["limit/posted.yaml"] += (
        "  2027-01-01: {repealed: true, source: 某令, confidence: seen}\n".encode()
    )
    (problem,) = law_check(law).problems
    assert problem.startswith("2027-01-01: ")
    assert "limit.posted" in problem


def test_the_list_gives_the_value_of_the_day():
    lines = dict(line.split("\t", 1) for line in law_list(lawbook(), date(2023, 7, 19)))
    later = dict(line.split("\t", 1) for line in law_list(lawbook(), date(2023, 7, 20)))

    assert lines["penalty.transport.yard.min"].startswith("10000元\t")
    assert later["penalty.transport.yard.min"].startswith("3000元\t")
    assert lines["credit.publish.minor.max"].startswith("—\t")
    assert (
        dict(line.split("\t", 1) for line in law_list(lawbook()))["credit.publish_months"][:2]
        == "废止"
    )


def test_showing_a_rule_gives_its_history_or_its_day():
    whole = "\n".join(law_show(lawbook(), "points.overload_lower"))
    one = "\n".join(law_show(lawbook(), "points.overload_lower", date(2022, 3, 31)))

    assert [word in whole for word in ("2分", "3分", "1分", lawbook().edition)] == [True] * 4
    assert "3分" in one
    assert "2分" not in one
    assert "日期凭记忆,须核实" in one


def test_showing_what_does_not_exist_is_an_error():
    with pytest.raises(NoLawInForce):
        list(law_show(lawbook(), "limit.none"))
    with pytest.raises(NoLawInForce):
        list(law_show(lawbook(), "tolerance.entry_ratio", date(2019, 12, 16)))


def test_the_pages_in_the_docs_are_current():
    """Run ``python -m station law pages docs/reference/law`` or :func:`write_pages` to renew."""
    folder = ROOT / "docs/reference/law"
    found = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}
    assert found == pages(lawbook())


def test_writing_the_pages_removes_those_of_rules_that_are_gone(tmp_path):
    (tmp_path / "gone.md").write_text("x")
    assert write_pages(tmp_path, lawbook()) == len(list(tmp_path.iterdir()))
    assert not (tmp_path / "gone.md").exists()


def test_every_rule_has_a_page_with_every_source():
    found = pages(lawbook())
    for key, parameter in lawbook().parameters.items():
        assert f"]({key}.md)" in found["index.md"]
        for entry in parameter.history:
            assert entry.source in found[f"{key}.md"]


def test_every_open_point_is_explained():
    text = (ROOT / "docs/explanation/law.md").read_text("utf-8")
    explained = set(re.findall(r"^\| ([CU][0-9]+) \|", text, re.MULTILINE))
    assert explained == set(law_check(package_files()).open_points)


def test_law_numbers_stay_out_of_the_code():
    """A number of the law in the core's source would be a second place to change it."""
    numbers = {
        str(entry.value)
        for parameter in lawbook().parameters.values()
        for entry in parameter.history
        if isinstance(entry, Provision) and isinstance(entry.value, int) and entry.value > 1000
    }
    for path in (ROOT / "station/rules").glob("*.py"):
        if path.name in ("drawings.py", "parameter.py"):
            continue
        code = re.sub(r'""".*?"""|#.*', "", path.read_text("utf-8"), flags=re.DOTALL)
        used = {word.replace("_", "") for word in re.findall(r"(?<![\w.])[0-9][0-9_]*", code)}
        assert not used & numbers, path.name


def test_a_choice_is_shown_with_its_words_and_a_number_without():
    chosen, number = (
        "\n".join(law_show(lawbook(), key)) for key in ("limit.axle_sum", "limit.annex.tr_02")
    )
    assert "  可选:caps、ignored\n" in chosen
    assert "可选" not in number
