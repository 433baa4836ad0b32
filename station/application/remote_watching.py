"""Lets headquarters look through the camera (远程调看): written down first, then shown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Protocol

from station.application.ports import Draft, Ledger
from station.contract.entries import CameraWatch, Kind
from station.contract.uplink import Wanted
from station.domain.clock import Clock
from station.domain.errors import StoreCorrupt, StoreFull, UplinkError

log = logging.getLogger(__name__)

EVERY_S: Final = 0.2
"""Five pictures a second."""

YIELD_S: Final = 0.1
"""A picture on its way is given up within this time when an entry is to be delivered."""

PAUSE_S: Final = 1.0
FORGOTTEN_NS: Final = 15_000_000_000
"""When the centre was not heard for so long, nobody watches any more."""

BEGAN: Final = "began"
ENDED: Final = "ended"


class Line(Protocol):
    """The way of a picture."""

    async def show(self, watch_id: str, jpeg: bytes) -> bool:
        """Bring the newest picture; False when nobody watches any more; may raise UplinkError."""
        ...


class Camera(Protocol):
    """The lane's camera, which somebody else runs."""

    async def preview(self, after: datetime | None) -> tuple[bytes, datetime] | None:
        """Return the newest picture (JPEG) and when it was taken; None when none came after."""
        ...


class RemoteWatching:
    """Two parts: what the centre wants is taken up at once; a task sends the pictures.

    A watch that could not be written down is not shown. An entry never waits for a picture.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        camera: Camera,
        line: Line,
        busy: Callable[[], bool],
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare; *busy* tells whether entries are on their way."""
        self._ledger = ledger
        self._camera = camera
        self._line = line
        self._busy = busy
        self._clock = clock
        self._sleep = sleep
        self._running: dict[str, str] = {}
        self._refused: set[str] = set()
        self._heard_ns = 0
        self._turn = asyncio.Lock()
        self._closed = False

    @property
    def watchers(self) -> tuple[str, ...]:
        """Return who looks now: certificate numbers, each once."""
        return tuple(dict.fromkeys(self._running.values()))

    async def take(self, wanted: Wanted) -> None:
        """Begin and end watches as the centre says.

        Raises:
            StoreFailed: nothing can be relied on any more.
        """
        self._heard_ns = self._clock.monotonic_ns()
        await self._become({} if self._closed else {w.watch_id: w.officer for w in wanted.watches})

    async def close(self) -> None:
        """End every watch, at the end of the program."""
        self._closed = True
        await self._become({})

    async def run(self) -> None:
        """Send pictures while somebody watches, for ever."""
        shown: datetime | None = None
        while True:
            await self._sleep(EVERY_S)
            if self._running and self._clock.monotonic_ns() - self._heard_ns > FORGOTTEN_NS:
                await self._become({})
            if not self._running or self._busy():
                continue
            try:
                shown = await self._show_newest(shown)
            except UplinkError:
                # The pusher says how the line is; a picture that was not sent is old.
                await self._sleep(PAUSE_S)

    async def _show_newest(self, shown: datetime | None) -> datetime | None:
        found = await self._camera.preview(shown)
        if found is None:
            return shown
        jpeg, taken_at = found
        for watch_id in tuple(self._running):
            if watch_id not in self._refused and not await self._show(watch_id, jpeg):
                self._refused.add(watch_id)
        return taken_at

    async def _show(self, watch_id: str, jpeg: bytes) -> bool:
        """Send one picture; give it up for an entry. False when nobody watches any more."""
        sending = asyncio.ensure_future(self._line.show(watch_id, jpeg))
        try:
            while not sending.done() and not self._busy():
                await asyncio.wait((sending,), timeout=YIELD_S)
            return sending.result() if sending.done() else True
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _become(self, wanted: dict[str, str]) -> None:
        """Write down what begins and what ends, then let it be so."""
        async with self._turn:
            gone = [watch_id for watch_id in self._running if watch_id not in wanted]
            self._refused.update(gone)
            for watch_id in gone:
                if await self._write(watch_id, self._running[watch_id], ENDED):
                    del self._running[watch_id]
                    self._refused.discard(watch_id)
            for watch_id, officer in wanted.items():
                if watch_id not in self._running and await self._write(watch_id, officer, BEGAN):
                    self._running[watch_id] = officer

    async def _write(self, watch_id: str, officer: str, change: str) -> bool:
        watch = CameraWatch(watch_id=watch_id, officer=officer, change=change)
        try:
            await self._ledger.append(Draft(Kind.CAMERA_WATCH, watch))
        except (StoreFull, StoreCorrupt) as exc:
            log.error("a watch cannot be written down", extra={"code": exc.code})
            return False
        return True
