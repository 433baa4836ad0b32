"""Shapes of the console's HTTP interface. Times are ISO 8601 in UTC; masses kg; money fen."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Base64Bytes, BaseModel, ConfigDict, Field

Tree = dict[str, object]
FieldKind = Literal["text", "integer", "date"]


RoleName = Literal["road", "police", "hq", "transport", "admin", "security", "audit", "technician"]


class Shape(BaseModel):
    """Base: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(Shape):
    """Base of what is asked: numbers are numbers and text is text, and both are bounded."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _writable(text: str) -> str:
    """Refuse what a screen or a document could not show: control characters, half characters."""
    if not text.strip() or not all(one.isprintable() or one == "\n" for one in text):
        raise ValueError("blank, or characters that cannot be written")
    return text


Word = Annotated[str, Field(max_length=64), AfterValidator(_writable)]
Text = Annotated[str, Field(max_length=2000), AfterValidator(_writable)]
Amount = Annotated[int, Field(ge=0, le=1_000_000_000)]


class ErrorOut(Shape):
    """Every refusal: a stable code, a Chinese sentence to act on, and its facts."""

    code: str
    message: str
    fields: dict[str, str | int]


class SignIn(Asked):
    """``POST /api/session``. ``code``: one-time code (动态口令), "" where none is demanded."""

    certificate_no: Word
    password: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(max_length=16)] = ""


class OfficerOut(Shape):
    """Who is signed in; ``GET /api/session``, and ``GET /api/officers`` for who is on duty."""

    certificate_no: str
    name: str
    role: RoleName
    valid_until: date


class StationOut(Shape):
    """``GET /api/station``: needs no session; shown on the sign-in page too."""

    node: str
    name: str
    road: str
    legal_id: str
    law_edition: str
    scale_certificate_no: str
    scale_certificate_until: date


class DeviceOut(Shape):
    """``code`` is ``ok`` or a stable error code; ``message`` is Chinese."""

    code: str
    message: str
    since: datetime


class LaneOut(Shape):
    """``GET /api/lane``, and the live message ``lane``.

    ``gross_kg`` is null whenever there is no present weight: never an old one.
    """

    at: datetime
    gross_kg: int | None
    stable: bool
    occupied: bool
    scale: DeviceOut
    camera: DeviceOut
    store: DeviceOut
    uplink: DeviceOut
    clock: DeviceOut
    program: DeviceOut
    waiting: int
    media_waiting: int
    pending: bool
    """A weighing waits for its plate, or for being written: not saved yet."""
    watched_by: list[str]
    """Officers at headquarters who look through the camera now (certificate numbers)."""


class PlateOut(Shape):
    """One plate of a passage; ``text`` null: nobody has read it surely yet."""

    text: str | None
    colour: str
    origin: Literal["camera", "officer", "none"]
    best_guess: str
    confidence_permille: int
    crop: str


class PictureOut(Shape):
    """Fetch under ``/api/media/{sha256}``."""

    sha256: str
    role: str
    media_type: str
    taken_at: datetime


class HeldPermitOut(Shape):
    """The permit (超限运输车辆通行证) that the finding was held against; it may not cover it.

    ``origin``: ``centre`` (its register) or ``paper`` (typed by officers); ``picture``: of the
    paper, "" otherwise. What follows from it stands in the verdict.
    """

    origin: Literal["centre", "paper"]
    permit_no: str
    trailer: str
    gross_kg: int
    route: str
    first_on: date
    last_on: date
    picture: str


class MismatchOut(Shape):
    """A vehicle that is not as GB 1589 (``standard``) or its licence (``licence``) says.

    ``subject``: ``tractor`` or ``trailer``.
    """

    subject: Literal["tractor", "trailer"]
    plate: str
    kinds: list[Literal["standard", "licence"]]
    facts: str
    officers: list[str]
    at: datetime


class PassageOut(Shape):
    """``GET /api/passages`` (newest first), ``GET /api/passages/{id}``, live message ``passage``.

    ``verdict`` is the finding (outcome ``lawful|permitted|warning|violation|needs_review``,
    limit, reasons);
    ``explanation`` says it in plain Chinese. ``receipt`` is ``node-seq-digest[:10]``: the entry is
    durable when this object exists.
    """

    passage_id: str
    receipt: str
    lane: str
    at: datetime
    gross_kg: int
    evidence: bool
    tractor: PlateOut
    trailer: PlateOut | None
    pictures: list[PictureOut]
    vehicle: Tree | None
    vehicle_origin: Literal["register", "officer", "none"]
    outcome: Literal["lawful", "permitted", "warning", "violation", "needs_review"]
    verdict: Tree
    explanation: str
    permit: HeldPermitOut | None
    mismatches: list[MismatchOut]
    reviewed_by: str | None
    case_no: str | None
    recheck_of: str | None


class KnownPermitOut(Shape):
    """An over-limit permit (超限运输车辆通行证) that holds on the day of the passage."""

    permit_no: str
    gross_kg: int
    route: str
    last_on: date


class KnownDecisionOut(Shape):
    """A penalty decision in force on an earlier act, of whichever station."""

    node: str
    case_no: str
    kind: str
    occurred_on: date
    decided_at: datetime


class KnownFormOut(Shape):
    """A weighing-and-unloading form (称重和卸载单) of the day before the passage."""

    node: str
    case_no: str
    gross_kg: int
    cleared_kg: int
    cleared_at: datetime


class KnownRequestOut(Shape):
    """What the driver asks in this case, on his page: see ``GET /api/cases/{no}/requests``."""

    case_no: str
    what: str
    at: datetime
    answer_by: datetime


class KnownOut(Shape):
    """``GET /api/passages/{id}/known``: what the centre knows of the truck. It decides nothing.

    ``watched``: why the plate is looked for, null when it is not.
    """

    watched: str | None
    permits: list[KnownPermitOut]
    decisions: list[KnownDecisionOut]
    forms: list[KnownFormOut]
    requests: list[KnownRequestOut]


class PaperPermitIn(Asked):
    """A permit that the driver shows on paper, read by two officers.

    ``trailer``: plate of the trailer that it names, null where it names none; ``picture``: JPEG of
    the paper, base64.
    """

    permit_no: Word
    gross_kg: Amount
    route: Annotated[str, Field(max_length=200), AfterValidator(_writable)]
    first_on: Annotated[date, Field(strict=False)]
    last_on: Annotated[date, Field(strict=False)]
    trailer: Word | None = None
    picture: Annotated[Base64Bytes, Field(max_length=1_500_000, strict=False)]
    second_officer: Word


class ReviewIn(Asked):
    """``POST /api/passages/{id}/review``: an officer names plate and vehicle, never the weight.

    ``drawing`` is an id of ``GET /api/drawings``; null keeps the vehicle already known.
    ``registered_gross_kg`` (行驶证总质量), ``approved_load_kg`` and ``kerb_kg`` complete it.
    ``permit``: on paper; where it covers the transport, a case opened on the passage is voided.
    """

    plate: Word
    colour: Word
    trailer_plate: Word | None = None
    drawing: Word | None = None
    registered_gross_kg: Amount | None = None
    approved_load_kg: Amount | None = None
    kerb_kg: Amount | None = None
    permit: PaperPermitIn | None = None


class MismatchIn(Asked):
    """``POST /api/passages/{id}/mismatches``: two officers saw it; their home police are told."""

    subject: Word
    kinds: Annotated[list[Word], Field(max_length=4)]
    facts: Text
    second_officer: Word


class DrawingOut(Shape):
    """One drawing of the 认定标准 that an officer can choose; ``GET /api/drawings``."""

    id: str
    title: str
    configuration: str
    limit_kg: int | None
    vehicle: Tree


class ActIn(Asked):
    """``POST /api/cases/{case_no}/acts``: the officer signed in acts, with a second on duty.

    ``act`` and its ``details`` are those of ``station.domain.said.FIELDS``, but for the re-check:
    ``{"act": "recheck", "details": {"passage_id": …}}`` and the station takes the weight and the
    result (``recheck_clear`` or ``recheck_over``) from that passage. ``personal`` is what the act
    says of a person (``station.domain.said.PERSONAL``), all of it optional; a field that is not
    known is left out.
    """

    act: Word
    second_officer: Word
    details: Annotated[dict[Word, Text | Amount], Field(max_length=16)]
    personal: Annotated[dict[Word, Word], Field(max_length=8)] = {}


class DoneOut(Shape):
    """One act done; ``personal`` is masked, and empty once it was erased."""

    act: str
    at: datetime
    authority: str
    officers: list[str]
    details: dict[str, str | int]
    personal: dict[str, str]


class NextActOut(Shape):
    """An act the table allows now: who may do it, the details it must state, and may state."""

    act: str
    authority: str
    fields: dict[str, FieldKind]
    optional: dict[str, FieldKind]
    personal: list[str]


class CaseOut(Shape):
    """``GET /api/cases?open=true|false`` (newest first), ``GET /api/cases/{no}``, live ``case``.

    ``recheck_passages``: passages of the same truck after the first weighing, newest first.
    ``suggestion`` holds the police bands found by the rules core: overload_permille,
    fine_min_fen, fine_max_fen, points (each null when the law or the facts leave it open).
    """

    case_no: str
    violation_id: str
    passage_id: str
    plate: str
    opened_at: datetime
    gross_kg: int
    limit_kg: int
    excess_kg: int
    removal: str
    penalty: str
    custody: str
    remedy: str
    penal: str
    released_at: datetime | None
    paid_fen: int
    fine_fen: int | None
    points: int | None
    closed: bool
    next_acts: list[NextActOut]
    history: list[DoneOut]
    recheck_passages: list[str]
    suggestion: dict[str, int | None]


class DocumentOut(Shape):
    """A document that was issued. ``act``: what it is about; ``prints``: how often printed."""

    number: str
    kind: str
    title: str
    act: str
    officer: str
    issued_at: datetime
    sha256: str
    prints: int
    receipt: str


class DueDocumentOut(Shape):
    """A document that can be issued now, by officers of which authority, in how many copies."""

    kind: str
    title: str
    act: str
    authority: str
    copies: int


class DocumentsOut(Shape):
    """``GET /api/cases/{no}/documents``. ``act`` is an act's name, or ``opened``."""

    issued: list[DocumentOut]
    due: list[DueDocumentOut]


class DocumentIn(Asked):
    """``POST /api/cases/{no}/documents``: issue a document of a kind that is due."""

    kind: Word


class ChecklistItemOut(Shape):
    """One thing that the file of a case must hold.

    ``need``: document, signature, recheck, service or recording; ``name``: kind of the document, or
    the act; ``seq``: of the entry that it is about; ``standing``: there, excused or missing;
    ``blocks``: the case cannot be closed for it.
    """

    need: str
    name: str
    title: str
    number: str
    seq: int
    standing: str
    blocks: bool


class ChecklistOut(Shape):
    """``GET /api/cases/{no}/closing``. ``ready``: nothing stands in the way of closing."""

    ready: bool
    items: list[ChecklistItemOut]


class SignatureIn(Asked):
    """``POST /api/documents/{number}/signature``: how the party took it.

    ``manner``: signed, fingerprint, refused or absent; the last two demand a ``note``.
    """

    manner: Word
    note: Annotated[str, Field(max_length=500)] = ""
    second_officer: Word


class ExcuseIn(Asked):
    """``POST /api/cases/{no}/excuses``: why there is no recording of the act of an entry."""

    act_seq: Amount
    reason: Text
    second_officer: Word


class CentreReceiptOut(Shape):
    """The centre holds everything up to entry ``seq``, in its log of ``log_size`` leaves."""

    seq: int
    log_size: int
    at: datetime


class MomentOut(Shape):
    """One moment of ``GET /api/cases/{no}/timeline``.

    ``kind``: of the entry; ``name``: the act, the kind of a document, how it was taken, or by what
    a recording was timed; ``about``: the entries that it is about; ``media``: pictures and clips;
    ``centre``: what the centre signed for it, null until then.
    """

    seq: int
    receipt: str
    kind: str
    name: str
    at: datetime
    until: datetime
    title: str
    officers: list[str]
    number: str
    note: str
    media: list[str]
    about: list[int]
    centre: CentreReceiptOut | None


class AlarmOut(Shape):
    """Live message ``alarm``, and ``GET /api/alarms``: device faults, full disk, changed weight."""

    code: str
    message: str
    at: datetime
    device: str


class Saved(Shape):
    """What was asked for is durable; ``receipt`` as in :class:`PassageOut`."""

    receipt: str


class LiveOut(Shape):
    """A frame on ``WS /api/live`` (session cookie needed).

    ``kind`` is ``lane`` (:class:`LaneOut`), ``passage`` (:class:`PassageOut`), ``case``
    (:class:`CaseOut`) or ``alarm`` (:class:`AlarmOut`). The first frame is always a ``lane``.
    """

    kind: Literal["lane", "passage", "case", "alarm"]
    data: LaneOut | PassageOut | CaseOut | AlarmOut


class DevicesOut(Shape):
    """How the devices are, for who looks after them; ``GET /api/devices``.

    ``waiting``: entries that the centre does not hold yet; ``media_waiting``: recordings.
    """

    at: datetime
    scale: DeviceOut
    camera: DeviceOut
    store: DeviceOut
    uplink: DeviceOut
    clock: DeviceOut
    program: DeviceOut
    waiting: int
    media_waiting: int


class AccountOut(Shape):
    """An account as it stands; ``GET /api/accounts``.

    ``unconfirmed``: of no use until the security administrator confirms it.
    """

    certificate_no: str
    name: str
    role: RoleName
    valid_until: date
    crew: str | None
    locked: bool
    revoked: bool
    unconfirmed: bool


class RefusedOut(Shape):
    """What was refused alike on one local day; ``GET /api/refused-access``.

    ``who``: certificate number, "" when nobody was known; ``what``: the request; ``why``: a code.
    """

    day: date
    who: str
    what: str
    why: str
    times: int
    first_at: datetime
    last_at: datetime
    last_from: str
