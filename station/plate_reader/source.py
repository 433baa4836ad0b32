"""Runs a feed in a thread of its own and hands its pictures and its state to the event loop.

Of a living camera only the newest picture is kept: what was not looked at in time is old. Of a
folder every picture is kept until it was taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Condition, Event, Thread
from types import TracebackType

from station.domain.clock import Clock
from station.domain.errors import CameraLost
from station.plate_reader.feed import Feed, feed_of
from station.plate_reader.frame import Frame, is_dark

OK = "ok"
CONNECTING = "device.connecting"
LOST = CameraLost.code
FROZEN = "device.camera_frozen"
DARK = "device.camera_dark"
ENDED = "device.capture_ended"

StateSink = Callable[[str, str], None]
"""Takes a state's code and its detail, in the event loop."""

_JOIN_S = 7.0
_AGAIN_S = 0.2


class CameraSource:
    """An asynchronous context manager around one camera.

    Args:
        url: see :func:`station.plate_reader.feed.feed_of`.
        on_state: called in the event loop at each change of state.
        clock: dates pictures and measures how long a picture stood still.
        frozen_after_s: how long a living camera may send the same bytes.
        retry_s: pause before a lost camera is tried again.
    """

    def __init__(
        self,
        url: str,
        on_state: StateSink,
        clock: Clock,
        *,
        frozen_after_s: float = 20.0,
        retry_s: float = 2.0,
    ) -> None:
        self._url = url
        self._on_state = on_state
        self._clock = clock
        self._health = _Health(frozen_after_s)
        self._retry_s = retry_s
        self._stop = Event()
        self._change = Condition()
        self._waiting: Frame | None = None
        self._latest: Frame | None = None
        self._has_ended = False
        self._keeps_all = False
        self._state = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived = asyncio.Event()
        self._thread = Thread(target=self._work, name="camera", daemon=True)

    async def __aenter__(self) -> CameraSource:
        """Start the thread."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Stop the thread; it may be inside a read that lasts until its timeout."""
        self._stop.set()
        with self._change:
            self._change.notify_all()
        await asyncio.to_thread(self._thread.join, _JOIN_S)

    @property
    def keeps_all(self) -> bool:
        """Tell whether every picture stands for itself, as in a folder."""
        return self._keeps_all

    @property
    def latest(self) -> Frame | None:
        """The newest picture; None while there is no living picture to show."""
        return self._latest if self._state in {OK, DARK} else None

    async def frame(self) -> Frame | None:
        """Wait for a picture that was not taken yet; None after the last one of a file."""
        while True:
            self._arrived.clear()
            with self._change:
                frame, self._waiting = self._waiting, None
                self._change.notify_all()
                has_ended = self._has_ended
            if frame is not None:
                return frame
            if has_ended:
                self._state = ENDED
                self._on_state(ENDED, "")
                return None
            await self._arrived.wait()

    def _work(self) -> None:
        self._tell(CONNECTING, "")
        while not self._stop.is_set():
            try:
                feed = feed_of(self._url, self._clock)
                for frame in feed.frames(self._stop):
                    self._take(feed, frame)
            except CameraLost as exc:
                self._health.forget()
                self._tell(LOST, exc.detail)
                self._stop.wait(self._retry_s)
            else:
                self._finish()
                return

    def _take(self, feed: Feed, frame: Frame) -> None:
        self._keeps_all = feed.keeps_all
        code = self._health.code(frame, is_live=feed.is_live)
        self._latest = frame
        with self._change:
            while feed.keeps_all and self._waiting is not None and not self._stop.is_set():
                self._change.wait(_AGAIN_S)
            self._waiting = frame
        self._tell(code, "")
        self._call(self._arrived.set)

    def _finish(self) -> None:
        with self._change:
            while self._waiting is not None and not self._stop.is_set():
                self._change.wait(_AGAIN_S)
            self._has_ended = True
        self._call(self._arrived.set)

    def _tell(self, code: str, detail: str) -> None:
        if code != self._state:
            self._state = code
            self._call(self._on_state, code, detail)

    def _call(self, function: Callable[..., None], *arguments: str) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(function, *arguments)


class _Health:
    """Tells a living picture from a frozen and from a black one."""

    def __init__(self, frozen_after_s: float) -> None:
        self._frozen_after_ns = int(frozen_after_s * 1_000_000_000)
        self._last: Frame | None = None
        self._moved_ns = 0

    def forget(self) -> None:
        """Begin anew after the camera was lost."""
        self._last = None

    def code(self, frame: Frame, *, is_live: bool) -> str:
        """Return the state that this frame shows."""
        last, self._last = self._last, frame
        if last is None or not frame.is_same_picture(last):
            self._moved_ns = frame.mono_ns
        elif is_live and frame.mono_ns - self._moved_ns >= self._frozen_after_ns:
            return FROZEN
        grey = frame.grey() if is_live else None
        return DARK if grey is not None and is_dark(grey) else OK
