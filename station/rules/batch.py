"""The same verdicts over a whole history (批量重算): columns in, columns out, block by block.

The law is not written a second time here. For every cell (law of the day x vehicle x sign) the
scalar :func:`station.rules.decide.decide` is asked where its verdict changes as the mass grows;
more weight is never more lawful, so three masses say it all. A row is then a look-up and three
comparisons.

Not covered, and no column of a history: the day of the decision (从旧兼从轻) and what either
authority may impose. For the rows that changed, ``decide`` tells both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from station.domain.errors import InvalidFacts
from station.domain.units import Permille
from station.domain.vehicles import Vehicle
from station.rules.batch_cells import NO_LIMIT, Cells, Rows, Steps
from station.rules.facts import LARGEST, Mode
from station.rules.lawbook import LawBook
from station.rules.shape import HEAVIEST
from station.rules.verdict import Outcome

Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]

BLOCK: Final = 1 << 16
MODES: Final = tuple(Mode)
"""A mode in the column ``mode`` is its place here."""
MOST_VEHICLES: Final = 1 << 16
LEAST_PERMILLE, MOST_PERMILLE = 500, 1500


class Code(IntEnum):
    """A verdict in one byte; up to ``NO_LAW`` in the order of severity."""

    LAWFUL = 0
    WARNING = 1
    NEEDS_REVIEW = 2
    VIOLATION = 3
    NO_LAW = 4
    PERMITTED = 5


CODE_OF: Final = {
    Outcome.RELEASE: Code.LAWFUL,
    Outcome.WARNING: Code.WARNING,
    Outcome.NEEDS_REVIEW: Code.NEEDS_REVIEW,
    Outcome.VIOLATION: Code.VIOLATION,
    Outcome.PERMITTED: Code.PERMITTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A history, or a part of it: arrays of one length; in the optional ones 0 is not known.

    Attributes:
        day: local date of the passage, in days since 1970-01-01.
        vehicle: place in the list of vehicles of the history.
        gross: kg, 1 to 1 000 000.
        mode: place in :data:`MODES`; left out, every row is at a resident station.
        posted: kg on the road's sign; permit: kg of a verified permit.
        registered: kg of this passage, before that of the list of vehicles.
        height, width, length: mm, vehicle and load together.
        exempt: 1 a refrigerated vehicle, 2 a special-purpose one (GB 1589), as verified.
    """

    day: Int32
    vehicle: NDArray[np.uint16]
    gross: Int32
    mode: UInt8 | None = None
    posted: Int32 | None = None
    permit: Int32 | None = None
    registered: Int32 | None = None
    height: Int32 | None = None
    width: Int32 | None = None
    length: Int32 | None = None
    exempt: UInt8 | None = None

    def __len__(self) -> int:
        return len(self.gross)

    def part(self, start: int, stop: int) -> Columns:
        """Return the rows from *start* to *stop*; nothing is copied."""
        return Columns(**{name: column[start:stop] for name, column in self.given()})

    def check(self, vehicles: int, row: int = 0) -> None:
        """Check every value but the days; *row* is the number of the first one in the messages.

        Raises:
            InvalidFacts: a value out of range, or columns of different lengths.
        """
        for name, column in self.given():
            if len(column) != len(self):
                raise InvalidFacts("columns differ in length", field=name)
            if name == "day":
                continue
            least, most = _RANGES.get(name, (0, HEAVIEST))
            _in_range(name, column, least, vehicles - 1 if name == "vehicle" else most, row)

    def given(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Give the columns that there are, with their names."""
        for one in fields(self):
            column = getattr(self, one.name)
            if column is not None:
                yield one.name, column


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Verdicts as columns; ``limit`` 0 is a limit that cannot be told, with an excess of 0."""

    limit: Int32
    excess: Int32
    code: UInt8

    @classmethod
    def empty(cls, rows: int) -> Verdicts:
        """Return room for *rows* verdicts."""
        return cls(np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.uint8))

    def part(self, start: int, stop: int) -> Verdicts:
        """Return the rows from *start* to *stop*; nothing is copied."""
        return Verdicts(self.limit[start:stop], self.excess[start:stop], self.code[start:stop])


class Judge:
    """One edition of the law over one list of vehicles; cells that were worked out are kept."""

    def __init__(self, law: LawBook, vehicles: tuple[Vehicle | None, ...]) -> None:
        """Take the edition and the list.

        Raises:
            InvalidFacts: too many vehicles, or one whose axles contradict one another.
        """
        if len(vehicles) > MOST_VEHICLES:
            raise InvalidFacts(f"at most {MOST_VEHICLES} vehicles", field="vehicles")
        self._cells = Cells(law, vehicles)
        self._vehicles = len(vehicles)

    def verdicts(self, columns: Columns, into: Verdicts | None = None) -> Verdicts:
        """Decide every row as ``decide`` would, by the law of its day.

        Args:
            columns: the rows.
            into: room for at least as many verdicts, to be filled again and again.

        Raises:
            InvalidFacts: a value out of range.
        """
        found = (into or Verdicts.empty(len(columns))).part(0, len(columns))
        if not len(columns):
            return found
        first, last = _span(columns.day)
        signs = columns.posted is not None or columns.registered is not None
        rows = self._cells.rows(first, last, entries=columns.mode is not None, signs=signs)
        work = _Work(min(BLOCK, len(columns)))
        for start in range(0, len(columns), BLOCK):
            stop = start + BLOCK
            part = columns.part(start, stop)
            part.check(self._vehicles, start)
            self._block(part, rows, work, found.part(start, stop))
        return found

    def _block(self, part: Columns, rows: Rows, work: _Work, out: Verdicts) -> None:
        count = len(part)
        index, bound, above = work.index[:count], work.bound[:count], work.above[:count]
        counted = work.counted[:count]
        base = rows.base_of(part.day, _at_entry(part), index)
        np.add(base, part.vehicle, out=index, casting="unsafe")
        steps, changed = rows.steps, _signs(self._cells, part, index)
        # The same buffers are filled again and again: they stay in the cache.
        steps.limit.take(index, out=out.limit, mode="clip")
        if changed is not None:
            out.limit[changed.rows] = changed.steps.limit[changed.places]
        out.code.fill(0)
        for step, tops in enumerate(steps.tops):
            if changed is None and not steps.reached[step]:
                continue
            tops.take(index, out=bound, mode="clip")
            if changed is not None:
                bound[changed.rows] = changed.steps.tops[step, changed.places]
            np.greater(part.gross, bound, out=above)
            np.add(out.code, counted, out=out.code)
        np.maximum(part.gross, out.limit, out=out.excess)
        np.subtract(out.excess, out.limit, out=out.excess)
        if rows.some_unlimited or changed is not None:
            out.excess[out.limit == NO_LIMIT] = 0
        lawless = rows.lawless(index) if rows.some_lawless else None
        _permitted(part, lawless, out.code)
        _dimensioned(part, rows, index, lawless, out.code)


def calibrated(gross: Int32, permille: Permille | NDArray[np.int32]) -> Int32:
    """Return masses after a calibration: ``gross x permille / 1000``, floored to the kilogram.

    Args:
        gross: kg, 1 to 1 000 000.
        permille: 500 to 1500; one for all, or one for each row.

    Raises:
        InvalidFacts: a permille out of range, or a mass that comes out at nothing.
    """
    scale = np.asarray(permille, np.int32)
    _in_range("gross_permille", np.atleast_1d(scale), LEAST_PERMILLE, MOST_PERMILLE)
    scaled: Int32 = np.minimum(gross.astype(np.int64) * scale // 1000, HEAVIEST).astype(np.int32)
    _in_range("gross_kg", scaled, 1, HEAVIEST)
    return scaled


def changed_rows(old: Verdicts, new: Verdicts) -> NDArray[np.intp]:
    """Return the places of the rows whose limit, excess or verdict differs."""
    differs = old.code != new.code
    differs |= old.limit != new.limit
    differs |= old.excess != new.excess
    return np.flatnonzero(differs)


class _Work:
    """Buffers of one block."""

    def __init__(self, rows: int) -> None:
        self.index = np.empty(rows, np.intp)
        self.bound = np.empty(rows, np.int32)
        self.above = np.empty(rows, np.bool_)
        self.counted = self.above.view(np.uint8)


@dataclass(frozen=True, slots=True)
class _Changed:
    """Rows whose limit is not that of the list of vehicles, and their own steps."""

    rows: NDArray[np.intp]
    steps: Steps
    places: NDArray[np.intp]


def _signs(cells: Cells, part: Columns, index: NDArray[np.intp]) -> _Changed | None:
    """Work out the rows with a sign of the road's or a registered mass of their own."""
    if part.posted is None and part.registered is None:
        return None
    nothing = np.zeros(len(part), np.int64)
    posted = nothing if part.posted is None else part.posted.astype(np.int64)
    registered = nothing if part.registered is None else part.registered.astype(np.int64)
    own = np.flatnonzero((posted > 0) | (registered > 0))
    if not len(own):
        return None
    return _Changed(own, *cells.of_signs(index[own], posted[own], registered[own]))


def _permitted(part: Columns, lawless: NDArray[np.bool_] | None, code: UInt8) -> None:
    if part.permit is None:
        return
    # A permit settles the mass, whatever else is known; where there is no law, there is no permit.
    covered = part.gross <= part.permit
    if lawless is not None:
        covered &= ~lawless
    code[covered] = Code.PERMITTED


def _dimensioned(
    part: Columns,
    rows: Rows,
    index: NDArray[np.intp],
    lawless: NDArray[np.bool_] | None,
    code: UInt8,
) -> None:
    """Mark as violations what is too high, wide or long (令62号第三条第一款第(一)至(三)项)."""
    if part.height is part.width is part.length is None:
        return
    exempt = np.zeros(len(part), np.uint8) if part.exempt is None else part.exempt
    too_large = np.zeros(len(part), np.bool_)
    height, width, refrigerated, length = rows.dimensions(index)
    for size, most in (
        (part.height, height),
        (part.width, np.where(exempt == _REFRIGERATED, refrigerated, width)),
        (part.length, length),
    ):
        if size is not None:
            too_large |= size > most
    too_large &= exempt != _SPECIAL_PURPOSE
    # decide() fails where the entry rule is missing, before it looks at dimensions.
    too_large &= code != Code.NO_LAW
    if lawless is not None:
        too_large &= ~lawless
    code[too_large] = Code.VIOLATION


def _at_entry(columns: Columns) -> NDArray[np.bool_] | None:
    return None if columns.mode is None else columns.mode == MODES.index(Mode.EXPRESSWAY_ENTRY)


def _in_range(name: str, column: NDArray[Any], least: int, most: int, first: int = 0) -> None:
    if not len(column):
        return
    # The method min() costs as much as a small block; the ufunc does not.
    if least <= np.minimum.reduce(column) and np.maximum.reduce(column) <= most:
        return
    row = int(np.flatnonzero((column < least) | (column > most))[0])
    raise InvalidFacts(
        f"must be from {least} to {most}", field=name, row=first + row, value=int(column[row])
    )


def _span(day: Int32) -> tuple[int, int]:
    first, last = int(day.min()), int(day.max())
    if first < _FIRST_DAY or last > _LAST_DAY:
        _in_range("day", day, _FIRST_DAY, _LAST_DAY)
    return first, last


_REFRIGERATED, _SPECIAL_PURPOSE = 1, 2
_EPOCH: Final = date(1970, 1, 1).toordinal()
_FIRST_DAY: Final = date(1990, 1, 1).toordinal() - _EPOCH
_LAST_DAY: Final = date(2199, 12, 31).toordinal() - _EPOCH
_RANGES: Final = {
    "gross": (1, HEAVIEST),
    "mode": (0, len(MODES) - 1),
    "exempt": (0, _SPECIAL_PURPOSE),
    "height": (0, LARGEST),
    "width": (0, LARGEST),
    "length": (0, LARGEST),
}
