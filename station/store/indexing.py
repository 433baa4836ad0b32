"""The index of recordings: it follows the ledger, behind its commits.

Digests stand scattered in it: a truck that waited for its own would wait for as many pages more as
it has recordings. Nobody needs the index to weigh or to act; whoever asks it brings it up first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import apsw

from station.application.views import PassageView, alarm_of, moment
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    CentreContradiction,
    DeviceEvent,
    DocumentIssued,
    EvasionActed,
    EvasionOpened,
    MediaErased,
    Passage,
    PassageReview,
    RecordingImported,
    UnweighedPass,
    VehicleMismatch,
    WatchHit,
    WeightChanged,
    read,
)
from station.contract.media import media_of
from station.contract.sealing import local_day
from station.domain.ledger import Entry
from station.store.database import Database, immediate
from station.store.ledger_rows import entry_of, read_head
from station.store.marks import INDEXED, mark
from station.store.sealed import Sealed
from station.store.sqlfile import load

_SQL: Final = load("views")
_LEDGER: Final = load("ledger")
_PASSAGE: Final = Sealed(PassageView, "passage")
PAGE: Final = 200
"""Entries of one transaction: a truck that is to be written meanwhile waits for no more."""


async def indexed(database: Database) -> None:
    """Bring the index up to the ledger; the errors are those of :meth:`Database.run`."""
    while await database.run(_index_page):
        pass


def index(connection: apsw.Connection, entry: Entry) -> None:
    """Bring the index up to *entry*; its views are folded already."""
    envelope, payload = read(entry)
    match payload:
        case MediaErased():
            for sha256 in payload.sha256:
                connection.execute(_SQL["erase_recording"], (sha256, entry.seq))
        case CaseOpened() | VehicleMismatch():
            _keep_passage(connection, payload.passage_id)
        case PassageReview():
            _review(connection, entry.seq, payload)
        case EvasionOpened() | EvasionActed():
            _evasion(connection, payload)
        case Passage() | CaseAct() | DocumentIssued() | RecordingImported():
            made_on, of_case = _made(payload)
            _record(connection, entry.seq, media_of(payload), made_on, of_case)
        case DeviceEvent() | WeightChanged() | UnweighedPass() | WatchHit() | CentreContradiction():
            made_on = local_day(alarm_of(payload, moment(envelope.wall_utc)).at)
            _record(connection, entry.seq, media_of(payload), made_on, of_case=False)


def _made(payload: Passage | CaseAct | DocumentIssued | RecordingImported) -> tuple[str, bool]:
    """Return the local day of what *payload* names, and whether it belongs to a case."""
    match payload:
        case Passage():
            return payload.occurred_on, payload.recheck_of is not None
        case CaseAct():
            return local_day(moment(payload.at)), True
        case DocumentIssued():
            return local_day(moment(payload.issued_at)), True
        case RecordingImported():
            return local_day(moment(payload.began_at)), bool(payload.acts)


def index_now(connection: apsw.Connection, seq: int) -> None:
    """Bring the index up to entry *seq*, in the caller's transaction."""
    while (reached := mark(connection, INDEXED)) < seq:
        rows = connection.execute(_LEDGER["entries_after"], (reached, min(PAGE, seq - reached)))
        page = [entry_of(row) for row in rows]
        for entry in page:
            index(connection, entry)
        connection.execute(_LEDGER["set_meta"], (INDEXED, str(page[-1].seq)))


def paper_of(review: PassageReview) -> str | None:
    """Return the digest of the picture of a permit on paper; whether it is a case's shows now."""
    permit = None if review.permits is None else review.permits.permit
    return None if permit is None or permit.picture is None else permit.picture.sha256


def _index_page(connection: apsw.Connection) -> bool:
    """Take the next page into the index; False when there was none."""
    reached, end = mark(connection, INDEXED), read_head(connection).seq
    if reached >= end:
        return False
    with immediate(connection):
        index_now(connection, min(end, reached + PAGE))
    return True


def _review(connection: apsw.Connection, seq: int, review: PassageReview) -> None:
    if review.recheck_of is not None:
        _keep_passage(connection, review.passage_id)
    paper = paper_of(review)
    if paper is not None:
        ((blob,),) = connection.execute(_SQL["passage"], (review.passage_id,))
        view = _PASSAGE.decode(blob)
        of_case = view.case_no is not None  # it is why the case was voided
        _record(connection, seq, (paper,), view.passage.occurred_on, of_case)


def _evasion(connection: apsw.Connection, payload: EvasionOpened | EvasionActed) -> None:
    if isinstance(payload, EvasionOpened):
        _keep_passage(connection, payload.passage_id)
        _keep(connection, [one.digest for one in payload.evidence])
    elif "digest" in payload.details:
        _keep(connection, [str(payload.details["digest"])])


def _record(
    connection: apsw.Connection, seq: int, media: Iterable[str], made_on: str, of_case: bool
) -> None:
    for sha256 in media:
        connection.execute(_SQL["put_recording"], (sha256, seq, made_on, int(of_case)))


def _keep(connection: apsw.Connection, media: Iterable[str]) -> None:
    """Keep what a case refers to."""
    for sha256 in media:
        connection.execute(_SQL["keep_recording"], (sha256,))


def _keep_passage(connection: apsw.Connection, passage_id: str) -> None:
    """Keep what a passage names; an evasion may have none."""
    for (view,) in connection.execute(_SQL["passage"], (passage_id,)):
        _keep(connection, media_of(_PASSAGE.decode(view).passage))
