"""Draws number plates: the proportions and grounds of GA 36-2018, in the letters of a free font.

The official lettering is not free. What is drawn has the right layout and grounds, but the strokes
of the font that OpenCV carries, so it is no easier to read than a plate, and no plate's copy.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from station.domain.plates import Plate, PlateColour, PlateKind

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

# Millimetres, drawn one to a pixel.
SINGLE = (440, 140)
DOUBLE = (440, 220)
NEV = (480, 140)
_CHARACTER = (45, 90)
_NEV_CHARACTER = (43, 90)
_TOP_CHARACTER = (80, 60)
_BOTTOM_CHARACTER = (65, 110)
_EDGE = 15
_GAP = 12
_DOT_GAP = 34

_BLACK: Colour = (20, 20, 20)
_WHITE: Colour = (240, 240, 240)
_RED: Colour = (40, 30, 200)
_YELLOW: Colour = (30, 180, 235)
_BLUE: Colour = (170, 75, 20)
_GREEN: Colour = (110, 200, 80)
_DARK: Colour = (30, 30, 30)
_GROUND: dict[PlateColour, tuple[Colour, Colour]] = {
    PlateColour.YELLOW: (_YELLOW, _BLACK),
    PlateColour.BLUE: (_BLUE, _WHITE),
    PlateColour.GREEN: (_GREEN, _BLACK),
    PlateColour.YELLOW_GREEN: (_GREEN, _BLACK),
    PlateColour.WHITE: (_WHITE, _BLACK),
    PlateColour.BLACK: (_DARK, _WHITE),
    PlateColour.UNKNOWN: (_WHITE, _BLACK),
}
_BOLD_PX = 3
_BOLD_CJK_PX = 1


def usual_rows(plate: Plate) -> int:
    """Return the rows that a plate has at the rear: trailers carry double rows (双层)."""
    return 2 if plate.kind is PlateKind.TRAILER else 1


def plate_art(plate: Plate, rows: int = 1) -> Image:
    """Draw a plate.

    Args:
        plate: number and ground; ``UNKNOWN`` is drawn white.
        rows: 1, or 2 for province and letter above the serial.

    Returns:
        uint8 array (height, width, 3), BGR, one pixel a millimetre.
    """
    is_nev = plate.kind in (PlateKind.NEV_LARGE, PlateKind.NEV_SMALL)
    size = NEV if is_nev else DOUBLE if rows == 2 else SINGLE  # noqa: PLR2004
    art = _ground(size, plate.colour)
    ink = _GROUND[plate.colour][1]
    if size == DOUBLE:
        _double(art, plate.number, ink)
    else:
        _single(art, plate.number, ink, _NEV_CHARACTER if is_nev else _CHARACTER)
    cv2.rectangle(art, (4, 4), (size[0] - 5, size[1] - 5), ink, 2, cv2.LINE_AA)
    return art


def _ground(size: tuple[int, int], colour: PlateColour) -> Image:
    width, height = size
    art = np.full((height, width, 3), _GROUND[colour][0], np.uint8)
    if colour is PlateColour.GREEN:
        fade = np.linspace(0, 1, height)[:, None, None]
        art[:] = ((1 - fade) * _WHITE + fade * art).astype(np.uint8)
    if colour is PlateColour.YELLOW_GREEN:
        art[:, : round(width * 0.27)] = _YELLOW
    return art


def _single(art: Image, number: str, ink: Colour, character: tuple[int, int]) -> None:
    width, height = character
    x, y = _EDGE, (art.shape[0] - height) // 2
    for place, letter in enumerate(number):
        _put(art, letter, (x, y), character, _RED if letter == "警" else ink)
        x += width + (_DOT_GAP if place == 1 else _GAP)
        if place == 1:
            cv2.circle(art, (x - _DOT_GAP // 2, art.shape[0] // 2), 5, ink, -1, cv2.LINE_AA)


def _double(art: Image, number: str, ink: Colour) -> None:
    _put(art, number[0], (110, 15), _TOP_CHARACTER, ink)
    _put(art, number[1], (250, 15), _TOP_CHARACTER, ink)
    width = _BOTTOM_CHARACTER[0]
    gap = (art.shape[1] - 2 * 27 - 5 * width) // 4
    for place, letter in enumerate(number[2:]):
        _put(art, letter, (27 + place * (width + gap), 90), _BOTTOM_CHARACTER, ink)


def _put(art: Image, letter: str, at: tuple[int, int], size: tuple[int, int], ink: Colour) -> None:
    x, y = at
    width, height = size
    glyph = _glyph(letter)
    if letter == "1":
        # A one keeps its own width: stretched to a whole cell it would be a block.
        own = min(width, round(glyph.shape[1] * width / _glyph("2").shape[1]))
        x, width = x + (width - own) // 2, own
    shape = cv2.resize(glyph, (width, height), interpolation=cv2.INTER_AREA)
    share = shape[:, :, None].astype(np.float32) / 255
    place = art[y : y + height, x : x + width]
    place[:] = (place * (1 - share) + np.array(ink) * share).astype(np.uint8)


@lru_cache(maxsize=128)
def _glyph(letter: str) -> NDArray[np.uint8]:
    """Return one character as coverage 0 to 255, cut to its ink."""
    canvas = np.zeros((300, 300, 3), np.uint8)
    font = cv2.FontFace("uni")
    cv2.putText(canvas, letter, (30, 230), (255, 255, 255), font, 200, 400)
    ink = np.ascontiguousarray(canvas[:, :, 0])
    bold = 2 * (_BOLD_PX if letter.isascii() else _BOLD_CJK_PX) + 1
    ink = np.asarray(cv2.dilate(ink, np.ones((bold, bold), np.uint8)), np.uint8)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.ascontiguousarray(cut, np.uint8)
