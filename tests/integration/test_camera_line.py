"""From the camera at a station to an officer at headquarters, over the station's own line."""

import asyncio
import contextlib
import functools
import ssl
from datetime import timedelta

import httpx
import pytest

from central.api.peers import joined_by
from central.api.server import Door, listening, serve
from central.application.admit import Peer
from central.live.wire import WireProtocol
from central.store.passwords import Argon2Passwords
from station.application.live import Device, LaneView
from station.application.remote_watching import RemoteWatching
from station.application.telling import Teller
from station.domain.officers import Role
from station.uplink.http_centre import HttpCentre
from tests.central_site import PASSWORD, Site
from tests.fakes import NOON
from tests.migration.central_kit import FakeStation

pytest_plugins = ["tests.migration.central_database"]

PATH = "/api/stations/linhe/camera"
OK = Device(code="ok", detail="", since=NOON)


@pytest.fixture(scope="module")
async def password_hash():
    return await Argon2Passwords().hashed(PASSWORD)


class Station:
    """The part of a station that tells and shows."""

    def __init__(self, site, url):
        self.clock = site.clock
        self.written = []
        self.pictures = 0
        signer = site.station.sealer.signer
        plain = functools.cache(ssl.create_default_context)
        self.centre = HttpCentre(
            url, "linhe", signer, plain, clock=self.clock, heard=lambda *_: None
        )
        self.watching = RemoteWatching(
            ledger=self, camera=self, line=self.centre, busy=lambda: False, clock=self.clock
        )
        self.teller = Teller(
            "linhe", self.lane, self, self.centre, asked=self.watching.take, sleep=self.soon
        )

    async def soon(self, _seconds):
        await asyncio.sleep(0.05)

    def lane(self):
        self.clock.at += timedelta(milliseconds=1)
        devices = dict.fromkeys(("scale", "camera", "store", "uplink", "clock", "program"), OK)
        return LaneView(
            at=self.clock.now(),
            gross_kg=None,
            stable=False,
            occupied=False,
            waiting=0,
            media_waiting=0,
            pending=False,
            **devices,
        )

    async def passages(self, limit):
        return []

    async def cases(self, *, closed, limit):
        return []

    async def append(self, draft):
        self.written.append((draft.payload.change, draft.payload.officer, self.pictures))
        return ()

    async def preview(self, after):
        self.pictures += 1
        return b"picture %d;" % self.pictures, self.clock.now()


@contextlib.asynccontextmanager
async def running(site, dsn):
    """Both doors of the centre, plain, and what runs beside them."""
    stop, up, seen = asyncio.Event(), asyncio.Event(), site.centre.watching
    machines = joined_by(site.machines, Peer(node="linhe", serial="1-linhe"))
    with (
        listening("central", ("127.0.0.1", 0)) as here,
        listening("machines", ("127.0.0.1", 0)) as there,
    ):
        doors = [Door(site.app, here, sockets=WireProtocol), Door(machines, there)]
        tasks = [asyncio.create_task(one) for one in seen.tasks(dsn)]
        serving = asyncio.create_task(serve(doors, stop, ready=up.set, closing=seen.close))
        try:
            async with asyncio.timeout(10):
                await up.wait()
            yield doors[0].url, doors[1].url
        finally:
            stop.set()
            await serving
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def at_work(station):
    tasks = [asyncio.create_task(one.run()) for one in (station.teller, station.watching)]
    try:
        yield station
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await station.centre.close()


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)


async def test_pictures_come_while_somebody_looks_and_both_ends_know_who(
    database, dsn, tmp_path, password_hash
):
    site = await Site(database, tmp_path, FakeStation()).begin()
    await site.add_officer("HQ1", Role.HQ, password_hash)
    async with site.signed_in("HQ1") as client:
        cookies = dict(client.cookies)
    async with (
        running(site, dsn) as (url, machines),
        at_work(Station(site, machines)) as station,
        httpx.AsyncClient(base_url=url, cookies=cookies, trust_env=False) as client,
    ):
        await asyncio.sleep(0.3)
        assert (station.written, station.pictures) == ([], 0), "nobody looks yet"
        watch = (await client.post(PATH)).json()["watch_id"]
        seen = b""
        async with client.stream("GET", f"{PATH}/{watch}.mjpeg") as stream, asyncio.timeout(20):
            async for chunk in stream.aiter_raw():
                seen += chunk
                if seen.count(b"picture ") >= 3:
                    break
            assert station.watching.watchers == ("HQ1",)
        await client.delete(f"{PATH}/{watch}")
        await until(lambda: station.watching.watchers == ())

    (began, who, before), (ended, _, _) = station.written
    assert (began, who, before, ended) == ("began", "HQ1", 0, "ended")
    (row,) = await database.fetch("SELECT certificate_no, ended_at FROM camera_watch")
    assert (row["certificate_no"], row["ended_at"] is not None) == ("HQ1", True)
