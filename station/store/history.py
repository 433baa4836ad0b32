"""Decides a history anew and writes only what changed; writes a history out of a ledger's views."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from station.application.views import PassageView
from station.domain.errors import AmbiguousVehicle, InvalidFacts, StoreFailed
from station.domain.units import Permille
from station.domain.vehicles import Vehicle
from station.rules.batch import (
    MODES,
    MOST_VEHICLES,
    Code,
    Columns,
    Judge,
    Verdicts,
    calibrated,
    changed_rows,
)
from station.rules.configuration import configuration
from station.rules.facts import Mode
from station.rules.lawbook import LawBook
from station.store.history_file import ROWS, History, Part, history_schema

WORDS: Final = tuple(code.name.lower() for code in Code)
"""The word of each :class:`~station.rules.batch.Code`; ``no_law`` besides those of verdicts."""

Progress = Callable[[int, int], None]
"""Told after each part: rows done, rows in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a history is decided anew by.

    Attributes:
        old: what to compare with, where the history has no recorded verdicts.
        new: the other edition.
        permille: calibration of every mass; None to leave them, or to use the file's own column.
    """

    old: LawBook
    new: LawBook
    permille: Permille | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a re-decision changed.

    Attributes:
        verdicts: how many rows went from one verdict (word) to another.
    """

    rows: int = 0
    changed: int = 0
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)


def redecide(source: Path, target: Path, revision: Revision, progress: Progress) -> Summary:
    """Decide the history *source* anew and write the rows that differ to *target*.

    Args:
        source: a column file, see :mod:`station.store.history_file`.
        target: gets ``id``, ``occurred_on``, ``configuration`` and the old and new mass, limit,
            excess and verdict; it appears whole or not at all.
        revision: what is compared.
        progress: told after each part.

    Raises:
        NotFound: there is no such history.
        InvalidFacts: the history cannot be used.
        StoreFailed: *target* cannot be written.
    """
    with History(source) as history:
        if target.exists() and target.samefile(source):
            raise InvalidFacts("the changes cannot replace the history", field="out")
        unfinished = target.with_name(f"{target.name}.part")
        try:
            with pq.ParquetWriter(unfinished, _changes_schema(history.id_type)) as writer:
                summary = _redecided(history, writer, revision, progress)
            unfinished.replace(target)
        except OSError as error:
            raise StoreFailed(f"{target}: {error}") from error
        finally:
            unfinished.unlink(missing_ok=True)
    return summary


def export_history(views: Iterable[PassageView], target: Path) -> int:
    """Write the first weighings (初检) among *views* as a history with their recorded verdicts.

    Returns:
        The number of rows.

    Raises:
        InvalidFacts: more different vehicles than a history holds.
        StoreFailed: *target* cannot be written.
    """
    places: dict[str, int] = {}
    rows = [_row(view, places) for view in views if view.recheck_of is None]
    if len(places) > MOST_VEHICLES:
        raise InvalidFacts(f"at most {MOST_VEHICLES} vehicles", field="vehicle")
    optional = ("mode", "registered_gross_kg", "limit_kg", "verdict")
    schema = history_schema([json.loads(text) for text in places], optional)
    try:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), target)
    except OSError as error:
        raise StoreFailed(f"{target}: {error}") from error
    return len(rows)


def _redecided(
    history: History, writer: pq.ParquetWriter, revision: Revision, progress: Progress
) -> Summary:
    before = Judge(revision.old, history.vehicles)
    after = Judge(revision.new, history.vehicles)
    room = Verdicts.empty(ROWS), Verdicts.empty(ROWS)
    names = _configurations(history.vehicles)
    done = changed = 0
    verdicts: Counter[tuple[str, str]] = Counter()
    for part in history.parts():
        was = part.recorded or before.verdicts(part.columns, room[0])
        columns = _calibrated(part, revision.permille)
        now = after.verdicts(columns, room[1])
        rows = changed_rows(was, now)
        sides = ((part.columns, was), (columns, now))
        writer.write_batch(_changes(part, sides, rows, names))
        pairs, counts = np.unique(
            was.code[rows].astype(np.int64) * len(WORDS) + now.code[rows], return_counts=True
        )
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            verdicts[WORDS[pair // len(WORDS)], WORDS[pair % len(WORDS)]] += count
        done += len(columns)
        changed += len(rows)
        progress(done, history.rows)
    return Summary(rows=done, changed=changed, verdicts=verdicts)


def _calibrated(part: Part, permille: Permille | None) -> Columns:
    if permille is not None and part.permille is not None:
        raise InvalidFacts("the history has a calibration of its own", field="gross_permille")
    scale = part.permille if permille is None else permille
    if scale is None:
        return part.columns
    given = dict(part.columns.given())
    return Columns(**{**given, "gross": calibrated(part.columns.gross, scale)})


def _changes_schema(ids: pa.DataType) -> pa.Schema:
    word = pa.dictionary(pa.int8(), pa.string())
    pairs = [
        (f"{name}_{side}", kind)
        for name, kind in (
            ("gross_kg", pa.int32()),
            ("limit_kg", pa.int32()),
            ("excess_kg", pa.int32()),
            ("verdict", word),
        )
        for side in ("old", "new")
    ]
    return pa.schema([("id", ids), ("occurred_on", pa.date32()), ("configuration", word), *pairs])


def _changes(
    part: Part,
    sides: tuple[tuple[Columns, Verdicts], ...],
    rows: NDArray[np.intp],
    names: pa.Array,
) -> pa.RecordBatch:
    cells = [
        part.ids.take(pa.array(rows)),
        pa.array(part.columns.day[rows], pa.int32()).cast(pa.date32()),
        names.take(pa.array(part.columns.vehicle[rows])),
    ]
    cells += [pa.array(side.gross[rows], pa.int32()) for side, _ in sides]
    for name in ("limit", "excess"):
        for _, verdicts in sides:
            unknown = verdicts.limit[rows] == 0
            cells.append(pa.array(getattr(verdicts, name)[rows], pa.int32(), mask=unknown))
    for _, verdicts in sides:
        places = pa.array(verdicts.code[rows].astype(np.int8))
        cells.append(pa.DictionaryArray.from_arrays(places, pa.array(WORDS)))
    return pa.record_batch(cells, schema=_changes_schema(part.ids.type))


def _configurations(vehicles: tuple[Vehicle | None, ...]) -> pa.Array:
    words = [None if vehicle is None else _configuration(vehicle) for vehicle in vehicles]
    return (
        pa.array(words, pa.string()).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
    )


def _configuration(vehicle: Vehicle) -> str | None:
    try:
        return configuration(vehicle).value
    except AmbiguousVehicle:
        return None


def _row(view: PassageView, places: dict[str, int]) -> dict[str, Any]:
    vehicle: dict[str, Any] = dict(view.vehicle or {})
    registered = vehicle.pop("registered_gross_kg", None)
    # Masses differ from truck to truck and settle no limit; without them the list stays short.
    for name in ("approved_load_kg", "kerb_kg"):
        vehicle.pop(name, None)
    axles: list[dict[str, Any]] = vehicle.pop("axles", None) or []
    told = {**vehicle, "axles": [{**axle, "weight_kg": None} for axle in axles]} if axles else {}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return {
        "id": view.passage.passage_id,
        "occurred_on": date.fromisoformat(view.passage.occurred_on),
        "vehicle": places.setdefault(text, len(places)),
        "gross_kg": view.passage.weighing.gross_kg,
        "mode": MODES.index(Mode(view.passage.mode)),
        "registered_gross_kg": registered,
        "limit_kg": view.verdict["limit_kg"],
        "verdict": WORDS.index(view.outcome),
    }
