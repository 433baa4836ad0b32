"""What the station tells its watchers as it happens. They take values; the API encodes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from station.application.casework import CaseFile
from station.application.views import Alarm, PassageView


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """How a device is: ``ok``, or a stable code of what is wrong, and since when."""

    code: str
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """What the lane shows at this moment. ``gross_kg`` is None when there is no present weight."""

    at: datetime
    gross_kg: int | None
    stable: bool
    occupied: bool
    scale: Device
    camera: Device
    store: Device
    uplink: Device
    clock: Device
    program: Device
    waiting: int
    media_waiting: int
    pending: bool
    watched_by: tuple[str, ...] = ()
    """Officers at headquarters who look through the camera now (certificate numbers)."""


Event = LaneView | PassageView | CaseFile | Alarm


class Hub:
    """Hands every event to every listener, in order. A listener must not block."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Add a listener for the rest of the run."""
        self._listeners.append(listener)

    def publish(self, event: Event) -> None:
        """Tell everybody."""
        for listener in self._listeners:
            listener(event)
