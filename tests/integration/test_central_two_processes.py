"""Two processes of the centre on one database: whatever one commits, watchers of both are told."""

import asyncio
import contextlib
import json
import random

import asyncpg
import httpx
import pytest
import websockets

from station.contract.uplink import sign_state
from station.domain.procedure import Act
from tests.central_program import PASSWORD, add_officer, enrolled, program
from tests.migration.central_kit import TO_DECISION, lane_state, short_folder

pytest_plugins = ["tests.migration.central_database"]

CONFIG = """
[central]
listen = "127.0.0.1:0"
name = "治超办"
data_dir = "data"
[access]
totp_roles = []
[database]
dsn = "{dsn}"
[[stations]]
node = "linhe"
name = "临河"
road = "G6"
[[stations]]
node = "hailiutu"
name = "海流图"
road = "S212"
[machines]
listen = "127.0.0.1:0"
"""
PROJECTED = """
SELECT position = (SELECT size FROM log) FROM progress WHERE worker = 'projector'
"""
LONG_S = 60
"""No promise: longer than a slow machine needs."""


class Process:
    """One of the two."""

    def __init__(self, url, machines):
        self.url = url
        self.machines = machines
        self.people = httpx.AsyncClient(base_url=url, trust_env=False)
        self.headers = {}

    async def sign_in(self, number="HQ1"):
        who = {"certificate_no": number, "password": PASSWORD}
        answer = await self.people.post("/api/session", json=who)
        assert answer.status_code == 200, answer.text
        return answer.headers["set-cookie"].split(";")[0]

    def stream(self, cookie, after=""):
        headers = {"Cookie": cookie, "Origin": self.url}
        address = self.url.replace("http", "ws") + f"/api/live{after}"
        return websockets.connect(address, additional_headers=headers, max_size=None)

    async def get(self, cookie, path):
        answer = await self.people.get(path, headers={"Cookie": cookie})
        assert answer.status_code == 200, answer.text
        return answer.json()


class Page:
    """What a page of headquarters knows: the newest state of each row, by its key."""

    def __init__(self, cookie):
        self.cookie = cookie
        self.token = ""
        self.loaded = False
        self.rows = {}
        self.stations = {}

    async def follow(self, process, until=None):
        """Listen to *process* until the connection ends, or the rows are as *until* wants."""
        after = f"?after={self.token}" if self.loaded else ""
        async with process.stream(self.cookie, after) as stream:
            async for text in stream:
                frame = json.loads(text)
                self.token = frame["token"]
                for news in frame.get("news", ()):
                    self.take(news["kind"], news["data"])
                if not self.loaded or frame["type"] == "reload":
                    await self.load(process)
                if until is not None and until(self):
                    return

    async def load(self, process):
        self.loaded = False
        for kind, path in (("passage", "passages"), ("case", "cases"), ("alarm", "alarms")):
            for row in await process.get(self.cookie, f"/api/{path}?limit=500"):
                self.take(kind, row)
        self.loaded = True

    def take(self, kind, data):
        if kind == "station":
            self.stations[data["node"]] = data
            return
        key = kind, data["node"], data.get("passage_id") or data.get("case_no") or data["alarm_id"]
        known = self.rows.get(key)
        if known is None or data.get("touched", 0) >= known.get("touched", 0):
            self.rows[key] = data


@pytest.fixture(scope="module")
async def world(postgres, superuser):
    """Both processes, one station enrolled, and an officer who sees everything."""
    await superuser.execute("CREATE DATABASE two OWNER zhichao")
    dsn = postgres.dsn_of("zhichao", "two")
    with short_folder() as folder:
        config = folder / "central.toml"
        config.write_text(CONFIG.format(dsn=dsn), "utf-8")
        station = await enrolled(config)
        assert (await add_officer(config))[0] == 0
        local = await add_officer(config, "--station", "hailiutu", number="HL1")
        assert local[0] == 0, local
        async with (
            program(config) as (_, one, one_machines),
            program(config) as (_, other, other_machines),
        ):
            made = [Process(one, one_machines), Process(other, other_machines)]
            database = await asyncpg.connect(dsn)
            yield made, station, database
            await database.close()
            for process in made:
                await process.people.aclose()
    await superuser.execute("DROP DATABASE two WITH (FORCE)")


async def deliver(station, process, first):
    async with station.line(process.machines) as line:
        answer = await line.post("/api/ingest", content=station.batch(first=first))
        assert answer.status_code == 200, answer.text


async def test_what_one_process_takes_in_the_watchers_of_the_other_see(world):
    (one, other), station, _ = world
    first = len(station.entries) + 1
    station.decided_case("two")
    page = Page(await other.sign_in())

    def complete(page):
        kinds = {kind for kind, _, _ in page.rows}
        return {"passage", "case"} <= kinds and page.stations["linhe"]["lane"] is not None

    async with asyncio.timeout(LONG_S):
        following = asyncio.create_task(page.follow(other, complete))
        await deliver(station, one, first)
        while not following.done():
            state = sign_state(lane_state(station.clock.now()), station.sealer.signer)
            async with station.line(one.machines) as line:
                answer = await line.post("/api/lane-state", content=state)
            assert answer.status_code == 200
            await asyncio.wait([following], timeout=1)
        await following

    assert page.rows["passage", "linhe", "ptwo"]["case_no"] == "Ctwo"
    assert page.rows["case", "linhe", "Ctwo"]["penalty"] == "decided"
    assert page.stations["linhe"]["lane"]["gross_kg"] == 61000


async def test_who_signs_out_at_one_process_is_sent_away_by_the_other(world):
    (one, other), _, _ = world
    cookie = await one.sign_in()
    async with other.stream(cookie) as stream:
        await stream.recv()
        answer = await one.people.delete(
            "/api/session", headers={"Cookie": cookie, "Origin": one.url}
        )
        assert answer.status_code == 204
        async with asyncio.timeout(LONG_S):
            await stream.wait_closed()
        assert stream.close_code == 1008


async def test_news_of_another_station_is_not_told(world):
    (one, other), station, _ = world
    first = len(station.entries) + 1
    station.decided_case("foreign")
    stranger, chief = Page(await other.sign_in("HL1")), Page(await other.sign_in())

    def seen(page):
        return ("case", "linhe", "Cforeign") in page.rows

    async with asyncio.timeout(LONG_S):
        watching = asyncio.create_task(stranger.follow(other))
        following = asyncio.create_task(chief.follow(other, seen))
        await deliver(station, one, first)
        await following
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    assert set(stranger.stations) == {"hailiutu"}
    assert stranger.rows == {}


class Traffic:
    """Trucks and their cases, in random order, into a random process."""

    def __init__(self, station, processes, rng):
        self.station = station
        self.processes = processes
        self.rng = rng
        self.number = 0
        self.open = []

    def happen(self):
        chosen = self.rng.random()
        if chosen < 0.4 or not self.open:
            self.number += 1
            self.station.weigh(f"r{self.number}", plate=f"蒙R{self.number:05d}")
            self.station.open_case(f"R{self.number}", passage_id=f"r{self.number}")
            self.open.append((self.number, list(TO_DECISION)))
        elif chosen < 0.6:
            self.station.review(f"r{self.rng.choice(self.open)[0]}", 61000, plate="蒙B99999")
        else:
            number, acts = self.rng.choice(self.open)
            self.station.act(acts.pop(0) if acts else Act.RELEASE, f"R{number}")

    async def run(self, batches):
        first = len(self.station.entries) + 1
        async with contextlib.AsyncExitStack() as stack:
            lines = [
                await stack.enter_async_context(self.station.line(process.machines))
                for process in self.processes
            ]
            for _ in range(batches):
                for _ in range(self.rng.randint(1, 4)):
                    self.happen()
                answer = await self.rng.choice(lines).post(
                    "/api/ingest", content=self.station.batch(first=first)
                )
                assert answer.status_code == 200, answer.text
                first = len(self.station.entries) + 1
                await asyncio.sleep(self.rng.uniform(0, 0.1))


async def unsteady(page, processes, rng, wanted):
    """Follow, leave at random moments, come back at a random process, until all is there."""
    while not wanted(page):
        with contextlib.suppress(TimeoutError, websockets.ConnectionClosed):
            async with asyncio.timeout(rng.uniform(0.02, 0.6)):
                await page.follow(rng.choice(processes), wanted)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whoever_comes_and_goes_between_the_processes_misses_nothing(world, seed):
    processes, station, database = world
    rng = random.Random(seed)
    pages = [Page(await rng.choice(processes).sign_in()) for _ in range(6)]
    over = asyncio.Event()
    expected = {}

    def wanted(page):
        return over.is_set() and all(page.rows.get(key) == row for key, row in expected.items())

    async with asyncio.timeout(LONG_S), asyncio.TaskGroup() as tasks:
        for number, page in enumerate(pages):
            tasks.create_task(unsteady(page, processes, random.Random(seed + number), wanted))
        await Traffic(station, processes, rng).run(60)
        while not await database.fetchval(PROJECTED):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)
        last = Page(pages[0].cookie)
        await last.load(processes[0])
        expected |= {key: row for key, row in last.rows.items() if key[0] != "alarm"}
        over.set()

    assert len(expected) > 30
