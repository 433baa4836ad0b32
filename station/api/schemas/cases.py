"""Shapes of cases, their acts and their moments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from station.api.schemas.base import Amount, Asked, FieldKind, Shape, Text, Word


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
    personal: Annotated[dict[Word, Word], Field(max_length=8)] = {}  # noqa: RUF012 - pydantic copies it


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
