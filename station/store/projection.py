"""Folds one entry into the views, in the transaction that writes it."""

from __future__ import annotations

from typing import Final

import apsw
import msgspec

from station.application.views import (
    Alarm,
    PassageView,
    acted_case,
    alarm_of,
    first_view,
    moment,
    opened_case,
    reviewed_view,
)
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    DeviceEvent,
    Passage,
    PassageReview,
    UnweighedPass,
    WeightChanged,
    read,
)
from station.domain.case import Case
from station.domain.ledger import Entry
from station.store.sealed import Sealed
from station.store.sqlfile import load

_SQL: Final = load("views")
_PASSAGE: Final = Sealed(PassageView, "passage")
_CASE: Final = Sealed(Case, "case")
_ALARM: Final = Sealed(Alarm, "alarm")


def project(connection: apsw.Connection, entry: Entry) -> None:
    """Bring the views up to *entry*."""
    envelope, payload = read(entry)
    match payload:
        case Passage():
            _put_passage(connection, entry.seq, first_view(entry, payload))
        case PassageReview():
            view = _passage(connection, payload.passage_id)
            _put_passage(connection, entry.seq, reviewed_view(entry, view, payload))
        case CaseOpened():
            _put_case(connection, entry.seq, opened_case(payload), payload.occurred_on)
            view = _passage(connection, payload.passage_id)
            _put_passage(
                connection, entry.seq, msgspec.structs.replace(view, case_no=payload.case_no)
            )
        case CaseAct():
            case = acted_case(_case(connection, payload.case_no), payload)
            _put_case(connection, entry.seq, case, "")
        case DeviceEvent():
            _put_alarm(connection, entry.seq, alarm_of(payload))
        case WeightChanged():
            detail = f"{payload.passage_id}: {payload.recorded_kg} kg, {payload.later_kg} kg"
            at = moment(envelope.wall_utc)
            alarm = Alarm(code="weight.changed", detail=detail, device="scale", at=at)
            _put_alarm(connection, entry.seq, alarm)
        case UnweighedPass():
            detail = f"{payload.reason} {payload.plate or ''}".strip()
            at = moment(payload.began_at)
            alarm = Alarm(code="passage.unweighed", detail=detail, device="lane", at=at)
            _put_alarm(connection, entry.seq, alarm)


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


def _case(connection: apsw.Connection, case_no: str) -> Case:
    ((view,),) = connection.execute(_SQL["case"], (case_no,))
    return _CASE.decode(view)


def _put_alarm(connection: apsw.Connection, seq: int, alarm: Alarm) -> None:
    connection.execute(_SQL["put_alarm"], (seq, _ALARM.encode(alarm)))
