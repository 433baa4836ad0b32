"""A body camera (执法记录仪): runs while its officer acts, and copies its clips to the station.

A real one is put into its dock, and somebody copies what it holds. A clip here is a few kilobytes
of VP9 in MP4: the time of day and whose camera it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import cv2
import numpy as np
import numpy.typing as npt

from station.domain.clock import CHINA

QUIET_S: Final = 2.0
"""Switched off when its officer has done nothing for so long."""
LONGEST_S: Final = 20.0
LOST_EACH: Final = 5
LOST_AT: Final = 3
"""Of so many clips the one with this number is lost: the card was full, the battery was flat."""
_FRAMES: Final = 6
_SIZE: Final = (160, 90)
_LOOK_S: Final = 0.5
_INK: Final = (235, 235, 235)


@dataclass(slots=True)
class _Running:
    began_at: datetime
    newest: datetime
    acts: set[tuple[str, str]]


class BodyCamera:
    """One officer's camera.

    Attributes:
        lost: case and act of what a lost clip would have shown, until somebody accounts for it.
        clips: how many were copied.
    """

    def __init__(self, inbox: Path | None, officer: str, now: Callable[[], datetime]) -> None:
        """Put on a camera; *inbox*: the station's folder for clips, None: it records nothing."""
        self._inbox, self._officer, self._now = inbox, officer, now
        self._running: _Running | None = None
        self._acting = 0
        self._count = 0
        self.lost: set[tuple[str, str]] = set()
        self.clips = 0

    def on(self) -> None:
        """Switch on before an act."""
        self._acting += 1
        if self._running is None:
            now = self._now()
            self._running = _Running(now, now, set())

    def off(self, case_no: str, act: str) -> None:
        """Let it run down after an act, done or not: whose answer was lost may have been done."""
        self._acting -= 1
        if self._running is not None:
            self._running.newest = self._now()
            self._running.acts.add((case_no, act))

    async def run(self) -> None:
        """Copy clips to the station until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await self.copy()

    async def copy(self) -> None:
        """Copy what was recorded, once its officer is done or the clip is long enough."""
        running, now = self._running, self._now()
        if running is None or self._acting or not _over(running, now):
            return
        self._running = None
        self._count += 1
        if self._inbox is None or self._count % LOST_EACH == LOST_AT:
            self.lost |= running.acts
            return
        await asyncio.to_thread(_copy, self._inbox, self._officer, running.began_at, now)
        self.clips += 1


def _over(running: _Running, now: datetime) -> bool:
    quiet = now - running.newest >= timedelta(seconds=QUIET_S)
    return quiet or now - running.began_at >= timedelta(seconds=LONGEST_S)


def _copy(inbox: Path, officer: str, began_at: datetime, ended_at: datetime) -> None:
    """Write a clip beside the inbox, then put it there whole, named by its times."""
    folder = inbox / officer
    folder.mkdir(parents=True, exist_ok=True)
    began_at = began_at.astimezone(CHINA).replace(microsecond=0)
    ended_at = ended_at.astimezone(CHINA).replace(microsecond=0) + timedelta(seconds=1)
    unfinished = inbox.parent / f"{uuid4().hex}.mp4"
    write_clip(unfinished, officer, began_at, ended_at)
    name = f"DSJ{officer}_{began_at:%Y%m%d%H%M%S}_{ended_at:%Y%m%d%H%M%S}.mp4"
    unfinished.rename(folder / name)


def write_clip(path: Path, officer: str, began_at: datetime, ended_at: datetime) -> None:
    """Write a clip of that length, in which the time of day is to be read."""
    seconds = (ended_at - began_at).total_seconds()
    code = cv2.VideoWriter.fourcc(*"vp09")
    writer = cv2.VideoWriter(str(path), code, _FRAMES / seconds, _SIZE)
    if not writer.isOpened():
        raise OSError(f"no clip can be written to {path}")
    try:
        for number in range(_FRAMES):
            writer.write(_frame(officer, began_at + (ended_at - began_at) * number / _FRAMES))
    finally:
        writer.release()


def _frame(officer: str, at: datetime) -> npt.NDArray[np.uint8]:
    frame = np.full((_SIZE[1], _SIZE[0], 3), (70, 60, 50), np.uint8)
    for line, text in enumerate((officer, f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}")):
        cv2.putText(frame, text, (6, 24 + 26 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK)
    return frame
