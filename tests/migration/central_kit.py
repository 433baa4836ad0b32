"""A station of the tests, which seals entries with the contract's own code, and a centre."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import tempfile
from datetime import date, timedelta
from functools import partial
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
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    EvasionActed,
    EvasionOpened,
    Kind,
    PassageReview,
)
from station.contract.sealing import local_day, stamp
from station.contract.uplink import DeviceState, LaneState, batch
from station.domain.ledger import TAG, Head, glance
from station.domain.procedure import Act
from station.domain.units import Kg
from station.rules.decide import decide
from station.rules.drawings import DRAWINGS
from station.rules.facts import Facts
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_to_record
from station.rules.verdict import to_record
from tests.acts import PAIRS, TO_DECISION, role_of, said
from tests.fakes import NOON, FakeClock, passage, plate_evidence, sealer

SIX_AXLES = DRAWINGS["TR-06-A/6x4"].vehicle
NO_TIME = timedelta()


def finding(gross_kg, on, vehicle=SIX_AXLES):
    facts = Facts(occurred_on=date.fromisoformat(on), vehicle=vehicle, gross=Kg(gross_kg))
    return to_record(decide(facts, lawbook()))


def written(tree):
    """Write a tree as sealed ones are, but whatever it holds."""
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


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
            "alg": self.sealer.signer.alg,
            "key_id": self.sealer.signer.key_id,
            **changed,
        }
        return self._sign(written(tree))

    def rewrite(self, **changed):
        """Seal the newest entry's tree again, changed, with a matching signature."""
        tree = msgspec.json.decode(self.entries.pop().body)
        return self._sign(written({**tree, **changed}))

    def reform(self, form):
        """Sign the newest entry's bytes as *form* writes them."""
        return self._sign(form(self.entries.pop().body))

    def _sign(self, body):
        """Sign bytes that nobody may ever have sealed."""
        entry = glance(body, self.sealer.signer.sign(TAG + body))
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

    def open_case(
        self,
        case_no="C1",
        violation_id=None,
        passage_id="p1",
        plate="蒙L12345",
        gross_kg=61000,
        **changed,
    ):
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
                gross_kg=gross_kg,
                limit_kg=49000,
                excess_kg=gross_kg - 49000,
                **changed,
            ),
        )

    def act(self, act, case_no="C1", by=None, officers=None, stage="", *, personal=(), **details):
        role, on = by or role_of(act), date.fromisoformat(local_day(self.clock.now()))
        return self.write(
            Kind.CASE_ACT,
            CaseAct(
                case_no=case_no,
                act=act.value,
                authority=role.value,
                officers=PAIRS[role] if officers is None else officers,
                at=stamp(self.clock.now()),
                details={**said(act, on=on), **details},
                stage=stage,
                plate="蒙L12345",
                violation_id="v",
                personal={one.field: one.commitment for one in personal},
            ),
        )

    def report_evasion(self, evasion_no="T1", deed="barrier", **changed):
        at = stamp(self.clock.now())
        said_of = {
            "evasion_no": evasion_no,
            "deed": deed,
            "plate": "蒙L12345",
            "place": "站前匝道",
            "occurred_at": at,
            "opened_at": at,
            "passage_id": "",
            "facts": "冲卡",
            "evidence": [],
            "officers": ["R1", "R2"],
        }
        return self.write(Kind.EVASION_OPENED, EvasionOpened(**said_of | changed))

    def act_on_evasion(self, act, stage, evasion_no="T1", officers=("R1", "R2"), **details):
        return self.write(
            Kind.EVASION_ACTED,
            EvasionActed(
                evasion_no=evasion_no,
                act=act,
                officers=list(officers),
                at=stamp(self.clock.now()),
                details=details,
                stage=stage,
            ),
        )

    def in_force(self, number, violation_id=None, **changed):
        """Take the centre's word for a decision."""
        said_of = {"violation_id": violation_id or f"p{number}", **changed}
        return self.act(Act.TAKE_EFFECT, f"C{number}", **said_of)

    def closed_case(self, number):
        """Bring a case to its end, all at one moment."""
        self.found_case(number)()
        self.in_force(number)
        for act in (Act.SERVE, Act.PAY, Act.RELEASE, Act.CLOSE):
            self.act(act, f"C{number}")

    def found_case(
        self, number, plate="蒙L12345", violation_id=None, gross_kg=61000, later=NO_TIME, **decision
    ):
        """Weigh a truck, open its case, and bring it to where it can be decided, *later* than now.

        Return the decision.
        """
        passage_id, case_no = f"p{number}", f"C{number}"
        self.weigh(passage_id, gross_kg, plate=plate)
        self.open_case(case_no, violation_id, passage_id, plate, gross_kg)
        self.clock.move(later)
        for act in TO_DECISION[:-1]:
            details = dict(decision) if act is Act.NOTIFY else {}
            if act is Act.ORDER_TO_CORRECT:
                details["plate"] = plate
            self.act(act, case_no, **details)
        return partial(self.act, Act.DECIDE, case_no, **decision)

    def decided_case(self, number, plate="蒙L12345", violation_id=None, days_later=0, **decision):
        """Bring a case to the decision, *days_later* than now; the truck can be weighed again."""
        later = timedelta(days=days_later)
        self.found_case(number, plate, violation_id, later=later, **decision)()
        self.clock.move(timedelta(minutes=1))  # it was put right before it is weighed again


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
