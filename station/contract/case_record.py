"""Which entries are about one case (本案记录): the same answer at the station and at the centre."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from station.contract.entries import (
    CaseAct,
    CaseOpened,
    DecisionBarred,
    DecisionEnded,
    DecisionInForce,
    DocumentIssued,
    DocumentPrinted,
    DocumentSigned,
    DriverAnswer,
    DriverRequest,
    Kind,
    Passage,
    PassageReview,
    Payload,
    RecordingExcused,
    RecordingImported,
    UnloadingForm,
    WeightChanged,
    read,
)
from station.domain.errors import MalformedEntry, StoreCorrupt
from station.domain.ledger import Entry

STATION_KINDS: Final = (
    Kind.PASSAGE,
    Kind.PASSAGE_REVIEW,
    Kind.WEIGHT_CHANGED,
    Kind.CASE_OPENED,
    Kind.CASE_ACT,
    Kind.DOCUMENT_ISSUED,
    Kind.DOCUMENT_PRINTED,
    Kind.DOCUMENT_SIGNED,
    Kind.RECORDING_IMPORTED,
    Kind.RECORDING_EXCUSED,
    Kind.DRIVER_ANSWER,
)
CENTRE_KINDS: Final = (
    Kind.UNLOADING_FORM,
    Kind.DECISION_IN_FORCE,
    Kind.DECISION_BARRED,
    Kind.DECISION_ENDED,
    Kind.DRIVER_REQUEST,
)

Search = Callable[[Sequence[bytes]], Awaitable[Iterable[Entry]]]
"""Finds the entries of one ledger in whose bytes one of the given texts stands."""


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case by its number and the station that opened it."""

    node: str
    case_no: str

    async def of_station(self, search: Search) -> tuple[Entry, ...]:
        """Return what the station's ledger holds about the case, in order.

        These are its opening, acts, documents and recordings, the weighings of its truck, and what
        came of those: reviews by officers, and a weight that changed afterwards.
        """
        numbered = [one for one in await search([_text(self.case_no)]) if self._names(one)]
        weighed = frozenset(_passage_id(entry) for entry in numbered) - {""}
        others = await search([_text(one) for one in sorted(weighed)]) if weighed else ()
        found = {entry.seq: entry for entry in numbered}
        found |= {one.seq: one for one in others if _weighing_id(one) in weighed}
        return tuple(found[seq] for seq in sorted(found))

    async def of_centre(self, search: Search) -> tuple[Entry, ...]:
        """Return what the centre's own ledger holds about the case, in order."""
        return tuple(one for one in await search([_text(self.case_no)]) if self._names(one))

    def _names(self, entry: Entry) -> bool:
        """Tell whether the entry names the case by its number."""
        match _payload(entry):
            case (
                CaseOpened(case_no=number)
                | CaseAct(case_no=number)
                | DocumentIssued(case_no=number)
                | DocumentPrinted(case_no=number)
                | DocumentSigned(case_no=number)
                | RecordingExcused(case_no=number)
                | DriverAnswer(case_no=number)
                | Passage(recheck_of=number)
                | PassageReview(recheck_of=number)
            ):
                return number == self.case_no
            case RecordingImported(acts=acts):
                return any(one.case_no == self.case_no for one in acts)
            case (
                UnloadingForm(node=node, case_no=number)
                | DecisionInForce(node=node, case_no=number)
                | DecisionBarred(node=node, case_no=number)
                | DecisionEnded(node=node, case_no=number)
                | DriverRequest(node=node, case_no=number)
            ):
                return (node, number) == (self.node, self.case_no)
        return False


def finding_edition(record: Iterable[Entry]) -> str:
    """Return the law edition of the finding that opened the case: it stands in the opening.

    Raises:
        StoreCorrupt: the opening is not there.
    """
    for entry in record:
        if entry.kind == Kind.CASE_OPENED.value:
            return read(entry)[0].law_edition
    raise StoreCorrupt("its opening is not in the ledger", what="case")


def _passage_id(entry: Entry) -> str:
    """Return the weighing on which the case was opened, or that re-checks it; "" for none."""
    payload = _payload(entry)
    return payload.passage_id if isinstance(payload, CaseOpened) else _weighing_id(entry)


def _weighing_id(entry: Entry) -> str:
    match _payload(entry):
        case Passage(passage_id=found) | PassageReview(passage_id=found):
            return found
        case WeightChanged(passage_id=found):
            return found
    return ""


def _payload(entry: Entry) -> Payload | None:
    """Return what an entry says; None when nobody can read it: then it is about no case."""
    try:
        return read(entry)[1]
    except MalformedEntry:
        return None


def _text(value: str) -> bytes:
    """Return a text as it stands in an entry."""
    return msgspec.json.encode(value)
