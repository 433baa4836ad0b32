"""Frames of real indicators, of manuals, and by hand from the rules."""

import csv
from pathlib import Path

import pytest

from station.domain.weighing import Reading
from station.scale_driver.protocols import decoder

TABLE = Path(__file__).parent.parent / "golden" / "indicator-frames.tsv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t"))


def number(text):
    return int(text) if text else None


def test_the_table_holds_captures_of_both_protocols():
    captured = [row["protocol"] for row in ROWS if row["origin"] == "capture"]
    assert captured.count("yaohua-continuous") == 5
    assert captured.count("toledo-continuous") == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['protocol']}: {row['hex']}")
def test_a_lone_frame_means_what_its_row_says(row):
    frame = bytes.fromhex(row["hex"])
    machine = decoder(row["protocol"])

    assert machine.feed(frame) + machine.finish() == [
        Reading(
            raw=frame,
            offset=0,
            gross=number(row["gross_kg"]),
            net=number(row["net_kg"]),
            tare=number(row["tare_kg"]),
            stable={"yes": True, "no": False, "": None}[row["stable"]],
            over_range=row["over_range"] == "yes",
        )
    ]


def test_all_yaohua_rows_of_the_table_make_one_stream():
    rows = [row for row in ROWS if row["protocol"] == "yaohua-continuous"]
    machine = decoder("yaohua-continuous")
    stream = b"".join(bytes.fromhex(row["hex"]) for row in rows)

    assert [event.gross for event in machine.feed(stream)] == [
        number(row["gross_kg"]) for row in rows
    ]
