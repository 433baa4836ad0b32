"""A whole history at once: ours beside polars, openfisca-core and a memory copy of the columns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.openfisca_process import OpenFisca
from benchmarks.report import Row, row
from benchmarks.rounds import Contender, interleaved, timed
from benchmarks.rules_cases import history, save, steps, vehicles
from station.rules.batch import Columns, Judge, Verdicts
from station.rules.lawbook import lawbook

ROUNDS, SLOW_ROUNDS = 9, 3
COPY, STATION, POLARS = "memory copy", "station (numpy)", "polars"
GROWTH = (1_000_000, 3_000_000, 10_000_000, 30_000_000)
Progress = Callable[[str], None]


def bulk(
    records: int, openfisca: OpenFisca, progress: Progress
) -> tuple[dict[str, float | None], list[Row]]:
    """Time limit, excess and verdict of every record, equal on every engine."""
    progress(f"drawing {records:,} records")
    columns = history(records)
    judge, room = Judge(lawbook(), vehicles()), Verdicts.empty(records)
    frame = _polars(columns)
    wanted = _digest(*_columns(judge.verdicts(columns, room)))
    _assert_equal(POLARS, _digest(*frame()), wanted)
    contenders = [
        Contender(COPY, timed(_copy(columns)), records),
        Contender(STATION, timed(lambda: judge.verdicts(columns, room)), records),
        Contender(POLARS, timed(frame), records),
    ]
    progress("copy, numpy, polars")
    found = interleaved(contenders, ROUNDS)
    copy = found[COPY]
    task = f"bulk, {records:,} records"
    rows = [row(task, "ns", one, copy, _NOTES[one.name]) for one in found.values()]
    progress("openfisca-core")
    rows.append(_openfisca(openfisca, columns, wanted, task))
    progress("growth")
    return {"bulk_vs_copy": found[STATION].over(copy)}, rows


def growth(records: int, progress: Progress) -> list[Row]:
    """Time the same at one to thirty million records: linear when a record costs the same."""
    rows = []
    for count in (count for count in GROWTH if count <= 3 * records):
        progress(f"growth: {count:,} records")
        columns = history(count)
        judge, room = Judge(lawbook(), vehicles()), Verdicts.empty(count)
        found = interleaved(
            [
                Contender(COPY, timed(_copy(columns)), count),
                Contender(STATION, timed(lambda: judge.verdicts(columns, room)), count),  # noqa: B023
            ],
            5,
        )
        rows.append(row(f"growth, {count:,} records", "ns", found[STATION], found[COPY]))
    return rows


_NOTES = {
    COPY: "day, vehicle and mass: 10 bytes a record into memory that is there already",
    STATION: "law of each day, ranges checked; limit, excess and verdict",
    POLARS: "limit, excess and verdict from cells given ready; one day's law",
}


def _copy(columns: Columns) -> Callable[[], None]:
    pairs = [(column, np.empty_like(column)) for _, column in columns.given()]
    for column, target in pairs:
        np.copyto(target, column)

    def run() -> None:
        for column, target in pairs:
            np.copyto(target, column)

    return run


def _polars(columns: Columns) -> Callable[[], tuple[NDArray[np.generic], ...]]:
    frame = pl.DataFrame({"vehicle": columns.vehicle, "gross": columns.gross})
    cells = {name: pl.Series(name, kg, pl.Int32) for name, kg in steps(lawbook()).items()}

    def cell(name: str) -> pl.Expr:
        return pl.lit(cells[name]).gather(pl.col("vehicle"))

    above = [(pl.col("gross") > cell(name)).cast(pl.UInt8) for name in cells if name != "limit"]
    answer = (
        frame.lazy()
        .select("gross", limit=cell("limit"), verdict=above[0] + above[1] + above[2])
        .select(
            "limit",
            "verdict",
            excess=pl.max_horizontal(pl.col("gross") - pl.col("limit"), pl.lit(0, pl.Int32)),
        )
    )

    def run() -> tuple[NDArray[np.generic], ...]:
        found = answer.collect()
        return tuple(found[name].to_numpy() for name in ("limit", "excess", "verdict"))

    return run


def _openfisca(openfisca: OpenFisca, columns: Columns, wanted: str, task: str) -> Row:
    if not openfisca.running:
        return openfisca.absent(task, "ns")
    with TemporaryDirectory() as folder:
        save(columns, Path(folder))
        openfisca.load(Path(folder))
    digest = openfisca.bulk_digest()
    _assert_equal(openfisca.name, digest, wanted)
    contender = Contender(openfisca.name, openfisca.bulk_seconds, len(columns))
    found = interleaved([contender], SLOW_ROUNDS)[openfisca.name]
    return row(task, "ns", found, note="limit, excess and verdict, vectorial; not interleaved")


def _columns(verdicts: Verdicts) -> tuple[NDArray[np.generic], ...]:
    return verdicts.limit, verdicts.excess, verdicts.code


def _digest(*columns: NDArray[np.generic]) -> str:
    digest = hashlib.sha256()
    for column, kind in zip(columns, (np.int32, np.int32, np.uint8), strict=True):
        digest.update(np.ascontiguousarray(column, kind).data)
    return digest.hexdigest()


def _assert_equal(name: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise AssertionError(f"{name} gives other results")
