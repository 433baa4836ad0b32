"""A station of the tests, which seals entries with the contract's own code, and a centre."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import msgspec

from central.application.accept import Accept
from central.application.appending import Writer
from central.application.project import Touched
from central.application.projecting import Projector
from central.application.publishing import OwnLedger
from central.application.recheck import Recheck
from central.application.refusing import Refuser
from central.application.signatures import SignatureCheck
from central.application.traffic import Traffic
from central.store.ledgers import Enrolment, SqlArchive
from station.contract.entries import CaseAct, CaseOpened, Kind, PassageReview
from station.contract.sealing import local_day, stamp
from station.contract.uplink import DeviceState, LaneState, batch
from station.domain.case import TRANSITIONS, Act, Stage
from station.domain.ledger import Head, seal
from station.domain.officers import Role
from station.domain.units import Kg
from station.rules.decide import decide
from station.rules.drawings import DRAWINGS
from station.rules.facts import Facts
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_to_record
from station.rules.verdict import to_record
from tests.fakes import NOON, FakeClock, passage, plate_evidence, sealer

SIX_AXLES = DRAWINGS["TR-06-A/6x4"].vehicle
DETAILS = {
    Act.ORDER_TO_CORRECT: {"plate": "蒙L12345"},
    Act.BEGIN_UNLOADING: {"method": "crane", "place": "yard"},
    Act.RECHECK_CLEAR: {"passage_id": "again", "gross_kg": 48500, "excess_kg": 0},
    Act.RELEASE: {},
    Act.HAND_OVER: {"form_no": "F1"},
    Act.NOTIFY: {"facts": "61000 kg", "rights_told": "yes"},
    Act.DECIDE: {"kind": "fine", "fine_fen": 50000, "points": 3, "statement": "none"},
}
TO_DECISION = (
    Act.ORDER_TO_CORRECT,
    Act.BEGIN_UNLOADING,
    Act.RECHECK_CLEAR,
    Act.HAND_OVER,
    Act.NOTIFY,
    Act.DECIDE,
)
PAIRS = {Role.ROAD: ["R1", "R2"], Role.POLICE: ["P1", "P2"]}


def finding(gross_kg, on, vehicle=SIX_AXLES):
    facts = Facts(occurred_on=date.fromisoformat(on), vehicle=vehicle, gross=Kg(gross_kg))
    return to_record(decide(facts, lawbook()))


class FakeStation:
    """One station's ledger."""

    def __init__(self, node="linhe", key=0, clock=None, signer=None):
        self.clock = clock or FakeClock()
        self.sealer = sealer(self.clock, node=node, key=key)
        if signer is not None:
            self.sealer = dataclasses.replace(self.sealer, signer=signer)
        self.node = node
        self.entries = []

    @property
    def head(self):
        return self.entries[-1].head if self.entries else Head()

    @property
    def public_key(self):
        return self.sealer.signer.public_key

    @property
    def enrolment(self):
        return Enrolment(node=self.node, name=self.node, road="G6", public_key=self.public_key)

    def write(self, kind, payload):
        entry = self.sealer.seal(kind, payload, self.head)
        self.entries.append(entry)
        return entry

    def write_raw(self, **changed):
        """Seal a tree that the contract need not know."""
        tree = {
            "node": self.node,
            "seq": self.head.seq + 1,
            "prev": self.head.digest,
            "kind": "passage",
            **changed,
        }
        entry = seal(tree, self.sealer.signer)
        self.entries.append(entry)
        return entry

    def rewrite(self, **changed):
        """Seal the newest entry's tree again, changed, with a matching signature."""
        tree = msgspec.json.decode(self.entries.pop().body)
        entry = seal({**tree, **changed}, self.sealer.signer)
        self.entries.append(entry)
        return entry

    def batch(self, first=1, last=None):
        return batch(self.node, self.entries[first - 1 : last])

    def weigh(
        self, passage_id="p1", gross_kg=61000, plate="蒙L12345", vehicle=SIX_AXLES, **changed
    ):
        at = self.clock.now()
        shown = passage(passage_id)
        made = msgspec.structs.replace(
            shown,
            occurred_on=local_day(at),
            weighing=msgspec.structs.replace(
                shown.weighing, gross_kg=gross_kg, settled_at=stamp(at), arrived_at=stamp(at)
            ),
            tractor=plate_evidence(plate),
            trailer=None,
            vehicle=vehicle_to_record(vehicle) if vehicle else None,
            verdict=finding(gross_kg, local_day(at), vehicle),
            recheck_of=None,
        )
        return self.write(Kind.PASSAGE, msgspec.structs.replace(made, **changed))

    def review(self, passage_id, gross_kg, plate="蒙L12345", vehicle=SIX_AXLES, **changed):
        made = PassageReview(
            passage_id=passage_id,
            officer="R1",
            mode="resident",
            tractor=plate_evidence(plate),
            trailer=None,
            vehicle=vehicle_to_record(vehicle),
            vehicle_origin="officer",
            verdict=finding(gross_kg, local_day(self.clock.now()), vehicle),
            explanation="",
            recheck_of=None,
        )
        return self.write(Kind.PASSAGE_REVIEW, msgspec.structs.replace(made, **changed))

    def open_case(self, case_no="C1", violation_id=None, passage_id="p1", plate="蒙L12345"):
        at = self.clock.now()
        return self.write(
            Kind.CASE_OPENED,
            CaseOpened(
                case_no=case_no,
                violation_id=violation_id or passage_id,
                passage_id=passage_id,
                plate=plate,
                occurred_on=local_day(at),
                opened_at=stamp(at),
                gross_kg=61000,
                limit_kg=49000,
                excess_kg=12000,
            ),
        )

    def act(self, act, case_no="C1", by=None, officers=None, stage="", *, personal=(), **details):
        role = by or next(rule.by for (_, one), rule in TRANSITIONS.items() if one is act)
        return self.write(
            Kind.CASE_ACT,
            CaseAct(
                case_no=case_no,
                act=act.value,
                authority=role.value,
                officers=officers or PAIRS[role],
                at=stamp(self.clock.now()),
                details={**DETAILS[act], **details},
                stage=stage or Stage.MEASURED.value,
                plate="蒙L12345",
                violation_id="v",
                personal={one.field: one.commitment for one in personal},
            ),
        )

    def decided_case(self, number, plate="蒙L12345", violation_id=None, days_later=0, **decision):
        """Weigh a truck, open its case and bring it to the decision, *days_later* than now."""
        passage_id, case_no = f"p{number}", f"C{number}"
        self.weigh(passage_id, plate=plate)
        self.open_case(case_no, violation_id, passage_id, plate)
        self.clock.move(timedelta(days=days_later))
        for act in TO_DECISION:
            details = dict(decision) if act is Act.DECIDE else {}
            if act is Act.ORDER_TO_CORRECT:
                details["plate"] = plate
            self.act(act, case_no, **details)


CENTRE = sealer(node="centre", key=200)
OWN = Enrolment(
    node="centre", name="centre", road="", public_key=CENTRE.signer.public_key, own=True
)


def sender(data):
    """Return whose batch it says that it is: here everybody delivers his own."""
    try:
        return msgspec.json.decode(data)["node"]
    except (msgspec.MsgspecError, KeyError, TypeError):
        return "linhe"


class Headquarters:
    def __init__(self, database, *stations, clock=None):
        self.database = database
        self.archive = SqlArchive(database)
        self.told = Touched()
        self.stations = stations
        self.clock = clock or FakeClock()
        refuser = Refuser(self.told.add)
        self.writer = Writer(self.archive, self.clock, refuser, lambda: None)
        self.taking = Accept(
            archive=self.archive,
            writer=self.writer,
            refuser=refuser,
            clock=self.clock,
            signer=CENTRE.signer,
            traffic=Traffic(),
        )
        self.own = OwnLedger(node="centre", sealer=CENTRE, clock=self.clock)
        self.projector = Projector(self.archive, Recheck(lawbook()), self.own, self.told.add)
        self.signatures = SignatureCheck(self.archive, self.clock, self.told.add)

    async def accept(self, data, peer=None):
        """Take a batch and, whatever comes of it, write what it means."""
        try:
            return await self.taking(data, peer or sender(data))
        finally:
            while await self.projector.step():
                pass

    async def enrol(self):
        await self.archive.enrol(
            [
                OWN,
                *(one.enrolment for one in self.stations),
            ]
        )

    async def rows(self, sql, *arguments):
        return [tuple(row) for row in await self.database.fetch(sql, *arguments)]

    async def held(self, node="linhe"):
        sql = "SELECT body FROM entry WHERE node = $1 ORDER BY seq"
        return [row[0] for row in await self.rows(sql, node)]


# Faster, and no test here is about what a power cut leaves behind.
UNSYNCED = ("--no-sync",)
QUICK = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}


@contextlib.contextmanager
def short_folder():
    """Give a folder that the database's user can enter; pytest's own are 0700 for root."""
    folder = Path(tempfile.mkdtemp(prefix="zc-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


DEVICE = DeviceState(code="ok", detail="", since=stamp(NOON))


def lane_state(at=NOON, node="linhe", gross_kg=61000, **changed):
    shown = LaneState(
        node=node,
        at=stamp(at),
        gross_kg=gross_kg,
        stable=True,
        occupied=True,
        scale=DEVICE,
        camera=DEVICE,
        waiting=0,
        open_cases=0,
        reviews=0,
    )
    return msgspec.structs.replace(shown, **changed)
