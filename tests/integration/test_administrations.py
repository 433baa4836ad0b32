"""Revocation, unlocking and the log of refused access, at a station and at headquarters alike."""

import asyncio
import contextlib
import socket

import httpx
import pytest
import uvicorn
import websockets

from central.application import camera
from central.application.ports import Account as CentralAccount
from central.live.socket import LOOK_EVERY_S
from station.api.live import SESSION_LOOK_S
from station.application.pulling import EVERY_S
from station.contract.entries import read
from station.domain.access import MOST_WRONG_CODES, Account
from station.domain.ledger import parse
from station.domain.officers import PERMISSIONS, Permission, Role
from tests.central_site import LAST_DAY, Site
from tests.fakes import NOON, officer
from tests.integration.test_station_console import HASHED, PASSWORD, Console

pytest_plugins = ["tests.migration.central_database"]

CLOSED_S = 30
"""No promise: longer than a slow machine needs. The promise is five seconds."""


class Door:
    """One of the two, with an account of each role."""

    def __init__(self, site, watches):
        self.site = site
        self.watches = watches

    @contextlib.asynccontextmanager
    async def as_(self, role):
        async with self.site.client() as client:
            asked = {"certificate_no": role.name, "password": PASSWORD}
            answer = await client.post("/api/session", json=asked)
            assert answer.status_code == 200, answer.text
            yield client

    async def make(self, person):
        """Make an account as the command does; tell whether it waits."""
        if self.watches is Role.ROAD:
            account = Account(officer=person, password_hash=HASHED)
            return await self.site.app.state.services.administering.make(account, NOON.date())
        account = CentralAccount(officer=person, password_hash=HASHED)
        return await self.site.centre.parts.administering.make(account, replace=True)

    async def changes(self):
        """What the ledger tells of accounts."""
        if self.watches is Role.ROAD:
            entries = await self.site.store.entries_after(0, 100)
        else:
            rows = await self.site.database.fetch("SELECT body, signature FROM entry ORDER BY seq")
            entries = [parse(*row) for row in rows]
        told = [read(one)[1] for one in entries if one.kind == "officer_change"]
        return [(one.certificate_no, one.change, one.by) for one in told]

    async def refused(self):
        async with self.as_(Role.AUDIT) as audit:
            rows = (await audit.get("/api/refused-access")).json()
        return {(row["who"], row["what"], row["why"]): row["times"] for row in rows}


@pytest.fixture
async def at_station(tmp_path):
    console = Console(tmp_path)
    for role in PERMISSIONS:
        account = Account(officer=officer(role.name, role), password_hash=HASHED)
        await console.accounts.put_account(account)
    yield Door(console, Role.ROAD)
    console.close()


@pytest.fixture
async def at_centre(database, tmp_path):
    site = await Site(database, tmp_path).begin()
    for role in PERMISSIONS:
        person = officer(role.name, role, LAST_DAY)
        account = CentralAccount(officer=person, password_hash=HASHED)
        await site.accounts.put_account(account, replace=False)
    return Door(site, Role.HQ)


@pytest.fixture(params=["at_station", "at_centre"])
def door(request):
    return request.getfixturevalue(request.param)


async def test_whom_the_security_administrator_revokes_is_out_and_comes_in_no_more(door):
    name = door.watches.name
    async with door.as_(door.watches) as watcher, door.as_(Role.SECURITY) as security:
        assert (await watcher.get("/api/session")).status_code == 200
        answer = await security.post(f"/api/accounts/{name}/revocation")
        assert answer.status_code == 204
        assert (await watcher.get("/api/session")).status_code == 401
        asked = {"certificate_no": name, "password": PASSWORD}
        assert (await watcher.post("/api/session", json=asked)).status_code == 401
        shown = {one["certificate_no"]: one for one in (await security.get("/api/accounts")).json()}
    assert shown[name]["revoked"]
    assert not shown["SECURITY"]["revoked"]


async def test_the_security_administrator_unlocks(door):
    accounts, name = door.site.accounts, door.watches.name
    for _ in range(MOST_WRONG_CODES):
        await accounts.wrong_code(name)
    async with door.as_(Role.SECURITY) as security:
        shown = {one["certificate_no"]: one for one in (await security.get("/api/accounts")).json()}
        assert [number for number, one in shown.items() if one["locked"]] == [name]
        assert (await security.post(f"/api/accounts/{name}/unlocking")).status_code == 204
    async with door.as_(door.watches):
        pass
    assert not (await accounts.codes(name)).locked


async def test_an_account_is_good_when_another_person_confirms_it_and_the_ledger_tells_whom(door):
    person = officer("NEW", door.watches, LAST_DAY)
    assert await door.make(person)
    async with door.site.client() as new:
        asked = {"certificate_no": "NEW", "password": PASSWORD}
        assert (await new.post("/api/session", json=asked)).status_code == 401
    async with door.as_(Role.ADMIN) as admin:
        assert (await admin.post("/api/accounts/NEW/confirmation")).status_code == 403
    async with door.as_(Role.SECURITY) as security:
        shown = {one["certificate_no"]: one for one in (await security.get("/api/accounts")).json()}
        assert [number for number, one in shown.items() if one["unconfirmed"]] == ["NEW"]
        assert (await security.post("/api/accounts/NEW/confirmation")).status_code == 204
        assert (await security.post("/api/accounts/NEW/confirmation")).status_code == 404
    async with door.site.client() as new:
        assert (await new.post("/api/session", json=asked)).status_code == 200
    assert await door.changes() == [("NEW", "proposed", None), ("NEW", "confirmed", "SECURITY")]


async def test_an_account_that_is_changed_waits_again_and_its_sessions_end(door):
    async with door.as_(door.watches) as client:
        assert await door.make(officer(door.watches.name, Role.SECURITY, LAST_DAY))
        assert (await client.get("/api/session")).status_code == 401


async def test_with_no_security_administrator_left_an_account_is_good_at_once(door):
    """The first accounts of a node are made so, and the next after the last one was revoked."""
    async with door.as_(Role.SECURITY) as security:
        assert (await security.post("/api/accounts/SECURITY/revocation")).status_code == 204
    assert not await door.make(officer("SECURITY 2", Role.SECURITY, LAST_DAY))
    assert await door.make(officer("SECURITY 3", Role.SECURITY, LAST_DAY))


async def test_an_account_that_is_not_there_cannot_be_unlocked(door):
    async with door.as_(Role.SECURITY) as security:
        assert (await security.post("/api/accounts/NOBODY/unlocking")).status_code == 404


@pytest.mark.parametrize("role", list(PERMISSIONS))
async def test_no_administration_does_anothers_work(door, role):
    async with door.as_(role) as client:
        log = await client.get("/api/refused-access")
        accounts = await client.get("/api/accounts")
        revocation = await client.post("/api/accounts/AUDIT/revocation")
    for answer, permission, right in (
        (log, Permission.READ_ACCESS_LOG, 200),
        (accounts, Permission.SEE_ACCOUNTS, 200),
        (revocation, Permission.GRANT, 204),
    ):
        assert answer.status_code == (right if permission in PERMISSIONS[role] else 403)


async def test_every_refused_access_is_written_down_with_who_what_and_why(door):
    async with door.as_(Role.TECHNICIAN) as technician, door.site.client() as nobody:
        for number in ("one", "two", "three"):
            await technician.get(
                f"/api/media/{number}" if door.watches is Role.ROAD else "/api/cases"
            )
        await nobody.get("/api/accounts")
        await nobody.post("/api/session", json={"certificate_no": "AUDIT", "password": "wrong"})
        for number in range(20):
            asked = {"certificate_no": f"stranger {number}", "password": "wrong"}
            await nobody.post("/api/session", json=asked)
        await technician.delete("/api/session", headers={"origin": "http://evil.test"})
    path = "/api/media/{sha256}" if door.watches is Role.ROAD else "/api/cases"
    assert await door.refused() == {
        ("TECHNICIAN", f"GET {path}", "access.not_permitted"): 3,
        ("", "GET /api/accounts", "access.not_signed_in"): 1,
        ("AUDIT", "POST /api/session", "password"): 1,
        ("", "POST /api/session", "unknown"): 20,
        ("", "DELETE *", "access.not_permitted"): 1,
    }


@contextlib.asynccontextmanager
async def served(app, **how):
    """Serve on the loopback; yield the address. *how*: more of the server's settings."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="warning", lifespan="off", **how)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


def test_no_live_page_looks_too_seldom_for_a_revocation_to_close_it_in_five_seconds():
    """A second of them is left for the way of the request and of the entry."""
    at_station = SESSION_LOOK_S + EVERY_S  # of the centre, whose entry is pulled first
    assert max(at_station, LOOK_EVERY_S, camera.LOOK_EVERY_S) <= 4


async def test_a_revocation_closes_the_live_socket_of_a_console(at_station):
    console, asked = at_station.site, {"certificate_no": "ROAD", "password": PASSWORD}
    async with (
        served(console.app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        answer = await client.post("/api/session", json=asked)
        headers = {"Cookie": answer.headers["set-cookie"].split(";")[0], "Origin": url}
        address = url.replace("http", "ws") + "/api/live"
        async with websockets.connect(address, additional_headers=headers) as live:
            await live.recv()
            asked["certificate_no"] = "SECURITY"
            await client.post("/api/session", json=asked)
            answer = await client.post("/api/accounts/ROAD/revocation")
            assert answer.status_code == 204
            async with asyncio.timeout(CLOSED_S):
                await live.wait_closed()
            assert live.close_code == 4401
        with pytest.raises(websockets.ConnectionClosed):
            async with websockets.connect(address, additional_headers=headers) as live:
                await live.recv()
