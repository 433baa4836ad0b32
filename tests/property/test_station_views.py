"""Views are what both ledgers come to, whatever happened: folded anew they are the same."""

import asyncio
import hashlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from station.application.ports import Draft
from station.contract.case_file import acted_case, opened_case
from station.contract.entries import (
    AllowedProgram,
    CaseAct,
    CaseOpened,
    DecisionBarred,
    DecisionEnded,
    DecisionInForce,
    DeviceEvent,
    DocumentIssued,
    DocumentPrinted,
    DriverAnswer,
    EvasionOpened,
    HeldPermit,
    Kind,
    LegalIds,
    MediaErased,
    OfficerChange,
    PassageReview,
    Permit,
    PermitAnswer,
    Picture,
    RecordingExcused,
    RecordingImported,
    RegisteredVehicle,
    RegisterExtract,
    UnloadingForm,
    UnweighedPass,
    VehicleMismatch,
    Watched,
    WatchList,
)
from station.contract.record_entries import RecordedAct
from station.domain.evasion import Deed
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.said import FIELDS
from station.domain.stages import Penalty
from station.store.branches import SqliteBranches
from station.store.centre_ledger import SqliteCentreLedger
from station.store.database import Database
from station.store.indexing import indexed
from station.store.sqlfile import load
from tests.acts import TO_DECISION, role_of
from tests.fakes import FakeCentre, passage, plate_evidence, sealer, store_of

AT = "2026-03-01T04:00:00.000Z"
PLATES = ("蒙L12345", "蒙L23456", "蒙L34567")
VIEWS = load("checking")
SPOILT = """
DELETE FROM passage WHERE seq % 2;
INSERT INTO passage VALUES ('z', 99, NULL, x'00');
INSERT INTO joint_case VALUES ('z', 99, '', '', 0, x'00');
INSERT INTO case_act VALUES (99, 'z', '');
INSERT INTO case_waiting VALUES ('z');
INSERT INTO document VALUES (99, 'z', 'z', 2026, 'z', 0, x'00');
INSERT INTO alarm VALUES (99, x'00');
INSERT INTO case_filing VALUES ('z', 99);
INSERT INTO clip VALUES ('z', 99);
INSERT INTO driver_answer VALUES (99, 'z', x'00');
INSERT INTO evasion (evasion_no, seq, opened_on, closed, view) VALUES ('z', 99, '', 0, x'00');
INSERT INTO recording VALUES ('z', 99, '', 0, NULL);
INSERT INTO centre_view VALUES ('z', 'z', '', 99, x'00');
"""
"""Views that no ledger comes to, one row of each."""

pick = st.integers(0, 5)
happenings = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "passage",
                "recheck",
                "review",
                "mismatch",
                "open",
                "act",
                "decide",
                "answer",
                "document",
                "printed",
                "fault",
                "unweighed",
                "clip",
                "excuse",
                "replied",
                "evasion",
                "erase",
                "watch",
                "extract",
                "permit",
                "no_permit",
                "legal",
                "decision",
                "barred",
                "ended",
                "form",
                "revoke",
                "readmit",
            ]
        ),
        pick,
        pick,
    ),
    max_size=40,
)


def sha(number):
    return hashlib.sha256(bytes([number])).hexdigest()


def picture(number):
    return Picture(sha256=sha(number), role="scene", media_type="image/jpeg", size=1, taken_at=AT)


def paper(number):
    return HeldPermit(
        origin="paper",
        centre_seq=0,
        permit_no="P1",
        plate=PLATES[0],
        trailer="",
        gross_kg=70_000,
        route="",
        stations=[],
        first_on="2026-03-01",
        last_on="2026-03-01",
        picture=picture(number),
        second_officer="R2",
    )


class World:
    """Turns a happening into entries that a station or its centre could write."""

    def __init__(self, store, centre_ledger):
        self.store, self.told = store, centre_ledger
        self.centre = FakeCentre()
        self.passages, self.cases, self.documents, self.evasions = [], {}, 0, 0

    async def happen(self, what, first, second):
        await getattr(self, what)(first, second)

    async def passage(self, first, second, case_no=None):
        made = passage(
            f"p{len(self.passages)}",
            tractor=plate_evidence(PLATES[first % 3]),
            pictures=[picture(second)],
            occurred_on=f"2026-03-0{first + 1}",
            recheck_of=case_no,
        )
        self.passages.append(made)
        await self.store.append(Draft(Kind.PASSAGE, made))

    async def recheck(self, first, second):
        for case_no in list(self.cases)[:1]:
            await self.passage(first, second, case_no)

    async def review(self, first, second):
        for seen in self.passages[first : first + 1]:
            review = PassageReview(
                passage_id=seen.passage_id,
                officer="R1",
                mode="resident",
                tractor=plate_evidence(PLATES[second % 3]),
                trailer=None,
                vehicle={},
                vehicle_origin="officer",
                verdict={"verdict": "lawful", "excess_kg": 0},
                explanation="未超限",
                recheck_of=next(iter(self.cases), None) if second == 0 else None,
                permits=PermitAnswer(as_of=AT, permit=paper(second)) if second % 2 else None,
            )
            await self.store.append(Draft(Kind.PASSAGE_REVIEW, review))

    async def mismatch(self, first, second):
        for seen in self.passages[first : first + 1]:
            mismatch = VehicleMismatch(
                passage_id=seen.passage_id,
                case_no="",
                subject="tractor",
                plate=PLATES[second % 3],
                kinds=["licence"],
                facts="某",
                officers=["A", "B"],
                at=AT,
            )
            await self.store.append(Draft(Kind.VEHICLE_MISMATCH, mismatch))

    async def open(self, first, _):
        for seen in self.passages[first : first + 1]:
            opened = CaseOpened(
                case_no=f"C{len(self.cases)}",
                violation_id=seen.passage_id,
                passage_id=seen.passage_id,
                plate=PLATES[0],
                occurred_on="2026-03-01",
                opened_at=AT,
                gross_kg=61000,
                limit_kg=49000,
                excess_kg=12000,
            )
            self.cases[opened.case_no] = opened_case(opened)
            await self.store.append(Draft(Kind.CASE_OPENED, opened))

    async def act(self, first, second):
        for case in list(self.cases.values())[first : first + 1]:
            if not case.next_acts:
                return
            act, role = case.next_acts[second % len(case.next_acts)]
            await self.done(case.case_no, act, role, first, second)

    async def decide(self, first, second):
        for case_no, case in list(self.cases.items())[first : first + 1]:
            for act in TO_DECISION if not case.history else ():
                await self.done(case_no, act, role_of(act), first, second)

    async def answer(self, first, second):
        for case_no, case in list(self.cases.items())[first : first + 1]:
            if case.state.penalty is Penalty.DECIDED:
                act = (Act.TAKE_EFFECT, Act.BAR)[second % 2]
                await (self.decision if act is Act.TAKE_EFFECT else self.barred)(case_no, second)
                await self.done(case_no, act, role_of(act), first, second)

    async def done(self, case_no, act, role, first, second):
        case = self.cases[case_no]
        done = CaseAct(
            case_no=case_no,
            act=act.value,
            authority=role.value,
            officers=["A", "B"],
            at=AT,
            details={
                name: second if kind is int else sha(first + 6)
                for name, kind in FIELDS[act].items()
            }
            | ({"centre_seq": len(self.centre.own_entries)} if role is Role.CENTRE else {}),
            stage=str(case.state),
            plate=case.plate,
            violation_id=case.violation_id,
        )
        self.cases[case_no] = acted_case(case, done)
        await self.store.append(Draft(Kind.CASE_ACT, done))

    async def clip(self, first, second):
        clip = RecordingImported(
            officer="R1",
            device="",
            began_at=AT,
            ended_at=AT,
            timed_by="name",
            source="a.mp4",
            sha256=sha(second),
            size=1,
            media_type="video/mp4",
            imported_at=AT,
            acts=[RecordedAct(case_no=f"C{first}", act="opened", act_seq=1)],
        )
        await self.store.append(Draft(Kind.RECORDING_IMPORTED, clip))

    async def excuse(self, first, second):
        excuse = RecordingExcused(
            case_no=f"C{first}",
            act="notify",
            act_seq=second,
            reason="设备故障",
            officers=["A", "B"],
            excused_at=AT,
        )
        await self.store.append(Draft(Kind.RECORDING_EXCUSED, excuse))

    async def replied(self, first, second):
        answer = DriverAnswer(
            case_no=f"C{first}",
            request_seq=second,
            what="objection",
            answer="refused",
            passage_id="",
            text="理由不成立",
            officers=["A", "B"],
            at=AT,
        )
        await self.store.append(Draft(Kind.DRIVER_ANSWER, answer))

    async def evasion(self, first, second):
        self.evasions += 1
        opened = EvasionOpened(
            evasion_no=f"E{self.evasions}",
            deed=list(Deed)[first].value,
            plate=PLATES[second % 3],
            place="G110",
            occurred_at=AT,
            opened_at=AT,
            passage_id="",
            facts="某",
            evidence=[],
            officers=["A", "B"],
        )
        await self.store.append(Draft(Kind.EVASION_OPENED, opened))

    async def document(self, first, second):
        self.documents += 1
        issued = DocumentIssued(
            case_no=f"C{first}",
            document="weighing_slip",
            title="超限检测单",
            number=str(self.documents),
            year=2026,
            serial=self.documents,
            act="opened",
            act_seq=1,
            officer="R1",
            issued_at=AT,
            sha256=sha(second),
            size=1,
        )
        await self.store.append(Draft(Kind.DOCUMENT_ISSUED, issued))

    async def printed(self, first, second):
        printed = DocumentPrinted(
            case_no=f"C{first}",
            number=str(first),
            print_no=second + 1,
            officer="R1",
            printed_at=AT,
        )
        await self.store.append(Draft(Kind.DOCUMENT_PRINTED, printed))

    async def fault(self, first, _):
        event = DeviceEvent(device="scale", code="device.silent", detail=str(first), since=AT)
        await self.store.append(Draft(Kind.DEVICE_FAULT, event))

    async def unweighed(self, first, second):
        gone = UnweighedPass(
            pass_id="u",
            lane="1",
            reason="not_settled",
            began_at=AT,
            plate=PLATES[first % 3],
            highest_kg=second,
            pictures=[picture(second)],
        )
        await self.store.append(Draft(Kind.UNWEIGHED_PASS, gone))

    async def erase(self, first, second):
        gone = MediaErased(before="2026-03-02", sha256=[sha(first), sha(second)])
        await self.store.append(Draft(Kind.MEDIA_ERASED, gone))

    async def tell(self, kind, payload):
        await self.told.append([self.centre.publish(kind, payload)])

    async def watch(self, first, second):
        plates = {PLATES[first % 3], PLATES[second % 3]}
        watched = [Watched(plate=one, reason="x", until="2026-03-01") for one in sorted(plates)]
        await self.tell(Kind.WATCH_LIST, WatchList(watched=watched[: first % 3]))

    async def extract(self, first, second):
        one = RegisteredVehicle(
            plate=PLATES[first % 3], colour="yellow", vehicle={"kerb_kg": second}
        )
        await self.tell(Kind.REGISTER_EXTRACT, RegisterExtract(vehicles=[one]))

    async def permit(self, first, second, *, revoked=False):
        permit = Permit(
            permit_no=str(first),
            plate=PLATES[second % 3],
            gross_kg=100_000,
            route="G110",
            first_on="2026-03-01",
            last_on="2026-03-09",
            revoked=revoked,
        )
        await self.tell(Kind.PERMIT, permit)

    async def no_permit(self, first, second):
        await self.permit(first, second, revoked=True)

    async def legal(self, first, _):
        one = AllowedProgram(legal_id=str(first), first_on="2026-03-01", last_on=None)
        await self.tell(Kind.LEGAL_IDS, LegalIds(allowed=[one]))

    async def decision(self, first, second):
        decision = DecisionInForce(
            node="linhe",
            case_no=str(first),
            violation_id=str(first),
            plate=PLATES[second % 3],
            occurred_on="2026-03-01",
            decided_at=AT,
            kind="fine",
        )
        await self.tell(Kind.DECISION_IN_FORCE, decision)

    async def barred(self, first, second):
        barred = DecisionBarred(
            node="linhe",
            case_no=str(first),
            violation_id=str(first),
            plate=PLATES[second % 3],
            occurred_on="2026-03-01",
            decided_at=AT,
            standing_node="hailiutu",
            standing_case_no=str(second),
        )
        await self.tell(Kind.DECISION_BARRED, barred)

    async def ended(self, first, second):
        ended = DecisionEnded(node="linhe", case_no=str(first), plate=PLATES[second % 3], at=AT)
        await self.tell(Kind.DECISION_ENDED, ended)

    async def form(self, first, second):
        form = UnloadingForm(
            node="linhe",
            case_no=str(first),
            plate=PLATES[second % 3],
            weighed_at=AT,
            gross_kg=61000,
            cleared_at=AT,
            cleared_kg=48000,
        )
        await self.tell(Kind.UNLOADING_FORM, form)

    async def revoke(self, first, _, change="revoked"):
        officer = OfficerChange(
            certificate_no=str(first), role="road", valid_until="2026-12-31", change=change
        )
        await self.tell(Kind.OFFICER_CHANGE, officer)

    async def readmit(self, first, second):
        await self.revoke(first, second, "added")


def everything(connection):
    return {view: list(connection.execute(statement)) for view, statement in VIEWS.items()}


async def lived(folder, events):
    """Let *events* happen; return the running views, those folded anew, and what was told."""
    database = Database(folder / "station.sqlite")
    try:
        store = store_of(database, sealer())
        world = World(store, SqliteCentreLedger(database, "linhe"))
        for event in events:
            await world.happen(*event)
            await indexed(database)  # behind each entry; anew it follows all of them at once
        running = await database.run(everything)
        await database.run(lambda connection: connection.execute(SPOILT))
        told = []
        count = await SqliteBranches(database, store).rebuild(lambda *step: told.append(step))
        await indexed(database)
        return running, await database.run(everything), count, told
    finally:
        database.close()


@settings(max_examples=60, deadline=None)
@given(happenings)
def test_folded_anew_the_views_are_the_same(events):
    with tempfile.TemporaryDirectory() as folder:
        running, anew, count, told = asyncio.run(lived(Path(folder), events))
    assert anew == running
    assert all(done <= rows == count for done, rows in told)


def test_every_view_is_made_by_something_that_happens_above():
    kinds = (
        "passage",
        "open",
        "decide",
        "document",
        "fault",
        "permit",
        "clip",
        "excuse",
        "replied",
        "evasion",
    )
    events = [(kind, 0, 0) for kind in kinds]
    with tempfile.TemporaryDirectory() as folder:
        running, *_ = asyncio.run(lived(Path(folder), events))
    assert {view for view, rows in running.items() if rows} == set(VIEWS)
