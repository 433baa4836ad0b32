"""Draws what a lane camera sees: road, a truck's front, its trailer's rear (双画面), weather."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.camera.plate_art import Image, plate_art, usual_rows
from station.domain.plates import Plate

WIDTH, HEIGHT = 1280, 720
_PLATE_PX = 190
_SKEW_PX = 3.0
_MUD = (40, 62, 84)
_CAB_COLOURS = ((52, 60, 170), (150, 90, 40), (200, 205, 208), (60, 120, 60), (45, 130, 190))


@dataclass(frozen=True, slots=True)
class Weather:
    """What lies between plate and sensor.

    Attributes:
        brightness_permille: of the picture; 1000 is as drawn.
        haze_permille: of grey mixed in (fog, dust).
        noise: standard deviation of the sensor's noise, grey levels.
        motion_px: length of the blur of a vehicle that moves.
    """

    brightness_permille: int = 1000
    haze_permille: int = 0
    noise: int = 3
    motion_px: int = 0


WEATHERS = {
    "clear": Weather(),
    "dusk": Weather(brightness_permille=550, noise=5),
    "fog": Weather(haze_permille=450, noise=4),
    "rain": Weather(brightness_permille=800, haze_permille=150, noise=6, motion_px=3),
    "night": Weather(brightness_permille=220, noise=8),
    "rolling": Weather(motion_px=5),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What stands before the camera.

    Attributes:
        front: plate of the truck or tractor; None for an empty road.
        rear: plate of the trailer; when given the picture is split, the rear beside the front.
        front_rows: rows of the front plate.
        covered: the plates are smeared with mud or hidden by cloth: nobody can read them.
        seed: of the truck's colour, its place and its skew.
    """

    front: Plate | None = None
    rear: Plate | None = None
    front_rows: int = 1
    covered: bool = False
    weather: Weather = field(default_factory=Weather)
    seed: int = 0


EMPTY = Scene()


def scene_art(scene: Scene) -> Image:
    """Draw a scene without the sensor's noise.

    Returns:
        uint8 array (720, 1280, 3), BGR. The same scene always gives the same picture.
    """
    random = np.random.default_rng(scene.seed)
    if scene.rear is None:
        picture = _half(scene, scene.front, WIDTH, random, is_rear=False)
    else:
        picture = np.hstack(
            [
                _half(scene, scene.front, WIDTH // 2, random, is_rear=False),
                _half(scene, scene.rear, WIDTH // 2, random, is_rear=True),
            ]
        )
        picture[:, WIDTH // 2 - 2 : WIDTH // 2 + 2] = 0
    return _through(scene.weather, picture)


def _half(
    scene: Scene, plate: Plate | None, width: int, random: np.random.Generator, *, is_rear: bool
) -> Image:
    picture = _road(width)
    if plate is None:
        return picture
    shift = int(random.integers(-30, 31))
    centre = (width // 2 + shift, HEIGHT // 2 + 20)
    colour = _CAB_COLOURS[int(random.integers(len(_CAB_COLOURS)))]
    (_trailer_rear if is_rear else _cab_front)(picture, centre, colour)
    rows = usual_rows(plate) if is_rear else scene.front_rows
    art = plate_art(plate, rows)
    if scene.covered:
        _cover(art, random)
    _mount(picture, art, (centre[0], centre[1] + 230), random)
    return picture


def _road(width: int) -> Image:
    picture = np.full((HEIGHT, width, 3), 0, np.uint8)
    picture[:240] = np.linspace((205, 190, 170), (190, 185, 180), 240)[:, None].astype(np.uint8)
    picture[240:] = np.linspace((105, 108, 110), (78, 80, 82), HEIGHT - 240)[:, None].astype(
        np.uint8
    )
    grain = np.random.default_rng(7).integers(-6, 7, (HEIGHT - 240, width, 1))
    picture[240:] = np.clip(picture[240:].astype(np.int16) + grain, 0, 255).astype(np.uint8)
    for side in (-1, 1):
        near, far = width // 2 + side * width * 9 // 20, width // 2 + side * width // 6
        cv2.line(picture, (far, 240), (near, HEIGHT), (215, 215, 215), 6, cv2.LINE_AA)
    return picture


def _cab_front(picture: Image, centre: tuple[int, int], colour: tuple[int, int, int]) -> None:
    x, y = centre
    _box(picture, (x - 225, y - 330), (x + 225, y + 215), colour)
    _box(picture, (x - 195, y - 270), (x + 195, y - 70), (62, 52, 44))
    cv2.line(picture, (x - 150, y - 80), (x - 20, y - 250), (100, 92, 84), 5, cv2.LINE_AA)
    for row in range(5):
        _box(picture, (x - 150, y - 30 + row * 28), (x + 150, y - 16 + row * 28), (40, 40, 42))
    _box(picture, (x - 235, y + 160), (x + 235, y + 285), (92, 94, 96))
    for side in (-1, 1):
        middle = (x + side * 180, y + 195)
        cv2.ellipse(picture, middle, (36, 20), 0, 0, 360, (225, 232, 235), -1, cv2.LINE_AA)
        _box(picture, (x + side * 262 - 22, y - 240), (x + side * 262 + 22, y - 110), (38, 38, 40))


def _trailer_rear(picture: Image, centre: tuple[int, int], colour: tuple[int, int, int]) -> None:
    x, y = centre
    _box(picture, (x - 235, y - 340), (x + 235, y + 170), colour)
    dark = tuple(channel * 2 // 3 for channel in colour)
    for rib in range(-200, 201, 50):
        cv2.line(picture, (x + rib, y - 330), (x + rib, y + 160), dark, 3)
    _box(picture, (x - 235, y + 170), (x + 235, y + 300), (58, 60, 62))
    for side in (-1, 1):
        _box(picture, (x + side * 190 - 30, y + 190), (x + side * 190 + 30, y + 220), (40, 40, 190))
        _box(picture, (x + side * 170 - 45, y + 300), (x + side * 170 + 45, y + 340), (25, 25, 26))


def _box(
    picture: Image, low: tuple[int, int], high: tuple[int, int], colour: tuple[int, ...]
) -> None:
    cv2.rectangle(picture, low, high, colour, -1)
    cv2.rectangle(picture, low, high, tuple(channel // 2 for channel in colour), 2)


def _cover(art: Image, random: np.random.Generator) -> None:
    """Hide the province, the letter and most of the serial under mud."""
    height, width = art.shape[:2]
    for _ in range(14):
        at = (int(random.integers(0, width * 7 // 10)), int(random.integers(0, height)))
        axes = (int(random.integers(45, 90)), int(random.integers(25, 60)))
        cv2.ellipse(art, at, axes, int(random.integers(180)), 0, 360, _MUD, -1, cv2.LINE_AA)
    art[:, : width * 2 // 5] = _MUD


def _mount(
    picture: Image, art: Image, centre: tuple[int, int], random: np.random.Generator
) -> None:
    """Lay a plate on the picture, a little out of square."""
    rows, columns = art.shape[:2]
    scale = _PLATE_PX / 440
    half = np.array([columns * scale / 2, rows * scale / 2])
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + centre
    aim = (square + random.uniform(-_SKEW_PX, _SKEW_PX, (4, 2))).astype(np.float32)
    smooth = cv2.GaussianBlur(art, (0, 0), 0.5 / scale)
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, aim)
    size = (picture.shape[1], picture.shape[0])
    laid = cv2.warpPerspective(smooth, turn, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((rows, columns), 255, np.uint8), turn, size)
    share = mask[:, :, None].astype(np.float32) / 255
    picture[:] = (picture * (1 - share) + laid * share).astype(np.uint8)


def _through(weather: Weather, picture: Image) -> Image:
    """Apply everything of the weather but the noise."""
    seen: NDArray[np.float32] = picture.astype(np.float32) * (weather.brightness_permille / 1000)
    haze = weather.haze_permille / 1000
    seen = seen * (1 - haze) + 185 * haze
    if weather.motion_px > 1:
        kernel = np.full((weather.motion_px, 1), 1 / weather.motion_px, np.float32)
        seen = np.asarray(cv2.filter2D(seen, -1, kernel), np.float32)
    return np.clip(seen, 0, 255).astype(np.uint8)
