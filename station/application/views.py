"""Views (视图): what the ledger comes to, folded entry by entry; rebuilt at any time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from station.contract.entries import (
    CentreContradiction,
    DeviceEvent,
    DocumentIssued,
    Passage,
    PassageReview,
    PermitAnswer,
    PlateEvidence,
    Record,
    UnweighedPass,
    VehicleMismatch,
    WatchHit,
    WeightChanged,
)
from station.contract.timeline import receipt as receipt
from station.domain.errors import CentreContradicts
from station.domain.ledger import Entry
from station.rules.verdict import RECORDED, Outcome


def moment(text: str) -> datetime:
    """Read a record's time stamp."""
    return datetime.fromisoformat(text)


class PassageView(msgspec.Struct, frozen=True, kw_only=True):
    """A passage as it stands: what the devices said, and what officers added.

    Attributes:
        receipt: of the newest entry about it; there is one only when it is durable.
        reviewed_by: certificate number of the officer who named plate or vehicle.
        mismatches: what officers saw of its vehicles that is not as it should be, oldest first.
    """

    passage: Passage
    receipt: str
    tractor: PlateEvidence
    trailer: PlateEvidence | None
    vehicle: Record | None
    vehicle_origin: str
    verdict: Record
    explanation: str
    recheck_of: str | None
    permits: PermitAnswer | None = None
    reviewed_by: str | None = None
    case_no: str | None = None
    mismatches: tuple[VehicleMismatch, ...] = ()

    @property
    def plate(self) -> str | None:
        """Return the tractor's plate, None while nobody has named it surely."""
        return self.tractor.text

    @property
    def outcome(self) -> str:
        """Return ``lawful``, ``permitted``, ``warning``, ``violation`` or ``needs_review``."""
        return str(self.verdict["verdict"])

    @property
    def excess_kg(self) -> int | None:
        """Return the excess (超限量) that must go, None while the limit is not known.

        What a permit covers need not go.
        """
        if self.outcome == RECORDED[Outcome.PERMITTED]:
            return 0
        excess = self.verdict["excess_kg"]
        return excess if isinstance(excess, int) else None


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was issued, and the receipt of the entry that says so.

    ``prints``: how often it was printed; kept beside it, since it grows.
    """

    issued: DocumentIssued
    receipt: str
    prints: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something an officer must know of."""

    code: str
    detail: str
    device: str
    at: datetime


def first_view(entry: Entry, passage: Passage) -> PassageView:
    """Return the view of a passage just recorded."""
    return PassageView(
        passage=passage,
        receipt=receipt(entry),
        tractor=passage.tractor,
        trailer=passage.trailer,
        vehicle=passage.vehicle,
        vehicle_origin=passage.vehicle_origin,
        verdict=passage.verdict,
        explanation=passage.explanation,
        recheck_of=passage.recheck_of,
        permits=passage.permits,
    )


def reviewed_view(entry: Entry, view: PassageView, review: PassageReview) -> PassageView:
    """Return the view after an officer's review."""
    return msgspec.structs.replace(
        view,
        receipt=receipt(entry),
        tractor=review.tractor,
        trailer=review.trailer,
        vehicle=review.vehicle,
        vehicle_origin=review.vehicle_origin,
        verdict=review.verdict,
        explanation=review.explanation,
        recheck_of=review.recheck_of,
        permits=review.permits,
        reviewed_by=review.officer,
    )


Alarming = DeviceEvent | WeightChanged | UnweighedPass | WatchHit | CentreContradiction
"""What an officer hears of."""


def alarm_of(event: Alarming, noted_at: datetime) -> Alarm:
    """Return the alarm that an entry raises; ``noted_at``: when it was written."""
    match event:
        case DeviceEvent():
            at = moment(event.since)
            return Alarm(code=event.code, detail=event.detail, device=event.device, at=at)
        case WeightChanged():
            detail = f"{event.passage_id}: {event.recorded_kg} kg, {event.later_kg} kg"
            return Alarm(code="weight.changed", detail=detail, device="scale", at=noted_at)
        case UnweighedPass():
            detail = f"{event.reason} {event.plate or ''}".strip()
            at = moment(event.began_at)
            return Alarm(code="passage.unweighed", detail=detail, device="lane", at=at)
        case WatchHit():
            detail = f"{event.plate} {event.reason}"
            return Alarm(code="watch.hit", detail=detail, device="watch", at=moment(event.at))
        case CentreContradiction():
            code = CentreContradicts.code
            return Alarm(code=code, detail=event.what, device="uplink", at=noted_at)
