"""Joins a case, its entries and its weighings into its proceedings. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from station.application.views import DocumentView, PassageView, moment, receipt
from station.contract.entries import CaseAct, CaseOpened, read
from station.contract.proceedings import Proceedings, Step, Weighed
from station.contract.timeline import timeline
from station.domain.case import Case
from station.domain.errors import StoreCorrupt
from station.domain.forms import OPENED
from station.domain.ledger import Entry
from station.domain.officers import Role


def proceedings(
    case: Case,
    entries: Iterable[Entry],
    first: PassageView,
    rechecks: Iterable[PassageView],
    *,
    issued: Iterable[DocumentView] = (),
    process: Iterable[Entry] = (),
) -> Proceedings:
    """Return the proceedings of a case.

    Args:
        case: as it stands.
        entries: its opening and its acts, in order.
        first: the first weighing.
        rechecks: those that its acts name.
        issued: its documents, in the order of issue.
        process: of the forms that tell it, all entries of the case.
    """
    return Proceedings(
        case=case,
        first=_weighed(first),
        rechecks={view.passage.passage_id: _weighed(view) for view in rechecks},
        steps=steps_of(entries),
        issued={view.issued.document: view.issued.number for view in issued},
        process=timeline(case.case_no, process),
    )


def steps_of(entries: Iterable[Entry]) -> tuple[Step, ...]:
    """Return the steps that the opening of a case and its acts are.

    Raises:
        StoreCorrupt: an entry is neither.
    """
    return tuple(_step(entry) for entry in entries)


def _step(entry: Entry) -> Step:
    match read(entry)[1]:
        case CaseOpened() as opened:
            return Step(
                name=OPENED,
                seq=entry.seq,
                receipt=receipt(entry),
                at=moment(opened.opened_at),
                role=Role.ROAD,
                officers=(),
                details={},
                plate=opened.plate,
            )
        case CaseAct() as act:
            return Step(
                name=act.act,
                seq=entry.seq,
                receipt=receipt(entry),
                at=moment(act.at),
                role=Role(act.authority),
                officers=tuple(act.officers),
                details=act.details,
                plate=act.plate,
            )
        case _:
            raise StoreCorrupt("no entry of a case", what="entry", which=str(entry.seq))


def _weighed(view: PassageView) -> Weighed:
    return Weighed(
        passage=view.passage,
        plate=view.plate or "",
        colour=view.tractor.colour,
        trailer=None if view.trailer is None else view.trailer.text,
        vehicle=view.vehicle,
        verdict=view.verdict,
        explanation=view.explanation,
        receipt=view.receipt,
    )
