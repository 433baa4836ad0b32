"""What a sealed entry looks like: one envelope, and a strict payload for each kind.

The station writes these and the centre reads them with the same code, and the other way round for
the centre's own ledger. A field more or less than stated is an error on both sides; a change of
shape is a new kind or a new version of this contract.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from station.contract.centre_entries import (
    AllowedProgram,
    CentrePersonalErased,
    DecisionBarred,
    DecisionEnded,
    DecisionInForce,
    DriverRequest,
    Enrolment,
    ErasedFields,
    KeyRevoked,
    LegalIds,
    MismatchAt,
    MismatchesCopied,
    Permit,
    QuarantineRelease,
    RecordingsErased,
    RegisteredVehicle,
    RegisterExtract,
    UnloadingForm,
    Watched,
    WatchList,
)
from station.contract.part import Part, Record
from station.contract.record_entries import (
    DocumentSigned,
    RecordedAct,
    RecordingExcused,
    RecordingImported,
)
from station.contract.station_entries import (
    CameraWatch,
    CaseAct,
    CaseOpened,
    CentreContradiction,
    ClockChange,
    DeviceEvent,
    DocumentIssued,
    DocumentPrinted,
    DriverAnswer,
    EvasionActed,
    EvasionOpened,
    Evidence,
    HeldPermit,
    KeyRotate,
    MediaErased,
    OfficerChange,
    Outage,
    Passage,
    PassageReview,
    PermitAnswer,
    PersonalErased,
    Picture,
    PlateEvidence,
    Rejoin,
    Run,
    UnweighedPass,
    VehicleMismatch,
    WatchHit,
    Weighing,
    WeightChanged,
)
from station.domain.errors import MalformedEntry
from station.domain.ledger import Entry

VERSION: Final = 1

__all__ = [
    "PAYLOADS",
    "VERSION",
    "AllowedProgram",
    "Anchor",
    "CameraWatch",
    "CaseAct",
    "CaseOpened",
    "CentreContradiction",
    "CentrePersonalErased",
    "ClockChange",
    "ClockState",
    "DecisionBarred",
    "DecisionEnded",
    "DecisionInForce",
    "DeviceEvent",
    "DocumentIssued",
    "DocumentPrinted",
    "DocumentSigned",
    "DriverAnswer",
    "DriverRequest",
    "Enrolment",
    "Envelope",
    "ErasedFields",
    "EvasionActed",
    "EvasionOpened",
    "Evidence",
    "HeldPermit",
    "KeyRevoked",
    "KeyRotate",
    "Kind",
    "LegalIds",
    "MediaErased",
    "MismatchAt",
    "MismatchesCopied",
    "OfficerChange",
    "Outage",
    "Part",
    "Passage",
    "PassageReview",
    "Payload",
    "Permit",
    "PermitAnswer",
    "PersonalErased",
    "Picture",
    "PlateEvidence",
    "QuarantineRelease",
    "Record",
    "RecordedAct",
    "RecordingExcused",
    "RecordingImported",
    "RecordingsErased",
    "RegisterExtract",
    "RegisteredVehicle",
    "Rejoin",
    "Run",
    "UnloadingForm",
    "UnweighedPass",
    "VehicleMismatch",
    "WatchHit",
    "WatchList",
    "Watched",
    "Weighing",
    "WeightChanged",
    "commitments",
    "payload",
    "read",
    "tree",
]


class Kind(Enum):
    """Kinds of entries (记录种类)."""

    START = "start"
    STOP = "stop"
    PASSAGE = "passage"
    PASSAGE_REVIEW = "passage_review"
    UNWEIGHED_PASS = "unweighed_pass"  # noqa: S105 - a passage, not a password
    VEHICLE_MISMATCH = "vehicle_mismatch"
    WEIGHT_CHANGED = "weight_changed"
    WATCH_HIT = "watch_hit"
    CASE_OPENED = "case_opened"
    CASE_ACT = "case_act"
    DOCUMENT_ISSUED = "document_issued"
    DOCUMENT_PRINTED = "document_printed"
    EVASION_OPENED = "evasion_opened"
    EVASION_ACTED = "evasion_acted"
    DOCUMENT_SIGNED = "document_signed"
    RECORDING_IMPORTED = "recording_imported"
    RECORDING_EXCUSED = "recording_excused"
    DRIVER_ANSWER = "driver_answer"
    DEVICE_FAULT = "device_fault"
    DEVICE_RECOVERED = "device_recovered"
    OFFICER_CHANGE = "officer_change"
    OUTAGE_BEGIN = "outage_begin"
    OUTAGE_END = "outage_end"
    CLOCK_CHANGE = "clock_change"
    KEY_ROTATE = "key_rotate"
    CAMERA_WATCH = "camera_watch"
    MEDIA_ERASED = "media_erased"
    PERSONAL_ERASED = "personal_erased"
    REJOIN = "rejoin"
    CENTRE_CONTRADICTION = "centre_contradiction"
    # The centre's own ledger; stations pull it.
    ENROLMENT = "enrolment"
    KEY_REVOKED = "key_revoked"
    QUARANTINE_RELEASE = "quarantine_release"
    WATCH_LIST = "watch_list"
    REGISTER_EXTRACT = "register_extract"
    PERMIT = "permit"
    LEGAL_IDS = "legal_ids"
    DECISION_IN_FORCE = "decision_in_force"
    DECISION_BARRED = "decision_barred"
    DECISION_ENDED = "decision_ended"
    UNLOADING_FORM = "unloading_form"
    DRIVER_REQUEST = "driver_request"
    MISMATCHES_COPIED = "mismatches_copied"
    CENTRE_PERSONAL_ERASED = "centre_personal_erased"
    RECORDINGS_ERASED = "recordings_erased"


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


Payload = (
    Passage
    | PassageReview
    | UnweighedPass
    | VehicleMismatch
    | WeightChanged
    | WatchHit
    | CaseOpened
    | CaseAct
    | DocumentIssued
    | DocumentPrinted
    | EvasionOpened
    | EvasionActed
    | DocumentSigned
    | RecordingImported
    | RecordingExcused
    | DriverAnswer
    | DeviceEvent
    | OfficerChange
    | Outage
    | Run
    | ClockChange
    | KeyRotate
    | CameraWatch
    | MediaErased
    | PersonalErased
    | Rejoin
    | CentreContradiction
    | Enrolment
    | KeyRevoked
    | QuarantineRelease
    | WatchList
    | RegisterExtract
    | Permit
    | LegalIds
    | DecisionInForce
    | DecisionBarred
    | DecisionEnded
    | UnloadingForm
    | DriverRequest
    | MismatchesCopied
    | CentrePersonalErased
    | RecordingsErased
)

PAYLOADS: Final[dict[Kind, type[Payload]]] = {
    Kind.START: Run,
    Kind.STOP: Run,
    Kind.PASSAGE: Passage,
    Kind.PASSAGE_REVIEW: PassageReview,
    Kind.UNWEIGHED_PASS: UnweighedPass,
    Kind.VEHICLE_MISMATCH: VehicleMismatch,
    Kind.WEIGHT_CHANGED: WeightChanged,
    Kind.WATCH_HIT: WatchHit,
    Kind.CASE_OPENED: CaseOpened,
    Kind.CASE_ACT: CaseAct,
    Kind.DOCUMENT_ISSUED: DocumentIssued,
    Kind.DOCUMENT_PRINTED: DocumentPrinted,
    Kind.EVASION_OPENED: EvasionOpened,
    Kind.EVASION_ACTED: EvasionActed,
    Kind.DOCUMENT_SIGNED: DocumentSigned,
    Kind.RECORDING_IMPORTED: RecordingImported,
    Kind.RECORDING_EXCUSED: RecordingExcused,
    Kind.DRIVER_ANSWER: DriverAnswer,
    Kind.DEVICE_FAULT: DeviceEvent,
    Kind.DEVICE_RECOVERED: DeviceEvent,
    Kind.OFFICER_CHANGE: OfficerChange,
    Kind.OUTAGE_BEGIN: Outage,
    Kind.OUTAGE_END: Outage,
    Kind.CLOCK_CHANGE: ClockChange,
    Kind.KEY_ROTATE: KeyRotate,
    Kind.CAMERA_WATCH: CameraWatch,
    Kind.MEDIA_ERASED: MediaErased,
    Kind.PERSONAL_ERASED: PersonalErased,
    Kind.REJOIN: Rejoin,
    Kind.CENTRE_CONTRADICTION: CentreContradiction,
    Kind.ENROLMENT: Enrolment,
    Kind.KEY_REVOKED: KeyRevoked,
    Kind.QUARANTINE_RELEASE: QuarantineRelease,
    Kind.WATCH_LIST: WatchList,
    Kind.REGISTER_EXTRACT: RegisterExtract,
    Kind.PERMIT: Permit,
    Kind.LEGAL_IDS: LegalIds,
    Kind.DECISION_IN_FORCE: DecisionInForce,
    Kind.DECISION_BARRED: DecisionBarred,
    Kind.DECISION_ENDED: DecisionEnded,
    Kind.UNLOADING_FORM: UnloadingForm,
    Kind.DRIVER_REQUEST: DriverRequest,
    Kind.MISMATCHES_COPIED: MismatchesCopied,
    Kind.CENTRE_PERSONAL_ERASED: CentrePersonalErased,
    Kind.RECORDINGS_ERASED: RecordingsErased,
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


def payload(kind: Kind, data: bytes) -> Payload:
    """Read the payload of a kind from JSON.

    Raises:
        MalformedEntry: a field too many, missing or of a wrong type.
    """
    try:
        return _DECODERS[kind].decode(data)
    except msgspec.MsgspecError as exc:
        raise MalformedEntry(str(exc), kind=kind.value) from exc


def commitments(entry: Entry) -> dict[str, str]:
    """Return what an entry commits to of a person, by field (个人信息承诺值).

    Raises:
        MalformedEntry: nobody can read it.
    """
    said = read(entry)[1]
    return said.personal if isinstance(said, CaseAct | DriverRequest) else {}
