"""Whether the file of a case holds what it must before the case closes (结案审查)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from typing import Final, Protocol

from station.application.due import DueForms
from station.application.proceedings import steps_of
from station.application.views import DocumentView
from station.contract.entries import (
    DocumentSigned,
    RecordingExcused,
    RecordingImported,
    read,
)
from station.contract.messages import message, templates
from station.contract.proceedings import Step
from station.contract.sealing import local_day
from station.domain.case import Case
from station.domain.clock import Clock
from station.domain.closing import (
    ActAt,
    Demands,
    DueForm,
    Filed,
    Item,
    Manner,
    Need,
    Weight,
    checklist,
    missing,
)
from station.domain.errors import CaseIncomplete
from station.domain.forms import Form
from station.domain.ledger import Entry
from station.rules.lawbook import LawBook

_WEIGHT: Final = {
    Need.DOCUMENT: "closing.documents",
    Need.SIGNATURE: "closing.signatures",
    Need.RECHECK: "closing.recheck",
    Need.SERVICE: "closing.service",
    Need.RECORDING: "closing.recordings",
}


class CaseFiles(Protocol):
    """The file of a case in the store. Every method may raise StoreCorrupt."""

    async def case_entries(self, case_no: str) -> list[Entry]:
        """Return the entries of a case in order: its opening and its acts."""
        ...

    async def of_case(self, case_no: str) -> list[DocumentView]:
        """Return the documents of a case, in the order of issue."""
        ...

    async def file_entries(self, case_no: str) -> list[Entry]:
        """Return what else is in its file, in order: prints, signatures, recordings, excuses."""
        ...

    async def timeline_entries(self, case_no: str, passage_id: str) -> list[Entry]:
        """Return all of the above with the weighings of its truck, in order.

        ``passage_id``: of the weighing that opened it.
        """
        ...


class Completeness:
    """Looks through files; changes nothing."""

    def __init__(
        self,
        *,
        files: CaseFiles,
        forms: Mapping[str, Form],
        recorded: Set[str],
        law: LawBook,
        clock: Clock,
    ) -> None:
        """Prepare; ``recorded``: the acts of which there must be a recording."""
        self._files = files
        self._recorded = recorded
        self._due = DueForms(forms, law, clock)
        self._law = law
        self._clock = clock

    async def checklist(self, case: Case) -> tuple[Item, ...]:
        """Return what the file must hold, and how each of it stands.

        Raises:
            NoLawInForce: the law of today does not say how strictly.
        """
        steps = steps_of(await self._files.case_entries(case.case_no))
        documents = await self._files.of_case(case.case_no)
        rest = await self._files.file_entries(case.case_no)
        filed = self._filed(case, steps, documents, rest)
        return checklist(case, filed, self._demands())

    async def require(self, case: Case) -> None:
        """Refuse to close a case whose file is not complete.

        Raises:
            CaseIncomplete: naming what is missing.
        """
        lacking = missing(await self.checklist(case))
        if lacking:
            shown = "、".join(dict.fromkeys(_shown(item) for item in lacking))
            raise CaseIncomplete(case_no=case.case_no, missing=shown, count=len(lacking))

    def _filed(
        self,
        case: Case,
        steps: Sequence[Step],
        documents: Sequence[DocumentView],
        rest: Iterable[Entry],
    ) -> Filed:
        manners: dict[str, Manner] = {}
        recorded: set[int] = set()
        excused: set[int] = set()
        for entry in rest:
            match read(entry)[1]:
                case DocumentSigned(number=number, manner=manner):
                    manners[number] = Manner(manner)
                case RecordingImported(acts=acts):
                    recorded |= {one.act_seq for one in acts if one.case_no == case.case_no}
                case RecordingExcused(act_seq=seq):
                    excused.add(seq)
        return Filed(
            acts=tuple(_newest(case, steps).values()),
            forms=self._forms(case, steps, documents),
            manners=manners,
            recorded=recorded,
            excused=excused,
        )

    def _forms(
        self, case: Case, steps: Sequence[Step], documents: Sequence[DocumentView]
    ) -> tuple[DueForm, ...]:
        """Return the forms due; of a group the one that was issued, else the first."""
        found: dict[tuple[str, int], DueForm] = {}
        for form, step in self._due.of(case, steps):
            if not form.closing:
                continue
            view = self._due.issued(form, step, documents)
            if view is not None and view.issued.document != form.kind:
                continue
            found.setdefault(
                (form.group or form.kind, step.seq),
                DueForm(
                    kind=form.kind,
                    title=form.title,
                    act_seq=step.seq,
                    number="" if view is None else view.issued.number,
                    signed=form.signed,
                ),
            )
        return tuple(found.values())

    def _demands(self) -> Demands:
        today = date.fromisoformat(local_day(self._clock.now()))
        return Demands(
            weights={
                need: Weight(str(self._law.provision(key, today).value))
                for need, key in _WEIGHT.items()
            },
            recorded_acts=self._recorded,
        )


def act_at(case_no: str, step: Step) -> ActAt:
    """Return a step as far as a file is concerned."""
    return ActAt(
        case_no=case_no, name=step.name, seq=step.seq, at=step.at, officers=tuple(step.officers)
    )


def _newest(case: Case, steps: Iterable[Step]) -> dict[str, ActAt]:
    newest: dict[str, ActAt] = {}
    for step in steps:
        newest.pop(step.name, None)  # in the order in which they were done last
        newest[step.name] = act_at(case.case_no, step)
    return newest


def _shown(item: Item) -> str:
    act = templates().get(f"value.act.{item.name}", item.name)
    return message(f"value.missing.{item.need.value}", {"title": item.title, "act": act})
