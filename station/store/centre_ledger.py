"""The centre's ledger as far as it was pulled, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, TypeVar

import apsw

from station.application.ports import Registered
from station.contract.checkpoint import checkpoint_time
from station.contract.entries import (
    AllowedProgram,
    DecisionBarred,
    DecisionInForce,
    DriverRequest,
    Enrolment,
    Kind,
    LegalIds,
    Permit,
    RegisteredVehicle,
    UnloadingForm,
    Watched,
)
from station.contract.part import Part
from station.contract.uplink import NONE, Openings
from station.domain.errors import DomainError, StoreCorrupt
from station.domain.ledger import Entry, Head, digest, follows
from station.domain.plates import PlateColour
from station.rules.records import vehicle_from_record
from station.store.centre_fold import fold
from station.store.database import Database, immediate
from station.store.driver_requests import put_texts
from station.store.ledger_rows import entry_of
from station.store.sealed import Sealed
from station.store.sqlfile import load

_SQL: Final = load("centre")
_LEDGER: Final = load("ledger")
CHECKPOINT: Final = "checkpoint"
_P = TypeVar("_P", bound=Part)
_ANSWERS: Final[dict[Kind, type[DecisionInForce] | type[DecisionBarred]]] = {
    Kind.DECISION_IN_FORCE: DecisionInForce,
    Kind.DECISION_BARRED: DecisionBarred,
}


class SqliteCentreLedger:
    """Implements :class:`~station.application.centre_ports.CentreLedger` and ``CentreFacts``."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node

    async def head(self) -> Head:
        """See :class:`~station.application.centre_ports.CentreLedger`."""
        return await self._database.run(_head)

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        """See :class:`~station.application.centre_ports.CentreLedger`."""
        return [
            entry_of(row) for row in await self._database.rows(_SQL["entries_after"], seq, limit)
        ]

    async def key_entries(self) -> list[Entry]:
        """See :class:`~station.application.centre_ports.CentreLedger`."""
        rows = await self._database.rows(_SQL["key_entries"])
        return [entry_of(row) for row in rows]

    async def append(self, entries: Sequence[Entry], openings: Openings = NONE) -> None:
        """See :class:`~station.application.centre_ports.CentreLedger`."""

        def work(connection: apsw.Connection) -> None:
            with immediate(connection):
                put_pulled(connection, entries, openings)

        await self._database.run(work)

    async def enrolments(self, node: str) -> list[Enrolment]:
        """See :class:`~station.application.centre_ports.CentreLedger`."""
        rows = await self._database.rows(_SQL["all_of"], Kind.ENROLMENT.value)
        sealed = Sealed(Enrolment, Kind.ENROLMENT.value)
        found = [sealed.decode(row[0]) for row in rows]
        return [one for one in found if one.node == node]

    async def checkpoint(self) -> str:
        """See :class:`~station.application.centre_ports.CentreLedger`."""
        rows = await self._database.rows(_LEDGER["get_meta"], CHECKPOINT)
        return str(rows[0][0]) if rows else ""

    async def note_checkpoint(self, note: str) -> None:
        """See :class:`~station.application.centre_ports.CentreLedger`."""
        await self._database.rows(_LEDGER["set_meta"], CHECKPOINT, note)

    async def watched(self, plate: str, on: date) -> Watched | None:
        """See :class:`~station.application.centre_ports.CentreFacts`."""
        found = await self._one(Kind.WATCH_LIST, plate, Watched)
        return found if found and on.isoformat() <= found.until else None

    async def permits(self, plate: str) -> list[tuple[int, Permit]]:
        """See :class:`~station.application.centre_ports.CentreFacts`."""
        sealed = Sealed(Permit, Kind.PERMIT.value)
        rows = await self._database.rows(_SQL["of_plate"], plate, Kind.PERMIT.value)
        return [(int(seq), sealed.decode(view)) for view, seq in rows]

    async def told_at(self) -> str:
        """See :class:`~station.application.centre_ports.CentreFacts`."""
        note = await self.checkpoint()
        return checkpoint_time(note.encode()) if note else ""

    async def decisions(self, plate: str) -> list[DecisionInForce]:
        """See :class:`~station.application.centre_ports.CentreFacts`."""
        return await self._of_plate(Kind.DECISION_IN_FORCE, plate, DecisionInForce)

    async def answer(self, case_no: str) -> tuple[int, DecisionInForce | DecisionBarred] | None:
        """See :class:`~station.application.centre_ports.CentreFacts`."""
        for kind, shape in _ANSWERS.items():
            for seq, view in await self._database.rows(
                _SQL["answer"], kind.value, f"{self._node} {case_no}"
            ):
                return int(seq), Sealed(shape, kind.value).decode(view)
        return None

    async def unloading_forms(self, plate: str) -> list[UnloadingForm]:
        """See :class:`~station.application.centre_ports.CentreFacts`."""
        return await self._of_plate(Kind.UNLOADING_FORM, plate, UnloadingForm)

    async def requests(self, plate: str) -> list[DriverRequest]:
        """See :class:`~station.application.centre_ports.CentreFacts`."""
        found = await self._of_plate(Kind.DRIVER_REQUEST, plate, DriverRequest)
        return [one for one in found if one.node == self._node]

    async def allowed_programs(self) -> list[AllowedProgram] | None:
        """See :class:`~station.application.centre_ports.CentreFacts`."""
        found = await self._one(Kind.LEGAL_IDS, "", LegalIds)
        return None if found is None else found.allowed

    async def find(self, plate: str) -> Registered | None:
        """See :class:`~station.application.ports.Register`: out of the centre's extracts."""
        found = await self._one(Kind.REGISTER_EXTRACT, plate, RegisteredVehicle)
        if found is None:
            return None
        try:
            vehicle = vehicle_from_record(found.vehicle)
            return Registered(PlateColour(found.colour), vehicle) if vehicle else None
        except (ValueError, DomainError):
            # A facts record of a later edition: the officer names what this program cannot read.
            return None

    async def _one(self, kind: Kind, name: str, shape: type[_P]) -> _P | None:
        rows = await self._database.rows(_SQL["one"], kind.value, name)
        return Sealed(shape, kind.value).decode(rows[0][0]) if rows else None

    async def _of_plate(self, kind: Kind, plate: str, shape: type[_P]) -> list[_P]:
        rows = await self._database.rows(_SQL["of_plate"], plate, kind.value)
        sealed = Sealed(shape, kind.value)
        return [sealed.decode(row[0]) for row in rows]


def put_pulled(
    connection: apsw.Connection, entries: Sequence[Entry], openings: Openings = NONE
) -> None:
    """Write checked entries after the last one, and what follows from them.

    Raises:
        BrokenChain, Fork: they do not follow it.
    """
    head = _head(connection)
    for entry in entries:
        follows(entry, head)
        row = (entry.seq, entry.kind, entry.digest, entry.body, entry.signature)
        connection.execute(_SQL["append"], row)
        put_texts(connection, entry, openings.get(entry.seq, ()))
        fold(connection, entry)
        head = entry.head


def _head(connection: apsw.Connection) -> Head:
    for seq, named, body in connection.execute(_SQL["head"]):
        if digest(body) != named:
            raise StoreCorrupt("its digest is another", what="centre_entry", which=str(seq))
        return Head(seq=seq, digest=named)
    return Head()
