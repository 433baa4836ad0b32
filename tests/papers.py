"""A station's desk that issues documents, on the real store, and a real case before it."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

from station.application.completeness import Completeness
from station.application.filing import Filing
from station.application.findings import Judge
from station.application.issuing import Issuing
from station.application.ports import Draft
from station.application.proceedings import proceedings
from station.application.views import moment
from station.contract.case_file import opened_case
from station.contract.entries import CaseAct, CaseOpened, Kind, PlateEvidence
from station.contract.personal import Opening
from station.contract.proceedings import Issue
from station.contract.sealing import local_day, stamp
from station.documents.papers import Place, paper
from station.documents.press import Press
from station.documents.registry import registry
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.units import Kg
from station.rules.drawings import DRAWINGS
from station.rules.facts import Mode
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_to_record
from station.store.case_files import SqliteCaseFiles
from station.store.centre_ledger import SqliteCentreLedger
from station.store.database import Database
from station.store.media import FileMedia
from station.store.outbox import SqliteOutbox
from station.store.papers import SqliteDocuments
from tests.acts import pair, said
from tests.fakes import FakeCentre, FakeClock, passage, sealer, store_of

CASE_NO = "LINHE202603010001"
PLATE = "蒙L12345"
VEHICLE = replace(
    DRAWINGS["TR-06-A/6x4"].vehicle,
    registered_gross=Kg(49000),
    approved_load=Kg(34000),
    kerb=Kg(15000),
)
DRIVER = {
    "driver_name": "张三",
    "driver_id_no": "11010519491231002X",
    "driver_licence_no": "11010519491231002X",
    "driver_phone": "13800000000",
}
WORDS = {
    Act.BEGIN_UNLOADING: {
        "method": "驾驶人自行卸载",
        "place": "本站一号卸载场",
        "custodian": "临河区某仓储场",
        "contract_no": "2026-031",
        "finish_by": "2026-03-02",
        "planned_kg": 12600,
    },
    Act.RECORD_REFUSAL: {"reason": "驾驶人锁车离开，拒不卸载", "witness": "站内值守人员"},
    Act.DETAIN: {
        "place": "本站停车场",
        "reason": "超过核定载质量，违法状态未消除",
        "safety": "车辆已熄火驻车",
    },
    Act.NOTIFY: {
        "facts": "该车超过核定载质量，超载率36.7%。",
        "rights_told": "已当面宣读并交付本告知书。",
        "points": 1,
    },
    Act.HEAR: {
        "statement": "货主装车时说没有超重，请求从轻处罚",
        "review": "超限事实有检定合格衡器的称重记录证明，请求不影响事实认定，已在裁量时考虑",
    },
    Act.WAIVE: {"statement": "对拟处罚没有异议，放弃陈述申辩。"},
    Act.DECIDE: {
        "reason": "当事人超限超载运输事实清楚，证据充分，主动卸载，予以从轻。",
        "points": 1,
    },
    Act.SERVE: {"received": "受送达人当面签收"},
    Act.NOT_PUNISH: {"reason": "违法行为轻微并及时改正，没有造成危害后果。"},
    Act.TAKE_EFFECT: {"violation_id": "0190b7a2-6d3e-7c11-9a40-3f2d9d1c77aa"},
}
"""What the acts of a real case state, instead of placeholders."""

PLACE = Place(
    node="linhe", name="临河超限检测站", road="G110", offices=registry("bayannur").offices
)
USUAL = (
    Act.ORDER_TO_CORRECT,
    Act.DETAIN,
    Act.BEGIN_UNLOADING,
    Act.RECHECK_CLEAR,
    Act.RETURN_VEHICLE,
    Act.HAND_OVER,
    Act.ACCEPT,
    Act.NOTIFY,
    Act.HEAR,
    Act.DECIDE,
    Act.TAKE_EFFECT,
    Act.SERVE,
    Act.PAY,
    Act.CLOSE,
)


def weighed(passage_id, gross, recheck_of=None):
    """Return a passage with the verdict that the law gives it."""
    found = Judge(lawbook(), Mode.RESIDENT).finding(
        Kg(gross), VEHICLE, occurred_on=date(2026, 3, 1), recheck=recheck_of is not None
    )
    made = passage(passage_id, recheck_of=recheck_of)
    trailer = PlateEvidence(
        text="蒙L1234挂",
        colour="yellow",
        origin="camera",
        best_guess="蒙L1234挂",
        confidence_permille=960,
        crop="",
    )
    weighing = {**_fields(made.weighing), "gross_kg": gross, "certificate_no": "衡检字20250911"}
    return type(made)(
        **{
            **_fields(made),
            "weighing": type(made.weighing)(**weighing),
            "vehicle": vehicle_to_record(VEHICLE),
            "vehicle_origin": "register",
            "trailer": trailer,
            "verdict": found.record,
            "explanation": found.explanation,
        }
    )


class Desk:
    """What issues documents, with its parts within reach."""

    def __init__(self, folder):
        self.clock = FakeClock()
        self.database = Database(folder / "station.sqlite")
        self.store = store_of(self.database, sealer(self.clock))
        self.documents = SqliteDocuments(self.database, self.store)
        self.media = FileMedia(folder / "media")
        self.press = made_press()
        self.issuing = self.desk()
        self.case = None
        self.centre = FakeCentre()

    def desk(self, **changed):
        """Return another issuing desk on the same store."""
        parts = {"database": self.database, "ledger": self.store, "media": self.media}
        return issuing(**{**parts, "press": self.press, "clock": self.clock, **changed})

    async def open(self, case_no=CASE_NO, first="first", gross=61500, penal="police"):
        """Record the first weighing and open the case."""
        made = weighed(first, gross)
        opened = CaseOpened(
            case_no=case_no,
            violation_id=first,
            passage_id=first,
            plate=PLATE,
            occurred_on="2026-03-01",
            opened_at=stamp(self.clock.now()),
            gross_kg=gross,
            limit_kg=49000,
            excess_kg=gross - 49000,
            penal=penal,
        )
        await self.store.append(Draft(Kind.PASSAGE, made), Draft(Kind.CASE_OPENED, opened))
        self.case = opened_case(opened)

    async def act(self, act, **details):
        """Do one act on the newest case."""
        self.clock.move(timedelta(minutes=7))
        now = self.clock.now()
        stated = said(act, fine=100000) | WORDS.get(act, {}) | details
        if act in (Act.RECHECK_CLEAR, Act.RECHECK_OVER):
            number = f"{self.case.case_no}-{len(self.case.rechecked_by)}"
            over = 0 if act is Act.RECHECK_CLEAR else 2000
            stated |= {"passage_id": number, "gross_kg": 48980 + over, "excess_kg": over}
            again = weighed(number, 48980 + over, self.case.case_no)
            await self.store.append(Draft(Kind.PASSAGE, again))
        if act in (Act.TAKE_EFFECT, Act.BAR):
            answer = self.centre.confirm if act is Act.TAKE_EFFECT else self.centre.bar
            told = answer(self.case.case_no)
            await SqliteCentreLedger(self.database, "linhe").append([told])
            stated |= {"centre_seq": told.seq}
            after = self.case.after_claim(act, at=now, details=stated)
        else:
            by = pair(self.case.authority(self.case.rule(act)))
            on = date.fromisoformat(local_day(now))
            after = self.case.after(act, by=by, at=now, on=on, details=stated)
        done = after.history[-1]
        openings = _openings() if act is Act.ORDER_TO_CORRECT else ()
        payload = CaseAct(
            case_no=after.case_no,
            act=act.value,
            authority=done.role.value,
            officers=list(done.officers),
            at=stamp(now),
            details=done.details,
            stage=str(after.state),
            plate=after.plate,
            violation_id=after.violation_id,
            personal={one.field: one.commitment for one in openings},
        )
        await self.store.append(Draft(Kind.CASE_ACT, payload, openings))
        self.case = after

    async def go(self, *acts):
        """Do several acts."""
        for act in acts:
            await self.act(act)

    async def due(self):
        """Return the kinds that can be issued now."""
        return {due.form.kind for due in (await self.issuing.of_case(self.case.case_no)).due}

    async def issue(self, kind):
        """Issue a document by an officer who may."""
        found = await self.issuing.of_case(self.case.case_no)
        role = next(due.issuer for due in found.due if due.form.kind == kind)
        return await self.issuing.issue(self.case.case_no, kind, pair(role).first)

    async def shown(self, view):
        """Return the data that a document was made from."""
        issued = view.issued
        case = await self.store.case(issued.case_no)
        record = proceedings(
            case,
            await self.documents.case_entries(issued.case_no),
            await self.store.passage(case.passage_id),
            [await self.store.passage(one) for one in case.rechecked_by],
            issued=await self.documents.of_case(issued.case_no),
            process=await self.documents.timeline_entries(issued.case_no, case.passage_id),
        )
        issue = Issue(
            form=self.press.forms[issued.document],
            seq=issued.act_seq,
            number=issued.number,
            issued_on=date.fromisoformat(local_day(moment(issued.issued_at))),
        )
        return paper(issue, record, place=PLACE, law=lawbook(), personal={})

    def close(self):
        """Close files and threads."""
        self.media.close()
        self.database.close()


def issuing(database, ledger, media, clock, press=None):
    """Return a desk that issues documents on a store."""
    return Issuing(
        documents=SqliteDocuments(database, ledger),
        views=ledger,
        media=media,
        press=press or made_press(),
        law=lawbook(),
        clock=clock,
        lock=asyncio.Lock(),
    )


def completeness(database, ledger, clock):
    """Return what looks whether files on a store are complete."""
    press = made_press()
    return Completeness(
        files=SqliteCaseFiles(database, ledger),
        forms=press.forms,
        recorded=press.recorded,
        law=lawbook(),
        clock=clock,
    )


def filing(database, ledger, complete, casework, clock):
    """Return a desk that keeps the files of cases on a store."""
    return Filing(
        files=SqliteCaseFiles(database, ledger),
        views=ledger,
        ledger=ledger,
        receipts=SqliteOutbox(database, ledger),
        completeness=complete,
        forms=made_press().forms,
        pair=casework.pair,
        clock=clock,
        lock=casework.lock,
    )


def made_press(region="bayannur", **changed):
    """Return a press whose offices are not filled in."""
    return Press(registry(region), replace(PLACE, **changed), lawbook())


def police(number=1):
    """Return a police officer."""
    return pair(Role.POLICE, number, number + 1).first


def road(number=1):
    """Return an officer of road administration."""
    return pair(Role.ROAD, number, number + 1).first


def _openings():
    return tuple(Opening(field=field, salt="00" * 32, text=text) for field, text in DRIVER.items())


def _fields(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
