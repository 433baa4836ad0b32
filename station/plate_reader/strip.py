"""Shapes crops of plates: the strip that a recogniser reads, and two rows laid side by side."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from station.plate_reader.models import Floats, Image

_SIDE = 0.2
_FRAME = 0.04
_SLENDER = 0.7
_GAP_BETWEEN = (0.27, 0.55)
_INKED = 0.4


def text_strip(crop: Image, height: int, least_width: int) -> Floats:
    """Scale a crop to ``height``, keep its shape, pad to the right; values −1 to 1.

    Returns:
        float array (1, 3, height, width), BGR.
    """
    rows, columns = crop.shape[:2]
    width = max(1, min(4 * least_width, math.ceil(height * columns / rows)))
    scaled = cv2.resize(crop, (width, height)).astype(np.float32) / 127.5 - 1.0
    strip = np.zeros((1, 3, height, max(least_width, width)), np.float32)
    strip[0, :, :, :width] = scaled.transpose(2, 0, 1)
    return strip


def rows_joined(crop: Image) -> Image:
    """Lay the two rows of a double-row plate (双层号牌) side by side at one height.

    The upper row holds province and issuing letter in the middle of the plate, under three eighths
    of its height (GA 36-2018). Crops are not exact, so the gap between the rows is looked for.
    """
    ink = _ink_by_row(crop)
    split = _gap(ink)
    top, bottom = _inked(ink[:split], 0), _inked(ink[split:], split)
    width = crop.shape[1]
    upper = crop[top[0] : top[1], round(width * _SIDE) : round(width * (1 - _SIDE))]
    lower = crop[bottom[0] : bottom[1], round(width * _FRAME) : round(width * (1 - _FRAME))]
    height = lower.shape[0]
    # Letters of the upper row are broad and low: as slender as those below they are read better.
    wide = max(1, round(upper.shape[1] * _SLENDER * height / upper.shape[0]))
    return np.ascontiguousarray(np.hstack([cv2.resize(upper, (wide, height)), lower]))


def _ink_by_row(crop: Image) -> NDArray[np.float64]:
    """Return how much every row of pixels changes from left to right: strokes, no ground."""
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    middle = grey[:, round(crop.shape[1] * _SIDE) : round(crop.shape[1] * (1 - _SIDE))]
    change = np.abs(cv2.Sobel(middle, cv2.CV_32F, 1, 0)).mean(axis=1).astype(np.float64)
    blur = max(1, len(change) // 24)
    return np.convolve(change, np.ones(blur) / blur, mode="same")


def _gap(ink: NDArray[np.float64]) -> int:
    first, last = (max(1, round(len(ink) * share)) for share in _GAP_BETWEEN)
    return first + int(np.argmin(ink[first : max(first + 1, last)]))


def _inked(ink: NDArray[np.float64], offset: int) -> tuple[int, int]:
    """Return the first row with ink, a little earlier, and the row after the last."""
    rows = np.flatnonzero(ink >= ink.max() * _INKED)
    spare = max(1, len(ink) // 16)
    first, last = max(0, int(rows[0]) - spare), min(len(ink), int(rows[-1]) + 1 + spare)
    return offset + first, offset + last


def straightened(image: Image, corners: Floats, margin: float = 0.0, above: float = 0.0) -> Image:
    """Cut a plate out by its four corners and undo the perspective.

    Args:
        image: the whole picture.
        corners: float32 array (4, 2), pixels: top left, top right, bottom right, bottom left.
        margin: of the plate's height, added on all sides: the corners are never exact.
        above: of the plate's height, added on top besides.
    """
    across = corners[1] - corners[0] + corners[2] - corners[3]
    down = corners[3] - corners[0] + corners[2] - corners[1]
    width = max(4.0, float(np.hypot(*across)) / 2)
    height = max(4.0, float(np.hypot(*down)) / 2)
    edge = margin * height
    top = edge + above * height
    right, bottom = width + edge, top + height
    aim = np.array([[edge, top], [right, top], [right, bottom], [edge, bottom]], np.float32)
    turn = cv2.getPerspectiveTransform(np.ascontiguousarray(corners, np.float32), aim)
    size = (round(width + 2 * edge), round(bottom + edge))
    cut = cv2.warpPerspective(image, turn, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)
