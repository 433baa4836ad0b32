"""How each device is, and the record of its faults and recoveries."""

from __future__ import annotations

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

    def __getitem__(self, device: str) -> Device:
        return self._devices[device]

    def report(self, device: str, code: str, detail: str = "") -> None:
        """Take a device's state; a change for the worse or back to good is recorded and told."""
        if code == self._devices[device].code:
            return
        now = Device(code=code, detail=detail, since=self._clock.now())
        self._devices[device] = now
        if code not in _PASSING:
            self._faulty.add(device)
            self._note(device, now)
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
