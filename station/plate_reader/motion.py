"""Tells whether something came into view or left it, so that plates are not read for nothing."""

from __future__ import annotations

import cv2
import numpy as np

from station.plate_reader.frame import Grey

_SIZE = (80, 45)
_LEVELS = 20
"""Grey levels by which a cell must differ; noise and a trembling mast stay below."""

_LEAST_SHARE = 0.012
"""Of all cells; a burnt-in clock that ticks changes less."""


class SceneChange:
    """Compares pictures with the one last remembered.

    A change of the light alone does not count: what most cells gained or lost is taken away.
    """

    def __init__(self) -> None:
        self._reference: Grey | None = None

    def is_new(self, grey: Grey) -> bool:
        """Tell whether this is another scene than the remembered one, or the first of all."""
        if self._reference is None:
            return True
        now, before = _cells(grey).astype(np.float32), self._reference.astype(np.float32)
        light = float(np.median((now + 1) / (before + 1)))
        expected = np.clip(before * light, 0, 255)
        return bool((np.abs(now - expected) >= _LEVELS).mean() >= _LEAST_SHARE)

    def remember(self, grey: Grey) -> None:
        """Take this picture as the scene that later ones are compared with."""
        self._reference = _cells(grey)


def _cells(grey: Grey) -> Grey:
    return np.asarray(cv2.resize(grey, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)
