"""Who sees which station: every role, every scope, every list and the camera."""

import pytest

from central.domain.access import ALL, Scope
from central.store.passwords import Argon2Passwords
from station.domain.officers import PERMISSIONS, Permission
from tests.central_site import PASSWORD, Site
from tests.migration.central_kit import FakeStation

pytest_plugins = ["tests.migration.central_database"]

SCOPES = {
    "all": (ALL, {"linhe", "hailiutu"}),
    "one": (Scope(frozenset({"hailiutu"})), {"hailiutu"}),
    "gone": (Scope(frozenset({"removed"})), set()),
}
LISTS = ("stations", "passages", "cases", "alarms", "counts", "evasions", "clocks")


@pytest.fixture(scope="module")
async def password_hash():
    return await Argon2Passwords().hashed(PASSWORD)


@pytest.fixture
async def site(database, tmp_path, password_hash):
    made = await Site(database, tmp_path, FakeStation(), FakeStation("hailiutu", key=7)).begin()
    for role in PERMISSIONS:
        for name, (scope, _) in SCOPES.items():
            await made.add_officer(f"{role.name}-{name}", role, password_hash, scope)
    for station in made.stations:
        station.decided_case(1)
        station.review("nothing", 48000)  # an alarm of its own
        station.report_evasion()
        assert (await made.deliver(station)).status_code == 200
    await made.projected()
    return made


@pytest.mark.parametrize("role", list(PERMISSIONS))
@pytest.mark.parametrize("name", SCOPES)
async def test_each_role_sees_the_stations_of_its_scope_and_no_other(site, role, name):
    may, (_, seen) = Permission.WATCH in PERMISSIONS[role], SCOPES[name]
    devices = Permission.SEE_DEVICES in PERMISSIONS[role]
    async with site.signed_in(f"{role.name}-{name}") as client:
        for path in LISTS:
            answer = await client.get(f"/api/{path}")
            shown = devices if path == "stations" else may
            assert answer.status_code == (200 if shown else 403), path
            if shown:
                rows = answer.json()["clocks"] if path == "clocks" else answer.json()
                assert {row["node"] for row in rows} - {""} == seen, path
        for node in ("linhe", "hailiutu", "removed", "unknown"):
            passages = await client.get(f"/api/passages?node={node}")
            camera = await client.post(f"/api/stations/{node}/camera")
            if may:
                assert {row["node"] for row in passages.json()} == seen & {node}
            known = 201 if node in ("linhe", "hailiutu") else 404
            within = SCOPES[name][0].covers(node)
            assert camera.status_code == (known if may and within else 403), node


async def test_the_list_over_all_stations_is_for_nobody_who_is_limited_to_some(site):
    path = "/api/export/repeat-vehicles.csv"
    for name in SCOPES:
        async with site.signed_in(f"TRANSPORT-{name}") as client:
            answer = await client.get(path)
        assert answer.status_code == (200 if name == "all" else 403)


async def test_the_sum_of_a_day_counts_no_station_out_of_scope(site):
    async with site.signed_in("HQ-all") as client:
        everything = (await client.get("/api/counts?on=2026-03-01")).json()
    async with site.signed_in("HQ-one") as client:
        total, own = (await client.get("/api/counts?on=2026-03-01")).json()

    assert everything[0]["passages"] == 2 * total["passages"] == 2
    assert {**own, "node": ""} == total
