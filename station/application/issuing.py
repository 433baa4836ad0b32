"""Issuing documents (制发文书): what is due in a case, by whom, numbered, kept, and printed."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from station.application.due import DueForms
from station.application.ports import Media, Views
from station.application.proceedings import proceedings
from station.application.views import DocumentView, moment, receipt
from station.contract.driver_page import TOKEN_BYTES, page_digest
from station.contract.entries import DocumentIssued, DocumentPrinted
from station.contract.proceedings import Issue, Print, Proceedings, Step
from station.contract.sealing import local_day, stamp
from station.domain.clock import Clock
from station.domain.errors import (
    BadOpening,
    DocumentChanged,
    DocumentIssuedBefore,
    DocumentNotDue,
    NotFound,
    WrongAuthority,
)
from station.domain.forms import Form
from station.domain.ledger import Entry
from station.domain.officers import Officer, Permission, Role
from station.rules.lawbook import LawBook

_PERMISSION: Final = {Role.ROAD: Permission.ACT_ROAD, Role.POLICE: Permission.ACT_POLICE}


class Documents(Protocol):
    """Documents in the store. Every method may raise StoreCorrupt."""

    async def case_entries(self, case_no: str) -> list[Entry]:
        """Return the entries of a case in order: its opening and its acts."""
        ...

    async def timeline_entries(self, case_no: str, passage_id: str) -> list[Entry]:
        """Return these with weighings, documents and recordings, in order.

        ``passage_id``: of the weighing that opened it.
        """
        ...

    async def of_case(self, case_no: str) -> list[DocumentView]:
        """Return the documents of a case, in the order of issue."""
        ...

    async def document(self, number: str) -> DocumentView:
        """Return one document.

        Raises:
            NotFound: there is none of that number.
        """
        ...

    async def issued(self, kind: str, year: int) -> int:
        """Return how many of a kind were issued in a year."""
        ...

    async def issue(self, payload: DocumentIssued) -> Entry:
        """Write it, if its serial is the next one.

        Raises:
            DocumentNumberTaken: it is not; nothing was written.
            StoreFull: nothing was written.
        """
        ...

    async def print(self, payload: DocumentPrinted) -> Entry:
        """Write it.

        Raises:
            StoreFull: nothing was written.
        """
        ...


class Press(Protocol):
    """Makes documents of values."""

    @property
    def forms(self) -> Mapping[str, Form]:
        """Return the documents that there are, by kind."""
        ...

    @property
    def pages(self) -> str:
        """Return the address under which drivers find their pages, "" for none."""
        ...

    def number(self, form: Form, year: int, serial: int) -> str:
        """Return the number that stands on a document."""
        ...

    def pdf(
        self,
        issue: Issue,
        record: Proceedings,
        *,
        personal: Mapping[str, str],
        copy: Print | None = None,
    ) -> bytes:
        """Return the document; the same bytes for the same arguments.

        Raises:
            DocumentIncomplete: the record lacks what it must state.
        """
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """A document that can be issued now: about which step, by which authority."""

    form: Form
    step: Step
    issuer: Role


@dataclass(frozen=True, slots=True)
class CaseDocuments:
    """The documents of a case: issued, and to be issued now."""

    issued: tuple[DocumentView, ...]
    due: tuple[Due, ...]


class Issuing:
    """All documents of this station, one at a time.

    What is kept of a document says nothing of a person: names come onto its prints, from the clear
    text beside the ledger, as long as that is there.
    """

    def __init__(
        self,
        *,
        documents: Documents,
        views: Views,
        media: Media,
        press: Press,
        law: LawBook,
        clock: Clock,
        lock: asyncio.Lock,
    ) -> None:
        """Prepare. ``lock``: of :class:`~station.application.casework.Casework`."""
        self._documents = documents
        self._views = views
        self._media = media
        self._press = press
        self._due = DueForms(press.forms, law, clock)
        self._clock = clock
        self._lock = lock

    async def of_case(self, case_no: str) -> CaseDocuments:
        """Return the documents of a case.

        Raises:
            NotFound: no such case.
        """
        record = await self._record(case_no)
        issued = await self._documents.of_case(case_no)
        due = self._due.of(record.case, record.steps)
        return CaseDocuments(
            issued=tuple(issued),
            due=tuple(
                Due(form, step, form.issuer(record.case.penal, step.role))
                for form, step in due
                if self._due.issued(form, step, issued) is None
            ),
        )

    async def issue(self, case_no: str, kind: str, officer: Officer) -> DocumentView:
        """Issue a document, durably: numbered, its PDF kept, written into the ledger.

        Raises:
            NotFound: no such case or kind of document.
            DocumentNotDue, DocumentIssuedBefore, DocumentIncomplete: see the errors.
            WrongAuthority, NotPermitted: it is not this officer's to issue.
            StoreFull: nothing was issued.
        """
        form = self._press.forms.get(kind)
        if form is None:
            raise NotFound("document", kind=kind)
        async with self._lock:
            record = await self._record(case_no, form)
            step = self._due.step(form, record.case, record.steps)
            if step is None:
                raise DocumentNotDue(title=form.title, case_no=case_no)
            self._require(officer, form, record, step)
            before = self._due.issued(form, step, await self._documents.of_case(case_no))
            if before is not None:
                raise DocumentIssuedBefore(title=form.title, number=before.issued.number)
            return await self._issued(form, record, step, officer)

    async def kept(self, number: str) -> bytes:
        """Return the PDF of a document as it is kept: always the same bytes.

        Raises:
            NotFound: there is none, or its file is no longer what it was.
        """
        return await self._media.fetch((await self._documents.document(number)).issued.sha256)

    async def printed(self, number: str, officer: Officer) -> tuple[bytes, int]:
        """Return a print of a document with the names in it, and which it is; leaves a trace.

        Raises:
            NotFound: there is none.
            WrongAuthority, NotPermitted: it is not this officer's to print.
            DocumentChanged: its form is not what it was; what is kept can still be had.
            StoreFull: it was not written down and is not given out.
        """
        async with self._lock:
            view = await self._documents.document(number)
            form = self._press.forms.get(view.issued.document)
            if form is None:
                raise DocumentChanged(number=number)
            record = await self._record(view.issued.case_no, form, before=number)
            self._require(officer, form, record, record.step(view.issued.act_seq))
            now, issued_at = self._clock.now(), moment(view.issued.issued_at)
            issue = Issue(
                form=form,
                seq=view.issued.act_seq,
                number=number,
                issued_on=date.fromisoformat(local_day(issued_at)),
            )
            again = await self._pdf(issue, record, {})
            if hashlib.sha256(again).hexdigest() != view.issued.sha256:
                raise DocumentChanged(number=number)
            page = secrets.token_bytes(TOKEN_BYTES) if form.page and self._press.pages else None
            copy = Print(
                print_no=view.prints + 1,
                printed_on=date.fromisoformat(local_day(now)),
                officer=officer.certificate_no,
                page=page,
            )
            made = await self._pdf(issue, record, await self._personal(record), copy)
            await self._documents.print(
                DocumentPrinted(
                    case_no=view.issued.case_no,
                    number=number,
                    print_no=copy.print_no,
                    officer=officer.certificate_no,
                    printed_at=stamp(now),
                    page="" if page is None else page_digest(page),
                )
            )
        return made, copy.print_no

    async def _issued(
        self, form: Form, record: Proceedings, step: Step, officer: Officer
    ) -> DocumentView:
        now = self._clock.now()
        issued_on = date.fromisoformat(local_day(now))
        serial = await self._documents.issued(form.kind, issued_on.year) + 1
        number = self._press.number(form, issued_on.year, serial)
        issue = Issue(form=form, seq=step.seq, number=number, issued_on=issued_on)
        made = await self._pdf(issue, record, {})
        payload = DocumentIssued(
            case_no=record.case.case_no,
            document=form.kind,
            title=form.title,
            number=number,
            year=issued_on.year,
            serial=serial,
            act=step.name,
            act_seq=step.seq,
            officer=officer.certificate_no,
            issued_at=stamp(now),
            # The file first: an entry never names one that is not there.
            sha256=await self._media.keep(made),
            size=len(made),
        )
        return DocumentView(issued=payload, receipt=receipt(await self._documents.issue(payload)))

    async def _pdf(
        self,
        issue: Issue,
        record: Proceedings,
        personal: Mapping[str, str],
        copy: Print | None = None,
    ) -> bytes:
        return await asyncio.to_thread(self._press.pdf, issue, record, personal=personal, copy=copy)

    async def _record(
        self, case_no: str, form: Form | None = None, before: str = ""
    ) -> Proceedings:
        """Return the proceedings, as a form needs them.

        Of the documents those that were issued *before* that one.
        """
        issued = await self._documents.of_case(case_no)
        numbers = [view.issued.number for view in issued]
        if before in numbers:
            issued = issued[: numbers.index(before)]
        case = await self._views.case(case_no)
        entries = await self._documents.case_entries(case_no)
        first = await self._views.passage(case.passage_id)
        rechecks = [await self._views.passage(one) for one in sorted(case.rechecked_by)]
        process: list[Entry] = []
        if form is not None and form.process:
            process = await self._documents.timeline_entries(case_no, case.passage_id)
        return proceedings(case, entries, first, rechecks, issued=issued, process=process)

    async def _personal(self, record: Proceedings) -> dict[str, str]:
        try:
            kept = await self._views.personal(record.case.case_no)
        except BadOpening:
            return {}  # spoilt on the disk: the lines stay empty, to be written by hand
        return {one.field: one.text for act in kept for one in act}

    def _require(self, officer: Officer, form: Form, record: Proceedings, step: Step) -> None:
        issuer = form.issuer(record.case.penal, step.role)
        if officer.role is not issuer:
            raise WrongAuthority(
                case_no=record.case.case_no, act=form.title, authority=issuer.value
            )
        today = date.fromisoformat(local_day(self._clock.now()))
        officer.require(_PERMISSION[issuer], on=today)
