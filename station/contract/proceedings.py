"""The proceedings of a case (案件经过): its weighings, and every step with its receipt. Pure.

Documents are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from station.contract.part import Record
from station.contract.station_entries import Passage
from station.contract.timeline import Moment
from station.domain.case import Case
from station.domain.errors import NotFound
from station.domain.forms import Form
from station.domain.officers import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One weighing of the truck, as it stands after officers' reviews.

    ``receipt``: of the newest entry about it, ``node-seq-digest[:10]``.
    """

    passage: Passage
    plate: str
    colour: str
    trailer: str | None
    vehicle: Record | None
    verdict: Record
    explanation: str
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The opening of the case or one act, with its entry.

    Attributes:
        name: :data:`station.domain.forms.OPENED`, or the act.
        seq, receipt: of the entry.
        plate: of the case after it.
        officers: certificate numbers, none for the opening and for the centre's answers.
    """

    name: str
    seq: int
    receipt: str
    at: datetime
    role: Role
    officers: tuple[str, ...]
    details: Mapping[str, str | int]
    plate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceedings:
    """All that the ledger says of a case, joined.

    Attributes:
        case: as it stands; documents use of it only what no act changes.
        rechecks: by passage id, those that the steps name.
        steps: in order, the opening first.
        issued: number of the newest document of each kind that was issued before.
        process: all that happened in it, in the order of time; only for forms that tell it.
    """

    case: Case
    first: Weighed
    rechecks: Mapping[str, Weighed]
    steps: tuple[Step, ...]
    issued: Mapping[str, str] = field(default_factory=dict)
    process: tuple[Moment, ...] = ()

    def until(self, seq: int) -> Proceedings:
        """Return the record as it was right after entry *seq*: what came later does not show."""
        return replace(
            self,
            steps=tuple(step for step in self.steps if step.seq <= seq),
            process=tuple(one for one in self.process if one.seq <= seq),
        )

    def newest(self, *names: str) -> Step | None:
        """Return the newest step of these names, None when there was none."""
        return next((step for step in reversed(self.steps) if step.name in names), None)

    def step(self, seq: int) -> Step:
        """Return one step.

        Raises:
            NotFound: that entry is none of this case.
        """
        found = next((step for step in self.steps if step.seq == seq), None)
        if found is None:
            raise NotFound("step", case_no=self.case.case_no, seq=seq)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One document.

    Attributes:
        seq: of the entry that it is about.
        number: as it stands on it (文号).
        issued_on: local day of issue.
    """

    form: Form
    seq: int
    number: str
    issued_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """One printing of a document for people: which, on which local day, by whom; 1 is the first.

    ``page``: opens the driver's page; it stands on this print and nowhere else. None for none.
    """

    print_no: int
    printed_on: date
    officer: str
    page: bytes | None = None
