"""A joint case in a real station's store, from weighing to decision, other trucks between."""

from __future__ import annotations

import hashlib
from datetime import date

import msgspec

from station.application.ports import Draft
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    Kind,
    PassageReview,
    Picture,
    WeightChanged,
)
from station.contract.personal import Opening
from station.contract.sealing import local_day, stamp
from station.domain.procedure import Act
from station.rules.records import vehicle_to_record
from tests.acts import PAIRS, TO_DECISION, role_of, said
from tests.fakes import passage, plate_evidence
from tests.migration.central_kit import SIX_AXLES, finding

CASE = "NM20260301001"
CLEAR = {"driver_name": "张三", "driver_id_no": "150802199001011234"}
SCENE, CROP, AGAIN, OTHER = (f"picture {n}".encode() * 40 for n in range(4))
ACTS = TO_DECISION


def named(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def weighing(passage_id, at, data, gross_kg=61_000, crop=b"", **changed):
    shown = passage(passage_id)
    picture = Picture(
        sha256=named(data),
        role="scene",
        media_type="image/jpeg",
        size=len(data),
        taken_at=stamp(at),
    )
    plate = msgspec.structs.replace(plate_evidence(), crop=named(crop) if crop else "")
    values = {
        "occurred_on": local_day(at),
        "weighing": msgspec.structs.replace(
            shown.weighing, gross_kg=gross_kg, settled_at=stamp(at), arrived_at=stamp(at)
        ),
        "tractor": plate,
        "pictures": [picture],
        "vehicle": vehicle_to_record(SIX_AXLES),
        "vehicle_origin": "register",
        "verdict": finding(gross_kg, local_day(at)),
        **changed,
    }
    return Draft(Kind.PASSAGE, msgspec.structs.replace(shown, **values))


def review(passage_id, at, gross_kg=61_000):
    made = PassageReview(
        passage_id=passage_id,
        officer="R1",
        mode="resident",
        tractor=plate_evidence(),
        trailer=None,
        vehicle=vehicle_to_record(SIX_AXLES),
        vehicle_origin="officer",
        verdict=finding(gross_kg, local_day(at)),
        explanation="",
        recheck_of=None,
    )
    return Draft(Kind.PASSAGE_REVIEW, made)


def opening(at, case_no=CASE, passage_id="p1"):
    made = CaseOpened(
        case_no=case_no,
        violation_id=passage_id,
        passage_id=passage_id,
        plate="蒙L12345",
        occurred_on=local_day(at),
        opened_at=stamp(at),
        gross_kg=61_000,
        limit_kg=49_000,
        excess_kg=12_000,
    )
    return Draft(Kind.CASE_OPENED, made)


def act(kind, at, case_no=CASE, **details):
    role = role_of(kind)
    told = CLEAR if kind is Act.ORDER_TO_CORRECT else {}
    clear = tuple(Opening(field=f, salt=named(f.encode()), text=t) for f, t in told.items())
    made = CaseAct(
        case_no=case_no,
        act=kind.value,
        authority=role.value,
        officers=PAIRS[role],
        at=stamp(at),
        details={**said(kind, on=date.fromisoformat(local_day(at))), **details},
        stage="",
        plate="蒙L12345",
        violation_id="p1",
        personal={one.field: one.commitment for one in clear},
    )
    return Draft(Kind.CASE_ACT, made, clear)


def case_drafts(at, case_no=CASE):
    """The entries of a whole case, with those of other vehicles between them."""
    yield weighing("o1", at, OTHER)
    yield weighing("p1", at, SCENE, crop=CROP)
    yield review("p1", at)
    yield opening(at, case_no)
    yield weighing("o2", at, OTHER, lane="p1")  # names the weighing, and is not about it
    for kind in ACTS:
        if kind is Act.RECHECK_CLEAR:
            yield weighing("again", at, AGAIN, gross_kg=48_500, recheck_of=case_no)
            yield review("o1", at)
            yield Draft(
                Kind.WEIGHT_CHANGED,
                WeightChanged(passage_id="again", recorded_kg=48_500, later_kg=20, frames=["02"]),
            )
        yield act(kind, at, case_no)


ABOUT = 5 + len(ACTS)
"""How many of those entries are about the case."""


async def write_case(stored, clock, case_no=CASE):
    """Write the case and its pictures; return the seq of the last entry."""
    for data in (SCENE, CROP, AGAIN, OTHER):
        await stored.media.keep(data)
    await stored.ledger.append(*case_drafts(clock.now(), case_no))
    return (await stored.ledger.head()).seq
