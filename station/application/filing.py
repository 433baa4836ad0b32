"""What officers put into the file of a case (卷宗) beside acts, and how the whole process reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from station.application.completeness import CaseFiles, Completeness
from station.application.exporting import Receipts
from station.application.ports import Draft, Ledger, Views
from station.application.views import DocumentView, receipt
from station.contract.entries import DocumentIssued, DocumentSigned, Kind, RecordingExcused, read
from station.contract.sealing import stamp
from station.contract.timeline import Moment, timeline
from station.contract.uplink import Receipt
from station.domain.clock import Clock
from station.domain.closing import Item, Need, Standing, check_manner
from station.domain.errors import (
    DocumentSignedBefore,
    InvalidFacts,
    NotExcusable,
    NotFound,
    WrongAuthority,
)
from station.domain.forms import OPENED, Form
from station.domain.officers import Officer, Pair, Role

LONGEST_NOTE: Final = 500


class FiledDocuments(CaseFiles, Protocol):
    """The file of a case with its documents by number."""

    async def document(self, number: str) -> DocumentView:
        """Return one document.

        Raises:
            NotFound: there is none of that number.
        """
        ...


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A moment, and the centre's receipt that covers its entry; None while there is none."""

    moment: Moment
    receipt: Receipt | None


class Filing:
    """Signatures, accounts of missing recordings, the checklist and the timeline."""

    def __init__(
        self,
        *,
        files: FiledDocuments,
        views: Views,
        ledger: Ledger,
        receipts: Receipts,
        completeness: Completeness,
        forms: Mapping[str, Form],
        pair: Callable[[Officer, str], Awaitable[Pair]],
        clock: Clock,
        lock: asyncio.Lock,
    ) -> None:
        """Prepare. ``pair``, ``lock``: of :class:`~station.application.casework.Casework`."""
        self._files = files
        self._views = views
        self._ledger = ledger
        self._receipts = receipts
        self._completeness = completeness
        self._forms = forms
        self._pair = pair
        self._clock = clock
        self._lock = lock

    async def checklist(self, case_no: str) -> tuple[Item, ...]:
        """Return what the file of a case must hold, and how each of it stands.

        Raises:
            NotFound: no such case.
        """
        return await self._completeness.checklist(await self._views.case(case_no))

    async def timeline(self, case_no: str) -> tuple[Witnessed, ...]:
        """Return the whole process of a case.

        Raises:
            NotFound: no such case.
        """
        case = await self._views.case(case_no)
        entries = await self._files.timeline_entries(case_no, case.passage_id)
        return tuple(
            [
                Witnessed(moment, await self._receipts.covering(moment.seq))
                for moment in timeline(case_no, entries)
            ]
        )

    async def signed(
        self, number: str, manner: str, note: str, *, officer: Officer, second_no: str
    ) -> str:
        """Record how the party took a document, durably, and return the receipt.

        Raises:
            NotFound: there is no such document.
            InvalidFacts: no such manner, or no word of why nobody signed.
            WrongAuthority, NotPermitted, TwoOfficersRequired: not theirs to record.
            DocumentSignedBefore: it was recorded before.
            StoreFull: nothing was recorded.
        """
        found, note = check_manner(manner, note), _note(note)
        async with self._lock:
            issued = (await self._files.document(number)).issued
            pair = await self._pair(officer, second_no)
            await self._require_issuer(issued, pair)
            for entry in await self._files.file_entries(issued.case_no):
                before = read(entry)[1]
                if isinstance(before, DocumentSigned) and before.number == number:
                    raise DocumentSignedBefore(title=issued.title, number=number)
            payload = DocumentSigned(
                case_no=issued.case_no,
                number=number,
                manner=found.value,
                note=note,
                officers=list(pair.certificate_nos),
                signed_at=stamp(self._clock.now()),
            )
            (entry,) = await self._ledger.append(Draft(Kind.DOCUMENT_SIGNED, payload))
        return receipt(entry)

    async def excused(
        self, case_no: str, act_seq: int, reason: str, *, officer: Officer, second_no: str
    ) -> str:
        """Record why there is no recording of an act, durably, and return the receipt.

        Raises:
            NotFound: no such case.
            NotExcusable: no recording of that act is missing.
            InvalidFacts: no reason.
            WrongAuthority, NotPermitted, TwoOfficersRequired: not theirs to record.
            StoreFull: nothing was recorded.
        """
        reason = _note(reason)
        if not reason:
            raise InvalidFacts("why there is no recording", field="reason")
        async with self._lock:
            case = await self._views.case(case_no)
            item = _missing(await self._completeness.checklist(case), case_no, act_seq)
            pair = await self._pair(officer, second_no)
            done = next(one for one in reversed(case.history) if one.act.value == item.name)
            if done.role is not pair.role:
                raise WrongAuthority(case_no=case_no, act=item.name, authority=done.role.value)
            payload = RecordingExcused(
                case_no=case_no,
                act=item.name,
                act_seq=act_seq,
                reason=reason,
                officers=list(pair.certificate_nos),
                excused_at=stamp(self._clock.now()),
            )
            (entry,) = await self._ledger.append(Draft(Kind.RECORDING_EXCUSED, payload))
        return receipt(entry)

    async def _require_issuer(self, issued: DocumentIssued, pair: Pair) -> None:
        """Let only the authority that issued a document say how the party took it."""
        form = self._forms.get(issued.document)
        if form is None:
            raise NotFound("document", kind=issued.document)
        case = await self._views.case(issued.case_no)
        about = (one.role for one in reversed(case.history) if one.act.value == issued.act)
        own = Role.ROAD if issued.act == OPENED else next(about, case.penal)
        issuer = form.issuer(case.penal, own)
        if pair.role is not issuer:
            raise WrongAuthority(case_no=issued.case_no, act=issued.title, authority=issuer.value)


def _note(text: str) -> str:
    """Return what an officer notes, without the white space around it."""
    note = text.strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidFacts(f"at most {LONGEST_NOTE} characters", field="note")
    return note


def _missing(items: Iterable[Item], case_no: str, act_seq: int) -> Item:
    for item in items:
        if item.need is Need.RECORDING and item.seq == act_seq:
            if item.standing is Standing.MISSING:
                return item
            break
    raise NotExcusable(case_no=case_no)
