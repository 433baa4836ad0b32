"""Looking through a station's camera: by whom, for how long, and over which process."""

import asyncio
import contextlib
from datetime import timedelta

import httpx
import msgspec
import pytest

from central.api.guards import PICTURE_BYTES
from central.api.server import Door, listening, serve
from central.application.camera import GONE_AFTER, MOST_AT_ONCE
from central.live.wire import WireProtocol
from central.store.passwords import Argon2Passwords
from station.contract.uplink import Wanted, sign_state
from station.domain.officers import Role
from tests.central_site import PASSWORD, Site
from tests.migration.central_kit import FakeStation, lane_state

pytest_plugins = ["tests.migration.central_database"]

FIRST, SECOND = b"\xff\xd8 the first \xff\xd9", b"\xff\xd8 the second \xff\xd9"
PATH = "/api/stations/linhe/camera"
MOMENT = timedelta(microseconds=1)


@pytest.fixture(scope="module")
async def password_hash():
    return await Argon2Passwords().hashed(PASSWORD)


class World:
    """Two processes of the centre on one database."""

    def __init__(self, one, other):
        self.one = one
        self.other = other
        self.clock = one.clock
        self._ticks = 0

    async def wanted(self, node="linhe", by=None):
        """Tell a lane state, and return whom the answer names."""
        site = by or self.one
        station = next(one for one in site.stations if one.node == node)
        self._ticks += 1
        state = lane_state(self.clock.now() + self._ticks * timedelta(milliseconds=1), node)
        async with site.machine(node) as line:
            data = sign_state(state, station.sealer.signer)
            answer = await line.post("/api/lane-state", content=data)
        assert answer.status_code == 200, answer.text
        wanted = msgspec.json.decode(answer.content, type=Wanted)
        return {one.watch_id: one.officer for one in wanted.watches}

    async def show(self, watch_id, jpeg, node="linhe", by=None):
        async with (by or self.one).machine(node) as line:
            return (await line.post(f"/api/camera/{watch_id}", content=jpeg)).status_code


@pytest.fixture
async def world(database, tmp_path, password_hash):
    stations = FakeStation(), FakeStation("hailiutu", key=7)
    one = await Site(database, tmp_path, *stations).begin()
    other = Site(database, tmp_path, *stations)
    other.clock = one.clock
    for number in ("HQ1", "HQ2"):
        await one.add_officer(number, Role.HQ, password_hash)
    return World(one, other)


async def begun(client, path=PATH):
    answer = await client.post(path)
    assert answer.status_code == 201, answer.text
    return answer.json()["watch_id"]


async def test_a_station_is_told_who_watches_whichever_process_it_asks(world):
    assert await world.wanted() == {}
    async with world.one.signed_in("HQ1") as client, world.one.signed_in("HQ2") as colleague:
        first, second = await begun(client), await begun(colleague)

        assert await world.wanted() == {first: "HQ1", second: "HQ2"}
        assert await world.wanted(by=world.other) == {first: "HQ1", second: "HQ2"}
        assert await world.wanted("hailiutu") == {}


async def test_a_watch_that_is_closed_is_named_no_more_and_takes_no_picture(world):
    async with world.one.signed_in("HQ1") as client:
        watch = await begun(client)
        assert await world.show(watch, FIRST) == 204
        assert (await client.delete(f"{PATH}/{watch}")).status_code == 204

        assert await world.wanted() == {}
        assert await world.show(watch, FIRST) == 410
        assert (await client.delete(f"{PATH}/{watch}")).status_code == 404
    rows = await world.one.archive._pool.fetch("SELECT * FROM camera_frame")
    assert rows == []


@pytest.mark.parametrize(
    ("after", "running"), [(GONE_AFTER, True), (GONE_AFTER + MOMENT, False)], ids=str
)
async def test_a_watch_whose_viewer_has_gone_ends_after_five_seconds(world, after, running):
    async with world.one.signed_in("HQ1") as client:
        watch = await begun(client)
        await world.show(watch, FIRST)
        world.clock.move(after)

        assert (watch in await world.wanted()) is running
        assert await world.show(watch, SECOND) == (204 if running else 410)


async def test_what_was_watched_when_by_whom_stays_on_record(world):
    async with world.one.signed_in("HQ1") as client:
        watch = await begun(client)
        began = world.clock.now()
        world.clock.move(timedelta(seconds=3))
        await client.delete(f"{PATH}/{watch}")

    (row,) = await world.one.archive._pool.fetch("SELECT * FROM camera_watch")
    assert (row["watch_id"], row["node"], row["certificate_no"]) == (watch, "linhe", "HQ1")
    assert (row["began_at"], row["ended_at"]) == (began, began + timedelta(seconds=3))


async def test_so_many_look_at_once_and_no_more(world):
    async with world.one.signed_in("HQ1") as client:
        first, *_ = [await begun(client) for _ in range(MOST_AT_ONCE)]
        answer = await client.post(PATH)
        assert (answer.status_code, answer.json()["code"]) == (409, "camera.busy")
        await begun(client, "/api/stations/hailiutu/camera")

        await client.delete(f"{PATH}/{first}")
        await begun(client)
        world.clock.move(GONE_AFTER + MOMENT)
        await begun(client)


async def test_nobody_sees_through_anothers_watch(world):
    async with world.one.signed_in("HQ1") as client, world.one.signed_in("HQ2") as colleague:
        watch = await begun(client)
        for wrong in (f"{PATH}/{watch}", f"/api/stations/hailiutu/camera/{watch}", f"{PATH}/none"):
            asks = colleague if wrong.endswith(watch) and "linhe" in wrong else client
            assert (await asks.get(f"{wrong}.mjpeg")).status_code == 404, wrong
            assert (await asks.delete(wrong)).status_code == 404, wrong
        assert watch in await world.wanted()


async def test_a_station_shows_only_its_own_pictures_and_none_that_is_too_large(world):
    async with world.one.signed_in("HQ1") as client:
        watch = await begun(client)

        assert await world.show(watch, FIRST, "hailiutu") == 403
        assert await world.show("unknown", FIRST) == 410
        assert await world.show(watch, b"x" * PICTURE_BYTES) == 204
        assert await world.show(watch, b"x" * (PICTURE_BYTES + 1)) == 413


@pytest.mark.parametrize("method", ["post", "delete", "get"])
async def test_another_sites_page_cannot_look(world, method):
    async with world.one.signed_in("HQ1") as client:
        watch = await begun(client)
        path = {"post": PATH, "delete": f"{PATH}/{watch}", "get": f"{PATH}/{watch}.mjpeg"}[method]
        answer = await client.request(method, path, headers={"sec-fetch-site": "cross-site"})

        assert answer.status_code == 403


async def test_without_a_session_there_is_nothing_to_see(world):
    async with world.one.client() as client:
        assert (await client.post(PATH)).status_code == 401
        assert (await client.get(f"{PATH}/x.mjpeg")).status_code == 401


@contextlib.asynccontextmanager
async def served(site, dsn):
    """Serve headquarters' interface on the loopback, with what runs beside it."""
    stop, up = asyncio.Event(), asyncio.Event()
    seen = site.centre.watching
    with listening("central", ("127.0.0.1", 0)) as listener:
        door = Door(site.app, listener, sockets=WireProtocol)
        tasks = [asyncio.create_task(one) for one in seen.tasks(dsn)]
        serving = asyncio.create_task(serve([door], stop, ready=up.set, closing=seen.close))
        try:
            async with asyncio.timeout(10):
                await up.wait()
            yield door.url
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await serving
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class Viewer:
    """A browser's picture."""

    def __init__(self, stream):
        self._chunks = stream.aiter_raw()
        self._got = b""

    async def until(self, wanted):
        async with asyncio.timeout(20):
            while wanted not in self._got:
                self._got += await anext(self._chunks)
        self._got = self._got.split(wanted, 1)[1]

    async def ended(self):
        async with asyncio.timeout(20):
            async for _ in self._chunks:
                pass


@contextlib.asynccontextmanager
async def looking(site, url, number="HQ1"):
    """Begin a watch and take its pictures; yields its id, the pictures, and the client."""
    async with site.signed_in(number) as client:
        cookies = dict(client.cookies)
    async with httpx.AsyncClient(base_url=url, cookies=cookies, trust_env=False) as client:
        watch = await begun(client)
        async with client.stream("GET", f"{PATH}/{watch}.mjpeg") as stream:
            assert stream.headers["content-type"].startswith("multipart/x-mixed-replace")
            yield watch, Viewer(stream), client


async def test_pictures_that_one_process_takes_are_seen_at_the_other(world, dsn):
    async with served(world.other, dsn) as url, looking(world.other, url) as (watch, viewer, _):
        assert await world.show(watch, FIRST) == 204
        await viewer.until(FIRST + b"\r\n--picture")
        assert await world.show(watch, SECOND) == 204
        await viewer.until(b"content-length: %d\r\n\r\n" % len(SECOND) + SECOND)
        assert await world.wanted() == {watch: "HQ1"}


async def test_a_picture_that_was_not_taken_in_time_is_left_out(world, dsn):
    async with served(world.other, dsn) as url, looking(world.other, url) as (watch, viewer, _):
        for jpeg in (FIRST, FIRST, FIRST, SECOND):
            await world.show(watch, jpeg)
        await viewer.until(SECOND)


async def test_closing_the_watch_ends_the_stream(world, dsn):
    async with served(world.one, dsn) as url, looking(world.one, url) as (watch, viewer, client):
        await world.show(watch, FIRST)
        await viewer.until(FIRST)
        assert (await client.delete(f"{PATH}/{watch}")).status_code == 204
        await viewer.ended()


async def test_whose_session_ends_sees_no_more(world, dsn):
    async with served(world.one, dsn) as url, looking(world.one, url) as (watch, viewer, client):
        await world.show(watch, FIRST)
        await viewer.until(FIRST)
        await client.delete("/api/session")
        await viewer.ended()
        assert await world.show(watch, SECOND) == 410


async def test_the_end_of_the_program_waits_for_no_viewer(world, dsn):
    async with contextlib.AsyncExitStack() as stack:
        async with served(world.one, dsn) as url:
            opened = looking(world.one, url)
            watch, viewer, _ = await stack.enter_async_context(opened)
            await world.show(watch, FIRST)
            await viewer.until(FIRST)
        await viewer.ended()
