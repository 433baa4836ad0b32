"""The local vehicle register (车辆登记信息): a JSON-lines file, read again when it changes.

One object a line: ``{"plate", "colour", "vehicle"}``, the vehicle as in
:func:`station.rules.records.vehicle_from_record`.
"""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from station.application.ports import Register, Registered
from station.domain.errors import DomainError, SettingsError
from station.domain.plates import PlateColour, parse
from station.rules.records import vehicle_from_record

log = logging.getLogger(__name__)


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    plate: str
    colour: str
    vehicle: dict[str, object]


class FileRegister:
    """Implements :class:`~station.application.ports.Register`. Without a file it knows nobody."""

    def __init__(self, path: Path | None) -> None:
        """Read the file.

        Raises:
            SettingsError: it is missing, or a line cannot be used; ``line`` says which.
        """
        self._path = path
        self._version: tuple[int, int] | None = None
        self._rows: dict[str, Registered] = {}
        if path is not None:
            self._rows = self._read(path)

    async def find(self, plate: str) -> Registered | None:
        """See :class:`~station.application.ports.Register`."""
        if self._path is not None and self._version != _version(self._path):
            try:
                self._rows = self._read(self._path)
            except SettingsError as exc:
                # The last good register goes on serving; the officer sees what it does not know.
                log.error("register not read", extra={"detail": exc.detail, **exc.fields})
        return self._rows.get(plate)

    def _read(self, path: Path) -> dict[str, Registered]:
        self._version = _version(path)
        try:
            lines = path.read_bytes().splitlines()
        except OSError as exc:
            raise SettingsError(f"vehicle register: {exc}", path=str(path)) from exc
        rows: dict[str, Registered] = {}
        for number, line in enumerate(lines, 1):
            if line.strip():
                plate, registered = _row(line, path, number)
                rows[plate] = registered
        return rows


class Registers:
    """Implements :class:`~station.application.ports.Register`: one after the other is asked."""

    def __init__(self, *registers: Register) -> None:
        self._registers = registers

    async def find(self, plate: str) -> Registered | None:
        """Return what the first one that knows the plate has."""
        for register in self._registers:
            if (found := await register.find(plate)) is not None:
                return found
        return None


def _row(line: bytes, path: Path, number: int) -> tuple[str, Registered]:
    try:
        row = msgspec.json.decode(line, type=_Row)
        plate = parse(row.plate, PlateColour(row.colour))
        if plate is None or plate.is_trailer:
            raise ValueError(f"not a tractor's plate: {row.plate}")
        vehicle = vehicle_from_record(row.vehicle)
        if vehicle is None:
            raise ValueError("no vehicle")
        return plate.number, Registered(plate.colour, vehicle)
    except (ValueError, DomainError) as exc:
        raise SettingsError(f"vehicle register: {exc}", path=str(path), line=number) from exc


def _version(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
