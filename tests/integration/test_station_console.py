"""The console over the real application and store: who may do what, and what is said."""

import json
from datetime import date, timedelta
from functools import partial

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher

from station.admission.access_log import AccessLog
from station.api.app import create_app
from station.api.feed import Feed
from station.api.schemas import StationOut
from station.api.services import Services
from station.api.shaping import case_out
from station.application.administering import Administering
from station.application.answering import Answering
from station.application.casework import Casework
from station.application.claims import take_answers
from station.application.duty import ABSOLUTE, IDLE, Duty
from station.application.evading import Evading
from station.application.findings import Judge
from station.application.live import Device, Hub, LaneView
from station.application.mismatching import Mismatching
from station.application.permits import Permits
from station.application.ports import Account, Draft
from station.application.reminding import Reminding
from station.application.reviewing import Reviewing
from station.application.terms import Terms
from station.application.views import moment
from station.contract.entries import CaseOpened, Kind
from station.contract.sealing import stamp
from station.domain.clock import VERIFIED, Believed
from station.domain.officers import Role
from station.rules.facts import Mode
from station.rules.lawbook import lawbook
from station.store.access_log import SqliteRefusedAccesses
from station.store.accounts import SqliteAccounts
from station.store.case_files import SqliteCaseFiles
from station.store.centre_ledger import SqliteCentreLedger
from station.store.database import Database
from station.store.driver_requests import SqliteDriverRequests
from station.store.media import FileMedia
from station.store.passwords import Argon2Passwords
from station.store.register import FileRegister
from station.working_days import OfficialCalendar
from tests.fakes import (
    NO_CODES,
    NOON,
    FakeClock,
    officer,
    passage,
    plate_evidence,
    sealer,
    store_of,
)
from tests.papers import completeness, filing, issuing, made_press

PASSWORD = "correct horse battery"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # quick
PEOPLE = [
    officer("R1", Role.ROAD),
    officer("R2", Role.ROAD),
    officer("P1", Role.POLICE),
    officer("P2", Role.POLICE),
    officer("H1", Role.HQ),
    officer("OLD", Role.ROAD, date(2026, 2, 28)),
]


class Console:
    """The application with its parts within reach."""

    def __init__(self, folder, totp_roles=NO_CODES):
        self.time = VERIFIED
        self.clock = FakeClock()
        self.database = Database(folder / "station.sqlite")
        self.store = store_of(self.database, sealer(self.clock))
        self.accounts = SqliteAccounts(self.database)
        self.centre = SqliteCentreLedger(self.database, "linhe")
        self.requests = SqliteDriverRequests(self.database, "linhe")
        self.media = FileMedia(folder / "media")
        self.passwords = Argon2Passwords()
        self.hub = Hub()
        self.told = []
        self.paused = []
        self.hub.listen(self.told.append)
        self.duty = Duty(self.accounts, self.passwords, self.clock, self.pause, demanded=totp_roles)
        judge = Judge(lawbook(), Mode.RESIDENT)
        complete = completeness(self.database, self.store, self.clock)
        self.casework = Casework(
            prefix="LINHE",
            ledger=self.store,
            views=self.store,
            duty=self.duty,
            judge=judge,
            terms=Terms(judge.law, judge.mode, OfficialCalendar()),
            completeness=complete,
            requests=self.requests,
            clock=self.clock,
            time=lambda: Believed(self.clock.now(), self.time),
            publish=self.hub.publish,
        )
        self.filing = filing(self.database, self.store, complete, self.casework, self.clock)
        self.take_answers = partial(take_answers, self.store, self.centre, self.casework.answered)
        reviewing = Reviewing(
            ledger=self.store,
            views=self.store,
            register=FileRegister(None),
            facts=self.centre,
            permits=Permits(facts=self.centre, law=judge.law, node="linhe"),
            media=self.media,
            judge=judge,
            casework=self.casework,
            hub=self.hub,
            clock=self.clock,
        )
        device = Device(code="ok", detail="", since=NOON)
        lane = LaneView(
            at=NOON,
            gross_kg=None,
            stable=False,
            occupied=False,
            scale=device,
            camera=device,
            store=device,
            uplink=device,
            clock=device,
            program=device,
            waiting=0,
            media_waiting=0,
            pending=False,
        )
        self.app = create_app(
            Services(
                station=StationOut(
                    node="linhe",
                    name="临河",
                    road="G110",
                    legal_id="x",
                    law_edition="y",
                    scale_certificate_no="C1",
                    scale_certificate_until=date(2026, 12, 31),
                ),
                drawings=[],
                views=self.store,
                facts=self.centre,
                law=lawbook(),
                media=self.media,
                duty=self.duty,
                casework=self.casework,
                evading=Evading(
                    prefix="LINHE",
                    ledger=self.store,
                    views=self.store,
                    evasions=self.store,
                    files=SqliteCaseFiles(self.database, self.store),
                    press=made_press(),
                    casework=self.casework,
                    terms=Terms(judge.law, judge.mode, OfficialCalendar()),
                    clock=self.clock,
                    publish=self.hub.publish,
                ),
                issuing=issuing(self.database, self.store, self.media, self.clock),
                filing=self.filing,
                reviewing=reviewing,
                mismatching=Mismatching(
                    ledger=self.store,
                    views=self.store,
                    casework=self.casework,
                    hub=self.hub,
                    clock=self.clock,
                ),
                answering=Answering(
                    requests=self.requests,
                    ledger=self.store,
                    views=self.store,
                    casework=self.casework,
                    clock=self.clock,
                ),
                reminding=Reminding(
                    views=self.store,
                    requests=self.requests,
                    law=judge.law,
                    working=OfficialCalendar(),
                    time=lambda: Believed(self.clock.now(), self.time),
                ),
                lane=lambda: lane,
                feed=Feed(),
                clock=self.clock,
                administering=Administering(accounts=self.accounts, ledger=self.store),
                access_log=AccessLog(SqliteRefusedAccesses(self.database), self.clock),
            )
        )

    async def pause(self, seconds):
        self.paused.append(seconds)

    def client(self, **headers):
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://console", headers=headers)

    async def signed_in(self, number):
        client = self.client()
        answer = await client.post(
            "/api/session", json={"certificate_no": number, "password": PASSWORD}
        )
        assert answer.status_code == 200, answer.text
        return client

    async def act(self, client, act, second, **details):
        return await client.post(
            "/api/cases/LINHE202603010001/acts",
            json={"act": act, "second_officer": second, "details": details},
        )

    def close(self):
        self.media.close()
        self.database.close()


OPENED = CaseOpened(
    case_no="LINHE202603010001",
    violation_id="p1",
    passage_id="p1",
    plate="蒙L12345",
    occurred_on="2026-03-01",
    opened_at="2026-03-01T04:00:03.000Z",
    gross_kg=61000,
    limit_kg=49000,
    excess_kg=12000,
)


HANDED_OVER = [
    ("order_to_correct", {"plate": "蒙L12345"}),
    ("record_refusal", {"reason": "r", "witness": "w"}),
    ("hand_over", {}),
]


async def open_case(console):
    await console.store.append(Draft(Kind.PASSAGE, passage()), Draft(Kind.CASE_OPENED, OPENED))


def clear(passage_id, excess, gross=48980):
    made = passage(passage_id, recheck_of="LINHE202603010001")
    verdict = {"verdict": "violation" if excess else "lawful", "excess_kg": excess}
    weighing = msgspec.structs.replace(made.weighing, gross_kg=gross)
    return msgspec.structs.replace(made, verdict={**made.verdict, **verdict}, weighing=weighing)


async def test_a_wrong_password_and_an_unknown_officer_look_the_same(console):
    answers = []
    for number, password in [("R1", "wrong"), ("NOBODY", PASSWORD)]:
        answer = await console.client().post(
            "/api/session", json={"certificate_no": number, "password": password}
        )
        answers.append((answer.status_code, answer.json()))
    assert answers[0] == answers[1]
    assert answers[0][1]["code"] == "access.sign_in_refused"


async def test_wrong_passwords_slow_the_next_try_and_lock_nobody_out(console):
    async def try_with(password):
        asked = {"certificate_no": "R1", "password": password}
        return (await console.client().post("/api/session", json=asked)).status_code

    assert [await try_with("wrong") for _ in range(20)] == [401] * 20
    assert console.paused[:6] == [1, 2, 4, 8, 8, 8]
    assert await try_with(PASSWORD) == 200
    assert await try_with(PASSWORD) == 200
    assert len(console.paused) == 18


async def test_a_certificate_that_has_run_out_signs_nobody_in(console):
    asked = {"certificate_no": "OLD", "password": PASSWORD}
    assert (await console.client().post("/api/session", json=asked)).status_code == 401


@pytest.mark.parametrize(("limit", "what"), [(IDLE, "idle"), (ABSOLUTE, "absolute")])
async def test_a_session_ends_at_its_limit_and_not_a_second_before(console, limit, what):
    client = await console.signed_in("R1")
    step = timedelta(minutes=90)
    passed = timedelta()
    while what == "absolute" and passed + step < limit:
        console.clock.move(step)
        passed += step
        assert (await client.get("/api/session")).status_code == 200
    console.clock.move(limit - passed - timedelta(seconds=1))
    assert await console.duty.is_alive(next(iter(client.cookies.values())))
    console.clock.move(timedelta(seconds=1))
    assert (await client.get("/api/session")).status_code == 401


async def test_signing_out_ends_the_session(console):
    client = await console.signed_in("R1")
    token = next(iter(client.cookies.values()))
    assert (await client.delete("/api/session")).status_code == 204
    client.cookies.set("zhichao_linhe", token)
    assert (await client.get("/api/session")).status_code == 401


PLACES = [
    "/api/session",
    "/api/officers",
    "/api/lane",
    "/api/drawings",
    "/api/passages",
    "/api/passages/p1",
    "/api/cases",
    "/api/cases/X",
    "/api/alarms",
    "/api/media/" + "0" * 64,
]


@pytest.mark.parametrize("place", PLACES)
async def test_nothing_but_the_stations_name_is_shown_without_a_session(console, place):
    answer = await console.client().get(place)
    assert answer.status_code == 401
    assert answer.json()["code"] == "access.not_signed_in"
    assert (await console.client().get("/api/station")).status_code == 200


async def test_a_recording_is_given_as_what_it_is_whole_or_in_parts_but_never_changed(console):
    client = await console.signed_in("R1")
    clip = b"\x00\x00\x00\x20ftypisom" + bytes(range(200))
    for data, kind in [(clip, "video/mp4"), (b"<script>", "application/octet-stream")]:
        answer = await client.get(f"/api/media/{await console.media.keep(data)}")
        assert (answer.content, answer.headers["content-type"]) == (data, kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert ("content-disposition" in answer.headers) == (kind != "video/mp4")
    digest = await console.media.keep(clip)
    part = await client.get(f"/api/media/{digest}", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, clip[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(clip)}"
    beyond = await client.get(f"/api/media/{digest}", headers={"range": "bytes=999-"})
    assert beyond.status_code == 416
    # A part that is still what it was is not given of a whole that is not.
    (path, _) = await console.media.place(digest)
    path.write_bytes(clip[:-1] + b"!")
    spoilt = await client.get(f"/api/media/{digest}", headers={"range": "bytes=10-19"})
    assert (spoilt.status_code, spoilt.json()["code"]) == (404, "media.spoilt")


async def test_another_sites_page_may_not_act(console):
    client = await console.signed_in("R1")
    for origin, status in [("http://evil.example", 403), ("http://console", 204)]:
        answer = await client.delete("/api/session", headers={"origin": origin})
        assert answer.status_code == status


async def test_the_whole_case_over_the_interface(console):
    await open_case(console)
    road, police = await console.signed_in("R1"), await console.signed_in("P1")
    await console.signed_in("R2")
    await console.signed_in("P2")
    act = console.act
    assert (await act(road, "order_to_correct", "R2", plate="蒙L12345")).status_code == 200
    assert (await act(road, "begin_unloading", "R2", method="转运", place="场")).status_code == 200
    await console.store.append(Draft(Kind.PASSAGE, clear("p2", 1, 49001)))
    assert (await act(road, "recheck", "R2", passage_id="p2")).status_code == 200
    assert (await act(road, "release", "R2")).status_code == 409  # 1 kg too much
    await console.store.append(Draft(Kind.PASSAGE, clear("p3", 0, 49000)))
    assert (await act(road, "recheck", "R2", passage_id="p3")).status_code == 200
    assert (await act(road, "release", "R2")).status_code == 200
    assert (await act(road, "hand_over", "R2")).status_code == 200
    assert (await act(police, "accept", "P2")).status_code == 200
    fine = {"kind": "fine", "fine_fen": 60000, "points": 3}
    assert (await act(police, "notify", "P2", **TOLD, **fine)).status_code == 200
    assert (await act(police, "hear", "P2", statement="无", review="无")).status_code == 200
    receipt = await act(police, "decide", "P2", **fine, reason="r")
    assert receipt.status_code == 200
    assert receipt.json()["receipt"].startswith("linhe-")
    case = (await road.get("/api/cases/LINHE202603010001")).json()
    assert (case["removal"], case["penalty"], case["custody"]) == ("clear", "decided", "released")
    assert (case["closed"], case["fine_fen"]) == (False, 60000)
    assert [one["act"] for one in case["next_acts"]] == ["withdraw"]  # all else waits
    again = await act(police, "decide", "P2", **fine, reason="r")
    assert (again.status_code, again.json()["code"]) == (409, "case.illegal_transition")


async def test_the_clocks_of_a_case_are_shown_warned_of_and_overdue(console):
    console.clock.at = moment(OPENED.opened_at)
    await open_case(console)
    road, police = await console.signed_in("R1"), await console.signed_in("P1")
    await console.signed_in("R2")
    await console.signed_in("P2")
    for act, said in HANDED_OVER:
        answer = await console.act(road, act, "R2", **said)
        assert answer.status_code == 200, answer.text
    assert (await console.act(police, "accept", "P2")).status_code == 200

    async def one():
        # A page at headquarters goes on for longer than any session.
        sheet = (await (await console.signed_in("R1")).get("/api/clocks")).json()
        assert sheet["time"] == "station"
        keys = {clock["key"]: clock for clock in sheet["clocks"]}
        assert "deadline.general_case" in keys
        clock = keys["deadline.decide_clear_facts"]
        return clock["state"], clock["soon"]

    console.clock.move(timedelta(hours=18) - timedelta(seconds=1))
    assert await one() == ("running", False)
    console.clock.move(timedelta(seconds=1))
    assert await one() == ("running", True)
    console.clock.move(timedelta(hours=6))
    assert await one() == ("running", True)
    console.clock.move(timedelta(microseconds=1))
    assert await one() == ("overdue", False)
    of_case = await (await console.signed_in("R1")).get(f"/api/cases/{OPENED.case_no}/clocks")
    assert of_case.json()["surcharge"] is None
    assert (await console.client().get("/api/clocks")).status_code == 401


async def test_an_act_that_comes_while_a_case_is_read_does_not_spoil_it(console):
    await open_case(console)
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    read = await console.store.case("LINHE202603010001")
    await console.act(road, "order_to_correct", "R2", plate="蒙L12345")

    file = await console.casework.complete(read)

    assert len(case_out(file).history) == len(file.personal) == len(read.history)


TOLD = {"facts": "f", "rights_told": "r"}


async def accepted(console, **police):
    """Open a case and bring it to where the police tell the party what they mean to do."""
    verdict = passage().verdict
    made = passage(verdict="violation")
    made = msgspec.structs.replace(made, verdict={**verdict, "police": police})
    await console.store.append(Draft(Kind.PASSAGE, made), Draft(Kind.CASE_OPENED, OPENED))
    road, officers = await console.signed_in("R1"), await console.signed_in("P1")
    await console.signed_in("R2")
    await console.signed_in("P2")
    await console.act(road, "order_to_correct", "R2", plate="蒙L12345")
    await console.act(road, "begin_unloading", "R2", method="转运", place="场")
    await console.store.append(Draft(Kind.PASSAGE, clear("p2", 0)))
    await console.act(road, "recheck", "R2", passage_id="p2")
    await console.act(road, "hand_over", "R2")
    await console.act(officers, "accept", "P2")
    return officers


async def heard(console, **told):
    """Bring a case to where the police decide; *told*: what the party was told of the penalty."""
    officers = await accepted(console, fine_yuan=[500, 2000], points=None)
    details = {"kind": "fine", "fine_fen": 50000, "points": 3, **told}
    answer = await console.act(officers, "notify", "P2", **TOLD, **details)
    assert answer.status_code == 200, answer.text
    await console.act(officers, "waive", "P2", statement="无")
    return officers


@pytest.mark.parametrize(
    ("band", "fine_yuan", "status"),
    [
        ([500, 2000], 499, 422),
        ([500, 2000], 500, 200),
        ([500, 2000], 2000, 200),
        ([500, 2000], 2001, 422),
        (None, 199, 422),
        (None, 200, 200),
        (None, 2000, 200),
        (None, 2001, 422),
    ],
)
async def test_a_fine_keeps_within_the_band_of_the_law(console, band, fine_yuan, status):
    police = await accepted(console, fine_yuan=band, points=None)
    details = {"kind": "fine", "fine_fen": fine_yuan * 100, "points": 0}
    answer = await console.act(police, "notify", "P2", **TOLD, **details)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("points", "status"), [(1, 422), (3, 200), (6, 422)])
async def test_points_are_those_that_follow_from_the_facts(console, points, status):
    police = await accepted(console, fine_yuan=[500, 2000], points=3)
    details = {"kind": "fine", "fine_fen": 50000, "points": points}
    answer = await console.act(police, "notify", "P2", **TOLD, **details)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("decided", "status"),
    [
        ({}, 200),
        ({"fine_fen": 50001}, 422),  # nothing heavier than what was told
        ({"points": 4}, 422),
        ({"fine_fen": 50000 - 1}, 422),  # below the band
        ({"kind": "warning", "fine_fen": 0, "points": 0}, 200),
    ],
    ids=str,
)
async def test_a_decision_is_within_the_law_and_not_heavier_than_what_was_told(
    console, decided, status
):
    police = await heard(console)
    answer = await console.act(police, "decide", "P2", **{**DECIDED, **decided})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("who", "second", "status", "code"),
    [
        ("R1", "R1", 409, "case.two_officers_required"),
        ("R1", "P1", 409, "case.two_officers_required"),
        ("R1", "R2", 409, "case.two_officers_required"),  # R2 is not signed in
        ("P1", "P2", 409, "case.wrong_authority"),
        ("H1", "H2", 403, "access.not_permitted"),
    ],
)
async def test_who_may_not_order_to_correct(console, who, second, status, code):
    await open_case(console)
    client = await console.signed_in(who)
    for other in ("P1", "P2"):
        await console.signed_in(other)
    if who == "H1":
        await console.accounts.put_account(
            Account(officer=officer("H2", Role.HQ), password_hash=HASHED)
        )
        await console.signed_in("H2")
    answer = await console.act(client, "order_to_correct", second, plate="蒙L12345")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await console.store.case("LINHE202603010001")).history == ()


async def test_a_recheck_must_be_a_new_weighing_of_this_truck(console):
    await open_case(console)
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    await console.act(road, "order_to_correct", "R2", plate="蒙L12345")
    await console.act(road, "begin_unloading", "R2", method="转运", place="场")
    await console.store.append(Draft(Kind.PASSAGE, passage("other", verdict="lawful")))
    for passage_id, status in [("p1", 422), ("other", 422), ("none", 404)]:
        answer = await console.act(road, "recheck", "R2", passage_id=passage_id)
        assert answer.status_code == status
    direct = await console.act(
        road, "recheck_clear", "R2", passage_id="p1", gross_kg=0, excess_kg=0
    )
    assert direct.status_code == 422


async def test_a_recheck_passage_is_used_once(console):
    await open_case(console)
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    await console.act(road, "order_to_correct", "R2", plate="蒙L12345")
    await console.act(road, "begin_unloading", "R2", method="转运", place="场")
    await console.store.append(Draft(Kind.PASSAGE, clear("p2", 500)))
    assert (await console.act(road, "recheck", "R2", passage_id="p2")).status_code == 200
    assert (await console.act(road, "recheck", "R2", passage_id="p2")).status_code == 422


def weighed(made, at):
    """Return a passage whose weight settled at *at*."""
    return msgspec.structs.replace(
        made, weighing=msgspec.structs.replace(made.weighing, settled_at=stamp(at))
    )


async def unloading(console):
    """Open a case and begin to unload, an hour after noon; return the road officer."""
    await open_case(console)
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    console.clock.move(timedelta(hours=1))
    await console.act(road, "order_to_correct", "R2", plate="蒙L12345")
    await console.act(road, "begin_unloading", "R2", method="转运", place="场")
    return road


@pytest.mark.parametrize(("late_s", "status"), [(0, 422), (1, 200)])
async def test_a_recheck_was_weighed_after_the_unloading_began(console, late_s, status):
    road = await unloading(console)
    at = console.clock.now() + timedelta(seconds=late_s)
    await console.store.append(Draft(Kind.PASSAGE, weighed(clear("p2", 0), at)))
    assert (await console.act(road, "recheck", "R2", passage_id="p2")).status_code == status


async def test_a_recheck_is_the_newest_weighing_of_the_truck(console):
    road = await unloading(console)
    at = console.clock.now()
    await console.store.append(
        Draft(Kind.PASSAGE, weighed(clear("p2", 0), at + timedelta(minutes=1))),
        Draft(Kind.PASSAGE, weighed(clear("p3", 900), at + timedelta(minutes=2))),
    )
    assert (await console.act(road, "recheck", "R2", passage_id="p2")).status_code == 422
    assert (await console.act(road, "recheck", "R2", passage_id="p3")).status_code == 200


REVIEW = {"plate": "蒙L12345", "colour": "yellow", "drawing": "TR-06-A/6x4"}


async def test_an_old_passage_reviewed_later_is_no_recheck(console):
    old = passage("p0", verdict="needs_review", tractor=plate_evidence(None))
    await console.store.append(Draft(Kind.PASSAGE, weighed(old, NOON - timedelta(hours=4))))
    road = await unloading(console)
    assert (await road.post("/api/passages/p0/review", json=REVIEW)).status_code == 200
    assert (await console.store.passage("p0")).recheck_of is None


async def test_a_passage_of_a_held_truck_reviewed_after_its_release_opens_no_second_case(console):
    road = await unloading(console)
    at = console.clock.now()
    unread = passage("p2", verdict="needs_review", tractor=plate_evidence(None))
    await console.store.append(
        Draft(Kind.PASSAGE, weighed(unread, at + timedelta(minutes=1))),
        Draft(Kind.PASSAGE, weighed(clear("p3", 0), at + timedelta(minutes=2))),
    )
    console.clock.move(timedelta(minutes=3))
    await console.act(road, "recheck", "R2", passage_id="p3")
    assert (await console.act(road, "release", "R2")).status_code == 200
    assert (await road.post("/api/passages/p2/review", json=REVIEW)).status_code == 200
    assert (await console.store.passage("p2")).recheck_of == "LINHE202603010001"
    assert len((await road.get("/api/cases")).json()) == 1


async def test_a_passage_that_a_recheck_was_taken_from_is_not_reviewed_again(console):
    road = await unloading(console)
    at = console.clock.now() + timedelta(minutes=1)
    await console.store.append(Draft(Kind.PASSAGE, weighed(clear("p2", 0), at)))
    await console.act(road, "recheck", "R2", passage_id="p2")
    asked = {**REVIEW, "plate": "蒙L54321"}
    assert (await road.post("/api/passages/p2/review", json=asked)).status_code == 422


async def test_a_review_names_plate_and_vehicle_and_opens_the_case(console):
    await console.store.append(
        Draft(Kind.PASSAGE, passage("p9", verdict="needs_review", tractor=plate_evidence(None)))
    )
    road = await console.signed_in("R1")
    asked = {"plate": "蒙l·12345", "colour": "yellow", "drawing": "TR-06-A/6x4"}
    answer = await road.post("/api/passages/p9/review", json=asked)
    assert answer.status_code == 200, answer.text
    seen = (await road.get("/api/passages/p9")).json()
    assert seen["tractor"]["text"] == "蒙L12345"
    assert seen["tractor"]["origin"] == "officer"
    assert (seen["outcome"], seen["reviewed_by"]) == ("violation", "R1")
    assert seen["case_no"] == "LINHE202603010001"
    assert seen["gross_kg"] == 61000
    again = await road.post("/api/passages/p9/review", json=asked)
    assert again.status_code == 422


@pytest.mark.parametrize(
    "changed",
    [
        {"plate": "蒙L1234"},
        {"plate": "蒙L1234挂"},
        {"colour": "pink"},
        {"drawing": "TR-99"},
        {"drawing": None},
        {"trailer_plate": "蒙L12345"},
        {"kerb_kg": 0},
        {"gross_kg": 10},
    ],
)
async def test_a_wrong_review_is_refused_and_changes_nothing(console, changed):
    await console.store.append(Draft(Kind.PASSAGE, passage("p9", verdict="needs_review")))
    road = await console.signed_in("R1")
    asked = {"plate": "蒙L12345", "colour": "yellow", "drawing": "TR-06-A/6x4", **changed}
    answer = await road.post("/api/passages/p9/review", json=asked)
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert (await console.store.head()).seq == 1


DECIDED = {"kind": "fine", "fine_fen": 50000, "points": 3, "reason": "无"}


@pytest.mark.parametrize(
    "changed",
    [
        {"fine_fen": 50000.0},
        {"fine_fen": 10**30},
        {"points": True},
        {"points": 13},
        {"reason": "x" * 2001},
        {"reason": " "},
        {"reason": "\x00"},
        {"reason": "\ud800"},
    ],
    ids=str,
)
async def test_what_is_no_number_or_no_text_is_refused(console, changed):
    police = await heard(console)
    asked = {"act": "decide", "second_officer": "P2", "details": {**DECIDED, **changed}}
    answer = await police.post(
        "/api/cases/LINHE202603010001/acts",
        content=json.dumps(asked),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert (await console.act(police, "decide", "P2", **DECIDED)).status_code == 200


async def test_a_body_too_large_is_refused_before_anybody_is_asked_for(console):
    asked = {"certificate_no": "R1", "password": "x" * 70_000}
    assert (await console.client().post("/api/session", json=asked)).status_code == 413


@pytest.mark.parametrize("plate", ["hello", "蒙L1234挂", "蒙l12345", "x" * 65])
async def test_a_corrected_plate_is_a_plate(console, plate):
    await open_case(console)
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    answer = await console.act(road, "correct_plate", "R2", plate=plate, reason="看错")
    assert answer.status_code == 422
    good = await console.act(road, "correct_plate", "R2", plate="蒙L54321", reason="看错")
    assert good.status_code == 200


async def test_police_may_not_review(console):
    await console.store.append(Draft(Kind.PASSAGE, passage("p9", verdict="needs_review")))
    police = await console.signed_in("P1")
    asked = {"plate": "蒙L12345", "colour": "yellow", "drawing": "TR-06-A/6x4"}
    assert (await police.post("/api/passages/p9/review", json=asked)).status_code == 403


async def test_an_expired_scale_is_no_basis_of_a_case(console):
    made = passage("p9", verdict="needs_review")
    made = msgspec.structs.replace(
        made, weighing=msgspec.structs.replace(made.weighing, evidence=False)
    )
    await console.store.append(Draft(Kind.PASSAGE, made))
    road = await console.signed_in("R1")
    asked = {"plate": "蒙L12345", "colour": "yellow", "drawing": "TR-06-A/6x4"}
    assert (await road.post("/api/passages/p9/review", json=asked)).status_code == 200
    assert (await road.get("/api/cases")).json() == []


async def test_case_numbers_have_no_gaps(console):
    road = await console.signed_in("R1")
    for number, plate in enumerate(["蒙L11111", "蒙L22222", "蒙L33333"], 1):
        await console.store.append(
            Draft(Kind.PASSAGE, passage(f"p{number}", verdict="needs_review"))
        )
        asked = {"plate": plate, "colour": "yellow", "drawing": "TR-06-A/6x4"}
        await road.post(f"/api/passages/p{number}/review", json=asked)
    numbers = [case["case_no"] for case in (await road.get("/api/cases")).json()]
    assert numbers == [f"LINHE20260301000{number}" for number in (3, 2, 1)]


async def test_a_case_opened_by_mistake_is_voided_by_two_keeps_its_number_and_lets_the_truck_go(
    console,
):
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    await console.store.append(Draft(Kind.PASSAGE, passage("p9", verdict="needs_review")))
    asked = {"plate": "蒙L12345", "colour": "yellow", "drawing": "TR-06-A/6x4"}
    await road.post("/api/passages/p9/review", json=asked)
    nobody = await console.act(road, "void", "R1", reason="车型认定有误")
    assert (nobody.status_code, nobody.json()["code"]) == (409, "case.two_officers_required")
    unsaid = await console.act(road, "void", "R2", reason="")
    assert unsaid.status_code == 422
    done = await console.act(road, "void", "R2", reason="车型认定有误")
    assert done.status_code == 200, done.text
    case = await console.store.case(OPENED.case_no)
    assert case.closed
    assert not case.held_at(console.clock.now())
    assert (await console.act(road, "order_to_correct", "R2", plate="蒙L12345")).status_code == 409
    assert (await road.get(f"/api/cases/{OPENED.case_no}/documents")).json()["due"] == []
    # The weighing is looked at again; the next case has the next number.
    again = await road.post("/api/passages/p9/review", json=asked)
    assert again.status_code == 200, again.text
    (opened,) = (await road.get("/api/cases")).json()
    assert opened["case_no"] == OPENED.case_no[:-1] + "2"


@pytest.mark.parametrize(
    ("of_finding", "fine_fen", "points", "status"),
    [
        (6000, 600_000, 0, 200),
        (6000, 600_001, 0, 422),
        (6000, 600_000, 1, 422),
        (None, 3_000_000, 0, 200),  # the finding leaves it open: what the article allows
        (None, 3_000_001, 0, 422),
    ],
)
async def test_a_fine_of_road_administration_keeps_to_its_article_and_gives_no_points(
    console, of_finding, fine_fen, points, status
):
    made = passage(verdict="violation")
    verdict = {**made.verdict, "road_admin": {"fine_yuan": of_finding}}
    made = msgspec.structs.replace(made, verdict=verdict)
    opened = msgspec.structs.replace(OPENED, mode="offsite", penal="road")
    await console.store.append(Draft(Kind.PASSAGE, made), Draft(Kind.CASE_OPENED, opened))
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    assert (await console.act(road, "order_to_correct", "R2", plate="蒙L12345")).status_code == 409
    assert (await console.act(road, "accept", "R2")).status_code == 200
    proposed = {"kind": "fine", "fine_fen": fine_fen, "points": points}
    answer = await console.act(road, "notify", "R2", **TOLD, **proposed)
    assert answer.status_code == status, answer.text


REPORT = {
    "deed": "barrier",
    "plate": "蒙L12345",
    "place": "临河超限检测站出口",
    "occurred_at": "2026-03-01T03:58:00Z",
    "facts": "加速冲过出口道闸,未停车接受检测",
    "evidence": [{"digest": "ab" * 32, "what": "执法记录仪"}],
    "second_officer": "R2",
}


async def test_an_evasion_goes_from_the_report_to_a_fine_of_its_own(console):
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    opened = await road.post("/api/evasions", json=REPORT)
    assert opened.status_code == 200, opened.text
    number = opened.json()["evasion_no"]
    assert number == "LINHET202603010001"

    async def act(name, **details):
        body = {"act": name, "second_officer": "R2", "details": details}
        return await road.post(f"/api/evasions/{number}/acts", json=body)

    too_much = await act("notify", facts="强行闯卡", rights_told="已告知", fine_fen=3_000_001)
    assert too_much.status_code == 422
    mine = await act(
        "notify", facts="闯卡", rights_told="已告知", fine_fen=1, hearing_until="2026-03-01"
    )
    assert mine.status_code == 422  # the day follows from the law
    told = await act("notify", facts="强行闯卡", rights_told="已告知", fine_fen=3_000_000)
    assert told.status_code == 200, told.text
    assert (await act("decide", fine_fen=3_000_000, reason="某")).status_code == 409
    assert (await act("hear", statement="无", review="成立")).status_code == 200
    assert (await act("decide", fine_fen=3_000_000, reason="某")).status_code == 422
    assert (await act("waive_hearing", statement="放弃听证")).status_code == 200
    assert (await act("decide", fine_fen=3_000_000, reason="某")).status_code == 200
    (shown,) = (await road.get("/api/evasions")).json()
    assert (shown["stage"], shown["fine_fen"], shown["held"]) == ("decided", 3_000_000, False)
    assert (await road.get("/api/cases")).json() == []  # no over-limit case comes of it


async def test_one_evasion_has_one_file(console):
    """A second file of one deed would be a second fine; one opened by mistake is voided first."""
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    first = (await road.post("/api/evasions", json=REPORT)).json()["evasion_no"]

    again = await road.post("/api/evasions", json=REPORT)

    assert (again.status_code, again.json()["code"]) == (422, "facts.invalid")
    assert first in again.json()["message"]
    assert len((await road.get("/api/evasions")).json()) == 1
    void = {"act": "void", "second_officer": "R2", "details": {"reason": "时间写错"}}
    assert (await road.post(f"/api/evasions/{first}/acts", json=void)).status_code == 200
    assert (await road.post("/api/evasions", json=REPORT)).status_code == 200


async def test_an_evasion_is_handed_over_with_a_letter_that_lists_its_evidence(console):
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    await console.store.append(Draft(Kind.PASSAGE, passage("p1")))
    report = {**REPORT, "deed": "violence", "plate": None, "passage_id": "p1"}
    number = (await road.post("/api/evasions", json=report)).json()["evasion_no"]
    letter = f"/api/evasions/{number}/letter.pdf"
    assert (await road.get(letter)).status_code == 404  # handed over to nobody yet

    async def act(name, **details):
        body = {"act": name, "second_officer": "R2", "details": details}
        answer = await road.post(f"/api/evasions/{number}/acts", json=body)
        assert answer.status_code == 200, answer.text

    await act("add_evidence", digest="cd" * 32, what="监控录像")
    sent = {"to": "public_security", "body": "某公安分局", "letter_no": "移1", "reason": "暴力抗法"}
    await act("transfer", **sent)
    first = await road.get(letter)
    assert (first.status_code, first.content[:5]) == (200, b"%PDF-")
    # What comes after does not show in it: the same bytes whenever it is asked for.
    console.clock.move(timedelta(minutes=20))
    await act("add_evidence", digest="ef" * 32, what="后补")
    await act("note_answer", receipt_no="收1", result="punished")
    assert (await road.get(letter)).content == first.content
    shown = (await road.get(f"/api/evasions/{number}")).json()
    assert [one["what"] for one in shown["evidence"]] == ["执法记录仪", "监控录像", "后补"]
    assert len({one["receipt"] for one in shown["evidence"]}) == 3
    assert (shown["facts"], shown["transferred"]) == (REPORT["facts"], True)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"deed": "theft"}, 422),
        ({"plate": "蒙L1234"}, 422),
        ({"occurred_at": "2026-03-01T04:00:01Z"}, 422),
        ({"occurred_at": "2026-03-01T04:00:01"}, 422),
        ({"evidence": [{"digest": "AB" * 32, "what": "某"}]}, 422),
        ({"passage_id": "none"}, 404),
        ({"second_officer": "R1"}, 409),
        ({"second_officer": "P1"}, 409),
    ],
)
async def test_what_is_wrong_about_a_report_of_evasion_is_refused(console, changed, status):
    road = await console.signed_in("R1")
    for one in ("R2", "P1"):
        await console.signed_in(one)
    answer = await road.post("/api/evasions", json={**REPORT, **changed})
    assert answer.status_code == status, answer.text
    assert (await road.get("/api/evasions")).json() == []


async def test_police_do_not_open_evasion_cases(console):
    police = await console.signed_in("P1")
    await console.signed_in("P2")
    asked = {**REPORT, "second_officer": "P2"}
    assert (await police.post("/api/evasions", json=asked)).status_code == 409


async def test_errors_are_chinese_and_have_a_code(console):
    road = await console.signed_in("R1")
    answer = await road.get("/api/cases/NONE")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert "没有找到" in answer.json()["message"]
