"""Reads the plates of one picture, and says so when it is not sure.

A number is certain only when two recognisers of different origin read the same, the grammar of
GA 36 accepts it, its worst character is above a threshold that was chosen on real photographs
(``docs/reference/plates.md``), the plate is not too small, not cut off by the picture's edge, and
its ground is not that of another kind. Everything else is a best guess for an officer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from station.domain.plates import (
    GRAMMAR,
    Corners,
    Grammar,
    Plate,
    PlateColour,
    PlateFlag,
    PlateReading,
)
from station.plate_reader.colour import ground_colour
from station.plate_reader.ctc import Text
from station.plate_reader.detector import PlateDetector
from station.plate_reader.engine_clpr import ClprEngine
from station.plate_reader.engine_ppocr import PpocrEngine
from station.plate_reader.models import Floats, Image
from station.plate_reader.strip import rows_joined, straightened

SURE_PERMILLE = 990
"""What the worst character must reach, both engines taken together."""

FAVOURED = "皖"
FAVOURED_PERMILLE = 950
"""Both networks learned mostly from photographs taken in Anhui, and turn a blurred province into
皖 with a high score: of that character each engine must be this sure by itself."""

LEAST_HEIGHT_PX = 14
"""Of one row; below it a crop holds too little to tell a province by."""

_MARGIN = 0.05
_ABOVE = 0.2
"""The detector sees the lower row of a double-row plate best, and cuts into the upper one."""

_SINGLE_ROW_RATIO = 2.5
_DOUBLE_ROW_RATIO = 2.25
_DOUBLE = 2
_OUTSIDE_PX = 2
_TELLING_GROUNDS = {
    PlateColour.YELLOW,
    PlateColour.BLUE,
    PlateColour.GREEN,
    PlateColour.YELLOW_GREEN,
}
"""White and black are also what bad light makes of any ground: they contradict nothing."""


class Engine(Protocol):
    """A recogniser of one line of text."""

    def read(self, crop: Image) -> Text:
        """Read a crop that holds one line of text."""
        ...


@dataclass(frozen=True, slots=True)
class _View:
    """What both engines made of a crop that was looked at as one row or as two."""

    first: Text
    second: Text
    rows: int

    @property
    def agrees(self) -> bool:
        return bool(self.first.text) and self.first.text == self.second.text

    @property
    def worst_permille(self) -> int:
        if not self.agrees:
            return min(self.first.worst_permille, self.second.worst_permille)
        pairs = zip(self.first.permilles, self.second.permilles, strict=True)
        return min(_together(first, second) for first, second in pairs)

    @property
    def leans(self) -> bool:
        """Tell whether the province may only be what both engines learned to expect."""
        pair = (self.first.permilles[0], self.second.permilles[0]) if self.agrees else (0,)
        return self.first.text[:1] == FAVOURED and min(pair) < FAVOURED_PERMILLE

    @property
    def is_sure(self) -> bool:
        return self.agrees and self.worst_permille >= SURE_PERMILLE and not self.leans

    @property
    def guess(self) -> str:
        return max(self.first, self.second, key=lambda text: text.worst_permille).text


class PlateReader:
    """Reads pictures. Blocking, and not safe for two threads at once.

    Args:
        long_side: pixels that the picture's longer side is scaled to before plates are looked for;
            1280 for photographs, 960 for a camera that is read several times a second.
        grammar: with a province's extra new-energy letters, where there are any.
        engines: two recognisers of different origin, where not the standard ones.

    Raises:
        SettingsError: a package that holds the networks is not installed.
    """

    def __init__(
        self,
        long_side: int = 960,
        *,
        grammar: Grammar = GRAMMAR,
        engines: tuple[Engine, Engine] | None = None,
    ) -> None:
        self._detector = PlateDetector(long_side)
        self._first, self._second = engines or (PpocrEngine(grammar), ClprEngine(grammar))

    def read(self, image: Image) -> tuple[PlateReading, ...]:
        """Return the plates found in a picture, the surest found first.

        Args:
            image: uint8 array (height, width, 3), BGR.
        """
        return tuple(self._read_found(image, found.corners) for found in self._detector.find(image))

    def read_crop(self, crop: Image) -> PlateReading:
        """Read a picture that is one plate and nothing else.

        Args:
            crop: uint8 array (height, width, 3), BGR.
        """
        height, width = crop.shape[:2]
        box = ((0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1))
        return self._reading(crop, crop, box, whole=True)

    def _read_found(self, image: Image, corners: Floats) -> PlateReading:
        crop = straightened(image, corners, _MARGIN)
        tall = straightened(image, corners, _MARGIN, _ABOVE)
        return self._reading(crop, tall, _as_box(corners), whole=_inside(image, corners))

    def _reading(self, crop: Image, tall: Image, box: Corners, *, whole: bool) -> PlateReading:
        view = self._better_view(crop, tall)
        colour = ground_colour(crop)
        certain = (
            view.is_sure
            and whole
            and crop.shape[0] / view.rows >= LEAST_HEIGHT_PX
            and not _ground_contradicts(view.first.text, colour)
        )
        return PlateReading(
            text=view.first.text if certain else None,
            best_guess=view.guess,
            confidence_permille=view.worst_permille,
            colour=colour,
            rows=view.rows,
            box=box,
        )

    def _better_view(self, crop: Image, tall: Image) -> _View:
        ratio = crop.shape[1] / crop.shape[0]
        if ratio >= _SINGLE_ROW_RATIO or crop.shape[0] < LEAST_HEIGHT_PX:
            return self._view(crop, rows=1)
        likelier, other = (2, 1) if ratio < _DOUBLE_ROW_RATIO else (1, 2)
        view = self._view(rows_joined(tall) if likelier == _DOUBLE else crop, likelier)
        if view.is_sure:
            return view
        rest = self._view(rows_joined(tall) if other == _DOUBLE else crop, other)
        return max(view, rest, key=lambda view: (view.agrees, view.worst_permille))

    def _view(self, line: Image, rows: int) -> _View:
        return _View(self._first.read(line), self._second.read(line), rows)


def _together(first: int, second: int) -> int:
    """Join two chances of one character, permille, as those of independent witnesses."""
    first, second = (min(max(chance, 1), 999) for chance in (first, second))
    both = first * second
    return 1000 * both // (both + (1000 - first) * (1000 - second))


def _ground_contradicts(number: str, colour: PlateColour) -> bool:
    """Tell whether number and ground exclude each other: a green plate that lost a character."""
    disagrees = PlateFlag.COLOUR_DISAGREES in Plate(number, colour).flags
    return disagrees and colour in _TELLING_GROUNDS


def _inside(image: Image, corners: Floats) -> bool:
    height, width = image.shape[:2]
    limits = np.array([width - 1, height - 1], np.float32) + _OUTSIDE_PX
    return bool((corners >= -_OUTSIDE_PX).all() and (corners <= limits).all())


def _as_box(corners: Floats) -> Corners:
    a, b, c, d = ((round(float(x)), round(float(y))) for x, y in corners)
    return (a, b, c, d)
