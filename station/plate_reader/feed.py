"""Where pictures come from: a network camera, a video file, a folder. Blocking generators.

Each is made for a thread of its own (``source.py``). They differ only in what they open.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from urllib.parse import parse_qs, unquote, urlsplit

import cv2
import numpy as np

from station.domain.clock import Clock
from station.domain.errors import CameraLost
from station.plate_reader.frame import Frame
from station.plate_reader.mjpeg import NotMjpeg, jpegs
from station.plate_reader.models import Image
from station.plate_reader.pictures import in_order, opened

TIMEOUT_S = 5.0
_PERIOD_MS = 2000
_LEAST_FPS, _MOST_FPS = 1.0, 120.0
_NETWORK = {"http", "https", "rtsp", "rtsps", "rtmp"}


class Feed:
    """One way to get pictures.

    Attributes:
        is_live: it goes on for ever; a break is a fault, and it is opened again.
        keeps_all: every picture must be taken before the next one comes.
    """

    is_live = True
    keeps_all = False

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield pictures until the end or until ``stop``.

        Raises:
            CameraLost: the camera, the file or the folder gives no picture.
        """
        raise NotImplementedError


class MjpegFeed(Feed):
    """A camera that sends MJPEG over HTTP; other HTTP streams are left to OpenCV."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield the camera's pictures as they come."""
        try:
            for jpeg in jpegs(self._url, TIMEOUT_S):
                if stop.is_set():
                    return
                yield Frame(self._clock.now(), self._clock.monotonic_ns(), jpeg=jpeg)
        except NotMjpeg:
            yield from StreamFeed(self._url, self._clock).frames(stop)


class StreamFeed(Feed):
    """A camera that OpenCV understands (RTSP and others)."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield the camera's pictures as they come."""
        with _Capture(self._url) as capture:
            while not stop.is_set():
                image = capture.read()
                if image is None:
                    raise CameraLost("stream ended")
                yield Frame(self._clock.now(), self._clock.monotonic_ns(), image=image)


class VideoFeed(Feed):
    """A video file, played once at its own rate."""

    is_live = False

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield the file's pictures, each when its time has come."""
        if not self._path.is_file():
            raise CameraLost(f"no such file: {self._path}")
        with _Capture(str(self._path)) as capture:
            due_ns = self._clock.monotonic_ns()
            period_ns = int(1_000_000_000 / min(max(capture.fps, _LEAST_FPS), _MOST_FPS))
            while (image := capture.read()) is not None:
                early_ns = due_ns - self._clock.monotonic_ns()
                if stop.wait(max(0, early_ns) / 1_000_000_000):
                    return
                yield Frame(self._clock.now(), self._clock.monotonic_ns(), image=image)
                due_ns += period_ns


class FolderFeed(Feed):
    """The pictures of a folder, each once, by name, none left out; damaged ones are passed over."""

    is_live = False
    keeps_all = True

    def __init__(self, folder: Path, clock: Clock, period_ms: int = _PERIOD_MS) -> None:
        self._folder = folder
        self._clock = clock
        self._period_s = period_ms / 1000

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield the pictures, one each period or slower."""
        if not self._folder.is_dir():
            raise CameraLost(f"no such folder: {self._folder}")
        for number, path in enumerate(in_order(self._folder)):
            if stop.wait(self._period_s if number else 0):
                return
            image = opened(path)
            if image is None:
                continue
            jpeg = path.read_bytes() if path.suffix.lower() in {".jpg", ".jpeg"} else None
            yield Frame(self._clock.now(), self._clock.monotonic_ns(), jpeg=jpeg, image=image)


def feed_of(url: str, clock: Clock) -> Feed:
    """Return the feed that a camera URL names.

    Args:
        url: ``rtsp://…``, ``http://…``, ``file:///video.mp4``, ``folder:///path?period_ms=2000``,
            or a path to a video or a folder.
        clock: dates the pictures.

    Raises:
        CameraLost: the URL is of no known kind.
    """
    parts = urlsplit(url)
    if parts.scheme in _NETWORK:
        return MjpegFeed(url, clock) if parts.scheme == "http" else StreamFeed(url, clock)
    if parts.scheme == "folder":
        period = parse_qs(parts.query).get("period_ms", [""])[0]
        return FolderFeed(_path(parts.path), clock, int(period) if period.isdigit() else _PERIOD_MS)
    if parts.scheme not in {"", "file"}:
        raise CameraLost(f"unknown kind of camera: {parts.scheme}")
    path = _path(parts.path) if parts.scheme else Path(url)
    return FolderFeed(path, clock) if path.is_dir() else VideoFeed(path, clock)


def _path(quoted: str) -> Path:
    return Path(unquote(quoted))


class _Capture:
    """OpenCV's capture with timeouts: its own default waits half a minute."""

    def __init__(self, url: str) -> None:
        timeout_ms = int(TIMEOUT_S * 1000)
        options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms]
        options += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
        self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)

    def __enter__(self) -> _Capture:
        if not self._capture.isOpened():
            self._capture.release()
            raise CameraLost("cannot be opened")
        return self

    def __exit__(self, *_: object) -> None:
        self._capture.release()

    @property
    def fps(self) -> float:
        return float(self._capture.get(cv2.CAP_PROP_FPS))

    def read(self) -> Image | None:
        taken, image = self._capture.read()
        return np.asarray(image, np.uint8) if taken and image is not None else None
