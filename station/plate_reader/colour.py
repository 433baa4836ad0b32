"""Tells the ground colour of a plate's crop by counting pixels; in the dark it does not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from station.domain.plates import PlateColour
from station.plate_reader.models import Image

_SIZE = (132, 42)
_EDGE = 4
_LEAST_SHARE = 0.30
"""Of the pixels that a ground must cover; strokes cover a quarter to a third of a plate."""

_HEAD = 0.27
"""Share of a single row that province and issuing letter take."""

# Hue is 0 to 179 in OpenCV.
_YELLOW = (12, 34)
_GREEN = (35, 90)
_BLUE = (92, 135)
_LEAST_SATURATION = 60
_PALE_GREEN_SATURATION = 25
_LEAST_VALUE = 45
_DARK = 60
_WHITE_VALUE = 135
_WHITE_SATURATION = 40

Mask = NDArray[np.bool_]
Channel = NDArray[np.uint8]


def ground_colour(crop: Image) -> PlateColour:
    """Return the ground colour, ``UNKNOWN`` when nothing covers enough of the crop.

    Args:
        crop: one straightened plate, uint8 array (height, width, 3), BGR.
    """
    small = cv2.resize(crop, _SIZE, interpolation=cv2.INTER_AREA)
    hsv = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2HSV), np.uint8)
    hsv = hsv[_EDGE:-_EDGE, _EDGE:-_EDGE]
    hue, saturation, value = (hsv[:, :, channel] for channel in range(3))
    lit = value >= _LEAST_VALUE
    vivid = lit & (saturation >= _LEAST_SATURATION)
    yellow = vivid & _between(hue, _YELLOW)
    green = lit & (saturation >= _PALE_GREEN_SATURATION) & _between(hue, _GREEN)
    if _is_yellow_green(yellow, green):
        return PlateColour.YELLOW_GREEN
    shares = {
        PlateColour.YELLOW: yellow.mean(),
        PlateColour.BLUE: (vivid & _between(hue, _BLUE)).mean(),
        PlateColour.GREEN: green.mean(),
    }
    best = max(shares, key=lambda colour: shares[colour])
    if shares[best] >= _LEAST_SHARE:
        return best
    return _colourless(saturation, value)


def _between(hue: Channel, bounds: tuple[int, int]) -> Mask:
    return (hue >= bounds[0]) & (hue <= bounds[1])


def _is_yellow_green(yellow: Mask, green: Mask) -> bool:
    """Tell the large new-energy plate: its head is yellow, its serial stands on green."""
    head = round(yellow.shape[1] * _HEAD)
    return bool(yellow[:, :head].mean() >= _LEAST_SHARE and green[:, head:].mean() >= _LEAST_SHARE)


def _colourless(saturation: Channel, value: Channel) -> PlateColour:
    grey = saturation < _WHITE_SATURATION
    white = float((grey & (value >= _WHITE_VALUE)).mean())
    dark = float((value < _DARK).mean())
    if white >= _LEAST_SHARE and white > dark:
        return PlateColour.WHITE
    # White strokes tell a black plate from a picture that is only dark.
    if dark >= 2 * _LEAST_SHARE and value.max() >= _WHITE_VALUE:
        return PlateColour.BLACK
    return PlateColour.UNKNOWN
