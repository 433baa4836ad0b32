"""Shapes crops of plates: the strip that a recogniser reads, and two rows laid side by side."""

from __future__ import annotations

import math

import cv2
import numpy as np

from station.plate_reader.models import Floats, Image

_TOP_ROW_ENDS = 5 / 12
_ROWS_OVERLAP = 1 / 24


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
    """Lay the two rows of a double-row plate side by side at one height.

    The top row (省份与发牌机关代号) takes about five twelfths of the plate (GA 36-2018); the two
    cuts overlap a little, because the crop is never exact.
    """
    height = crop.shape[0]
    top = crop[: max(1, round(height * (_TOP_ROW_ENDS + _ROWS_OVERLAP)))]
    bottom = crop[min(height - 1, round(height * (_TOP_ROW_ENDS - _ROWS_OVERLAP))) :]
    scale = bottom.shape[0] / top.shape[0]
    grown = cv2.resize(top, (max(1, round(top.shape[1] * scale)), bottom.shape[0]))
    return np.ascontiguousarray(np.hstack([grown, bottom]))


def straightened(image: Image, corners: Floats, margin: float = 0.0) -> Image:
    """Cut a plate out by its four corners and undo the perspective.

    Args:
        image: the whole picture.
        corners: float32 array (4, 2), pixels: top left, top right, bottom right, bottom left.
        margin: of the plate's height, added on all sides: the corners are never exact.
    """
    across = corners[1] - corners[0] + corners[2] - corners[3]
    down = corners[3] - corners[0] + corners[2] - corners[1]
    width = max(4.0, float(np.hypot(*across)) / 2)
    height = max(4.0, float(np.hypot(*down)) / 2)
    edge = margin * height
    right, bottom = width + edge, height + edge
    aim = np.array([[edge, edge], [right, edge], [right, bottom], [edge, bottom]], np.float32)
    turn = cv2.getPerspectiveTransform(np.ascontiguousarray(corners, np.float32), aim)
    size = (round(width + 2 * edge), round(height + 2 * edge))
    cut = cv2.warpPerspective(image, turn, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)
