"""Opens picture files, and names those of a folder in order."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from station.plate_reader.models import Image

_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


def opened(path: Path) -> Image | None:
    """Return the picture as uint8 (height, width, 3), BGR; None when there is none to be had.

    Of a photograph whose end is missing the part that is there is returned.
    """
    if not path.is_file():
        return None
    try:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, np.uint8)


def decoded(content: bytes) -> Image | None:
    """Decode a camera's JPEG; None when it is damaged: the next frame comes soon."""
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, np.uint8)


def in_order(folder: Path) -> list[Path]:
    """Return the pictures of a folder by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
