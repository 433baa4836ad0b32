"""How each device is, and the record of its faults and recoveries."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from station.application.live import Device, Hub
from station.application.ports import Draft
from station.application.views import Alarm
from station.contract.entries import DeviceEvent, Kind, Outage
from station.contract.sealing import stamp
from station.domain.clock import Clock

OK: Final = "ok"
CONNECTING: Final = "device.connecting"
SCALE, CAMERA, STORE, UPLINK = "scale", "camera", "store", "uplink"
CLOCK, PROGRAM = "clock", "program"

_PASSING: Final = frozenset({OK, CONNECTING})
"""States that are no fault by themselves."""

_EACH_FAULT: Final = frozenset({STORE, CLOCK, PROGRAM})
"""What is not tried again and again: each of its faults is another one."""

log = logging.getLogger(__name__)


class Board:
    """The states of the devices. ``write`` takes what goes into the ledger, and does not wait."""

    def __init__(
        self, clock: Clock, hub: Hub, write: Callable[[Draft], None], waiting: Callable[[], int]
    ) -> None:
        self._clock = clock
        self._hub = hub
        self._write = write
        self._waiting = waiting
        start = Device(code=CONNECTING, detail="", since=clock.now())
        self._devices = dict.fromkeys((SCALE, CAMERA, UPLINK, CLOCK), start)
        well = Device(code=OK, detail="", since=start.since)
        self._devices |= dict.fromkeys((STORE, PROGRAM), well)
        self._faulty: set[str] = set()
        """Those whose fault is written, and whose recovery is not."""

    def __getitem__(self, device: str) -> Device:
        return self._devices[device]

    def report(self, device: str, code: str, detail: str = "") -> None:
        """Take a device's state.

        That it went wrong is recorded and told once, and once that it is well again. What it does
        between (a port that is tried again and again) shows on the lane and stands in the log.
        """
        if code == self._devices[device].code:
            return
        now = Device(code=code, detail=detail, since=self._clock.now())
        self._devices[device] = now
        if code not in _PASSING:
            log.warning("device fault", extra={"device": device, "code": code, "detail": detail})
            if device in _EACH_FAULT or device not in self._faulty:
                self._note(device, now)
            self._faulty.add(device)
        elif code == OK and device in self._faulty:
            self._faulty.discard(device)
            self._note(device, now, recovered=True)

    def notice(self, device: str, code: str, detail: str) -> None:
        """Record and tell of something that is no state: it happened, and is not undone."""
        self._note(device, Device(code=code, detail=detail, since=self._clock.now()))

    def _note(self, device: str, state: Device, *, recovered: bool = False) -> None:
        if device == UPLINK:
            kind = Kind.OUTAGE_END if recovered else Kind.OUTAGE_BEGIN
            self._write(Draft(kind, Outage(code=state.code, waiting=self._waiting())))
        else:
            kind = Kind.DEVICE_RECOVERED if recovered else Kind.DEVICE_FAULT
            event = DeviceEvent(
                device=device, code=state.code, detail=state.detail, since=stamp(state.since)
            )
            self._write(Draft(kind, event))
        self._hub.publish(
            Alarm(code=state.code, detail=state.detail, device=device, at=state.since)
        )
