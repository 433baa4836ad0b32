"""Cells of a history: where the verdict on a vehicle changes as its mass grows, law by law."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from station.domain.errors import AmbiguousVehicle, NoLawInForce
from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules.decide import decide
from station.rules.facts import LARGEST, Facts, Mode
from station.rules.in_force import InForce
from station.rules.lawbook import LawBook
from station.rules.limit import Limit
from station.rules.over_limit import limit_of
from station.rules.shape import HEAVIEST, limit_key
from station.rules.verdict import Outcome

Int32 = NDArray[np.int32]
NO_LIMIT: Final = 0
_EPOCH: Final = date(1970, 1, 1).toordinal()
_SEVERITY: Final = {
    Outcome.RELEASE: 0,
    Outcome.WARNING: 1,
    Outcome.NEEDS_REVIEW: 2,
    Outcome.VIOLATION: 3,
}
_NO_LAW: Final = 4
_BITS: Final = int(HEAVIEST).bit_length()
_MASK: Final = (1 << _BITS) - 1


class Cell(NamedTuple):
    """One vehicle under one law.

    Attributes:
        limit: kg; 0 when it cannot be told.
        tops: kg; the highest mass that is lawful, at most warned, at most for a person, at most a
            violation. Above the last there is no law.
    """

    limit: int
    tops: tuple[int, int, int, int]


_LAWLESS: Final = Cell(NO_LIMIT, (-1, -1, -1, -1))


class Steps:
    """Cells as columns: ``limit`` by cell, ``tops`` by step and cell."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        held = list(cells)
        self.limit: Int32 = np.array([cell.limit for cell in held], np.int32)
        self.tops: Int32 = np.array([cell.tops for cell in held], np.int32).T.copy()
        # A step that no mass reaches in any cell needs no comparison.
        self.reached = [bool((top < HEAVIEST).any()) for top in self.tops]


class Rows:
    """Every cell that one history needs: a row for each law that differs, by kind of check."""

    def __init__(
        self, vehicles: int, first: int, of_day: NDArray[np.intp], laws: list[Row]
    ) -> None:
        """Lay the rows out as columns.

        Args:
            vehicles: cells in a row.
            first: the first day.
            of_day: place in *laws* by kind of check and by day from *first* on.
            laws: each row.
        """
        self._vehicles = vehicles
        self._first = first
        self._base_of = (of_day * vehicles).reshape(-1)
        self._sole = 0 if len(laws) == 1 else None
        self.steps = Steps(cell for law in laws for cell in law.cells)
        self._lawless = np.array([law.lawless for law in laws])
        self.some_lawless = bool(self._lawless.any())
        self.some_unlimited = bool((self.steps.limit == NO_LIMIT).any())
        self._dimensions: Int32 = np.array([law.dimensions for law in laws], np.int32).T

    def base_of(
        self, day: Int32, entry: NDArray[np.bool_] | None, out: NDArray[np.intp]
    ) -> NDArray[np.intp] | int:
        """Return the place of each row's law among the cells; one for all where all are equal.

        Args:
            day: of each row.
            entry: whether each row was checked at an expressway entry.
            out: room for the answer.
        """
        if self._sole is not None:
            return self._sole
        np.subtract(day, self._first, out=out, casting="unsafe")
        if entry is not None:
            out += entry * (self._base_of.size // 2)
        # Safe to overwrite: each place is read before it is written.
        return np.take(self._base_of, out, out=out, mode="clip")

    def lawless(self, index: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell which rows, by their cells, have no law at all."""
        return self._lawless[index // self._vehicles]

    def dimensions(self, index: NDArray[np.intp]) -> Int32:
        """Return the limits of height, width, width of a refrigerated vehicle, and length, mm."""
        limits: Int32 = self._dimensions[:, index // self._vehicles]
        return limits


class Row(NamedTuple):
    """The cells of every vehicle under one law, and that law's limits of dimensions, mm."""

    cells: tuple[Cell, ...]
    dimensions: tuple[int, int, int, int]
    lawless: bool


class _Law(NamedTuple):
    """The law of a day for one kind of check; ``in_force`` None where there is none."""

    day: date
    at_entry: bool
    in_force: InForce | None


class Cells:
    """Works cells out by asking the scalar core, and keeps them."""

    def __init__(self, law: LawBook, vehicles: tuple[Vehicle | None, ...]) -> None:
        self._law = law
        self._list = vehicles
        self._vehicles = len(vehicles)
        for vehicle in vehicles:
            if vehicle is not None:
                limit_key(vehicle)
        self._laws: list[_Law] = []
        self._tops: dict[tuple[int, bool, object], tuple[int, int, int, int]] = {}
        self._rows: dict[tuple[int, bool], Row] = {}
        self._registered: dict[tuple[int, int], bool] = {}
        self._signed: dict[tuple[int, bool, int, int, int], Cell] = {}

    def rows(self, first: int, last: int, *, entries: bool, signs: bool) -> Rows:
        """Compile the laws from day *first* to day *last*.

        Args:
            first: in days since 1970-01-01.
            last: the same, included.
            entries: some rows were checked at an expressway entry.
            signs: some rows have a sign or a registered mass of their own. Laws with equal cells
                may still differ on those, and are one only without.
        """
        checks = (False, True) if entries else (False,)
        of_day = np.empty((len(checks), last - first + 1), np.intp)
        places: dict[tuple[int, bool], int] = {}
        rows: dict[object, int] = {}
        self._laws = []
        laid: list[Row] = []
        for at_entry in checks:
            for offset in range(last - first + 1):
                law = self._law_of(first + offset, at_entry)
                key = (id(law.in_force), at_entry)
                if key not in places:
                    row = self._row(law)
                    places[key] = rows.setdefault(key if signs else row, len(rows))
                    if len(rows) > len(laid):
                        self._laws.append(law)
                        laid.append(row)
                of_day[int(at_entry), offset] = places[key]
        return Rows(self._vehicles, first, of_day, laid)

    def _law_of(self, day: int, at_entry: bool) -> _Law:
        on = date.fromordinal(_EPOCH + day)
        try:
            return _Law(on, at_entry, self._law.on(on))
        except NoLawInForce:
            return _Law(on, at_entry, None)

    def _row(self, law: _Law) -> Row:
        key = (id(law.in_force), law.at_entry)
        row = self._rows.get(key)
        if row is None:
            cells = tuple(self._cell(law, vehicle, None) for vehicle in self._list)
            row = Row(cells, _dimensions(law.in_force), law.in_force is None)
            self._rows[key] = row
        return row

    def of_signs(
        self,
        index: NDArray[np.intp],
        posted: NDArray[np.int64],
        registered: NDArray[np.int64],
    ) -> tuple[Steps, NDArray[np.intp]]:
        """Return cells for posted limits and registered masses (kg), and each row's place."""
        # One whole number a row is far quicker to sort than four.
        held, at = np.unique(index, return_inverse=True)
        counts = np.array([self._by_registered(*divmod(int(one), self._vehicles)) for one in held])
        registered = np.where(counts[at], registered, 0)
        keys = (at << (2 * _BITS)) | (posted << _BITS) | registered
        distinct, places = np.unique(keys, return_inverse=True)
        cells = [
            self._of_sign(
                *divmod(int(held[key >> (2 * _BITS)]), self._vehicles),
                key >> _BITS & _MASK,
                key & _MASK,
            )
            for key in distinct.tolist()
        ]
        return Steps(cells), places

    def _by_registered(self, row: int, vehicle: int) -> bool:
        """Tell whether the registered mass of a vehicle can settle its limit."""
        law, listed = self._laws[row], self._list[vehicle]
        if law.in_force is None or listed is None:
            return False
        key = (id(law.in_force), vehicle)
        known = self._registered.get(key)
        if known is None:
            least, most = (
                _limit(replace(listed, registered_gross=Kg(mass)), law.in_force, None)
                for mass in (1, HEAVIEST)
            )
            known = self._registered[key] = (least and least.kg) != (most and most.kg)
        return known

    def _of_sign(self, row: int, vehicle: int, posted: int, registered: int) -> Cell:
        law = self._laws[row]
        key = (id(law.in_force), law.at_entry, vehicle, posted, registered)
        cell = self._signed.get(key)
        if cell is None:
            listed = self._list[vehicle]
            if listed is not None and registered:
                listed = replace(listed, registered_gross=Kg(registered))
            cell = self._signed[key] = self._cell(law, listed, Kg(posted) if posted else None)
        return cell

    def _cell(self, law: _Law, vehicle: Vehicle | None, posted: Kg | None) -> Cell:
        if law.in_force is None:
            return _LAWLESS
        limit = _limit(vehicle, law.in_force, posted)
        # Vehicles of one limit under every reading change at the same masses.
        numbers = None if limit is None else limit._replace(code=None, reasons=(), notes=())
        key = (id(law.in_force), law.at_entry, numbers)
        tops = self._tops.get(key)
        if tops is None:
            tops = self._tops[key] = self._asked(law, vehicle, posted)
        return Cell(NO_LIMIT if limit is None else limit.kg, tops)

    def _asked(
        self, law: _Law, vehicle: Vehicle | None, posted: Kg | None
    ) -> tuple[int, int, int, int]:
        """Find by halves where the scalar verdict changes."""

        def severity(gross: int) -> int:
            facts = Facts(
                occurred_on=law.day,
                vehicle=vehicle,
                gross=Kg(gross),
                mode=Mode.EXPRESSWAY_ENTRY if law.at_entry else Mode.RESIDENT,
                posted_limit=posted,
            )
            try:
                return _SEVERITY[decide(facts, self._law).outcome]
            except NoLawInForce:
                return _NO_LAW

        tops = []
        least = 0
        for step in range(_NO_LAW):
            low, high = least, int(HEAVIEST) + 1
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if severity(middle) <= step else (low, middle)
            tops.append(low)
            least = low
        return tops[0], tops[1], tops[2], tops[3]


def _limit(vehicle: Vehicle | None, law: InForce, posted: Kg | None) -> Limit | None:
    if vehicle is None:
        return None
    try:
        return limit_of(vehicle, limit_key(vehicle), law, posted)
    except AmbiguousVehicle:
        return None


def _dimensions(law: InForce | None) -> tuple[int, int, int, int]:
    if law is None:
        return (LARGEST,) * 4
    return law.height.mm, law.width.mm, law.width_refrigerated.mm, law.length.mm
