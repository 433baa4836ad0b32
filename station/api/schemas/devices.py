"""Shapes of the station and its devices."""

from __future__ import annotations

from datetime import date, datetime

from station.api.schemas.base import Shape


class StationOut(Shape):
    """``GET /api/station``: needs no session; shown on the sign-in page too."""

    node: str
    name: str
    road: str
    legal_id: str
    law_edition: str
    scale_certificate_no: str
    scale_certificate_until: date


class DeviceOut(Shape):
    """``code`` is ``ok`` or a stable error code; ``message`` is Chinese."""

    code: str
    message: str
    since: datetime


class LaneOut(Shape):
    """``GET /api/lane``, and the live message ``lane``.

    ``gross_kg`` is null whenever there is no present weight: never an old one.
    """

    at: datetime
    gross_kg: int | None
    stable: bool
    occupied: bool
    scale: DeviceOut
    camera: DeviceOut
    store: DeviceOut
    uplink: DeviceOut
    clock: DeviceOut
    program: DeviceOut
    waiting: int
    media_waiting: int
    pending: bool
    """A weighing waits for its plate, or for being written: not saved yet."""
    watched_by: list[str]
    """Officers at headquarters who look through the camera now (certificate numbers)."""


class DevicesOut(Shape):
    """How the devices are, for who looks after them; ``GET /api/devices``.

    ``waiting``: entries that the centre does not hold yet; ``media_waiting``: recordings.
    """

    at: datetime
    scale: DeviceOut
    camera: DeviceOut
    store: DeviceOut
    uplink: DeviceOut
    clock: DeviceOut
    program: DeviceOut
    waiting: int
    media_waiting: int
