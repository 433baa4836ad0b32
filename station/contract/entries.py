"""What a sealed entry looks like: one envelope, and a strict payload for each kind.

The station writes these and the centre reads them with the same code. A field more or less than
stated is an error on both sides; a change of shape is a new kind or a new version of this contract.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from station.domain.errors import MalformedEntry
from station.domain.ledger import Entry

VERSION: Final = 1

Record = dict[str, object]
"""A part that another module defines (the finding, the facts): kept whole, read there."""


class Kind(Enum):
    """Kinds of entries (记录种类)."""

    START = "start"
    STOP = "stop"
    PASSAGE = "passage"
    PASSAGE_REVIEW = "passage_review"
    UNWEIGHED_PASS = "unweighed_pass"  # noqa: S105 - a passage, not a password
    WEIGHT_CHANGED = "weight_changed"
    CASE_OPENED = "case_opened"
    CASE_ACT = "case_act"
    DEVICE_FAULT = "device_fault"
    DEVICE_RECOVERED = "device_recovered"
    OFFICER_CHANGE = "officer_change"
    OUTAGE_BEGIN = "outage_begin"
    OUTAGE_END = "outage_end"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every payload and of its parts."""


class ClockState(Part, frozen=True, kw_only=True):
    """How far the wall clock can be trusted."""

    source: str
    offset_ms: int | None = None
    age_s: int | None = None


class Anchor(Part, frozen=True, kw_only=True):
    """The newest checkpoint of the centre that the node had seen."""

    log_size: int
    root: str
    at: str


class Envelope(Part, frozen=True, kw_only=True):
    """Every entry's outer form. ``payload`` stays bytes until its kind is known."""

    alg: str
    key_id: str
    node: str
    boot_id: str
    seq: int
    prev: str
    kind: Kind
    version: int
    wall_utc: str
    mono_ns: int
    clock: ClockState
    anchor: Anchor | None
    legal_id: str
    law_edition: str
    payload: msgspec.Raw


class Weighing(Part, frozen=True, kw_only=True):
    """One weighing (称重) and all that is needed to judge it again.

    Attributes:
        frames: the indicator frames of the settled window, hex, as they came over the line.
        spread_kg: highest minus lowest weight within that window.
        settled_ms: length of the window.
        certificate_no, certificate_until: of the scale's verification (检定证书), day included.
        evidence: False when the certificate had run out: kept, but no basis of a finding.
    """

    scale_id: str
    protocol: str
    gross_kg: int
    frames: list[str]
    spread_kg: int
    settled_ms: int
    arrived_at: str
    settled_at: str
    certificate_no: str
    certificate_until: str
    evidence: bool


class PlateEvidence(Part, frozen=True, kw_only=True):
    """One plate of a passage and where it came from.

    Attributes:
        text: None when the reader was not sure and no officer has named it yet.
        origin: ``camera``, ``officer`` or ``none``.
        best_guess: what the reader saw though it was not sure; shown, never used.
        crop: SHA-256 of the picture of the plate alone, "" when there is none.
    """

    text: str | None
    colour: str
    origin: str
    best_guess: str
    confidence_permille: int
    crop: str


class Picture(Part, frozen=True, kw_only=True):
    """A picture kept beside the ledger under its digest."""

    sha256: str
    role: str
    media_type: str
    size: int
    taken_at: str


class Passage(Part, frozen=True, kw_only=True):
    """A vehicle weighed (过车记录): weight, plate, vehicle, and the finding.

    Attributes:
        occurred_on: local date (Asia/Shanghai), the day whose law applies.
        mode: how the vehicle was checked (驻站联合, …), see :class:`station.rules.facts.Mode`.
        vehicle: the facts record of the vehicle, None when not known.
        vehicle_origin: ``register``, ``officer`` or ``none``.
        verdict: the full finding as the rules core made it.
        explanation: the same in plain Chinese, as it was shown.
        recheck_of: number of the case whose truck this is, weighed again (复检); None at the
            first weighing (初检).
    """

    passage_id: str
    lane: str
    occurred_on: str
    mode: str
    weighing: Weighing
    tractor: PlateEvidence
    trailer: PlateEvidence | None
    pictures: list[Picture]
    vehicle: Record | None
    vehicle_origin: str
    verdict: Record
    explanation: str
    recheck_of: str | None


class PassageReview(Part, frozen=True, kw_only=True):
    """Officers named what the devices could not (人工核定), and the finding made anew from it.

    The weight is not among the things that can be named by hand.
    """

    passage_id: str
    officer: str
    mode: str
    tractor: PlateEvidence
    trailer: PlateEvidence | None
    vehicle: Record
    vehicle_origin: str
    verdict: Record
    explanation: str
    recheck_of: str | None


class UnweighedPass(Part, frozen=True, kw_only=True):
    """A vehicle was there but no valid weight came of it (未称重通过), and why."""

    pass_id: str
    lane: str
    reason: str
    began_at: str
    plate: str | None
    highest_kg: int | None
    pictures: list[Picture]


class WeightChanged(Part, frozen=True, kw_only=True):
    """The weight on the platform changed after it had been recorded: for an officer to judge."""

    passage_id: str
    recorded_kg: int
    later_kg: int
    frames: list[str]


class CaseOpened(Part, frozen=True, kw_only=True):
    """A violation opened a case (立案)."""

    case_no: str
    violation_id: str
    passage_id: str
    plate: str
    occurred_on: str
    opened_at: str
    gross_kg: int
    limit_kg: int
    excess_kg: int


class CaseAct(Part, frozen=True, kw_only=True):
    """One act of two officers on a case."""

    case_no: str
    act: str
    authority: str
    officers: list[str]
    at: str
    details: dict[str, str | int]
    stage: str
    plate: str
    violation_id: str


class DeviceEvent(Part, frozen=True, kw_only=True):
    """A device failed or recovered."""

    device: str
    code: str
    detail: str
    since: str


class OfficerChange(Part, frozen=True, kw_only=True):
    """An account was made or changed. No password, no name."""

    certificate_no: str
    role: str
    valid_until: str
    change: str


class Outage(Part, frozen=True, kw_only=True):
    """The line to the centre was lost or came back."""

    code: str
    waiting: int


class Run(Part, frozen=True, kw_only=True):
    """The program started or stopped."""

    program: str
    detail: str


Payload = (
    Passage
    | PassageReview
    | UnweighedPass
    | WeightChanged
    | CaseOpened
    | CaseAct
    | DeviceEvent
    | OfficerChange
    | Outage
    | Run
)

PAYLOADS: Final[dict[Kind, type[Payload]]] = {
    Kind.START: Run,
    Kind.STOP: Run,
    Kind.PASSAGE: Passage,
    Kind.PASSAGE_REVIEW: PassageReview,
    Kind.UNWEIGHED_PASS: UnweighedPass,
    Kind.WEIGHT_CHANGED: WeightChanged,
    Kind.CASE_OPENED: CaseOpened,
    Kind.CASE_ACT: CaseAct,
    Kind.DEVICE_FAULT: DeviceEvent,
    Kind.DEVICE_RECOVERED: DeviceEvent,
    Kind.OFFICER_CHANGE: OfficerChange,
    Kind.OUTAGE_BEGIN: Outage,
    Kind.OUTAGE_END: Outage,
}

_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_DECODERS: Final = {kind: msgspec.json.Decoder(shape) for kind, shape in PAYLOADS.items()}


def tree(payload: Payload) -> Record:
    """Return *payload* as plain values, ready to be sealed."""
    plain: Record = msgspec.to_builtins(payload)
    return plain


def read(entry: Entry) -> tuple[Envelope, Payload]:
    """Read an entry's envelope and payload from its bytes.

    Raises:
        MalformedEntry: an unknown kind or version, or a field too many, missing or of a wrong type.
    """
    try:
        envelope = _ENVELOPE.decode(entry.body)
        payload = _DECODERS[envelope.kind].decode(envelope.payload)
    except msgspec.MsgspecError as exc:
        raise MalformedEntry(str(exc), node=entry.node, seq=entry.seq) from exc
    if envelope.version != VERSION:
        raise MalformedEntry("unknown version", node=entry.node, seq=entry.seq)
    return envelope, payload
