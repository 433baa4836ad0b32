"""Shapes of passages, their reviews, and what the centre knows of a truck."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Base64Bytes, Field

from station.api.schemas.base import Amount, Asked, Shape, Text, Tree, Word, _writable


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
