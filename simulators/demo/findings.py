"""What a station's ledger comes to, read from its bytes: passages, unweighed passes, cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from simulators.demo.ledgers import Held
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    DriverAnswer,
    Passage,
    PassageReview,
    PlateEvidence,
    RecordingExcused,
    RecordingImported,
    UnweighedPass,
    read,
)
from station.domain.ledger import Entry, parse
from station.domain.procedure import Act


@dataclass(slots=True)
class SealedPassage:
    """A passage with the reviews that followed.

    Attributes:
        settled_at: when the weight stood still.
        plate, colour: as they stand after the reviews; None while nobody named it.
        outcome: of the newest finding; ``limit_kg`` belongs to it.
        camera: what the camera made of the tractor's plate; ``trailer_camera`` of the trailer's.
    """

    passage_id: str
    settled_at: datetime
    gross_kg: int
    plate: str | None
    colour: str
    outcome: str
    limit_kg: int | None
    camera: PlateEvidence
    trailer_camera: PlateEvidence | None
    recheck_of: str | None
    reviewed: bool = False


@dataclass(slots=True)
class SealedCase:
    """A case with its acts in order."""

    case_no: str
    passage_id: str
    plate: str
    mode: str
    acts: list[CaseAct] = field(default_factory=list)

    @property
    def decided(self) -> bool:
        """Tell whether the police decided, and the centre did not bar it (一事不再罚)."""
        done = {act.act for act in self.acts}
        return Act.DECIDE.value in done and Act.BAR.value not in done

    @property
    def closed(self) -> bool:
        """Tell whether it is closed: decided and paid, and the truck was let go."""
        return any(act.act == Act.CLOSE.value for act in self.acts)


@dataclass(slots=True)
class Findings:
    """Everything of one ledger that the truth is held against."""

    passages: dict[str, SealedPassage] = field(default_factory=dict)
    unweighed: list[UnweighedPass] = field(default_factory=list)
    clips: list[RecordingImported] = field(default_factory=list)
    excuses: list[RecordingExcused] = field(default_factory=list)
    answers: list[DriverAnswer] = field(default_factory=list)
    cases: dict[str, SealedCase] = field(default_factory=dict)


def findings(held: Sequence[Held]) -> Findings:
    """Read *held*, in order of sequence numbers."""
    found = Findings()
    for one in held:
        _, payload = read(_entry(one))
        match payload:
            case Passage():
                found.passages[payload.passage_id] = _passage(payload)
            case PassageReview():
                _review(found.passages[payload.passage_id], payload)
            case UnweighedPass():
                found.unweighed.append(payload)
            case RecordingImported():
                found.clips.append(payload)
            case RecordingExcused():
                found.excuses.append(payload)
            case DriverAnswer():
                found.answers.append(payload)
            case CaseOpened():
                found.cases[payload.case_no] = SealedCase(
                    payload.case_no, payload.passage_id, payload.plate, payload.mode
                )
            case CaseAct():
                case = found.cases[payload.case_no]
                case.acts.append(payload)
                case.plate = payload.plate
    return found


def _entry(one: Held) -> Entry:
    return parse(one.body, one.signature)


def _passage(payload: Passage) -> SealedPassage:
    limit = payload.verdict["limit_kg"]
    return SealedPassage(
        passage_id=payload.passage_id,
        settled_at=datetime.fromisoformat(payload.weighing.settled_at),
        gross_kg=payload.weighing.gross_kg,
        plate=payload.tractor.text,
        colour=payload.tractor.colour,
        outcome=str(payload.verdict["verdict"]),
        limit_kg=limit if isinstance(limit, int) else None,
        camera=payload.tractor,
        trailer_camera=payload.trailer,
        recheck_of=payload.recheck_of,
    )


def _review(passage: SealedPassage, payload: PassageReview) -> None:
    limit = payload.verdict["limit_kg"]
    passage.plate, passage.colour = payload.tractor.text, payload.tractor.colour
    passage.outcome = str(payload.verdict["verdict"])
    passage.limit_kg = limit if isinstance(limit, int) else None
    passage.recheck_of = payload.recheck_of
    passage.reviewed = True
