"""Documents of cases in the store: what they are made from, and their unbroken numbers."""

from __future__ import annotations

from typing import Final

import apsw
import msgspec

from station.application.ports import Draft
from station.application.views import DocumentView
from station.contract.entries import DocumentIssued, DocumentPrinted, Kind
from station.domain.errors import DocumentNumberTaken, NotFound, StoreCorrupt
from station.domain.ledger import Entry
from station.store.database import Database, Row
from station.store.ledger_rows import entry_of
from station.store.sealed import Sealed
from station.store.sqlfile import load
from station.store.sqlite_store import SqliteStore

_SQL: Final = load("views")
_LEDGER: Final = load("ledger")
_DOCUMENT: Final = Sealed(DocumentView, "document")


class SqliteDocuments:
    """Implements :class:`~station.application.issuing.Documents`."""

    def __init__(self, database: Database, ledger: SqliteStore) -> None:
        self._database = database
        self._ledger = ledger

    async def case_entries(self, case_no: str) -> list[Entry]:
        """See :class:`~station.application.issuing.Documents`."""
        return [entry_of(row) for row in await self._rows(_LEDGER["case_entries"], case_no)]

    async def timeline_entries(self, case_no: str, passage_id: str) -> list[Entry]:
        """See :class:`~station.application.issuing.Documents`."""
        rows = await self._rows(_LEDGER["timeline_entries"], case_no, passage_id)
        return [entry_of(row) for row in rows]

    async def of_case(self, case_no: str) -> list[DocumentView]:
        """See :class:`~station.application.issuing.Documents`."""
        return [_view(row) for row in await self._rows(_SQL["documents_of"], case_no)]

    async def document(self, number: str) -> DocumentView:
        """See :class:`~station.application.issuing.Documents`."""
        rows = await self._rows(_SQL["document"], number)
        if not rows:
            raise NotFound("document", number=number)
        view = _view(rows[0])
        if view.issued.number != number:
            raise StoreCorrupt("another one stands there", what="document", which=number)
        return view

    async def issued(self, kind: str, year: int) -> int:
        """See :class:`~station.application.issuing.Documents`."""
        return int((await self._rows(_SQL["documents_issued"], kind, year))[0][0])

    async def issue(self, payload: DocumentIssued) -> Entry:
        """See :class:`~station.application.issuing.Documents`."""

        def work(connection: apsw.Connection) -> list[Draft]:
            # Counted where it is written: two that took the same number cannot both be there.
            row = (payload.document, payload.year)
            ((count,),) = connection.execute(_SQL["documents_issued"], row)
            if count + 1 != payload.serial:
                raise DocumentNumberTaken(number=payload.number)
            return [Draft(Kind.DOCUMENT_ISSUED, payload)]

        (entry,) = await self._database.run(lambda c: self._ledger.append_with(c, work))
        return entry

    async def print(self, payload: DocumentPrinted) -> Entry:
        """See :class:`~station.application.issuing.Documents`."""
        (entry,) = await self._ledger.append(Draft(Kind.DOCUMENT_PRINTED, payload))
        return entry

    async def _rows(self, statement: str, *values: str | int) -> list[Row]:
        return await self._database.rows(statement, *values)


def _view(row: Row) -> DocumentView:
    blob, prints = row
    return msgspec.structs.replace(_DOCUMENT.decode(blob), prints=int(prints))
