"""Vehicles that are not as they should be: passed on to the police of their home."""

import csv
import io

import pytest

from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.domain.access import Scope
from central.store.passwords import Argon2Passwords
from station.contract.entries import Kind, VehicleMismatch
from station.contract.sealing import stamp
from station.domain.officers import Role
from station.rules.lawbook import lawbook
from tests.central_site import PASSWORD, Site
from tests.fakes import NOON

pytest_plugins = ["tests.migration.central_database"]

ROWS = "SELECT * FROM vehicle_mismatch ORDER BY node, seq"
PATH = "/api/vehicle-mismatches"


def seen(passage_id="p1", plate="冀B12345", **changed):
    values = {
        "passage_id": passage_id,
        "case_no": "",
        "subject": "tractor",
        "plate": plate,
        "kinds": ["licence", "standard"],
        "facts": "=车厢加高",
        "officers": ["R1", "R2"],
        "at": stamp(NOON),
    }
    return VehicleMismatch(**{**values, **changed})


@pytest.fixture
async def site(database, tmp_path):
    made = await Site(database, tmp_path).begin()
    hashed = await Argon2Passwords().hashed(PASSWORD)
    await made.add_officer("HQ1", Role.HQ, hashed)
    await made.add_officer("HQ2", Role.HQ, hashed, scope=Scope(frozenset({"hailiutu"})))
    linhe = made.station
    for number, plate in enumerate(("冀B12345", "冀B1234挂", "蒙L12345")):
        linhe.write(Kind.VEHICLE_MISMATCH, seen(f"p{number}", plate))
    await made.deliver(linhe)
    await made.projected()
    return made


async def copied(client, *seqs, home="冀B", letter_no="函〔2026〕1号"):
    named = [{"node": "linhe", "seq": seq} for seq in seqs]
    body = {"home": home, "letter_no": letter_no, "mismatches": named}
    return await client.post(f"{PATH}/copies", json=body)


async def test_each_is_listed_under_the_home_of_its_plate(site):
    async with site.signed_in("HQ1") as client:
        found = (await client.get(PATH)).json()
        assert {(one["seq"], one["home"]) for one in found} == {(1, "冀B"), (2, "冀B"), (3, "蒙L")}
        waiting = (await client.get(PATH, params={"home": "蒙L", "copied": False})).json()
        assert [(one["plate"], one["copied_at"]) for one in waiting] == [("蒙L12345", None)]


async def test_the_enclosure_names_those_that_wait_and_holds_no_formula(site):
    async with site.signed_in("HQ1") as client:
        answer = await client.get("/api/export/vehicle-mismatches.csv", params={"home": "冀B"})
    header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert header[:3] == ["号牌号码", "车辆", "不符情况"]
    assert {row[0] for row in rows} == {"冀B12345", "冀B1234挂"}
    assert rows[0][2:4] == ["与行驶证记载不符、与GB 1589不符", "'=车厢加高"]


async def test_who_was_told_is_an_entry_of_the_centres_ledger_and_stands_in_the_list(site):
    async with site.signed_in("HQ1") as client:
        assert (await copied(client, 1)).status_code == 204
        await site.projected()
        (told,) = (await client.get(PATH, params={"copied": True})).json()
        assert (told["seq"], told["letter_no"]) == (1, "函〔2026〕1号")
        again = await copied(client, 1)
        assert (again.status_code, again.json()["code"]) == (422, "facts.invalid")
    before = await site.database.fetch(ROWS)
    await rebuild(site.archive, Recheck(lawbook()), lambda _: None)
    assert await site.database.fetch(ROWS) == before


@pytest.mark.parametrize(
    ("seqs", "changed"),
    [((3,), {}), ((9,), {}), ((1, 1), {}), ((1, 3), {}), ((1,), {"letter_no": " "})],
)
async def test_nobody_is_told_of_what_is_not_theirs(site, seqs, changed):
    async with site.signed_in("HQ1") as client:
        answer = await copied(client, *seqs, **changed)
        assert (answer.status_code, answer.json()["code"]) == (422, "facts.invalid")
        assert (await client.get(PATH, params={"copied": True})).json() == []


async def test_an_officer_of_other_stations_sees_and_passes_on_none_of_them(site):
    async with site.signed_in("HQ2") as client:
        assert (await client.get(PATH)).json() == []
        assert (await copied(client, 1)).status_code == 422
