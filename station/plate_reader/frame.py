"""One picture of a camera, decoded or encoded only when somebody asks."""

from __future__ import annotations

from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from station.plate_reader.models import Image
from station.plate_reader.pictures import decoded

Grey = NDArray[np.uint8]
"""uint8 array (height, width)."""

_STEP = 8
_QUALITY = 90
_SMALL_BYTES = 128 * 1024
_SMALL_SIDE = 1280
_SMALL_QUALITY = 70
_DARK_LEVEL = 30
_DARK_PERCENTILE = 99


class Frame:
    """A picture and when it was taken.

    Attributes:
        at: when it came in (aware), the nearest that a network camera tells.
        mono_ns: the same moment on the monotonic clock.
    """

    __slots__ = ("_image", "_jpeg", "at", "mono_ns")

    def __init__(
        self,
        at: datetime,
        mono_ns: int,
        *,
        jpeg: bytes | None = None,
        image: Image | None = None,
    ) -> None:
        self.at = at
        self.mono_ns = mono_ns
        self._jpeg = jpeg
        self._image = image

    def image(self) -> Image | None:
        """Return uint8 (height, width, 3), BGR; None when the camera's JPEG is damaged."""
        if self._image is None and self._jpeg is not None:
            self._image = decoded(self._jpeg)
        return self._image

    def jpeg(self) -> bytes:
        """Return the camera's own JPEG, byte for byte, where it gave one."""
        if self._jpeg is None:
            self._jpeg = b"" if self._image is None else encoded(self._image)
        return self._jpeg

    def grey(self) -> Grey | None:
        """Return the picture in grey, an eighth of its size; None when it is damaged."""
        if self._image is not None:
            small = np.ascontiguousarray(self._image[::_STEP, ::_STEP])
            return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        if not self._jpeg:
            return None
        try:
            # The decoder scales in the frequency domain: far cheaper than a whole picture.
            grey = cv2.imdecode(np.frombuffer(self._jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
        except cv2.error:
            return None
        return None if grey is None else np.asarray(grey, np.uint8)

    def is_same_picture(self, other: Frame) -> bool:
        """Tell whether both are the same to the byte, which a living sensor never gives twice."""
        if self._jpeg is not None and other._jpeg is not None:
            return self._jpeg == other._jpeg
        mine, theirs = self.image(), other.image()
        return mine is not None and theirs is not None and np.array_equal(mine, theirs)


def encoded(image: Image) -> bytes:
    """Encode a picture as JPEG."""
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


def small_jpeg(frame: Frame) -> bytes:
    """Return the picture for a slow line: the camera's own when it is small; blocking.

    Empty when the camera's JPEG is damaged.
    """
    jpeg = frame.jpeg()
    image = None if len(jpeg) <= _SMALL_BYTES else frame.image()
    if image is None:
        return jpeg if len(jpeg) <= _SMALL_BYTES else b""
    scale = min(1.0, _SMALL_SIDE / max(image.shape[:2]))
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _SMALL_QUALITY])[1])


def is_dark(grey: Grey) -> bool:
    """Tell whether nearly all of a picture is black: a covered lens, no light at all."""
    return bool(np.percentile(grey, _DARK_PERCENTILE) < _DARK_LEVEL)
