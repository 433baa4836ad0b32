"""The ledger and its views in SQLite: entry, chain link and views in one durable transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import apsw

from station.application.ports import Draft
from station.application.views import Alarm, PassageView
from station.contract.entries import KeyRotate
from station.contract.sealing import Sealer
from station.domain.case import Case
from station.domain.errors import BadSignature, MalformedEntry, NotFound, StoreCorrupt
from station.domain.ledger import TAG, Entry, Head, digest, parse
from station.store.database import Database, immediate
from station.store.high_water import HighWater
from station.store.projection import project
from station.store.rotations import check_in_force, note_rotation
from station.store.sealed import Sealed
from station.store.sqlfile import load

Row = tuple[Any, ...]
"""What SQLite gives; each statement's file says which types."""

_LEDGER: Final = load("ledger")
_VIEWS: Final = load("views")
_PASSAGE: Final = Sealed(PassageView, "passage")
_CASE: Final = Sealed(Case, "case")
_ALARM: Final = Sealed(Alarm, "alarm")


class SqliteStore:
    """Implements :class:`~station.application.ports.Ledger` and ``Views``."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._high_water = HighWater(database.path.with_suffix(".head"))

    async def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """See :class:`~station.application.ports.Ledger`."""
        return await self._database.run(lambda connection: self.append_on(connection, drafts))

    def append_on(self, connection: apsw.Connection, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        """Write *drafts* on the store's own thread."""
        entries: list[Entry] = []
        with immediate(connection):
            check_in_force(connection, self._sealer.signer.key_id)
            head = _head(connection)
            self._high_water.require(head)
            for kind, payload in drafts:
                entry = self._sealer.seal(kind, payload, head)
                connection.execute(
                    _LEDGER["append"],
                    (entry.seq, entry.kind, entry.digest, entry.body, entry.signature),
                )
                project(connection, entry)
                if isinstance(payload, KeyRotate):
                    note_rotation(connection, self._sealer.signer.key_id, payload)
                entries.append(entry)
                head = entry.head
        self._high_water.note(head)
        return tuple(entries)

    async def head(self) -> Head:
        """See :class:`~station.application.ports.Ledger`."""
        return await self._database.run(_head)

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        """See :class:`~station.application.ports.Ledger`."""
        rows = await self._rows(_LEDGER["entries_after"], seq, limit)
        return [self._own(entry_of(row)) for row in rows]

    async def delivered(self) -> int:
        """See :class:`~station.application.ports.Ledger`."""
        rows = await self._rows(_LEDGER["get_meta"], "delivered")
        return int(rows[0][0]) if rows else 0

    async def note_delivered(self, seq: int) -> None:
        """See :class:`~station.application.ports.Ledger`."""
        await self._rows(_LEDGER["set_meta"], "delivered", str(seq))

    async def passages(self, limit: int) -> list[PassageView]:
        """See :class:`~station.application.ports.Views`."""
        return [_PASSAGE.decode(row[0]) for row in await self._rows(_VIEWS["passages"], limit)]

    async def passage(self, passage_id: str) -> PassageView:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._rows(_VIEWS["passage"], passage_id)
        if not rows:
            raise NotFound("passage", passage_id=passage_id)
        view = _PASSAGE.decode(rows[0][0])
        if view.passage.passage_id != passage_id:
            raise StoreCorrupt("another one stands there", what="passage", which=passage_id)
        return view

    async def cases(self, *, closed: bool, limit: int) -> list[Case]:
        """See :class:`~station.application.ports.Views`."""
        return [_CASE.decode(r[0]) for r in await self._rows(_VIEWS["cases"], int(closed), limit)]

    async def case(self, case_no: str) -> Case:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._rows(_VIEWS["case"], case_no)
        if not rows:
            raise NotFound("case", case_no=case_no)
        case = _CASE.decode(rows[0][0])
        if case.case_no != case_no:
            raise StoreCorrupt("another one stands there", what="case", which=case_no)
        return case

    async def held_case(self, plate: str, at: datetime) -> Case | None:
        """See :class:`~station.application.ports.Views`."""
        cases = [_CASE.decode(row[0]) for row in await self._rows(_VIEWS["cases_of"], plate)]
        return next((case for case in cases if case.held_at(at)), None)

    async def rechecks(self, case_no: str) -> list[PassageView]:
        """See :class:`~station.application.ports.Views`."""
        return [_PASSAGE.decode(row[0]) for row in await self._rows(_VIEWS["rechecks"], case_no)]

    async def cases_opened_on(self, day: str) -> int:
        """See :class:`~station.application.ports.Views`."""
        return int((await self._rows(_VIEWS["cases_opened_on"], day))[0][0])

    async def alarms(self, limit: int) -> list[Alarm]:
        """See :class:`~station.application.ports.Views`."""
        return [_ALARM.decode(row[0]) for row in await self._rows(_VIEWS["alarms"], limit)]

    async def rebuild(self) -> int:
        """Throw the views away and fold the ledger anew; return how many entries it held."""

        def work(connection: apsw.Connection) -> int:
            with immediate(connection):
                connection.execute(_VIEWS["clear_views"])
                count = 0
                for row in list(connection.execute(_LEDGER["entries_after"], (0, -1))):
                    project(connection, entry_of(row))
                    count += 1
            return count

        return await self._database.run(work)

    def _own(self, entry: Entry) -> Entry:
        """Return *entry*; when the present key signed it, the signature is checked too."""
        signer = self._sealer.signer
        if entry.key_id == signer.key_id:
            try:
                signer.verify(TAG + entry.body, entry.signature)
            except BadSignature as exc:
                raise StoreCorrupt(exc.detail, what="entry", which=str(entry.seq)) from exc
        return entry

    async def _rows(self, statement: str, *values: str | int) -> list[Row]:
        return await self._database.run(lambda c: list(c.execute(statement, values)))


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


def _head(connection: apsw.Connection) -> Head:
    for seq, named, body in connection.execute(_LEDGER["head"]):
        # The next entry names it: what stands in a column may have decayed.
        if digest(body) != named:
            raise StoreCorrupt("its digest is another", what="entry", which=str(seq))
        return Head(seq=seq, digest=named)
    return Head()
