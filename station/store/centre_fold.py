"""Folds one entry of the centre's ledger into what it comes to here."""

from __future__ import annotations

from typing import Final

import apsw

from station.contract.entries import (
    CentrePersonalErased,
    DecisionBarred,
    DecisionEnded,
    DecisionInForce,
    DriverRequest,
    Enrolment,
    Kind,
    LegalIds,
    OfficerChange,
    Payload,
    Permit,
    RegisterExtract,
    UnloadingForm,
    WatchList,
    read,
)
from station.contract.part import Part
from station.domain.ledger import Entry
from station.store.driver_requests import erase_texts, request_name
from station.store.sealed import Sealed
from station.store.sqlfile import load

_SQL: Final = load("centre")
REVOKED: Final = "revoked"


def fold(connection: apsw.Connection, entry: Entry) -> None:
    """Bring what the centre's ledger comes to up to *entry*."""
    _, payload = read(entry)
    put = _Put(connection, entry)
    match payload:
        case WatchList():
            connection.execute(_SQL["empty_topic"], (entry.kind,))
            for watched in payload.watched:
                put(watched.plate, watched.plate, watched)
        case RegisterExtract():
            for vehicle in payload.vehicles:
                put(vehicle.plate, vehicle.plate, vehicle)
        case Permit() if payload.revoked:
            put.take_away(payload.permit_no)
        case DecisionEnded():
            put.take_away(f"{payload.node} {payload.case_no}", Kind.DECISION_IN_FORCE)
        case DriverRequest():
            put(request_name(entry, payload), payload.plate, payload)
        case CentrePersonalErased() if payload.node == entry.node:
            erase_texts(connection, [one.seq for one in payload.erased])
        case OfficerChange() if payload.change != REVOKED:
            put.take_away(payload.certificate_no)
        case _:
            _put_one(put, payload)


def _put_one(put: _Put, payload: Payload) -> None:
    match payload:
        case Permit():
            put(payload.permit_no, payload.plate, payload)
        case OfficerChange():
            put(payload.certificate_no, "", payload)
        case Enrolment():
            put(f"{payload.node} {payload.key_id}", "", payload)
        case LegalIds():
            put("", "", payload)
        case DecisionInForce() | DecisionBarred() | UnloadingForm():
            put(f"{payload.node} {payload.case_no}", payload.plate, payload)


class _Put:
    def __init__(self, connection: apsw.Connection, entry: Entry) -> None:
        self._connection = connection
        self._entry = entry

    def __call__(self, name: str, plate: str, view: Part) -> None:
        row = (
            self._entry.kind,
            name,
            plate,
            self._entry.seq,
            Sealed(type(view), self._entry.kind).encode(view),
        )
        self._connection.execute(_SQL["put"], row)

    def take_away(self, name: str, topic: Kind | None = None) -> None:
        """Forget one thing, of the entry's own topic or of another."""
        kind = self._entry.kind if topic is None else topic.value
        self._connection.execute(_SQL["take_away"], (kind, name))
