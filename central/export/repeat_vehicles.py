"""Writes the list of vehicles with more than three violations in twelve months as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import Final

from central.domain.counting import RepeatVehicle, Window
from station.contract.messages import message
from station.domain.plates import PlateColour

BOM: Final = "\ufeff"
"""Without it spreadsheets take the Chinese for another encoding."""

_HEADER: Final = ("plate", "plate_colour", "times", "first_on", "last_on", "case_nos")
_COLOURS: Final = frozenset(colour.value for colour in PlateColour)
_SEPARATOR: Final = ";"
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")


def repeat_vehicles_csv(vehicles: Iterable[RepeatVehicle], days: Window, more_than: int) -> bytes:
    """Return the file: UTF-8 with BOM, lines ended by CR LF, a Chinese header.

    Args:
        vehicles: in the order in which they shall stand.
        days: the window that was counted; its last day is the day of the list (统计截止日).
        more_than: the threshold, for the basis (统计口径) that stands in every row.
    """
    basis = message(
        "export.basis_text",
        {
            "first_on": days.first.isoformat(),
            "last_on": days.last.isoformat(),
            "more_than": more_than,
        },
    )
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow(message(f"export.{name}", {}) for name in (*_HEADER, "as_of", "basis"))
    for vehicle in vehicles:
        row = (*_cells(vehicle), days.last.isoformat(), basis)
        writer.writerow(cell if isinstance(cell, int) else harmless(cell) for cell in row)
    return text.getvalue().encode()


def file_name(as_of: date) -> str:
    """Return the file's Chinese name."""
    return message("export.file_name", {"as_of": as_of.isoformat()})


def harmless(cell: str) -> str:
    """Keep a spreadsheet from taking the cell for a formula: an apostrophe before ``=+-@``."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cells(vehicle: RepeatVehicle) -> tuple[str | int, ...]:
    colour = vehicle.colour if vehicle.colour in _COLOURS else PlateColour.UNKNOWN.value
    return (
        vehicle.plate,
        message(f"plate.{colour}", {}),
        vehicle.times,
        vehicle.first_on.isoformat(),
        vehicle.last_on.isoformat(),
        _SEPARATOR.join(vehicle.case_nos),
    )
