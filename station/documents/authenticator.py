"""Shows on a terminal what an officer's authenticator scans."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from station.contract.messages import message

_HALVES: Final = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
"""Light modules are drawn: dark terminals are the rule."""
_GREY: Final = 128


def lines(uri: str, *, drawn: bool) -> list[str]:
    """Return the lines that show *uri*; *drawn*: as a QR code too, which needs a terminal."""
    picture = qr_code(uri) if drawn else []
    return [message("access.secret", {}), *picture, uri]


def qr_code(text: str) -> list[str]:
    """Return a QR code of *text*, two rows of modules in a line."""
    image = np.asarray(cv2.QRCodeEncoder.create().encode(text))
    dark = (image < _GREY).astype(int)
    if len(dark) % 2:
        dark = np.vstack([dark, np.zeros((1, dark.shape[1]), dtype=int)])
    return [
        "".join(_HALVES[int(upper), int(lower)] for upper, lower in zip(above, below, strict=True))
        for above, below in zip(dark[::2], dark[1::2], strict=True)
    ]
