"""Watches one camera: reads plates when something comes into view, and reports what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from station.domain.clock import Clock
from station.domain.plates import PlateReading, Sighting
from station.plate_reader.frame import Frame, encoded, small_jpeg
from station.plate_reader.models import Image
from station.plate_reader.motion import SceneChange
from station.plate_reader.source import DARK, FROZEN, CameraSource, StateSink
from station.plate_reader.strip import straightened

AGAIN_NS = 700_000_000
"""Between two readings of one scene."""

MOST_TRIES = 8
_CONFIRMATIONS = 2
_EMPTY_CONFIRMATIONS = 2
_CROP_MARGIN = 0.3

SightingSink = Callable[[Sighting], None]


class Reader(Protocol):
    """Reads the plates of one picture; blocking."""

    def read(self, image: Image) -> tuple[PlateReading, ...]:
        """Return the plates found in a picture, uint8 (height, width, 3), BGR."""
        ...


@dataclass(slots=True)
class Attention:
    """Decides which picture is worth a reading. Pure: time comes with the pictures.

    A scene that changed is read at once, but never sooner than ``again_ns`` after the reading
    before; it is read again until two readings were certain, or it was seen to be empty twice, or
    ``most_tries`` were in vain; then nothing is read until the scene changes.
    """

    again_ns: int = AGAIN_NS
    most_tries: int = MOST_TRIES
    _tries: int = 0
    _certain: int = 0
    _empty: int = 0
    _had_plates: bool = False
    _last_ns: int | None = None
    _rests: bool = False

    def wants(self, mono_ns: int, *, is_new: bool) -> bool:
        """Tell whether a picture taken at ``mono_ns`` should be read."""
        if is_new:
            self._tries = self._certain = self._empty = 0
            self._rests = False
        is_due = self._last_ns is None or mono_ns - self._last_ns >= self.again_ns
        return is_due and not self._rests

    def note(
        self, mono_ns: int, readings: tuple[PlateReading, ...], *, stands_alone: bool = False
    ) -> bool:
        """Take the outcome of a reading; tell whether it must be reported.

        ``stands_alone``: no second picture of the same scene will come (a folder).
        """
        self._last_ns = mono_ns
        self._tries += 1
        self._certain += bool(readings) and all(reading.text for reading in readings)
        self._empty = 0 if readings else self._empty + 1
        is_empty = self._empty >= (1 if stands_alone else _EMPTY_CONFIRMATIONS)
        became_empty = self._had_plates and is_empty
        self._had_plates = (self._had_plates or bool(readings)) and not became_empty
        self._rests = self._certain >= _CONFIRMATIONS or is_empty or self._tries >= self.most_tries
        return bool(readings) or became_empty


class CameraWatcher:
    """Runs until cancelled, through every loss of the camera.

    Args:
        url: see :func:`station.plate_reader.feed.feed_of`.
        reader: used by one worker thread only, which this watcher owns.
        on_sighting: called in the event loop, in the order of the pictures.
        on_state: called in the event loop with ``ok``, ``device.connecting``,
            ``device.camera_lost``, ``device.camera_frozen``, ``device.camera_dark`` or
            ``device.capture_ended``, and a detail for the engineer.
        clock: dates the pictures.
        frozen_after_s: how long a living camera may send the same bytes.
        retry_s: pause before a lost camera is tried again.
    """

    def __init__(
        self,
        url: str,
        reader: Reader,
        on_sighting: SightingSink,
        on_state: StateSink,
        clock: Clock,
        *,
        frozen_after_s: float = 20.0,
        retry_s: float = 2.0,
    ) -> None:
        self._reader = reader
        self._on_sighting = on_sighting
        self._on_state = on_state
        self._state = ""
        self._source = CameraSource(
            url, self._note_state, clock, frozen_after_s=frozen_after_s, retry_s=retry_s
        )
        self._attention = Attention()
        self._change = SceneChange()

    async def run(self) -> None:
        """Watch until cancelled, or until a file or folder has ended."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="plates") as worker:
            async with self._source as source:
                while (frame := await source.frame()) is not None:
                    await self._look(frame, worker, stands_alone=source.keeps_all)

    async def preview(self, after: datetime | None) -> tuple[bytes, datetime] | None:
        """Return the newest picture, small enough for a line, and when it was taken.

        None when none that is alive came after *after*.
        """
        frame = self._source.latest
        if frame is None or frame.at == after:
            return None
        jpeg = await asyncio.to_thread(small_jpeg, frame)
        return (jpeg, frame.at) if jpeg else None

    def _note_state(self, code: str, detail: str) -> None:
        self._state = code
        self._on_state(code, detail)

    async def _look(self, frame: Frame, worker: ThreadPoolExecutor, *, stands_alone: bool) -> None:
        grey = frame.grey()
        if grey is None or self._state in {DARK, FROZEN}:
            return
        is_new = self._change.is_new(grey)
        is_wanted = self._attention.wants(frame.mono_ns, is_new=is_new)
        if not is_wanted and not stands_alone:
            return
        self._change.remember(grey)
        # The one place where reading leaves the event loop.
        loop = asyncio.get_running_loop()
        sighting = await loop.run_in_executor(worker, _seen, self._reader, frame)
        if sighting and self._attention.note(
            frame.mono_ns, sighting.readings, stands_alone=stands_alone
        ):
            self._on_sighting(sighting)


def _seen(reader: Reader, frame: Frame) -> Sighting | None:
    """Read a picture and cut its plates out; None when the picture is damaged."""
    image = frame.image()
    if image is None:
        return None
    readings = reader.read(image)
    return Sighting(
        at=frame.at,
        mono_ns=frame.mono_ns,
        readings=readings,
        picture_jpeg=frame.jpeg(),
        crops_jpeg=tuple(_crop(image, reading) for reading in readings),
    )


def _crop(image: Image, reading: PlateReading) -> bytes:
    return encoded(straightened(image, np.array(reading.box, np.float32), _CROP_MARGIN))
