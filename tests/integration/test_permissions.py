"""The table of who may ask what, held against every request of both interfaces as every role."""

import re
from pathlib import Path

import pytest
import websockets
from fastapi.routing import iter_route_contexts

from central.application.ports import Account as CentralAccount
from central.commands.permissions import PAGE, page
from central.domain.access import ALL, Scope
from central.domain.requests import CENTRE
from central.live.wire import WireProtocol
from station.contract.requests import STATION, Reach
from station.domain.access import Account
from station.domain.officers import PERMISSIONS
from tests.central_site import LAST_DAY, Site
from tests.fakes import officer
from tests.integration.test_administrations import served
from tests.integration.test_station_console import HASHED, PASSWORD, Console
from tests.migration.central_kit import FakeStation

pytest_plugins = ["tests.migration.central_database"]

ROOT = Path(__file__).parents[2]
OWN, OTHER = "linhe", "hailiutu"
LIMITED = Scope(frozenset({OWN}))
BODIES = {"POST /api/stations/{node}/release": {"reason": "checked on site"}}
"""Of requests that refuse only once they are read: a station out of scope is refused first."""

LEAVING = "DELETE /api/session"


def requests_of(app):
    """Name every request that an application answers, except its pages."""
    for route in iter_route_contexts(app.routes):
        if route.path in ("", "/"):
            continue
        methods = getattr(route.original_route, "methods", None)
        for method in sorted(methods - {"HEAD"}) if methods else ["WS"]:
            yield f"{method} {route.path}"


async def refused(client, request, node=OWN):
    """Send *request*; tell whether it was refused for who sent it."""
    method, path = request.split()
    path = re.sub(r"{\w+}", "NOBODY", path.replace("{node}", node))
    answer = await client.request(method, path, json=BODIES.get(request, {}))
    return answer.status_code in (401, 403)


async def cut(url, client, request):
    """Open a socket; tell whether it was refused for who opened it."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = url.replace("http", "ws") + request.split()[1]
    try:
        async with websockets.connect(address, additional_headers={"Cookie": cookies}) as live:
            await live.recv()
    except websockets.InvalidStatus as exc:
        return exc.response.status_code in (401, 403)
    except websockets.ConnectionClosed as exc:
        return exc.rcvd.code == 4401
    return False


async def walked(rows, url, client, node=OWN):
    """Send every request, the one that leaves last; return which were refused."""
    found = set()
    for row in sorted(rows, key=lambda row: row.request == LEAVING):
        if row.request.startswith("WS "):
            no = await cut(url, client, row.request)
        else:
            no = await refused(client, row.request, node)
        if no:
            found.add(row.request)
    return found


def refusals(rows, role, *, outside=False, limited=False):
    """Return what the table refuses."""
    return {
        row.request
        for row in rows
        if not row.allows(role)
        or (row.reach is Reach.NAMED and outside)
        or (row.reach is Reach.EVERY and limited)
    }


async def sign_in(client, number):
    asked = {"certificate_no": number, "password": PASSWORD}
    answer = await client.post("/api/session", json=asked)
    assert answer.status_code == 200, answer.text


@pytest.fixture
async def consoles(tmp_path):
    """Two stations, with an officer of each role at each."""
    made = []
    for place in (OWN, OTHER):
        (tmp_path / place).mkdir()
        console = Console(tmp_path / place)
        made.append(console)
        for role in PERMISSIONS:
            account = Account(officer=officer(role.name, role), password_hash=HASHED)
            await console.accounts.put_account(account)
    yield made
    for console in made:
        console.close()


@pytest.fixture
async def site(database, tmp_path):
    """Headquarters, with two officers of each role: one is limited to a station."""
    made = await Site(database, tmp_path, FakeStation(), FakeStation(OTHER, key=7)).begin()
    for role in PERMISSIONS:
        for scope in (ALL, LIMITED):
            person = officer(_number(role, scope), role, LAST_DAY)
            account = CentralAccount(officer=person, password_hash=HASHED, scope=scope)
            await made.accounts.put_account(account, replace=False)
    return made


def _number(role, scope):
    return role.name if scope is ALL else f"{role.name}-limited"


async def test_every_request_of_a_console_has_one_row(consoles):
    assert sorted(requests_of(consoles[0].app)) == sorted(row.request for row in STATION)


async def test_every_request_of_headquarters_has_one_row(site):
    assert sorted(requests_of(site.app)) == sorted(row.request for row in CENTRE)


async def test_a_console_refuses_what_the_table_refuses_and_nothing_else(consoles):
    console, other = consoles
    async with served(console.app) as url:
        async with console.client() as nobody:
            assert await walked(STATION, url, nobody) == refusals(STATION, None)
        for role in PERMISSIONS:
            async with console.client() as client, other.client() as stranger:
                await sign_in(client, role.name)
                await sign_in(stranger, role.name)
                async with console.client() as came:
                    came.cookies = stranger.cookies
                    found = await walked(STATION, url, came)
                    assert found == refusals(STATION, None), role
                assert await walked(STATION, url, client) == refusals(STATION, role), role


async def test_headquarters_refuses_what_the_table_refuses_and_nothing_else(site):
    async with served(site.app, ws=WireProtocol, ws_per_message_deflate=False) as url:
        async with site.client() as nobody:
            assert await walked(CENTRE, url, nobody) == refusals(CENTRE, None)
        for role in PERMISSIONS:
            for scope in (ALL, LIMITED):
                for node in (OWN, OTHER):
                    async with site.client() as client:
                        await sign_in(client, _number(role, scope))
                        found = await walked(CENTRE, url, client, node)
                    outside, limited = not scope.covers(node), scope is LIMITED
                    expected = refusals(CENTRE, role, outside=outside, limited=limited)
                    assert found == expected, (role, scope, node)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_no_description_page_is_served(consoles, site, path):
    for place in (consoles[0], site):
        async with place.client() as client:
            assert (await client.get(path)).status_code == 404


def test_the_page_in_the_docs_is_current():
    assert (ROOT / PAGE).read_text("utf-8") == page(), "run: python -m central permissions"
