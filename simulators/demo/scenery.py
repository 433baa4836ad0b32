"""What a camera sees of the yard: the truck that stands or rolls before it."""

from __future__ import annotations

import zlib
from typing import Final

from simulators.camera.truck_art import EMPTY, WEATHERS, Scene, Weather
from simulators.traffic.trucks import Truck
from simulators.traffic.world import Journey, Place

_LIGHT: Final = ("clear",) * 16 + ("dusk", "dusk", "rain", "fog")
_ROLLING_PX: Final = 5


def scene_of(journey: Journey | None) -> Scene:
    """Return the scene before the camera. Equal trucks look equal each time they come."""
    if journey is None:
        return EMPTY
    truck = journey.trip.truck
    seed = zlib.crc32(truck.plate.number.encode())
    return Scene(
        front=truck.plate,
        rear=truck.trailer_plate,
        covered=truck.plate_hidden,
        weather=_weather(truck, seed, rolls=journey.place is not Place.PLATFORM),
        seed=seed,
    )


def _weather(truck: Truck, seed: int, *, rolls: bool) -> Weather:
    still = WEATHERS[_LIGHT[seed % len(_LIGHT)]]
    if not rolls or truck.plate_hidden:
        return still
    return Weather(
        brightness_permille=still.brightness_permille,
        haze_permille=still.haze_permille,
        noise=still.noise,
        motion_px=_ROLLING_PX,
    )
