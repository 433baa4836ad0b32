import csv
import io
from datetime import date

import pytest

from central.domain.counting import RepeatVehicle, Window
from central.export.repeat_vehicles import file_name, harmless, repeat_vehicles_csv

DAYS = Window(date(2025, 3, 2), date(2026, 3, 1))
HEADER = [
    "号牌号码",
    "号牌颜色",
    "违法次数",
    "首次违法日期",
    "末次违法日期",
    "案件编号(分号分隔)",
    "统计截止日",
    "统计口径",
]


def vehicle(**changed):
    values = {
        "plate": "蒙L12345",
        "colour": "yellow",
        "times": 4,
        "first_on": date(2025, 5, 1),
        "last_on": date(2026, 2, 1),
        "case_nos": ("C1", "C2", "C3", "C4"),
    }
    return RepeatVehicle(**{**values, **changed})


def rows(*vehicles):
    content = repeat_vehicles_csv(vehicles, DAYS, 3)
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_file_begins_with_the_mark_that_spreadsheets_need_and_ends_lines_with_cr_lf():
    content = repeat_vehicles_csv([vehicle()], DAYS, 3)

    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n") == 2


def test_an_empty_list_is_a_header():
    assert rows() == [HEADER]


def test_a_row_says_whom_how_often_when_and_by_which_count():
    header, row = rows(vehicle())

    assert header == HEADER
    assert row[:7] == [
        "蒙L12345",
        "黄色",
        "4",
        "2025-05-01",
        "2026-02-01",
        "C1;C2;C3;C4",
        "2026-03-01",
    ]
    assert "2025-03-02至2026-03-01" in row[7]
    assert "超过3次" in row[7]


def test_every_ground_has_its_word_and_a_strange_one_is_unknown():
    words = [row[1] for row in rows(vehicle(colour="yellow_green"), vehicle(colour="purple"))[1:]]

    assert words == ["黄绿双拼色", "未识别"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(start):
    cell = rows(vehicle(plate=f"{start}cmd()", case_nos=(f"{start}1",)))[1]

    assert cell[0] == f"'{start}cmd()"
    assert cell[5] == f"'{start}1"


def test_a_plain_cell_is_left_alone():
    assert harmless("蒙L-1=2") == "蒙L-1=2"


def test_the_file_is_named_by_its_day():
    assert file_name(date(2026, 3, 1)) == "超限运输违法车辆名单2026-03-01.csv"
