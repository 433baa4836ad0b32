"""The only module that makes a QR code (二维码)."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

_QUIET: Final = 4
"""Modules of white around it, as ISO/IEC 18004 asks for."""
_BLACK_BELOW: Final = 128


def square(text: str) -> str:
    """Return the code of a text as an SVG, one unit a module, in one black path."""
    parameters = cv2.QRCodeEncoder.Params()
    parameters.correction_level = cv2.QRCodeEncoder_CORRECT_LEVEL_M
    dark = cv2.QRCodeEncoder.create(parameters).encode(text) < _BLACK_BELOW
    # The encoder brings a margin of its own; the norm's is drawn instead.
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    dark = dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = len(dark) + 2 * _QUIET
    path = "".join(f"M{x + _QUIET} {y + _QUIET}h1v1h-1z" for y, x in np.argwhere(dark))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}"/></svg>'
    )
