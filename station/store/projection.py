"""Folds one entry into the views, in the transaction that writes it."""

from __future__ import annotations

from typing import Final

import apsw
import msgspec

from station.application.views import (
    Alarm,
    DocumentView,
    PassageView,
    alarm_of,
    first_view,
    moment,
    receipt,
    reviewed_view,
)
from station.contract.case_file import acted_case, acted_evasion, opened_case, opened_evasion
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    CentreContradiction,
    DeviceEvent,
    DocumentIssued,
    DocumentPrinted,
    DocumentSigned,
    DriverAnswer,
    EvasionActed,
    EvasionOpened,
    Passage,
    PassageReview,
    Payload,
    RecordingExcused,
    RecordingImported,
    UnweighedPass,
    VehicleMismatch,
    WatchHit,
    WeightChanged,
    read,
)
from station.contract.sealing import local_day
from station.domain.case import Case
from station.domain.evasion import Evasion
from station.domain.ledger import Entry
from station.domain.stages import Penalty
from station.store.driver_requests import put_answer
from station.store.sealed import Sealed
from station.store.sqlfile import load

_SQL: Final = load("views")
_PASSAGE: Final = Sealed(PassageView, "passage")
_CASE: Final = Sealed(Case, "case")
_EVASION: Final = Sealed(Evasion, "evasion")
_ALARM: Final = Sealed(Alarm, "alarm")
_DOCUMENT: Final = Sealed(DocumentView, "document")


def project(connection: apsw.Connection, entry: Entry) -> Payload:
    """Bring the views up to *entry*; return its payload."""
    envelope, payload = read(entry)
    match payload:
        case Passage():
            _put_passage(connection, entry.seq, first_view(entry, payload))
        case PassageReview() | VehicleMismatch():
            _look_again(connection, entry, payload)
        case CaseOpened():
            _put_case(connection, entry.seq, opened_case(payload), payload.occurred_on)
            view = _passage(connection, payload.passage_id)
            _put_passage(
                connection, entry.seq, msgspec.structs.replace(view, case_no=payload.case_no)
            )
        case CaseAct():
            _act(connection, entry.seq, payload)
        case EvasionOpened() | EvasionActed():
            _put_evasion(connection, entry.seq, payload)
        case (
            DocumentIssued()
            | DocumentPrinted()
            | DocumentSigned()
            | RecordingImported()
            | RecordingExcused()
            | DriverAnswer()
        ):
            _put_into_file(connection, entry, payload)
        case DeviceEvent() | WeightChanged() | UnweighedPass() | WatchHit() | CentreContradiction():
            alarm = alarm_of(payload, moment(envelope.wall_utc))
            row = (entry.seq, _ALARM.encode(alarm))
            connection.execute(_SQL["put_alarm"], row)
    return payload


def _look_again(
    connection: apsw.Connection, entry: Entry, said: PassageReview | VehicleMismatch
) -> None:
    if isinstance(said, PassageReview):
        _review(connection, entry, said)
        return
    view = _passage(connection, said.passage_id)
    seen = (*view.mismatches, said)
    _put_passage(connection, entry.seq, msgspec.structs.replace(view, mismatches=seen))


def _review(connection: apsw.Connection, entry: Entry, review: PassageReview) -> None:
    view = reviewed_view(entry, _passage(connection, review.passage_id), review)
    _put_passage(connection, entry.seq, view)


def _act(connection: apsw.Connection, seq: int, act: CaseAct) -> None:
    case = acted_case(_case(connection, act.case_no), act)
    _put_case(connection, seq, case, "")
    acted_on = local_day(moment(act.at))
    connection.execute(_SQL["put_act"], (seq, case.case_no, acted_on))
    if case.state.penalty is Penalty.VOIDED:
        # Its weighing may be reviewed again, and found otherwise.
        view = _passage(connection, case.passage_id)
        _put_passage(connection, seq, msgspec.structs.replace(view, case_no=None))


def _put_evasion(
    connection: apsw.Connection, seq: int, payload: EvasionOpened | EvasionActed
) -> None:
    if isinstance(payload, EvasionOpened):
        file = opened_evasion(payload)
    else:
        ((view,),) = connection.execute(_SQL["evasion"], (payload.evasion_no,))
        file = acted_evasion(_EVASION.decode(view), payload)
    connection.execute(_SQL["put_filing"], (payload.evasion_no, seq))
    opened_on = local_day(file.opened_at)
    row = (file.evasion_no, seq, opened_on, int(file.closed), _EVASION.encode(file))
    connection.execute(_SQL["put_evasion"], row)


def _put_passage(connection: apsw.Connection, seq: int, view: PassageView) -> None:
    row = (view.passage.passage_id, seq, view.recheck_of, _PASSAGE.encode(view))
    connection.execute(_SQL["put_passage"], row)


def _passage(connection: apsw.Connection, passage_id: str) -> PassageView:
    ((view,),) = connection.execute(_SQL["passage"], (passage_id,))
    return _PASSAGE.decode(view)


def _put_case(connection: apsw.Connection, seq: int, case: Case, opened_on: str) -> None:
    row = (
        case.case_no,
        seq,
        opened_on,
        case.plate,
        int(case.closed),
        _CASE.encode(case),
    )
    connection.execute(_SQL["put_case"], row)
    waits = case.state.penalty is Penalty.DECIDED
    connection.execute(_SQL["put_waiting" if waits else "take_waiting"], (case.case_no,))


def _put_into_file(
    connection: apsw.Connection,
    entry: Entry,
    filed: (
        DocumentIssued
        | DocumentPrinted
        | DocumentSigned
        | RecordingImported
        | RecordingExcused
        | DriverAnswer
    ),
) -> None:
    match filed:
        case DocumentIssued():
            _put_document(connection, entry, filed)
        case RecordingImported():
            _put_clip(connection, entry.seq, filed)
        case DocumentPrinted() | DocumentSigned() | RecordingExcused() | DriverAnswer():
            if isinstance(filed, DocumentPrinted):
                connection.execute(_SQL["put_print"], (filed.number, filed.print_no))
            if isinstance(filed, DriverAnswer):
                put_answer(connection, filed)
            connection.execute(_SQL["put_filing"], (filed.case_no, entry.seq))


def _put_document(connection: apsw.Connection, entry: Entry, issued: DocumentIssued) -> None:
    view = _DOCUMENT.encode(DocumentView(issued=issued, receipt=receipt(entry)))
    row = (entry.seq, issued.number, issued.document, issued.year, issued.case_no, view)
    connection.execute(_SQL["put_document"], row)


def _put_clip(connection: apsw.Connection, seq: int, clip: RecordingImported) -> None:
    connection.execute(_SQL["put_clip"], (clip.sha256, seq))
    for act in clip.acts:
        connection.execute(_SQL["put_filing"], (act.case_no, seq))


def _case(connection: apsw.Connection, case_no: str) -> Case:
    ((view,),) = connection.execute(_SQL["case"], (case_no,))
    return _CASE.decode(view)
