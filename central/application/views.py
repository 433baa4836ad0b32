"""What headquarters sees: rows of the projections as values. Times are aware, days are local."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from station.domain.evasion import Act, Evasion

PROPOSAL_LASTS: Final = timedelta(hours=24)
"""Within this time another officer confirms that a node is released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageView:
    """A vehicle weighed (过车记录), as it stands after reviews.

    Attributes:
        receipt: ``node-seq-digest[:10]`` of the newest entry about it.
        outcome: ``lawful``, ``permitted``, ``warning``, ``violation`` or ``needs_review``.
        limit_kg, excess_kg: None while the law or the facts leave them open.
        touched: turn of the projector that wrote the row last; 0 for a passage *ahead*.
        ahead: its entry came before its order and does not stand in the ledger yet (待入链).
    """

    node: str
    passage_id: str
    receipt: str
    lane: str
    at: datetime
    occurred_on: date
    plate: str | None
    plate_colour: str
    trailer_plate: str | None
    gross_kg: int
    configuration: str | None
    limit_kg: int | None
    excess_kg: int | None
    outcome: str
    reviewed: bool
    recheck_of: str | None
    case_no: str | None
    touched: int = 0
    ahead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A joint case. ``fine_fen`` and ``points`` are those of the effective decision alone.

    ``touched``: as in :class:`PassageView`.
    """

    node: str
    case_no: str
    plate: str
    opened_at: datetime
    gross_kg: int
    limit_kg: int
    excess_kg: int
    removal: str
    penalty: str
    custody: str
    released_at: datetime | None
    fine_fen: int | None
    points: int | None
    closed: bool
    touched: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """The newest hand-over of an evasion case (移送) to public security or a court.

    Attributes:
        to: ``public_security`` or ``court``; ``body``: which one, by name.
        state: ``waiting`` for its answer, ``answered``, or ``returned``: the case came back.
        receipt_no, result: of its answer, "" while there is none; ``returned`` has no result.
    """

    to: str
    body: str
    letter_no: str
    at: datetime
    state: str
    receipt_no: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvasionView:
    """An evasion case (逃避、抗拒检测案件) and whose it is."""

    node: str
    file: Evasion

    @property
    def transfer(self) -> TransferView | None:
        """Return the newest hand-over, None when there was none."""
        sent = self.file.newest(Act.TRANSFER)
        if sent is None:
            return None
        newest = self.file.newest(Act.TRANSFER, Act.NOTE_ANSWER, Act.TAKE_BACK) or sent
        said = {**dict.fromkeys(("receipt_no", "result"), ""), **newest.details}
        return TransferView(
            to=str(sent.details["to"]),
            body=str(sent.details["body"]),
            letter_no=str(sent.details["letter_no"]),
            at=sent.at,
            state=_TRANSFER[newest.act],
            receipt_no=str(said["receipt_no"]),
            result=str(said["result"]),
        )


_TRANSFER: Final = {
    Act.TRANSFER: "waiting",
    Act.NOTE_ANSWER: "answered",
    Act.TAKE_BACK: "returned",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchView:
    """A vehicle that is not as it should be (车辆不符), and whether its home police were told.

    Attributes:
        seq: of the station's entry.
        home: province and letter of the office that issued the plate, ``蒙L``.
        letter_no, copied_at: None until they were told.
    """

    node: str
    seq: int
    passage_id: str
    case_no: str
    subject: str
    plate: str
    home: str
    kinds: list[str]
    facts: str
    noted_at: datetime
    noted_on: date
    letter_no: str | None = None
    copied_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView:
    """Something headquarters must know of. ``seq``: the entry it is about, None: about none."""

    alarm_id: int
    node: str
    seq: int | None
    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsView:
    """One station's local day. All but ``reviews_open`` and ``unweighed`` count first weighings.

    Attributes:
        passages: first weighings (初检); released, warnings, violations, those in review, and those
            whose case was voided and that nobody has reviewed since.
        released: lawful or permitted.
        reviews_open: weighings of the day that still need an officer, re-checks too.
        unloaded_kg: first weighing minus clear re-check, of the trucks cleared on the day.
    """

    node: str
    on: date
    passages: int
    released: int
    warnings: int
    violations: int
    reviews_open: int
    unweighed: int
    cases_opened: int
    cases_closed: int
    unloaded_kg: int

    @property
    def over_limit_permille(self) -> int:
        """Return the share of warnings and violations (超限率) among all findings, floored."""
        over = self.warnings + self.violations
        found = over + self.released
        return over * 1000 // found if found else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """What an officer said who proposed to release a node. ``name``: his; ``proposed_by``: no."""

    reason: str
    proposed_by: str
    name: str
    proposed_at: datetime

    @property
    def lasts_until(self) -> datetime:
        """Return when it must be confirmed by."""
        return self.proposed_at + PROPOSAL_LASTS


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """A station as the register and the ledger know it.

    ``proposal``: the newest one to release it, while it is in quarantine.
    """

    node: str
    name: str
    road: str
    last_seq: int
    last_entry_at: datetime | None
    quarantined_at: datetime | None
    proposal: ProposalView | None = None


def together(counts: list[CountsView], on: date) -> CountsView:
    """Return the sum of all stations, under ``node`` ""."""
    return CountsView(
        node="",
        on=on,
        passages=sum(one.passages for one in counts),
        released=sum(one.released for one in counts),
        warnings=sum(one.warnings for one in counts),
        violations=sum(one.violations for one in counts),
        reviews_open=sum(one.reviews_open for one in counts),
        unweighed=sum(one.unweighed for one in counts),
        cases_opened=sum(one.cases_opened for one in counts),
        cases_closed=sum(one.cases_closed for one in counts),
        unloaded_kg=sum(one.unloaded_kg for one in counts),
    )
