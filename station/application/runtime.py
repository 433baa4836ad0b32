"""Runs the lane: devices report into it, outcomes are written one by one, watchers are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from station.application.devices import CAMERA, CLOCK, OK, PROGRAM, SCALE, STORE, UPLINK, Board
from station.application.lane import Lane, Outcome
from station.application.live import Hub, LaneView
from station.application.ports import Draft, Ledger, Reserve
from station.application.recording import Recorder
from station.domain.clock import Clock
from station.domain.errors import StoreCorrupt, StoreFull
from station.domain.plates import Sighting
from station.domain.weighing import LineFault, Reading, ScaleEvent

log = logging.getLogger(__name__)

TICK_S: Final = 0.1
QUIET_TICKS: Final = 10
"""Even when nothing changes, watchers hear once a second that the station is alive."""
FRESH_NS: Final = 1_500_000_000
"""A reading older than this is not a present weight."""
FULL_PAUSE_S: Final = 5.0
STALLED: Final = "store.stalled"
STALLED_NS: Final = 3_000_000_000
"""A write that takes longer is told as a fault: the disk does not answer."""
UNWRITTEN: Final = 1000
DRAIN_S: Final = 10.0


class Runtime:
    """The lane at work."""

    def __init__(
        self,
        *,
        lane: Lane,
        recorder: Recorder,
        ledger: Ledger,
        hub: Hub,
        clock: Clock,
        waiting: Callable[[], int],
        media_waiting: Callable[[], int],
        watched_by: Callable[[], tuple[str, ...]],
        reserve: Reserve,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._lane = lane
        self._recorder = recorder
        self._ledger = ledger
        self._hub = hub
        self._clock = clock
        self._waiting = waiting
        self._media_waiting = media_waiting
        self._watched_by = watched_by
        self._reserve = reserve
        self._sleep = sleep
        self._unwritten: asyncio.Queue[Outcome | Draft] = asyncio.Queue(UNWRITTEN)
        self._writing = False
        self._trying_since_ns: int | None = None
        self._newest: tuple[Reading, int] | None = None
        self.board = Board(clock, hub, self._unwritten.put_nowait, waiting)

    def scale_event(self, event: ScaleEvent, at_ns: int) -> None:
        """Take what the scale's driver decoded."""
        if isinstance(event, LineFault):
            return
        self._newest = event, at_ns
        self._queue(self._lane.reading(event, at_ns))

    def scale_link(self, code: str, detail: str) -> None:
        """Take the state of the scale's line; but for ``ok`` there is no present weight."""
        self.board.report(SCALE, code, detail)
        if code != OK:
            self._newest = None
            self._queue(self._lane.scale_lost(code, self._clock.monotonic_ns()))

    def sighting(self, sighting: Sighting) -> None:
        """Take what the camera saw."""
        self._queue(self._lane.sighting(sighting))

    def camera_state(self, code: str, detail: str) -> None:
        """Take the camera's state."""
        self.board.report(CAMERA, code, detail)

    def uplink_state(self, code: str, detail: str) -> None:
        """Take the state of the line to the centre."""
        self.board.report(UPLINK, code, detail)

    def view(self) -> LaneView:
        """Return what the lane shows now."""
        newest = self._newest
        fresh = newest is not None and self._clock.monotonic_ns() - newest[1] < FRESH_NS
        reading = newest[0] if newest and fresh else None
        return LaneView(
            at=self._clock.now(),
            gross_kg=reading.gross if reading else None,
            stable=reading is not None and self._lane.steady,
            occupied=self._lane.occupied,
            scale=self.board[SCALE],
            camera=self.board[CAMERA],
            store=self.board[STORE],
            uplink=self.board[UPLINK],
            clock=self.board[CLOCK],
            program=self.board[PROGRAM],
            waiting=self._waiting(),
            media_waiting=self._media_waiting(),
            pending=self._lane.pending or self._writing or not self._unwritten.empty(),
            watched_by=self._watched_by(),
        )

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            StoreFailed: nothing can be relied on any more.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tick())
            tasks.create_task(self._write())

    async def drain(self) -> bool:
        """Wait until everything that happened so far is written; False when it cannot be.

        A store that is full or spoilt must not keep the program from ending: people cannot mend
        it while the program holds it. What is given up was acknowledged to nobody.
        """
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._unwritten.join()
        except TimeoutError:
            log.error("not everything could be written", extra={"left": self._unwritten.qsize()})
            return False
        return True

    def _queue(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self._unwritten.put_nowait(outcome)

    async def _tick(self) -> None:
        told: tuple[object, ...] = ()
        quiet = 0
        while True:
            now_ns = self._clock.monotonic_ns()
            self._queue(self._lane.tick(now_ns))
            if self._trying_since_ns is not None and now_ns - self._trying_since_ns > STALLED_NS:
                self.board.report(STORE, STALLED)
            view = self.view()
            shown = _shown(view)
            quiet += 1
            if shown != told or quiet >= QUIET_TICKS:
                self._hub.publish(view)
                told, quiet = shown, 0
            await self._sleep(TICK_S)

    async def _write(self) -> None:
        while True:
            item = await self._unwritten.get()
            self._writing = True
            await self._write_until_durable(item)
            self._writing = False
            self._unwritten.task_done()

    async def _write_until_durable(self, item: Outcome | Draft) -> None:
        while True:
            try:
                await self._try(item)
            except StoreFull as exc:
                log.error("the disk is full", extra={"detail": exc.detail})
                # What waits, and the fault itself, are written with the reserved space.
                self._reserve.use_reserve()
                self.board.report(STORE, exc.code, exc.detail)
                await self._sleep(FULL_PAUSE_S)
            except StoreCorrupt as exc:
                # What happened waits, and is written once people have repaired the store.
                log.error("the store is corrupt", extra={"detail": exc.detail, **exc.fields})
                self.board.report(STORE, exc.code, str(exc))
                await self._sleep(FULL_PAUSE_S)
            else:
                # Living on the reserve is not being well: people must make room.
                if self.board[STORE].code != OK and self._reserve.keep_reserve():
                    self.board.report(STORE, OK)
                return

    async def _try(self, item: Outcome | Draft) -> None:
        self._trying_since_ns = self._clock.monotonic_ns()
        try:
            if isinstance(item, Draft):
                await self._ledger.append(item)
            else:
                await self._recorder.record(item)
        finally:
            self._trying_since_ns = None


def _shown(view: LaneView) -> tuple[object, ...]:
    """Return what makes a difference to a watcher: all but the time."""
    return (
        view.gross_kg,
        view.stable,
        view.occupied,
        view.scale,
        view.camera,
        view.store,
        view.uplink,
        view.clock,
        view.program,
        view.waiting,
        view.media_waiting,
        view.pending,
        view.watched_by,
    )
