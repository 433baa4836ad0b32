"""Writes entries and what has to be known of them at once, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw

from station.contract.entries import KeyRotate, PassageReview, Payload
from station.contract.personal import Opening
from station.domain.ledger import Entry
from station.store.indexing import index_now, paper_of
from station.store.openings import put_openings
from station.store.projection import project
from station.store.rotations import note_rotation
from station.store.sqlfile import load

_SQL: Final = load("ledger")


def put_entry(connection: apsw.Connection, entry: Entry, openings: Sequence[Opening]) -> None:
    """Write an entry, its clear texts and its views."""
    row = (entry.seq, entry.kind, entry.digest, entry.body, entry.signature)
    connection.execute(_SQL["append"], row)
    put_openings(connection, entry, openings)
    payload = put_views(connection, entry)
    if isinstance(payload, KeyRotate):
        note_rotation(connection, entry.key_id, payload)


def put_views(connection: apsw.Connection, entry: Entry) -> Payload:
    """Bring the views up to *entry*, which the ledger has; return its payload."""
    payload = project(connection, entry)
    if isinstance(payload, PassageReview) and paper_of(payload) is not None:
        index_now(connection, entry.seq)  # later the view may tell of another case
    return payload
