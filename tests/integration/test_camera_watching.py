"""A station's watcher and a camera on a real socket: sightings, faults, folders, video files."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event

import cv2
import numpy as np
import pytest

from simulators.camera.camera import Fault, MjpegCamera
from simulators.camera.truck_art import EMPTY, Scene, scene_art
from station.domain.plates import Plate, PlateColour
from station.plate_reader.colour import ground_colour
from station.plate_reader.feed import feed_of
from station.plate_reader.reader import PlateReader
from station.plate_reader.watcher import CameraWatcher

TRACTOR = Plate("蒙L52896", PlateColour.YELLOW)
TRAILER = Plate("蒙L3825挂", PlateColour.YELLOW)
TRUCK = Scene(front=TRACTOR, seed=2)
SOON_S = 30.0
"""A bound for a busy machine; nothing waits so long when all is well."""


class Clock:
    """The real time, which a test may push forward."""

    def __init__(self):
        self.ahead = timedelta()

    def now(self):
        return datetime.now(UTC) + self.ahead

    def monotonic_ns(self):
        return time.monotonic_ns() + int(self.ahead.total_seconds() * 1e9)


@pytest.fixture(scope="module")
def reader():
    return PlateReader()


class Watched:
    """What a watcher told, in order."""

    def __init__(self, url, reader, clock, **options):
        self.sightings = []
        self.states = []
        self._told = asyncio.Event()
        self.watcher = CameraWatcher(
            url, reader, self._sighted, self._stated, clock, retry_s=0.1, **options
        )

    def _sighted(self, sighting):
        self.sightings.append(sighting)
        self._told.set()

    def _stated(self, code, detail):
        self.states.append(code)
        self._told.set()

    async def until(self, condition):
        async with asyncio.timeout(SOON_S):
            while not condition(self):
                self._told.clear()
                await self._told.wait()


@asynccontextmanager
async def watching(url, reader, clock=None, **options):
    watched = Watched(url, reader, clock or Clock(), **options)
    task = asyncio.create_task(watched.watcher.run())
    try:
        yield watched
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def texts(sighting):
    return {reading.text for reading in sighting.readings}


async def test_a_truck_is_seen_confirmed_and_seen_to_leave(reader):
    scene = EMPTY
    async with MjpegCamera(lambda: scene) as camera, watching(camera.url, reader) as watched:
        await watched.until(lambda w: w.states[-1:] == ["ok"])
        before = datetime.now(UTC)
        scene = TRUCK
        await watched.until(lambda w: len(w.sightings) == 2)
        scene = EMPTY
        await watched.until(lambda w: w.sightings[-1].readings == ())
    first, second, left = watched.sightings
    assert texts(first) == texts(second) == {TRACTOR.number}
    assert second.mono_ns - first.mono_ns >= 700_000_000
    assert before <= first.at <= second.at <= left.at <= datetime.now(UTC)
    assert watched.states == ["device.connecting", "ok"]


async def test_the_pictures_are_the_cameras_own_and_the_crop_shows_the_plate(reader):
    async with MjpegCamera(lambda: TRUCK) as camera, watching(camera.url, reader) as watched:
        await watched.until(lambda w: w.sightings)
        shown, at = await watched.watcher.preview(None)
    sighting = watched.sightings[0]
    for jpeg in (sighting.picture_jpeg, shown):
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1).shape == (720, 1280, 3)
    assert at.tzinfo is not None
    (crop,) = sighting.crops_jpeg
    plate = cv2.imdecode(np.frombuffer(crop, np.uint8), 1)
    height, width = plate.shape[:2]
    assert 2 < width / height < 3
    inner = plate[height // 4 : -height // 4, width // 8 : -width // 8]
    assert ground_colour(inner) is PlateColour.YELLOW


async def test_a_split_picture_gives_tractor_and_trailer(reader):
    scene = Scene(front=TRACTOR, rear=TRAILER, seed=2)
    async with MjpegCamera(lambda: scene) as camera, watching(camera.url, reader) as watched:
        await watched.until(lambda w: w.sightings and None not in texts(w.sightings[-1]))
    sighting = watched.sightings[-1]
    assert {r.text: r.rows for r in sighting.readings} == {TRACTOR.number: 1, TRAILER.number: 2}
    assert len(sighting.crops_jpeg) == 2


async def test_a_camera_that_goes_away_is_lost_and_found_again(reader):
    async with MjpegCamera(lambda: EMPTY) as camera, watching(camera.url, reader) as watched:
        await watched.until(lambda w: w.states[-1:] == ["ok"])
        await camera.suffer(Fault.AWAY)
        await watched.until(lambda w: w.states[-1] == "device.camera_lost")
        assert await watched.watcher.preview(None) is None
        await camera.suffer(Fault.NONE)
        await watched.until(lambda w: w.states[-1] == "ok")
        assert await watched.watcher.preview(None) is not None
    assert watched.states == ["device.connecting", "ok", "device.camera_lost", "ok"]


async def test_a_camera_that_was_never_there_is_lost(reader):
    async with watching("http://127.0.0.1:9/mjpeg", reader) as watched:
        await watched.until(lambda w: w.states[-1:] == ["device.camera_lost"])


async def test_the_same_bytes_for_twenty_seconds_are_a_frozen_camera(reader):
    clock = Clock()
    async with MjpegCamera(lambda: EMPTY) as camera, watching(camera.url, reader, clock) as watched:
        await watched.until(lambda w: w.states[-1:] == ["ok"])
        await camera.suffer(Fault.FROZEN)
        await asyncio.sleep(0.7)
        assert watched.states[-1] == "ok"
        clock.ahead = timedelta(seconds=20)
        await watched.until(lambda w: w.states[-1] == "device.camera_frozen")
        assert await watched.watcher.preview(None) is None
        await camera.suffer(Fault.NONE)
        await watched.until(lambda w: w.states[-1] == "ok")


async def test_a_black_picture_is_a_dark_camera_not_an_empty_road(reader):
    async with MjpegCamera(lambda: TRUCK) as camera, watching(camera.url, reader) as watched:
        await watched.until(lambda w: w.sightings)
        await camera.suffer(Fault.DARK)
        await watched.until(lambda w: w.states[-1] == "device.camera_dark")
        await asyncio.sleep(2.5)
        await camera.suffer(Fault.NONE)
        await watched.until(lambda w: w.states[-1] == "ok")
    assert all(sighting.readings for sighting in watched.sightings)


async def test_a_folder_is_read_to_its_last_picture_and_none_is_left_out(reader, tmp_path):
    numbers = ["蒙L52896", "蒙L52897", "蒙K33862", "晋B85269", "冀B22683"]
    for place, number in enumerate(numbers):
        scene = Scene(front=Plate(number, PlateColour.YELLOW), seed=place)
        cv2.imwrite(str(tmp_path / f"{place}.png"), scene_art(scene))
    cv2.imwrite(str(tmp_path / "5.png"), scene_art(EMPTY))
    async with watching(f"folder://{tmp_path}?period_ms=1", reader) as watched:
        await watched.until(lambda w: w.states[-1:] == ["device.capture_ended"])
    *trucks, empty = watched.sightings
    assert [sighting.readings[0].best_guess for sighting in trucks] == numbers
    assert empty.readings == ()


def test_a_video_file_plays_once_at_its_own_rate(tmp_path):
    path, clock = tmp_path / "lane.avi", Clock()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (320, 240))
    for level in range(10):
        writer.write(np.full((240, 320, 3), level * 20, np.uint8))
    writer.release()
    frames = list(feed_of(f"file://{path}", clock).frames(Event()))
    assert len(frames) == 10
    lasted_ms = (frames[-1].mono_ns - frames[0].mono_ns) // 1_000_000
    assert lasted_ms >= 400


async def test_a_missing_file_is_a_lost_camera(reader, tmp_path):
    for url in (str(tmp_path / "no.mp4"), f"folder://{tmp_path}/no", "gopher://x"):
        async with watching(url, reader) as watched:
            await watched.until(lambda w: w.states[-1:] == ["device.camera_lost"])
