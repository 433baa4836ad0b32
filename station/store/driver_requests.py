"""What drivers ask on their pages, with what they wrote and what they were answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw

from station.application.centre_ports import DriverAsked
from station.contract.entries import DriverAnswer, DriverRequest, Kind, commitments
from station.contract.personal import Opening, check_opening
from station.domain.errors import BadOpening
from station.domain.ledger import Entry
from station.store.database import Database
from station.store.sealed import Sealed
from station.store.sqlfile import load

_SQL: Final = load("requests")
_REQUEST: Final = Sealed(DriverRequest, Kind.DRIVER_REQUEST.value)
_ANSWER: Final = Sealed(DriverAnswer, Kind.DRIVER_ANSWER.value)
_NEXT: Final = "!"
"""What comes after the space that ends each part of a name."""


class SqliteDriverRequests:
    """Implements :class:`~station.application.centre_ports.DriverRequests`."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node

    async def of_case(self, case_no: str) -> list[DriverAsked]:
        """See :class:`~station.application.centre_ports.DriverRequests`."""
        return await self._asked(f"{self._node} {case_no}", unanswered=False)

    async def unanswered(self) -> list[DriverAsked]:
        """See :class:`~station.application.centre_ports.DriverRequests`."""
        return await self._asked(self._node, unanswered=True)

    async def _asked(self, begin: str, *, unanswered: bool) -> list[DriverAsked]:
        rows = await self._database.rows(_SQL["asked"], f"{begin} ", begin + _NEXT, int(unanswered))
        return [_shown(*row) for row in rows]


def request_name(entry: Entry, request: DriverRequest) -> str:
    """Return the name by which a request is kept, so that those of a case stand side by side."""
    return f"{request.node} {request.case_no} {entry.seq:012d}"


def put_texts(connection: apsw.Connection, entry: Entry, openings: Sequence[Opening]) -> None:
    """Keep what a driver wrote beside the centre's entry; what it does not commit to is left out.

    A wrong text would else stop all that comes after it.
    """
    for opening in openings:
        try:
            check_opening(opening, commitments(entry))
        except BadOpening:
            continue
        row = (entry.seq, opening.field, opening.salt, opening.text)
        connection.execute(_SQL["put_text"], row)


def erase_texts(connection: apsw.Connection, seqs: Sequence[int]) -> None:
    """Erase what drivers wrote: the centre has erased it too, and says so."""
    connection.pragma("secure_delete", True)
    for seq in seqs:
        connection.execute(_SQL["erase_texts"], (seq,))


def take_texts_out(connection: apsw.Connection, after: int) -> None:
    """Forget what was written beside entries that the centre has no more."""
    connection.execute(_SQL["take_texts_out"], (after,))


def put_answer(connection: apsw.Connection, answer: DriverAnswer) -> None:
    """Bring the view up to an answer."""
    row = (answer.request_seq, answer.case_no, _ANSWER.encode(answer))
    connection.execute(_SQL["put_answer"], row)


def _shown(
    seq: int, view: bytes, salt: str | None, text: str | None, answer: bytes | None
) -> DriverAsked:
    request = _REQUEST.decode(view)
    if text is not None and salt is not None:
        try:
            check_opening(Opening(field="text", salt=salt, text=text), request.personal)
        except BadOpening:
            text = None  # spoilt on the disk: the entry still commits to what it was
    return DriverAsked(
        seq=seq,
        request=request,
        text=text if request.personal else "",
        answer=None if answer is None else _ANSWER.decode(answer),
    )
