"""``python -m station redecide``: only what changed is written, and a bad history says why."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from station.application.views import PassageView
from station.domain.errors import InvalidFacts, NotFound, SettingsError, StoreFailed
from station.domain.units import Permille
from station.rules.drawings import DRAWINGS
from station.rules.lawbook import lawbook, package_files
from station.rules.records import vehicle_to_record
from station.store.history import Revision, export_history, redecide
from station.store.history_file import OPTIONAL, ROWS, VEHICLES, History, history_schema
from station.store.law_files import law_book, law_files
from tests.fakes import passage

SIX_AXLES = vehicle_to_record(DRAWINGS["TR-06-A/6x4"].vehicle)
TWO_AXLES = vehicle_to_record(DRAWINGS["TR-02/4x2"].vehicle)
DAY = date(2026, 3, 1)


def written(path, rows, vehicles=(SIX_AXLES, {}), **columns):
    """Write a history: (id, vehicle, gross) and optional columns."""
    ids, held, gross = zip(*rows, strict=True)
    schema = history_schema(list(vehicles), list(columns))
    base = {"id": ids, "occurred_on": [DAY] * len(ids), "vehicle": held, "gross_kg": gross}
    pq.write_table(pa.table({**base, **columns}, schema=schema), path)
    return path


def edition(folder, **changes):
    """Write the package's law with some words changed into *folder*."""
    for name, content in package_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name, (old, new) in changes.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
    return str(folder)


def changes(source, target, *, on="current", old="current", permille=None):
    told = []
    revision = Revision(
        old=law_book(old),
        new=law_book(on),
        permille=None if permille is None else Permille(permille),
    )
    summary = redecide(source, target, revision, lambda done, rows: told.append((done, rows)))
    assert told[-1] == (summary.rows, summary.rows)
    return summary, pq.read_table(target).to_pylist()


def test_the_same_edition_changes_nothing(tmp_path):
    source = written(tmp_path / "in.parquet", [("a", 0, 49_000), ("b", 0, 60_000), ("c", 1, 1)])
    summary, rows = changes(source, tmp_path / "out.parquet")
    assert (summary.rows, summary.changed, rows) == (3, 0, [])


def test_only_the_rows_that_another_edition_decides_otherwise_are_written(tmp_path):
    source = written(
        tmp_path / "in.parquet",
        [("a", 0, 50_000), ("b", 0, 50_001), ("c", 0, 50_500), ("d", 0, 50_501), ("e", 1, 50_300)],
    )
    other = edition(tmp_path / "law", tolerance__station_warn=("value: 1000", "value: 1500"))
    summary, rows = changes(source, tmp_path / "out.parquet", on=other)

    assert [row["id"] for row in rows] == ["b", "c"]
    assert rows[0] == {
        "id": "b",
        "occurred_on": DAY,
        "configuration": "TR-06-A",
        "gross_kg_old": 50_001,
        "gross_kg_new": 50_001,
        "limit_kg_old": 49_000,
        "limit_kg_new": 49_000,
        "excess_kg_old": 1_001,
        "excess_kg_new": 1_001,
        "verdict_old": "violation",
        "verdict_new": "warning",
    }
    assert summary.verdicts == {("violation", "warning"): 2}


def test_another_limit_changes_limit_and_excess(tmp_path):
    source = written(tmp_path / "in.parquet", [("a", 0, 48_500), ("b", 0, 40_000)])
    other = edition(tmp_path / "law", limit__annex__tr_06_a=("value: 49000", "value: 48000"))
    _, rows = changes(source, tmp_path / "out.parquet", on=other)
    assert [row["id"] for row in rows] == ["a", "b"]
    assert (rows[0]["limit_kg_new"], rows[0]["excess_kg_new"]) == (48_000, 500)
    assert (rows[0]["verdict_old"], rows[0]["verdict_new"]) == ("lawful", "warning")
    assert (rows[1]["verdict_new"], rows[1]["excess_kg_new"]) == ("lawful", 0)


def test_a_calibration_is_floored_to_the_kilogram(tmp_path):
    source = written(tmp_path / "in.parquet", [("a", 0, 49_099), ("b", 0, 49_098), ("c", 0, 9)])
    _, rows = changes(source, tmp_path / "out.parquet", permille=998)
    assert [(row["id"], row["gross_kg_new"], row["excess_kg_new"]) for row in rows] == [
        ("a", 49_000, 0),
        ("b", 48_999, 0),
    ]
    assert {row["verdict_new"] for row in rows} == {"lawful"}


def test_a_calibration_of_each_row_is_a_column(tmp_path):
    source = written(
        tmp_path / "in.parquet",
        [("a", 0, 49_500), ("b", 0, 49_500), ("c", 0, 49_500)],
        gross_permille=[None, 1000, 1020],
    )
    _, rows = changes(source, tmp_path / "out.parquet")
    assert [(row["id"], row["verdict_new"]) for row in rows] == [("c", "violation")]
    with pytest.raises(InvalidFacts, match="calibration of its own"):
        changes(source, tmp_path / "out.parquet", permille=998)


def test_recorded_verdicts_are_what_is_compared_with(tmp_path):
    source = written(
        tmp_path / "in.parquet",
        [("a", 0, 49_500), ("b", 0, 49_500), ("c", 1, 49_500)],
        limit_kg=[49_000, 48_000, None],
        verdict=[1, 3, 2],
    )
    summary, rows = changes(source, tmp_path / "out.parquet")
    assert [(row["id"], row["excess_kg_old"], row["excess_kg_new"]) for row in rows] == [
        ("b", 1_500, 500)
    ]
    assert summary.verdicts == {("violation", "warning"): 1}


def test_signs_and_registered_masses_and_permits_count(tmp_path):
    source = written(
        tmp_path / "in.parquet",
        [("a", 0, 17_000), ("b", 0, 17_000), ("c", 0, 17_000), ("d", 0, 17_000)],
        vehicles=[TWO_AXLES],
        posted_limit_kg=[None, 15_000, None, None],
        registered_gross_kg=[None, None, 16_500, 16_000],
        permit_gross_kg=[None, None, None, 17_000],
        limit_kg=[1] * 4,
        verdict=[0] * 4,
    )
    _, rows = changes(source, tmp_path / "out.parquet")
    assert [(row["limit_kg_new"], row["verdict_new"]) for row in rows] == [
        (18_000, "lawful"),
        (15_000, "violation"),
        (16_500, "warning"),
        (16_000, "permitted"),
    ]


def test_days_before_the_law_are_said_and_have_no_limit(tmp_path):
    path = tmp_path / "in.parquet"
    schema = history_schema([SIX_AXLES], ["limit_kg", "verdict"], ids=pa.int64())
    columns = {
        "id": [1, 2],
        "occurred_on": [date(2016, 9, 20), date(2016, 9, 21)],
        "vehicle": [0, 0],
        "gross_kg": [49_000, 49_000],
        "limit_kg": [49_000, 49_000],
        "verdict": [0, 0],
    }
    pq.write_table(pa.table(columns, schema=schema), path)
    _, rows = changes(path, tmp_path / "out.parquet")
    assert [(row["id"], row["verdict_new"], row["limit_kg_new"]) for row in rows] == [
        (1, "no_law", None)
    ]


def test_more_rows_than_one_part_are_all_seen(tmp_path):
    source = tmp_path / "in.parquet"
    count = ROWS + 3
    columns = {
        "id": pa.array(range(count), pa.int64()),
        "occurred_on": pa.array([DAY]).take(pa.array([0] * count)),
        "vehicle": pa.array([0] * count, pa.uint16()),
        "gross_kg": pa.array([40_000] * (count - 2) + [49_500] * 2, pa.int32()),
    }
    pq.write_table(
        pa.table(columns, schema=history_schema([SIX_AXLES], [], ids=pa.int64())), source
    )
    _, rows = changes(source, tmp_path / "out.parquet", permille=989)
    assert [row["id"] for row in rows] == [count - 2, count - 1]


def broken(tmp_path, **changed):
    columns = {
        "id": pa.array(["a"]),
        "occurred_on": pa.array([DAY]),
        "vehicle": pa.array([0], pa.uint16()),
        "gross_kg": pa.array([49_000], pa.int32()),
        **changed,
    }
    kept = {name: column for name, column in columns.items() if column is not None}
    metadata = {VEHICLES: json.dumps([SIX_AXLES]).encode()}
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table(kept).replace_schema_metadata(metadata), path)
    return path


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"gross_kg": None}, "field=gross_kg"),
        ({"gross_kg": pa.array([49_000.5])}, "field=gross_kg"),
        ({"gross_kg": pa.array([None], pa.int32())}, "null"),
        ({"gross_kg": pa.array([0], pa.int32())}, "row=0, value=0"),
        ({"gross_kg": pa.array([-5], pa.int32())}, "value=-5"),
        ({"gross_kg": pa.array([1_000_001], pa.int32())}, "value=1000001"),
        ({"vehicle": pa.array([1], pa.uint16())}, "field=vehicle"),
        ({"vehicle": pa.array([0], pa.int64())}, "must be uint16"),
        ({"occurred_on": pa.array([date(1989, 12, 31)])}, "field=day"),
        ({"decided_on": pa.array([DAY])}, "not a column of a history, field=decided_on"),
        ({"mode": pa.array([5], pa.uint8())}, "field=mode"),
        ({"exempt": pa.array([3], pa.uint8())}, "field=exempt"),
        ({"posted_limit_kg": pa.array([-1], pa.int32())}, "field=posted"),
        ({"gross_permille": pa.array([1501], pa.int32())}, "field=gross_permille"),
        ({"gross_permille": pa.array([499], pa.int32())}, "field=gross_permille"),
        ({"verdict": pa.array([1], pa.uint8())}, "go together"),
        (
            {"verdict": pa.array([6], pa.uint8()), "limit_kg": pa.array([1], pa.int32())},
            "field=verdict",
        ),
    ],
)
def test_a_history_that_cannot_be_used_names_the_column(tmp_path, changed, says):
    with pytest.raises(InvalidFacts) as caught:
        changes(broken(tmp_path, **changed), tmp_path / "out.parquet")
    assert says in str(caught.value).replace(": field", ", field")
    assert list(tmp_path.glob("out.parquet*")) == []


def test_a_history_without_its_vehicles_is_refused(tmp_path):
    path = broken(tmp_path)
    pq.write_table(pq.read_table(path).replace_schema_metadata({}), path)
    with pytest.raises(InvalidFacts, match="list of vehicles"):
        History(path)
    bad = [{**SIX_AXLES, "axles": SIX_AXLES["axles"][:1]}]
    with pytest.raises(InvalidFacts, match="2 to 12 axles"):
        changes(written(path, [("a", 0, 1)], vehicles=bad), tmp_path / "out.parquet")
    with pytest.raises(InvalidFacts, match="vehicle=1"):
        History(written(path, [("a", 0, 1)], vehicles=[{}, {"kind": "lorry"}]))


def test_what_is_no_parquet_or_is_not_there_is_said(tmp_path):
    path = tmp_path / "in.parquet"
    with pytest.raises(NotFound):
        History(path)
    path.write_bytes(b"PAR1 nothing")
    with pytest.raises(InvalidFacts, match="no Parquet"):
        History(path)


def test_the_history_is_never_overwritten(tmp_path):
    source = written(tmp_path / "in.parquet", [("a", 0, 49_000)])
    held = source.read_bytes()
    with pytest.raises(InvalidFacts, match="cannot replace"):
        changes(source, source)
    with pytest.raises(StoreFailed):
        changes(source, tmp_path / "nowhere" / "out.parquet")
    assert source.read_bytes() == held


def test_an_edition_is_a_folder_of_law_files(tmp_path):
    same = edition(tmp_path / "law")
    assert law_book(same).edition == law_book("current").edition == lawbook().edition
    with pytest.raises(SettingsError, match="no law file"):
        law_files(str(tmp_path / "nowhere"))
    (tmp_path / "law/limit/annex/tr_02.yaml").write_text("titel: x\n", "utf-8")
    with pytest.raises(SettingsError, match=r"limit/annex/tr_02\.yaml: unknown keys titel"):
        law_book(same)


def test_every_optional_column_is_described():
    text = (Path(__file__).parents[2] / "docs/howto/redecide-history.md").read_text("utf-8")
    assert [name for name in OPTIONAL if f"`{name}`" not in text] == []


def command(*words, folder):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-m", "station", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_writes_the_changes_and_counts_them(tmp_path):
    written(tmp_path / "in.parquet", [("a", 0, 49_500), ("b", 0, 48_000)])
    words = ("redecide", "--in", "in.parquet", "--on-edition", "current", "--out", "out.parquet")
    done = command(*words, "--gross-permille", "985", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["1\twarning\tlawful", "1 of 2 rows differ: out.parquet"]
    assert "2/2" in done.stderr
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 1

    wrong = command(*words[:3], "--on-edition", "nowhere", "--out", "o.parquet", folder=tmp_path)
    assert wrong.returncode == 1
    assert "nowhere: no law file" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_law_check_looks_at_a_folder_too(tmp_path):
    folder = edition(tmp_path / "law")
    law = Path(folder) / "limit/annex/tr_02.yaml"
    text = law.read_text("utf-8")
    law.write_text(text + "speed: 3\n", "utf-8")
    shutil.rmtree(Path(folder) / "citation")
    done = command("law", "check", "--edition", "law", folder=tmp_path)
    assert done.returncode == 1
    assert "limit/annex/tr_02.yaml: unknown keys speed" in done.stdout


def view(name, vehicle, **changed):
    kept = passage(name, vehicle=vehicle, **changed)
    return PassageView(
        passage=kept,
        receipt="",
        tractor=kept.tractor,
        trailer=None,
        vehicle=vehicle,
        vehicle_origin="officer",
        verdict=kept.verdict,
        explanation="",
        recheck_of=kept.recheck_of,
    )


def test_a_station_writes_its_first_weighings_as_a_history(tmp_path):
    weighed = [{**axle, "weight_kg": 10_000} for axle in SIX_AXLES["axles"]]
    views = [
        view("p1", {**SIX_AXLES, "registered_gross_kg": 49_000, "kerb_kg": 15_000}),
        view("p2", {**SIX_AXLES, "axles": weighed, "approved_load_kg": 33_000}),
        view("p3", SIX_AXLES, recheck_of="LINHE202603010001"),
        view("p4", None, verdict="needs_review", mode="mobile"),
    ]
    assert export_history(views, tmp_path / "in.parquet") == 3
    with History(tmp_path / "in.parquet") as history:
        (part,) = history.parts()
        assert part.ids.to_pylist() == ["p1", "p2", "p4"]
        assert [len(one.axles) if one else None for one in history.vehicles] == [6, None]
        assert part.columns.vehicle.tolist() == [0, 0, 1]
        assert part.columns.registered.tolist() == [49_000, 0, 0]
        assert part.columns.mode.tolist() == [0, 0, 1]
    _, rows = changes(tmp_path / "in.parquet", tmp_path / "out.parquet")
    # The fake verdict of p4 has a limit, which nothing of a vehicle not known can have.
    assert [(row["id"], row["limit_kg_new"]) for row in rows] == [("p4", None)]
