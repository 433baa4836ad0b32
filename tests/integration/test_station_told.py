"""What the centre's ledger brings about at a station: facts, alarms, and who may not sign in."""

import base64
from datetime import date, timedelta

import msgspec
import pytest

from station.application.allowed import NOT_ALLOWED, Allowed, is_allowed
from station.application.findings import Judge
from station.application.lane import Weighed
from station.application.measuring import Settled
from station.application.permits import Permits
from station.application.ports import Draft
from station.application.recording import Recorder, Scale
from station.contract.entries import (
    AllowedProgram,
    DecisionInForce,
    DeviceEvent,
    DriverRequest,
    Enrolment,
    Kind,
    LegalIds,
    OfficerChange,
    Permit,
    RegisteredVehicle,
    RegisterExtract,
    UnloadingForm,
    Watched,
    WatchHit,
    WatchList,
    read,
)
from station.contract.sealing import stamp
from station.domain.merkle import EMPTY_ROOT
from station.domain.plates import PlateColour, PlateReading, VehiclePlates
from station.domain.plates import Settled as Vote
from station.domain.units import Kg
from station.rules.drawings import DRAWINGS
from station.rules.facts import Mode
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_to_record
from station.store.register import FileRegister, Registers
from tests.fakes import NOON, FakeCentre, passage
from tests.integration.test_station_console import (
    HANDED_OVER,
    OPENED,
    PASSWORD,
    open_case,
)

PLATE = "蒙L12345"
TODAY = date(2026, 3, 1)
VEHICLE = DRAWINGS["TR-06-A/6x4"].vehicle


def change(what, number="R1"):
    return OfficerChange(certificate_no=number, role="road", valid_until="2026-12-31", change=what)


async def test_whom_the_centre_revokes_is_out_at_once_and_does_not_come_in_again(console, tell):
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    await tell(Kind.OFFICER_CHANGE, change("revoked"))
    answer = await road.get("/api/session")
    assert (answer.status_code, answer.json()["code"]) == (401, "access.not_signed_in")
    asked = {"certificate_no": "R1", "password": PASSWORD}
    assert (await console.client().post("/api/session", json=asked)).status_code == 401
    assert [one.certificate_no for one in await console.duty.all_on_duty()] == ["R2"]


async def test_a_revoked_officer_is_no_second_either(console, tell):
    await open_case(console)
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    await tell(Kind.OFFICER_CHANGE, change("revoked", "R2"))
    answer = await console.act(road, "order_to_correct", "R2", plate=PLATE)
    assert answer.json()["code"] == "case.two_officers_required"


@pytest.mark.parametrize("what", ["added", "changed"])
async def test_whom_the_centre_lets_in_again_comes_in(console, tell, what):
    await tell(Kind.OFFICER_CHANGE, change("revoked"))
    await tell(Kind.OFFICER_CHANGE, change(what))
    await console.signed_in("R1")


def watch(until="2026-03-01", plate=PLATE):
    return WatchList(watched=[Watched(plate=plate, reason="多次逃避检测", until=until)])


async def test_a_plate_is_looked_for_on_its_last_day_and_not_the_day_after(console, tell):
    await tell(Kind.WATCH_LIST, watch())
    assert (await console.centre.watched(PLATE, TODAY)).reason == "多次逃避检测"
    assert await console.centre.watched(PLATE, TODAY + timedelta(days=1)) is None


async def test_a_list_takes_the_place_of_the_one_before(console, tell):
    await tell(Kind.WATCH_LIST, watch())
    await tell(Kind.WATCH_LIST, watch(plate="蒙L99999"))
    assert await console.centre.watched(PLATE, TODAY) is None


def recorder(console, register=None):
    return Recorder(
        scale=Scale(
            lane="1",
            scale_id="S1",
            protocol="yaohua-continuous",
            certificate_no="C1",
            certificate_until=date(2026, 12, 31),
        ),
        ledger=console.store,
        views=console.store,
        media=console.media,
        register=register or FileRegister(None),
        facts=console.centre,
        permits=Permits(facts=console.centre, law=lawbook(), node="linhe"),
        judge=Judge(lawbook(), Mode.RESIDENT),
        casework=console.casework,
        hub=console.hub,
        clock=console.clock,
    )


def weighed(plate=PLATE, gross=48_000, at_ns=0):
    reading = PlateReading(
        text=plate,
        best_guess=plate,
        confidence_permille=990,
        colour=PlateColour.YELLOW,
        rows=1,
        box=((0, 0), (1, 0), (1, 1), (0, 1)),
    )
    nobody = Vote(reading=None, ambiguous=False, candidates=())
    return Weighed(
        settled=Settled(
            gross=Kg(gross),
            frames=(b"\x02",),
            spread=Kg(0),
            settled_ms=1500,
            arrived_ns=at_ns,
            at_ns=at_ns,
            resumed=False,
        ),
        plates=VehiclePlates(
            tractor=Vote(reading=reading, ambiguous=False, candidates=(plate,)), trailer=nobody
        ),
        sightings=(),
    )


def codes(console):
    return [event.code for event in console.told if hasattr(event, "code")]


async def test_a_watched_truck_on_the_scale_is_an_alarm_and_an_entry_beside_its_passage(
    console,
    tell,
):
    await tell(Kind.WATCH_LIST, watch())
    await recorder(console).record(weighed("蒙L77777"))
    assert codes(console) == []
    await recorder(console).record(weighed())
    assert codes(console) == ["watch.hit"]
    road = await console.signed_in("R1")
    (alarm,) = (await road.get("/api/alarms")).json()
    assert alarm["code"] == "watch.hit"
    assert f"{PLATE} 多次逃避检测" in alarm["message"]
    passed, found = await console.store.entries_after(1, 9)
    assert (passed.kind, found.kind) == ("passage", "watch_hit")
    (view, _) = await console.store.passages(2)
    assert read(found)[1] == WatchHit(
        passage_id=view.passage.passage_id,
        plate=PLATE,
        reason="多次逃避检测",
        at=stamp(console.clock.now()),
    )


async def test_a_watched_truck_that_was_recorded_as_a_device_s_fault_is_still_its_alarm(console):
    """As programs before kind ``watch_hit`` wrote it."""
    fault = DeviceEvent(
        device="watch", code="watch.hit", detail=f"{PLATE} 多次逃避检测", since=stamp(NOON)
    )
    await console.store.append(Draft(Kind.DEVICE_FAULT, fault))
    road = await console.signed_in("R1")
    (alarm,) = (await road.get("/api/alarms")).json()
    assert (alarm["code"], PLATE in alarm["message"]) == ("watch.hit", True)


async def test_a_plate_that_an_officer_names_is_looked_for_too_and_once(console, tell):
    await tell(Kind.WATCH_LIST, watch())
    await recorder(console).record(weighed("蒙L77777"))
    (view,) = await console.store.passages(1)
    road = await console.signed_in("R1")
    asked = {"plate": PLATE, "colour": "yellow", "drawing": "TR-06-A/6x4"}
    path = f"/api/passages/{view.passage.passage_id}/review"
    for _ in range(2):
        assert (await road.post(path, json=asked)).status_code == 200
    assert codes(console) == ["watch.hit"]
    hits = [e for e in await console.store.entries_after(0, 99) if e.kind == "watch_hit"]
    assert [read(e)[1].passage_id for e in hits] == [view.passage.passage_id]


def registered(plate=PLATE):
    return RegisterExtract(
        vehicles=[
            RegisteredVehicle(plate=plate, colour="yellow", vehicle=vehicle_to_record(VEHICLE))
        ]
    )


async def test_a_vehicle_of_the_centres_extract_is_known_at_the_scale(console, tell):
    register = Registers(FileRegister(None), console.centre)
    assert await register.find(PLATE) is None
    await tell(Kind.REGISTER_EXTRACT, registered())
    await recorder(console, register).record(weighed())
    (view,) = await console.store.passages(1)
    assert (view.vehicle_origin, view.outcome) == ("register", "lawful")


async def test_the_local_register_comes_first(console, tell, tmp_path):
    row = {"plate": PLATE, "colour": "green", "vehicle": vehicle_to_record(VEHICLE)}
    (tmp_path / "v.jsonl").write_bytes(msgspec.json.encode(row))
    await tell(Kind.REGISTER_EXTRACT, registered())
    register = Registers(FileRegister(tmp_path / "v.jsonl"), console.centre)
    assert (await register.find(PLATE)).colour is PlateColour.GREEN


async def test_a_vehicle_that_this_program_cannot_read_is_not_known(console, tell):
    extract = RegisterExtract(
        vehicles=[RegisteredVehicle(plate=PLATE, colour="yellow", vehicle={"wheels": "many"})]
    )
    await tell(Kind.REGISTER_EXTRACT, extract)
    assert await console.centre.find(PLATE) is None


def form(hours, **changed):
    values = {
        "node": "hailiutu",
        "case_no": "HA1",
        "plate": PLATE,
        "weighed_at": "2026-02-28T10:00:00.000Z",
        "gross_kg": 61000,
        "cleared_at": stamp(NOON + timedelta(seconds=2) - timedelta(hours=hours)),
        "cleared_kg": 48000,
    }
    return UnloadingForm(**{**values, **changed})


async def known(console):
    road = await console.signed_in("R1")
    return (await road.get("/api/passages/p1/known")).json()


@pytest.mark.parametrize(("hours", "shown"), [(0, 1), (24, 1), (24.001, 0), (-0.001, 0)])
async def test_a_form_of_the_last_day_is_shown_and_no_other(console, tell, hours, shown):
    await console.store.append(Draft(Kind.PASSAGE, passage()))
    await tell(Kind.UNLOADING_FORM, form(hours))
    await tell(Kind.UNLOADING_FORM, form(1, plate="蒙L99999", case_no="HA2"))
    assert len((await known(console))["forms"]) == shown


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("2026-03-01", "2026-03-01", 1),
        ("2026-03-02", "2026-03-09", 0),
        ("2026-02-01", "2026-02-28", 0),
    ],
)
async def test_a_permit_is_shown_on_its_days(console, tell, first, last, shown):
    await console.store.append(Draft(Kind.PASSAGE, passage()))
    permit = Permit(
        permit_no="蒙超1",
        plate=PLATE,
        gross_kg=100_000,
        route="G110",
        first_on=first,
        last_on=last,
        revoked=False,
    )
    await tell(Kind.PERMIT, permit)
    assert len((await known(console))["permits"]) == shown
    await tell(Kind.PERMIT, msgspec.structs.replace(permit, revoked=True))
    assert (await known(console))["permits"] == []


def allowed(**changed):
    values = {
        "permit_no": "蒙超1",
        "plate": PLATE,
        "gross_kg": 70_000,
        "route": "G110 临河—五原",
        "first_on": "2026-03-01",
        "last_on": "2026-03-01",
        "revoked": False,
        "stations": ["linhe"],
    }
    return Permit(**{**values, **changed})


async def heard(console):
    """Let the station have heard of the centre a minute ago."""
    centre = FakeCentre(at=console.clock.now() - timedelta(minutes=1))
    centre.sign_checkpoint(0, EMPTY_ROOT)
    await console.centre.note_checkpoint(centre.note)


@pytest.mark.parametrize(
    ("told", "gross", "found"),
    [
        (allowed(), 70_000, ["permitted"]),
        (allowed(), 70_001, ["violation", "permit.exceeded"]),
        (
            allowed(first_on="2026-03-02", last_on="2026-03-09"),
            60_000,
            ["violation", "permit.other_days"],
        ),
        (allowed(last_on="2026-02-28"), 60_000, ["violation", "permit.other_days"]),
        (allowed(stations=["hailiutu"]), 60_000, ["violation", "permit.other_route"]),
        (allowed(trailer="蒙L1234挂"), 60_000, ["needs_review", "permit.trailer_unread"]),
        (allowed(revoked=True), 60_000, ["violation"]),
        (allowed(plate="蒙L99999"), 60_000, ["violation"]),
    ],
)
async def test_a_truck_is_found_by_its_permit(console, tell, told, gross, found):
    await heard(console)
    await tell(Kind.REGISTER_EXTRACT, registered())
    seq = await tell(Kind.PERMIT, told)
    register = Registers(FileRegister(None), console.centre)
    await recorder(console, register).record(weighed(gross=gross))
    (view,) = await console.store.passages(1)
    notes = [code for code in view.verdict["review"] if code.startswith("permit.")]
    assert [view.outcome, *notes] == found
    assert (view.case_no is not None) == (view.outcome == "violation")
    held = view.permits.permit
    known = not told.revoked and told.plate == PLATE
    assert (held and (held.permit_no, held.centre_seq)) == (("蒙超1", seq) if known else None)


async def test_with_the_centre_away_for_long_the_finding_says_what_is_not_known(console, tell):
    await heard(console)
    await tell(Kind.REGISTER_EXTRACT, registered())
    register = Registers(FileRegister(None), console.centre)
    for plate, later in (
        (PLATE, timedelta(hours=23, minutes=59)),
        ("蒙L77777", timedelta(seconds=1)),
    ):
        await tell(Kind.REGISTER_EXTRACT, registered(plate))
        console.clock.move(later)
        now_ns = console.clock.monotonic_ns()
        await recorder(console, register).record(weighed(plate, gross=60_000, at_ns=now_ns))
    late, day = await console.store.passages(2)
    assert ["permit.unchecked" in one.verdict["review"] for one in (day, late)] == [False, True]
    assert (late.outcome, day.outcome) == ("violation", "violation")
    assert "查验当事人随车携带的通行证" in late.explanation


PAPER = {
    "permit_no": "蒙超9",
    "gross_kg": 70_000,
    "route": "G110 临河—五原",
    "first_on": "2026-03-01",
    "last_on": "2026-03-01",
    "picture": base64.b64encode(b"\xff\xd8\xff\xe0 paper \xff\xd9").decode(),
    "second_officer": "R2",
}


async def shows_paper(console, **changed):
    """Let a driver show a permit after his truck was found over its limit."""
    (view,) = await console.store.passages(1)
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    asked = {"plate": PLATE, "colour": "yellow", "permit": {**PAPER, **changed}}
    return await road.post(f"/api/passages/{view.passage.passage_id}/review", json=asked)


@pytest.fixture
async def over(console, tell):
    """A truck was found over its limit, and its case opened."""
    await tell(Kind.REGISTER_EXTRACT, registered())
    register = Registers(FileRegister(None), console.centre)
    await recorder(console, register).record(weighed(gross=60_000))
    (view,) = await console.store.passages(1)
    return view.case_no


async def test_a_permit_on_paper_makes_the_finding_anew_and_voids_the_case(console, over):
    assert (await shows_paper(console)).status_code == 200
    (view,) = await console.store.passages(1)
    assert (view.outcome, view.permits.permit.origin) == ("permitted", "paper")
    assert (view.reviewed_by, view.permits.permit.second_officer) == ("R1", "R2")
    assert "permit.unchecked" in view.verdict["review"]
    case = await console.store.case(over)
    assert (case.closed, case.state.penalty.value) == (True, "voided")
    assert "蒙超9" in str(case.history[-1].details["reason"])
    picture = view.permits.permit.picture
    assert await console.media.fetch(picture.sha256) == base64.b64decode(PAPER["picture"])
    kinds = [e.kind for e in await console.store.entries_after(0, 99)]
    assert kinds[-2:] == ["passage_review", "case_act"]


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"gross_kg": 59_999}, "facts.invalid", "passage_id"),
        ({"last_on": "2026-02-28"}, "facts.invalid", "last_on"),
        ({"first_on": "2026-03-02", "last_on": "2026-03-02"}, "facts.invalid", "passage_id"),
        ({"picture": base64.b64encode(b"GIF89a").decode()}, "facts.invalid", "picture"),
        ({"gross_kg": 0}, "facts.invalid", "gross_kg"),
        ({"trailer": "蒙L12345"}, "facts.invalid", "trailer"),
        ({"second_officer": "R1"}, "case.two_officers_required", None),
        ({"second_officer": "P1"}, "case.two_officers_required", None),
    ],
)
async def test_a_paper_that_covers_nothing_changes_nothing(console, over, changed, code, field):
    before = (await console.store.entries_after(0, 99))[-1].seq
    answer = await shows_paper(console, **changed)
    assert answer.json()["code"] == code, answer.json()
    assert answer.json()["fields"].get("field") == field
    kept = (await console.store.entries_after(0, 99))[-1].seq
    assert kept == before
    assert not (await console.store.case(over)).closed


async def test_a_case_in_the_police_s_hands_is_not_voided_for_a_paper(console, over):
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    for act, details in HANDED_OVER:
        path = f"/api/cases/{over}/acts"
        body = {"act": act, "second_officer": "R2", "details": details}
        assert (await road.post(path, json=body)).status_code == 200
    assert (await shows_paper(console)).json()["code"] == "case.illegal_transition"


async def test_down_to_what_its_permit_allows_a_truck_is_clear(console, tell):
    await heard(console)
    await tell(Kind.REGISTER_EXTRACT, registered())
    await tell(Kind.PERMIT, allowed())
    register = Registers(FileRegister(None), console.centre)
    at_scale = recorder(console, register)
    await at_scale.record(weighed(gross=75_000))
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    case_no = (await console.store.passages(1))[0].case_no
    path = f"/api/cases/{case_no}/acts"
    body = {"act": "order_to_correct", "second_officer": "R2", "details": {"plate": PLATE}}
    assert (await road.post(path, json=body)).status_code == 200
    body = {**body, "act": "begin_unloading", "details": {"method": "卸载", "place": "站内"}}
    assert (await road.post(path, json=body)).status_code == 200
    console.clock.move(timedelta(minutes=30))
    for gross, removal in ((70_001, "unloading"), (70_000, "clear")):
        console.clock.move(timedelta(minutes=1))
        await at_scale.record(weighed(gross=gross, at_ns=console.clock.monotonic_ns()))
        newest = (await console.store.passages(1))[0].passage.passage_id
        body = {**body, "act": "recheck", "details": {"passage_id": newest}}
        answer = await road.post(path, json=body)
        assert answer.status_code == 200, answer.json()
        assert (await console.store.case(case_no)).state.removal.value == removal


async def test_decisions_on_other_acts_are_shown_and_the_own_case_is_not(console, tell):
    await open_case(console)
    for case_no in ("LINHE202603010001", "HA1"):
        decision = DecisionInForce(
            node="hailiutu",
            case_no=case_no,
            violation_id=case_no,
            plate=PLATE,
            occurred_on="2026-01-01",
            decided_at="2026-01-02T04:00:00.000Z",
            kind="fine",
        )
        await tell(Kind.DECISION_IN_FORCE, decision)
    found = await known(console)
    assert [one["case_no"] for one in found["decisions"]] == ["HA1"]
    assert found["watched"] is None


@pytest.mark.parametrize(
    ("node", "case_no", "shown"),
    [("linhe", OPENED.case_no, 1), ("hailiutu", OPENED.case_no, 0), ("linhe", "ANOTHER", 0)],
)
async def test_what_the_driver_asks_in_this_case_is_shown(console, tell, node, case_no, shown):
    await open_case(console)
    asked = DriverRequest(
        node=node,
        case_no=case_no,
        plate=PLATE,
        what="recheck",
        at=stamp(NOON),
        answer_by=stamp(NOON + timedelta(hours=2)),
    )
    await tell(Kind.DRIVER_REQUEST, asked)
    found = (await known(console))["requests"]
    assert len(found) == shown
    assert all(one["what"] == "recheck" for one in found)


async def test_nothing_follows_for_the_finding_from_what_is_known(console, tell):
    await tell(Kind.UNLOADING_FORM, form(1))
    await tell(Kind.WATCH_LIST, watch())
    await recorder(console).record(weighed())
    (view,) = await console.store.passages(1)
    assert view.outcome == "needs_review"


PROGRAM = AllowedProgram(legal_id="sha256:x", first_on="2026-03-01", last_on="2026-03-31")


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2026, 3, 31), True),
        (date(2026, 4, 1), False),
    ],
)
def test_a_program_is_allowed_on_its_first_and_last_day_and_between(day, allowed):
    assert is_allowed("sha256:x", [PROGRAM], day) is allowed
    assert not is_allowed("sha256:y", [PROGRAM], day)
    assert is_allowed("sha256:x", [msgspec.structs.replace(PROGRAM, last_on=None)], day) is (
        day >= TODAY
    )


async def test_a_program_that_is_not_on_the_list_is_shown_as_soon_as_there_is_one(console, tell):
    states = []
    allowed = Allowed(
        legal_id="sha256:x",
        facts=console.centre,
        clock=console.clock,
        report=lambda *state: states.append(state),
    )
    await allowed.look()
    await tell(Kind.LEGAL_IDS, LegalIds(allowed=[]))
    await allowed.look()
    await tell(Kind.LEGAL_IDS, LegalIds(allowed=[PROGRAM]))
    await allowed.look()
    console.clock.move(timedelta(days=31))
    await allowed.look()
    assert states == [("ok", ""), (NOT_ALLOWED, "sha256:x"), ("ok", ""), (NOT_ALLOWED, "sha256:x")]


async def test_which_keys_the_centre_enrolled_for_us_is_known(console, tell):
    for node in ("linhe", "hailiutu"):
        key = Enrolment(node=node, alg="ed25519", key_id="k1", public_key="00", from_seq=1)
        await tell(Kind.ENROLMENT, key)
    assert [one.node for one in await console.centre.enrolments("linhe")] == ["linhe"]


async def test_who_drives_is_masked_for_everybody_and_never_in_the_entry(console):
    await open_case(console)
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    asked = {
        "act": "order_to_correct",
        "second_officer": "R2",
        "details": {"plate": PLATE},
        "personal": {"driver_name": "张三", "driver_id_no": "11010519491231002x"},
    }
    path = "/api/cases/LINHE202603010001"
    assert (await road.post(f"{path}/acts", json=asked)).status_code == 200
    (done,) = (await road.get(path)).json()["history"]
    assert done["personal"] == {"driver_name": "张*", "driver_id_no": "1101************2X"}
    assert await console.store.personal("LINHE202603010001") != [()]
    for entry in await console.store.entries_after(0, 99):
        assert "张三" not in entry.body.decode()
        assert "1105194912" not in entry.body.decode()
    assert "张三" not in repr(console.told)


@pytest.mark.parametrize(
    ("act", "personal", "code"),
    [
        ("order_to_correct", {"driver_id_no": "110105194912310021"}, "facts.identity_number"),
        ("order_to_correct", {"driver_shoe_size": "43"}, "facts.invalid"),
        ("correct_plate", {"driver_name": "张三"}, "facts.invalid"),
    ],
)
async def test_what_is_wrong_of_a_person_is_refused_and_nothing_is_written(
    console,
    act,
    personal,
    code,
):
    await open_case(console)
    before = await console.store.head()
    road = await console.signed_in("R1")
    await console.signed_in("R2")
    details = {"plate": PLATE} if act == "order_to_correct" else {"plate": PLATE, "reason": "x"}
    asked = {"act": act, "second_officer": "R2", "details": details, "personal": personal}
    answer = await road.post("/api/cases/LINHE202603010001/acts", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert any("\u4e00" <= one <= "\u9fff" for one in answer.json()["message"])
    assert await console.store.head() == before


SEEN = {
    "subject": "tractor",
    "kinds": ["standard", "licence"],
    "facts": "车厢加高约40厘米，与行驶证照片不符",
    "second_officer": "R2",
}


async def sees_mismatch(console, who="R1", passage_id="p1", **changed):
    officer = await console.signed_in(who)
    await console.signed_in("R2")
    path = f"/api/passages/{passage_id}/mismatches"
    return await officer.post(path, json={**SEEN, **changed})


async def test_a_vehicle_that_is_not_as_it_should_be_is_written_down_and_nobody_is_fined(console):
    await open_case(console)
    assert (await sees_mismatch(console)).status_code == 200
    (view,) = await console.store.passages(1)
    (seen,) = view.mismatches
    assert (seen.plate, seen.kinds, seen.case_no) == (PLATE, ["licence", "standard"], view.case_no)
    assert seen.officers == ["R1", "R2"]
    entry = (await console.store.entries_after(0, 99))[-1]
    assert (entry.kind, read(entry)[1]) == ("vehicle_mismatch", seen)
    case = await console.store.case(view.case_no)
    assert case.history == ()
    road = await console.signed_in("R1")
    shown = (await road.get("/api/passages/p1")).json()["mismatches"]
    assert [one["facts"] for one in shown] == [SEEN["facts"]]


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"subject": "trailer"}, "facts.invalid", "subject"),
        ({"subject": "driver"}, "facts.invalid", "subject"),
        ({"kinds": []}, "facts.invalid", "kinds"),
        ({"kinds": ["licence", "licence"]}, "facts.invalid", "kinds"),
        ({"kinds": ["colour"]}, "facts.invalid", "kinds"),
        ({"passage_id": "p2"}, "not_found", None),
        ({"second_officer": "R1"}, "case.two_officers_required", None),
        ({"who": "P1"}, "access.not_permitted", None),
    ],
)
async def test_what_says_nothing_of_a_vehicle_is_not_written_down(console, changed, code, field):
    await open_case(console)
    before = len(await console.store.entries_after(0, 99))
    answer = (await sees_mismatch(console, **changed)).json()
    assert (answer["code"], answer["fields"].get("field")) == (code, field)
    assert len(await console.store.entries_after(0, 99)) == before


async def test_a_mismatch_is_written_down_once_for_each_vehicle(console):
    await open_case(console)
    assert (await sees_mismatch(console)).status_code == 200
    assert (await sees_mismatch(console)).json()["fields"]["why"] == "mismatch_known"
