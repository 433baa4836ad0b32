"""Headquarters' interface over the real database: who may see what, and what is refused how."""

import csv
import io
from datetime import timedelta

import msgspec
import pytest

from central.api.app import create_app
from central.api.guards import BATCH_BYTES, OTHER_BYTES
from central.application.ports import Account
from central.store.passwords import Argon2Passwords
from station.contract.signature import Ed25519Verifier
from station.contract.uplink import Receipt, check_receipt, sign_state
from station.domain.officers import PERMISSIONS, Permission, Role
from tests.central_site import LAST_DAY, PASSWORD, SITE, Site
from tests.fakes import NOON, officer
from tests.migration.central_kit import CENTRE, FakeStation, lane_state

pytest_plugins = ["tests.migration.central_database"]

WATCHED = ("stations", "passages", "cases", "alarms", "counts")
BATCHES = ("/api/ingest", "/api/ahead")
EXPORT = "export/repeat-vehicles.csv"


@pytest.fixture(scope="module")
async def password_hash():
    return await Argon2Passwords().hashed(PASSWORD)


@pytest.fixture
async def site(database, tmp_path, password_hash):
    made = await Site(database, tmp_path).begin()
    for role in PERMISSIONS:
        await made.add_officer(f"{role.name}1", role, password_hash)
    return made


def error(answer):
    body = answer.json()
    assert set(body) == {"code", "message", "fields"}
    assert body["message"]
    return answer.status_code, body["code"]


@pytest.mark.parametrize("path", [*WATCHED, EXPORT, "session"])
async def test_nothing_is_shown_without_a_session(site, path):
    async with site.client(cookie="zhichao_centre=forged") as client:
        assert error(await client.get(f"/api/{path}")) == (401, "access.not_signed_in")


@pytest.mark.parametrize("role", list(PERMISSIONS))
async def test_each_role_sees_what_the_table_says(site, role):
    async with site.signed_in(f"{role.name}1") as client:
        for paths, permission in (
            (WATCHED[:1], Permission.SEE_DEVICES),
            (WATCHED[1:], Permission.WATCH),
            ([EXPORT], Permission.EXPORT_LISTS),
        ):
            expected = 200 if permission in PERMISSIONS[role] else 403
            for path in paths:
                assert (await client.get(f"/api/{path}")).status_code == expected, path


async def test_the_cookie_is_for_this_site_and_no_script(site):
    async with site.client() as client:
        answer = await client.post(
            "/api/session", json={"certificate_no": "HQ1", "password": PASSWORD}
        )

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("zhichao_centre=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert answer.json()["role"] == "hq"
    assert "password" not in answer.text


async def test_a_wrong_password_is_refused(site):
    async with site.client() as client:
        answer = await client.post(
            "/api/session", json={"certificate_no": "HQ1", "password": "wrong"}
        )

    assert error(answer) == (401, "access.sign_in_refused")
    assert "set-cookie" not in answer.headers


async def test_signing_out_ends_the_session_at_the_server(site):
    async with site.signed_in() as client:
        token = client.cookies["zhichao_centre"]
        assert (await client.delete("/api/session")).status_code == 204

    async with site.client(cookie=f"zhichao_centre={token}") as again:
        assert error(await again.get("/api/session")) == (401, "access.not_signed_in")


async def test_a_session_runs_out_after_thirty_idle_minutes(site):
    async with site.signed_in() as client:
        site.clock.move(timedelta(minutes=30) - timedelta(microseconds=1))
        assert (await client.get("/api/session")).status_code == 200
        site.clock.move(timedelta(minutes=30))
        assert (await client.get("/api/session")).status_code == 401


async def test_a_certificate_that_runs_out_ends_every_right(site):
    site.clock.at = NOON.replace(hour=15, minute=59)  # 23:59 in Beijing
    async with site.signed_in() as client:
        assert (await client.get("/api/stations")).status_code == 200
        site.clock.move(timedelta(minutes=1))
        assert error(await client.get("/api/stations")) == (403, "access.certificate_expired")


async def test_a_changed_account_ends_its_sessions(site, password_hash):
    async with site.signed_in() as client:
        account = Account(
            officer=officer("HQ1", Role.TRANSPORT, LAST_DAY), password_hash=password_hash
        )
        assert not await site.accounts.put_account(account, replace=False)
        assert (await client.get("/api/session")).status_code == 200
        assert await site.accounts.put_account(account, replace=True)
        assert (await client.get("/api/session")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": SITE}, 200),
        ({}, 200),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "http://hq.test:81"}, 403),
        ({"origin": "http://hq.test.evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": SITE, "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
    ids=str,
)
async def test_another_sites_page_cannot_sign_anybody_in(site, headers, status):
    async with site.client(**headers) as client:
        answer = await client.post(
            "/api/session", json={"certificate_no": "HQ1", "password": PASSWORD}
        )
    assert answer.status_code == status


async def test_another_sites_page_cannot_sign_anybody_out(site):
    async with site.signed_in() as client:
        answer = await client.delete("/api/session", headers={"origin": "http://evil.test"})
        assert error(answer) == (403, "access.not_permitted")
        assert (await client.get("/api/session")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"certificate_no":"HQ1"}', b'{"certificate_no":"HQ1","password":""}'],
)
async def test_a_sign_in_that_is_none_is_refused_in_the_one_shape(site, body):
    async with site.client(**{"content-type": "application/json"}) as client:
        assert error(await client.post("/api/session", content=body)) == (422, "facts.invalid")


async def test_a_certificate_number_that_no_table_holds_is_unknown(site):
    async with site.client() as client:
        answer = await client.post("/api/session", json={"certificate_no": "\0", "password": "x"})

    assert error(answer) == (401, "access.sign_in_refused")


async def chunks(total):
    for _ in range(0, total, 65536):
        yield b" " * min(65536, total)


@pytest.mark.parametrize(
    ("path", "bound"), [("/api/ingest", BATCH_BYTES), ("/api/session", OTHER_BYTES)]
)
async def test_a_body_is_read_up_to_its_bound_whatever_its_headers_say(site, path, bound):
    there = site.machine() if path in BATCHES else site.client()
    async with there as client:
        client.headers["content-type"] = "application/json"
        within = await client.post(path, content=chunks(bound))
        beyond = await client.post(path, content=chunks(bound + 1))

    assert within.status_code == 422
    assert error(beyond) == (413, "http.too_large")


async def test_a_batch_is_answered_with_a_receipt_and_seen_at_once(site):
    site.station.decided_case(1)
    answer = await site.deliver()
    taken = answer.json()
    await site.projected()
    async with site.signed_in() as client:
        passages = (await client.get("/api/passages")).json()
        cases = (await client.get("/api/cases?open=true")).json()
        closed = (await client.get("/api/cases?open=false")).json()
        counts = (await client.get("/api/counts")).json()
        stations = (await client.get("/api/stations")).json()

    assert answer.status_code == 200
    receipt = msgspec.convert(taken["receipt"], Receipt)
    check_receipt(receipt, Ed25519Verifier(CENTRE.signer.public_key))
    assert (receipt.seq, receipt.digest) == (len(site.station.entries), site.station.head.digest)
    assert (taken["accepted"], taken["duplicates"]) == (len(site.station.entries), 0)
    assert passages[0]["plate"] == "蒙L12345"
    assert (cases[0]["penalty"], cases[0]["fine_fen"], closed) == ("decided", None, [])
    assert [(one["node"], one["violations"]) for one in counts] == [("", 1), ("linhe", 1)]
    assert stations[0]["last_seq"] == receipt.seq


async def test_refused_batches_say_what_the_station_must_know(site):
    other = FakeStation()
    site.station.weigh()
    site.station.weigh("p2")
    other.weigh("q1")
    async with site.machine() as client:
        gap = await client.post("/api/ingest", content=site.station.batch(first=2))
        await client.post("/api/ingest", content=site.station.batch())
        fork = await client.post("/api/ingest", content=other.batch())
        again = await client.post("/api/ingest", content=site.station.batch())
        rubbish = await client.post("/api/ingest", content=b"rubbish")
        another = await client.post("/api/ingest", content=b'{"node":"x","entries":[]}')

    assert error(gap) == (409, "evidence.broken_chain")
    assert gap.json()["fields"]["expected"] == 1
    assert error(fork) == (409, "evidence.fork")
    assert error(again) == (409, "evidence.fork")
    assert error(rubbish) == (422, "evidence.malformed")
    assert error(another) == (403, "access.other_node")
    async with site.signed_in() as client:
        alarms = (await client.get("/api/alarms")).json()
        (station,) = (await client.get("/api/stations")).json()
    codes = ["access.other_node", "evidence.malformed", "evidence.fork"]
    assert [alarm["code"] for alarm in alarms] == codes
    assert station["link"]["code"] == "station.quarantined"
    assert "linhe" in alarms[-1]["message"]


async def test_a_lane_state_is_shown_until_it_is_fifteen_seconds_old(site):
    data = sign_state(lane_state(), site.station.sealer.signer)
    async with site.machine() as machine:
        assert (await machine.post("/api/lane-state", content=data)).json()["watches"] == []
    async with site.signed_in() as client:
        (shown,) = (await client.get("/api/stations")).json()
        site.clock.move(timedelta(seconds=15))
        site.centre.parts.stations.board.fallen_silent()
        (silent,) = (await client.get("/api/stations")).json()

    assert (shown["link"]["code"], shown["lane"]["gross_kg"]) == ("ok", 61000)
    assert shown["lane"]["scale"]["message"] == "正常"
    assert (silent["link"]["code"], silent["lane"]) == ("station.silent", None)


async def test_the_list_is_a_csv_of_the_day_asked_for(site):
    for number in (1, 2, 3, 4):
        site.station.decided_case(number)
    await site.deliver()
    await site.projected()
    async with site.signed_in("TRANSPORT1") as client:
        answer = await client.get(f"/api/{EXPORT}?as_of=2026-03-01")
        before = await client.get(f"/api/{EXPORT}?as_of=2026-02-28")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row[:3] for row in rows[1:]] == [["蒙L12345", "黄色", "4"]]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "filename*=UTF-8''%E8%B6%85" in answer.headers["content-disposition"]
    assert before.content.count(b"\r\n") == 1


@pytest.mark.parametrize(
    "query",
    [
        "passages?limit=0",
        "passages?limit=501",
        "passages?node=%00",
        "evasions?node=%00",
        "clocks?node=%00",
        "clocks?actor=nobody",
        "clocks?pressing=met",
        "counts?on=today",
        "cases?open=maybe",
        f"{EXPORT}?as_of=2026-02-30",
    ],
)
async def test_a_query_out_of_range_is_refused(site, query):
    async with site.signed_in() as client:
        assert error(await client.get(f"/api/{query}")) == (422, "facts.invalid")


async def test_what_does_not_exist_is_not_found_in_the_one_shape(site):
    async with site.client() as client:
        assert error(await client.get("/api/nothing")) == (404, "not_found")
        assert error(await client.put("/api/session")) == (405, "http")
        assert error(await client.post("/api/ingest")) == (404, "not_found")


async def test_without_a_page_the_answer_says_what_to_run(site):
    async with site.client() as client:
        answer = await client.get("/")

    assert answer.status_code == 503
    assert "make web" in answer.text


async def test_the_page_is_served_with_its_policy(site, tmp_path):
    (tmp_path / "index.html").write_text("<p>治超</p>", "utf-8")
    site.app = create_app(site.centre.parts, static=tmp_path)
    async with site.client() as client:
        page = await client.get("/")
        health = await client.get("/api/health")

    assert "治超" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert health.json() == {"code": "ok"}
    assert health.headers["cache-control"] == "no-store"


async def test_a_database_that_is_away_is_a_clear_refusal(site, database):
    site.station.weigh()
    await database.close()
    answer = await site.deliver()

    assert error(answer) == (503, "store.failed")


async def test_two_persons_release_a_station_and_each_sees_what_the_other_proposed(
    site, password_hash
):
    await site.add_officer("HQ2", Role.HQ, password_hash)
    clone = FakeStation()
    for station, number in ((site.station, 1), (clone, 2)):
        station.weigh(f"p{number}")
        await site.deliver(station)
    path, why = "/api/stations/linhe/release", {"reason": "旧备份上线"}
    async with site.signed_in("SECURITY1") as security, site.signed_in("HQ2") as hq:
        proposed = await security.post(path, json=why)
        (shown,) = (await hq.get("/api/stations")).json()
        alone = await security.post(path, json=why)
        nothing = await hq.post(path, json={"reason": " "})
        confirmed = await hq.post(path, json={"reason": "已核实"})
        (after,) = (await hq.get("/api/stations")).json()
        again = await hq.post(path, json={"reason": "已核实"})
    async with site.signed_in("ROAD1") as road:
        stranger = await road.post(path, json=why)

    assert proposed.json() == {"released": False}
    assert shown["link"]["code"] == "station.quarantined"
    proposal = shown["proposal"]
    assert (proposal["proposed_by"], proposal["reason"]) == ("SECURITY1", "旧备份上线")
    assert proposal["lasts_until"] > proposal["proposed_at"]
    assert proposal["name"]
    assert error(alone) == (409, "quarantine.own_proposal")
    assert "不能自己确认" in alone.json()["message"]
    assert error(nothing) == (422, "facts.invalid")
    assert confirmed.json() == {"released": True}
    assert (after["link"]["code"], after["proposal"]) == ("station.silent", None)
    assert error(again) == (404, "not_found")
    assert error(stranger) == (403, "access.not_permitted")
