"""Rows of the ledger, read with doubt."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import apsw

from station.application.views import moment
from station.contract.entries import read
from station.domain.errors import EvidenceError, MalformedEntry, StoreCorrupt
from station.domain.ledger import Entry, Head, digest, parse
from station.store.database import Row
from station.store.sqlfile import load

_SQL: Final = load("ledger")


def entry_of(row: Row) -> Entry:
    """Return the entry that a row keeps: seq, digest, body, signature.

    Raises:
        StoreCorrupt: the bytes are not those that were written.
    """
    seq, named, body, signature = row
    try:
        entry = parse(body, signature)
    except MalformedEntry as exc:
        raise StoreCorrupt(exc.detail, what="entry", which=str(seq)) from exc
    if (entry.seq, entry.digest) != (seq, named):
        raise StoreCorrupt("its digest is another", what="entry", which=str(seq))
    return entry


def read_head(connection: apsw.Connection) -> Head:
    """Return where the ledger ends.

    Raises:
        StoreCorrupt: its last entry is not what was written.
    """
    for seq, named, body in connection.execute(_SQL["head"]):
        # The next entry names it: what stands in a column may have decayed.
        if digest(body) != named:
            raise StoreCorrupt("its digest is another", what="entry", which=str(seq))
        return Head(seq=seq, digest=named)
    return Head()


def newest_at(connection: apsw.Connection) -> datetime | None:
    """Return the time of the newest entry; None when there is none that can be read."""
    for body, signature in connection.execute(_SQL["newest"]):
        try:
            envelope, _ = read(parse(body, signature))
        except EvidenceError:
            return None
        return moment(envelope.wall_utc)
    return None
