"""The column file of a history (Parquet): its schema, reading it, writing it.

One row is one passage (过车记录). ``vehicle`` is a place in the list of vehicles that the file
carries as JSON in its metadata under ``zhichao.vehicles``: records as
:func:`station.rules.records.vehicle_from_record` reads them; ``{}`` is a vehicle not known.

================== ======= ====================================================================
column             type    meaning
================== ======= ====================================================================
id                 string  of the passage; or int64
occurred_on        date32  local date, whose law applies
vehicle            uint16  place in the list of vehicles
gross_kg           int32   车货总质量, 1 to 1 000 000
mode               uint8   0 resident, 1 mobile, 2 road_admin_alone, 3 offsite, 4 expressway_entry
posted_limit_kg    int32   on the road's sign
permit_gross_kg    int32   of a verified permit
registered_gross_kg int32  行驶证总质量, goes before that of the list of vehicles
height_mm          int32   width_mm and length_mm likewise
exempt             uint8   1 refrigerated, 2 special_purpose, as verified
gross_permille     int32   calibration of this row, see :func:`station.rules.batch.calibrated`
limit_kg           int32   as recorded at the time, with ``verdict``
verdict            uint8   as recorded: :class:`station.rules.batch.Code`
================== ======= ====================================================================

The first four are needed. In the others null, or 0, is not known. A column that is not listed is
an error: what is not looked at must not seem to have been.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from station.domain.errors import DomainError, InvalidFacts, NotFound
from station.domain.vehicles import Vehicle
from station.rules.batch import Code, Columns, Verdicts
from station.rules.records import vehicle_from_record

VEHICLES: Final = b"zhichao.vehicles"
ROWS: Final = 1 << 20
NEEDED: Final = {
    "id": pa.string(),
    "occurred_on": pa.date32(),
    "vehicle": pa.uint16(),
    "gross_kg": pa.int32(),
}
OPTIONAL: Final = {
    "mode": pa.uint8(),
    "posted_limit_kg": pa.int32(),
    "permit_gross_kg": pa.int32(),
    "registered_gross_kg": pa.int32(),
    "height_mm": pa.int32(),
    "width_mm": pa.int32(),
    "length_mm": pa.int32(),
    "exempt": pa.uint8(),
    "gross_permille": pa.int32(),
    "limit_kg": pa.int32(),
    "verdict": pa.uint8(),
}
_COLUMN_OF: Final = {
    "mode": "mode",
    "posted_limit_kg": "posted",
    "permit_gross_kg": "permit",
    "registered_gross_kg": "registered",
    "height_mm": "height",
    "width_mm": "width",
    "length_mm": "length",
    "exempt": "exempt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some rows of a history.

    Attributes:
        permille: the calibration of each row; None without that column.
        recorded: limits, excesses and verdicts as recorded; None without those columns.
    """

    ids: pa.Array
    columns: Columns
    permille: NDArray[np.int32] | None
    recorded: Verdicts | None


class History:
    """A column file, open for reading."""

    def __init__(self, path: Path) -> None:
        """Open *path* and check its schema.

        Raises:
            NotFound: there is no such file.
            InvalidFacts: it is no history, by the column that is wrong.
        """
        try:
            self._file = pq.ParquetFile(path)
        except OSError as error:
            raise NotFound(f"cannot be opened: {error}", file=str(path)) from error
        except pa.ArrowException as error:
            raise InvalidFacts(f"no Parquet file: {error}", file=str(path)) from error
        schema = self._file.schema_arrow
        _check_schema(schema)
        self.id_type = schema.field("id").type
        self.vehicles = _vehicles(schema.metadata or {})
        self.rows: int = self._file.metadata.num_rows

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def parts(self) -> Iterator[Part]:
        """Give the rows in order, :data:`ROWS` at a time.

        Raises:
            InvalidFacts: a needed value is null, or the file is damaged.
        """
        names = set(self._file.schema_arrow.names)
        try:
            for batch in self._file.iter_batches(batch_size=ROWS):
                yield _part(batch, names)
        except (pa.ArrowException, OSError) as error:
            raise InvalidFacts(f"the file is damaged: {error}", field="file") from error


def history_schema(
    vehicles: Sequence[dict[str, Any]], optional: Sequence[str], *, ids: pa.DataType = NEEDED["id"]
) -> pa.Schema:
    """Return the Arrow schema of a history with *vehicles* (records) and these optional columns."""
    named = {**NEEDED, "id": ids, **{name: OPTIONAL[name] for name in optional}}
    return pa.schema(
        list(named.items()), metadata={VEHICLES: json.dumps(vehicles, ensure_ascii=False).encode()}
    )


def _check_schema(schema: pa.Schema) -> None:
    known = NEEDED | OPTIONAL
    for name in NEEDED:
        if name not in schema.names:
            raise InvalidFacts("the history lacks a column", field=name)
    for field in schema:
        if field.name not in known:
            raise InvalidFacts("not a column of a history", field=field.name)
        wanted = (pa.string(), pa.int64()) if field.name == "id" else (known[field.name],)
        if field.type not in wanted:
            raise InvalidFacts(f"must be {wanted[0]}, is {field.type}", field=field.name)
    if len(set(schema.names)) != len(schema.names):
        raise InvalidFacts("a column is there twice", field="columns")
    if ("limit_kg" in schema.names) != ("verdict" in schema.names):
        raise InvalidFacts("recorded limits and verdicts go together", field="limit_kg, verdict")


def _vehicles(metadata: dict[bytes, bytes]) -> tuple[Vehicle | None, ...]:
    try:
        records = json.loads(metadata[VEHICLES])
    except (KeyError, ValueError):
        raise InvalidFacts("no list of vehicles in the file", field=VEHICLES.decode()) from None
    if not isinstance(records, list):
        raise InvalidFacts("vehicles are a list", field=VEHICLES.decode())
    found = []
    for place, record in enumerate(records):
        if not isinstance(record, dict):
            raise InvalidFacts("a vehicle is an object", vehicle=place)
        try:
            found.append(vehicle_from_record(record))
        except DomainError as error:
            raise InvalidFacts(error.detail, **{**error.fields, "vehicle": place}) from None
    return tuple(found)


def _part(batch: pa.RecordBatch, names: set[str]) -> Part:
    for name in (*NEEDED, *(("verdict",) if "verdict" in names else ())):
        if batch.column(name).null_count:
            raise InvalidFacts("null where a value is needed", field=name)
    columns = Columns(
        day=batch.column("occurred_on").cast(pa.int32()).to_numpy(zero_copy_only=False),
        vehicle=_array(batch, "vehicle"),
        gross=_array(batch, "gross_kg"),
        **{field: _array(batch, name) for name, field in _COLUMN_OF.items() if name in names},
    )
    permille = recorded = None
    if "gross_permille" in names:
        given = _array(batch, "gross_permille")
        permille = np.where(given == 0, np.int32(1000), given)
    if "verdict" in names:
        recorded = _recorded(columns, _array(batch, "limit_kg"), _array(batch, "verdict"))
    return Part(ids=batch.column("id"), columns=columns, permille=permille, recorded=recorded)


def _recorded(columns: Columns, limit: NDArray[np.int32], code: NDArray[np.uint8]) -> Verdicts:
    if len(code) and int(code.max()) > max(Code):
        raise InvalidFacts(f"must be from 0 to {max(Code)}", field="verdict")
    excess = np.where(limit > 0, np.maximum(columns.gross - limit, 0), 0).astype(np.int32)
    return Verdicts(limit, excess, code)


def _array(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    column = batch.column(name)
    if column.null_count:
        column = pc.fill_null(column, 0)
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values
