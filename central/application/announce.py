"""Tells the watchers what has changed, some milliseconds later and each row once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from central.application.ports import Reading
from central.application.project import Touched
from central.application.stations import Board, Stations, StationView
from central.application.views import AlarmView, CaseView, PassageView
from station.domain.errors import StorageError

TICK_S: Final = 0.05
LOOK_FOR_SILENCE_S: Final = 1.0
MOST_ROWS: Final = 500
"""Of each kind in one tick; a backlog of days is for the lists, not for the screen."""

News = StationView | PassageView | CaseView | AlarmView

_LOG: Final = logging.getLogger(__name__)


class Announcer:
    """Gathers what was touched and reads it after the commit: what is told is never older."""

    def __init__(
        self,
        reading: Reading,
        board: Board,
        publish: Callable[[News], None],
        watched: Callable[[], bool],
    ) -> None:
        """Prepare; *watched* tells whether anybody listens to *publish* at all."""
        self._reading = reading
        self._board = board
        self._stations = Stations(reading=reading, board=board)
        self._publish = publish
        self._watched = watched
        self._touched = Touched()
        self._woken = asyncio.Event()

    def note(self, touched: Touched) -> None:
        """Remember what to tell."""
        if self._watched():
            self._touched.add(touched)
            self._woken.set()

    async def run(self) -> None:
        """Tell, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_for_ever())
            tasks.create_task(self._look_for_silence())

    async def _tell_for_ever(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            touched, self._touched = self._touched, Touched()
            try:
                await self.tell(touched)
            except StorageError as exc:
                _LOG.warning("watchers missed news", extra={"code": exc.code})
            await asyncio.sleep(TICK_S)

    async def _look_for_silence(self) -> None:
        while True:
            await asyncio.sleep(LOOK_FOR_SILENCE_S)
            if silent := self._board.fallen_silent():
                self.note(Touched(nodes=dict.fromkeys(silent)))

    async def tell(self, touched: Touched) -> None:
        """Read the rows and publish them: passages, cases, alarms, then the stations."""
        news: list[News] = []
        if touched.passages:
            news += await self._reading.passages_of(list(touched.passages)[-MOST_ROWS:])
        if touched.cases:
            news += await self._reading.cases_of(list(touched.cases)[-MOST_ROWS:])
        if touched.alarms:
            news += await self._reading.alarms_of(list(touched.alarms)[-MOST_ROWS:])
        if touched.nodes:
            stations = await self._stations.all()
            news += [station for station in stations if station.node.node in touched.nodes]
        for one in news:
            self._publish(one)
