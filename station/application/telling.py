"""Tells the centre what the lane shows, once a second. Not evidence: lost when the line is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from station.application.live import Device, LaneView
from station.application.ports import Views
from station.contract.sealing import stamp
from station.contract.uplink import DeviceState, LaneState, Wanted
from station.domain.errors import EvidenceError, StoreCorrupt, UplinkError

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
PAUSE_S: Final = 5.0
COUNTED: Final = 100


class Told(Protocol):
    """Whoever is told."""

    async def tell(self, state: LaneState) -> Wanted:
        """Show *state* and return what is asked for; raise UplinkError when it did not arrive."""
        ...


class Teller:
    """One task."""

    def __init__(
        self,
        node: str,
        view: Callable[[], LaneView],
        views: Views,
        centre: Told,
        *,
        asked: Callable[[Wanted], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._node = node
        self._view = view
        self._views = views
        self._centre = centre
        self._asked = asked
        self._sleep = sleep

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            try:
                await self._asked(await self._centre.tell(await self._state()))
            except (UplinkError, EvidenceError):
                # The pusher reports the line's state; here only the next try matters.
                await self._sleep(PAUSE_S)
            except StoreCorrupt as exc:
                # The lane goes on; headquarters hears nothing, and alarms.
                log.error("views cannot be read", extra={"detail": exc.detail, **exc.fields})
                await self._sleep(PAUSE_S)
            else:
                await self._sleep(EVERY_S)

    async def _state(self) -> LaneState:
        view = self._view()
        passages = await self._views.passages(COUNTED)
        return LaneState(
            node=self._node,
            at=stamp(view.at),
            gross_kg=view.gross_kg,
            stable=view.stable,
            occupied=view.occupied,
            scale=_device(view.scale),
            camera=_device(view.camera),
            waiting=view.waiting,
            open_cases=len(await self._views.cases(closed=False, limit=COUNTED)),
            reviews=sum(passage.outcome == "needs_review" for passage in passages),
        )


def _device(device: Device) -> DeviceState:
    return DeviceState(code=device.code, detail=device.detail, since=stamp(device.since))
