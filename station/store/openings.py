"""Clear text of personal fields beside the entries: checked whenever it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw

from station.contract.entries import commitments
from station.contract.personal import Opening, check_opening
from station.domain.errors import BadOpening, EvidenceError
from station.domain.ledger import Entry, parse
from station.store.sqlfile import load

_SQL: Final = load("ledger")


def put_openings(connection: apsw.Connection, entry: Entry, openings: Sequence[Opening]) -> None:
    """Keep the clear texts of *entry*, in the transaction that writes it.

    Raises:
        BadOpening: one is not what the entry commits to.
    """
    committed = commitments(entry) if openings else {}
    for opening in openings:
        check_opening(opening, committed)
        row = (entry.seq, opening.field, opening.salt, opening.text)
        connection.execute(_SQL["add_opening"], row)


def read_openings(
    connection: apsw.Connection, first: int, last: int
) -> dict[int, tuple[Opening, ...]]:
    """Return the clear texts from entry *first* to *last*, by seq.

    Raises:
        BadOpening: one is not what its entry commits to.
    """
    found: dict[int, tuple[Opening, ...]] = {}
    for field, salt, text, seq, body, signature in connection.execute(
        _SQL["openings"], (first, last)
    ):
        opening = Opening(field=field, salt=salt, text=text)
        try:
            check_opening(opening, commitments(parse(body, signature)))
        except EvidenceError as exc:
            raise BadOpening(field, seq=seq, field=field) from exc
        found[seq] = (*found.get(seq, ()), opening)
    return found
