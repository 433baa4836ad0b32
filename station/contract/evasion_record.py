"""What the ledger says of an evasion case (逃避、抗拒检测案件): report, acts, receipts.

The letter with which it is handed over (案件移送书) is made from it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from station.contract.entries import EvasionActed, EvasionOpened, read
from station.contract.timeline import receipt
from station.domain.errors import NotFound
from station.domain.evasion import Act
from station.domain.ledger import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A piece of evidence (证据). ``receipt``: of the entry that names it; ``sha256``: hex."""

    what: str
    sha256: str
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvasionStep:
    """One act, with its entry."""

    act: Act
    seq: int
    receipt: str
    at: datetime
    officers: tuple[str, ...]
    details: Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvasionRecord:
    """One evasion case as its entries tell it.

    Attributes:
        report: how it was opened; ``receipt`` is of that entry.
        steps: its acts, in order.
    """

    report: EvasionOpened
    receipt: str
    steps: tuple[EvasionStep, ...]

    @property
    def evidence(self) -> tuple[Proof, ...]:
        """Return the evidence in the order in which it was put in."""
        return tuple(self._evidence())

    def until_transfer(self) -> EvasionRecord:
        """Return the record up to the newest transfer: what came later does not show.

        Raises:
            NotFound: it was handed over to nobody.
        """
        for place in range(len(self.steps), 0, -1):
            if self.steps[place - 1].act is Act.TRANSFER:
                return replace(self, steps=self.steps[:place])
        raise NotFound("letter", evasion_no=self.report.evasion_no)

    def _evidence(self) -> Iterator[Proof]:
        for one in self.report.evidence:
            yield Proof(what=one.what, sha256=one.digest, receipt=self.receipt)
        for step in self.steps:
            if step.act is Act.ADD_EVIDENCE:
                what, digest = str(step.details["what"]), str(step.details["digest"])
                yield Proof(what=what, sha256=digest, receipt=step.receipt)


def evasion_record(entries: Iterable[Entry]) -> EvasionRecord:
    """Return what the entries of one evasion case tell, its opening first.

    Raises:
        ValueError: the first entry opens none.
    """
    opening, *acts = entries
    report = read(opening)[1]
    if not isinstance(report, EvasionOpened):
        raise ValueError("it does not begin with its opening")
    return EvasionRecord(report=report, receipt=receipt(opening), steps=tuple(_steps(acts)))


def _steps(entries: Iterable[Entry]) -> Iterator[EvasionStep]:
    for entry in entries:
        acted = read(entry)[1]
        if isinstance(acted, EvasionActed):
            yield EvasionStep(
                act=Act(acted.act),
                seq=entry.seq,
                receipt=receipt(entry),
                at=datetime.fromisoformat(acted.at),
                officers=tuple(acted.officers),
                details=acted.details,
            )
