"""Turns a drawn scene into a camera's JPEG: sensor noise, burnt-in clock; a few ms a frame."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np

from simulators.camera.plate_art import Image
from simulators.camera.truck_art import HEIGHT, WIDTH, Scene, scene_art

_MARGIN_PX = 64
_QUALITY = 85
_SHAKE_PX = 0.7
_SHAKES = 4
_DARK_PERMILLE = 15


class Sensor:
    """One camera's sensor. No two frames are the same bytes, as with a real one."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)

    def frame(self, scene: Scene, at: datetime, *, is_dark: bool = False) -> Image:
        """Return one frame (720, 1280, 3), BGR, with the clock burnt in."""
        noise = scene.weather.noise
        grain = _grain(noise)
        x, y = (int(self._random.integers(_MARGIN_PX)) for _ in range(2))
        below = _shaken(scene, 3 * noise, int(self._random.integers(_SHAKES)))
        if is_dark:
            below = np.asarray(cv2.convertScaleAbs(below, alpha=_DARK_PERMILLE / 1000), np.uint8)
        frame = np.asarray(cv2.add(below, grain[y : y + HEIGHT, x : x + WIDTH]), np.uint8)
        if not is_dark:
            _burn(frame, at.strftime("%Y-%m-%d %H:%M:%S"))
        return frame

    def jpeg(self, scene: Scene, at: datetime, *, is_dark: bool = False) -> bytes:
        """Return one frame as JPEG."""
        frame = self.frame(scene, at, is_dark=is_dark)
        return bytes(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


@lru_cache(maxsize=24)
def _shaken(scene: Scene, by: int, which: int) -> Image:
    """Return the scene moved by a part of a pixel, as wind and lorries move a mast."""
    dx, dy = np.random.default_rng(which).uniform(-_SHAKE_PX, _SHAKE_PX, 2)
    move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    lowered = _lowered(scene, by)
    moved = cv2.warpAffine(lowered, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


@lru_cache(maxsize=6)
def _lowered(scene: Scene, by: int) -> Image:
    """Return the scene less what the grain adds on the mean. Kept: drawing takes 100 ms."""
    art = scene_art(scene)
    return np.asarray(cv2.subtract(art, np.full_like(art, by)), np.uint8)


@lru_cache(maxsize=8)
def _grain(noise: int) -> Image:
    """Return a field of noise, larger than a frame: each frame takes another window of it."""
    size = (HEIGHT + _MARGIN_PX, WIDTH + _MARGIN_PX, 1)
    field = np.random.default_rng(noise).normal(3 * noise, noise, size)
    return np.repeat(np.clip(field, 0, 255).astype(np.uint8), 3, axis=2)


def _burn(frame: Image, text: str) -> None:
    for colour, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(frame, text, (16, 32), cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour, thickness)
