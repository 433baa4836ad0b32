"""Turns payloads into rows. Whatever does not fit a row makes the entry unreadable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from central.application.ports import OpenedCase, Reviewed
from central.application.views import MismatchView, PassageView
from central.domain.days import local_day
from station.contract.case_file import opened_case
from station.contract.entries import (
    CaseOpened,
    Passage,
    PassageReview,
    PlateEvidence,
    Record,
    VehicleMismatch,
    read,
)
from station.domain.errors import MalformedEntry
from station.domain.ledger import Entry
from station.domain.mismatch import home_of
from station.domain.officers import Officer, Pair, Role

OUTCOMES: Final = frozenset({"lawful", "permitted", "warning", "violation", "needs_review"})
RECEIPT_DIGITS: Final = 10
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2200


def receipt(entry: Entry) -> str:
    """Return the receipt that stands on the slip: ``node-seq-digest[:10]``."""
    return f"{entry.node}-{entry.seq}-{entry.digest[:RECEIPT_DIGITS]}"


def moment(text: str) -> datetime:
    """Read an aware time.

    Raises:
        MalformedEntry: not ISO 8601, without a zone, or not of these centuries: no table and no
            calendar holds it.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise MalformedEntry(f"no time: {text}") from exc
    if at.tzinfo is None:
        raise MalformedEntry(f"a time without its zone: {text}")
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise MalformedEntry(f"no time of ours: {text}")
    return at


def day(text: str) -> date:
    """Read a date, ``YYYY-MM-DD``.

    Raises:
        MalformedEntry: not one, or not of these centuries.
    """
    try:
        on = date.fromisoformat(text)
    except ValueError as exc:
        raise MalformedEntry(f"no date: {text}") from exc
    if not _FIRST_YEAR <= on.year <= _LAST_YEAR:
        raise MalformedEntry(f"no date of ours: {text}")
    return on


def passage_row(entry: Entry, passage: Passage) -> PassageView:
    """Return the row of a passage just recorded."""
    finding = _Finding(passage.verdict)
    return PassageView(
        node=entry.node,
        passage_id=passage.passage_id,
        receipt=receipt(entry),
        lane=passage.lane,
        at=moment(passage.weighing.settled_at),
        occurred_on=day(passage.occurred_on),
        plate=passage.tractor.text,
        plate_colour=passage.tractor.colour,
        trailer_plate=_number(passage.trailer),
        gross_kg=passage.weighing.gross_kg,
        configuration=finding.configuration,
        limit_kg=finding.limit_kg,
        excess_kg=finding.excess_kg,
        outcome=finding.outcome,
        reviewed=False,
        recheck_of=passage.recheck_of,
        case_no=None,
    )


def ahead_row(entry: Entry) -> PassageView | None:
    """Return the row of a passage whose entry came before its order; None when it is no passage."""
    try:
        _, payload = read(entry)
        return (
            replace(passage_row(entry, payload), ahead=True)
            if isinstance(payload, Passage)
            else None
        )
    except MalformedEntry:
        return None


def reviewed_row(entry: Entry, review: PassageReview) -> Reviewed:
    """Return what a review changes."""
    finding = _Finding(review.verdict)
    return Reviewed(
        node=entry.node,
        passage_id=review.passage_id,
        receipt=receipt(entry),
        plate=review.tractor.text,
        plate_colour=review.tractor.colour,
        trailer_plate=_number(review.trailer),
        configuration=finding.configuration,
        limit_kg=finding.limit_kg,
        excess_kg=finding.excess_kg,
        outcome=finding.outcome,
        recheck_of=review.recheck_of,
    )


def opened(payload: CaseOpened) -> OpenedCase:
    """Return the case that an entry opened, by the rules of its mode.

    Raises:
        MalformedEntry: no mode, authority or time of that kind.
    """
    moment(payload.opened_at)
    try:
        case = opened_case(payload)
    except ValueError as exc:
        raise MalformedEntry(str(exc)) from exc
    return OpenedCase(case=case, occurred_on=day(payload.occurred_on))


def mismatch_row(entry: Entry, payload: VehicleMismatch) -> MismatchView:
    """Return the row of a vehicle that is not as it should be.

    Raises:
        MalformedEntry: no time of that kind.
    """
    noted_at = moment(payload.at)
    return MismatchView(
        node=entry.node,
        seq=entry.seq,
        passage_id=payload.passage_id,
        case_no=payload.case_no,
        subject=payload.subject,
        plate=payload.plate,
        home=home_of(payload.plate),
        kinds=payload.kinds,
        facts=payload.facts,
        noted_at=noted_at,
        noted_on=local_day(noted_at),
    )


def named_pair(role: Role, officers: Sequence[str], at: datetime) -> Pair:
    """Return the two officers as an entry names them; who they are, the station has checked.

    Raises:
        ValueError: not two.
        DomainError: twice the same.
    """
    on = local_day(at)
    first, second = (
        Officer(certificate_no=number, name="", role=role, valid_until=on) for number in officers
    )
    return Pair(first=first, second=second)


class _Finding:
    """The four values of a verdict's record that headquarters shows."""

    def __init__(self, verdict: Record) -> None:
        self.outcome = _text(verdict, "verdict") or ""
        if self.outcome not in OUTCOMES:
            raise MalformedEntry(f"no such verdict: {self.outcome}")
        self.configuration = _text(verdict, "configuration")
        self.limit_kg = _mass(verdict, "limit_kg")
        self.excess_kg = _mass(verdict, "excess_kg")


def _text(record: Record, name: str) -> str | None:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedEntry(f"{name} is no text")
    return value


def _mass(record: Record, name: str) -> int | None:
    value = record.get(name)
    if value is not None and type(value) is not int:
        raise MalformedEntry(f"{name} is no whole number")
    return value


def _number(plate: PlateEvidence | None) -> str | None:
    return None if plate is None else plate.text
