"""The ledger and its views in SQLite: entry, chain link and views in one durable transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import apsw
import msgspec

from station.application.ports import Draft
from station.application.views import Alarm, PassageView
from station.contract.entries import KeyRotate
from station.contract.sealing import Sealer
from station.domain.case import Case
from station.domain.errors import NotFound
from station.domain.ledger import Entry, Head, parse
from station.store.database import Database, immediate
from station.store.projection import project
from station.store.rotations import check_in_force, note_rotation
from station.store.sqlfile import load

Row = tuple[Any, ...]
"""What SQLite gives; each statement's file says which types."""

_LEDGER: Final = load("ledger")
_VIEWS: Final = load("views")
_PASSAGE: Final = msgspec.msgpack.Decoder(PassageView)
_CASE: Final = msgspec.msgpack.Decoder(Case)
_ALARM: Final = msgspec.msgpack.Decoder(Alarm)


class SqliteStore:
    """Implements :class:`~station.application.ports.Ledger` and ``Views``."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """See :class:`~station.application.ports.Ledger`."""
        return await self._database.run(lambda connection: self.append_on(connection, drafts))

    def append_on(self, connection: apsw.Connection, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        """Write *drafts* on the store's own thread."""
        entries: list[Entry] = []
        with immediate(connection):
            check_in_force(connection, self._sealer.signer.key_id)
            head = _head(connection)
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
        return tuple(entries)

    async def head(self) -> Head:
        """See :class:`~station.application.ports.Ledger`."""
        return await self._database.run(_head)

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        """See :class:`~station.application.ports.Ledger`."""
        rows = await self._rows(_LEDGER["entries_after"], seq, limit)
        return [parse(body, signature) for body, signature in rows]

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
        return _PASSAGE.decode(rows[0][0])

    async def cases(self, *, closed: bool, limit: int) -> list[Case]:
        """See :class:`~station.application.ports.Views`."""
        return [_CASE.decode(r[0]) for r in await self._rows(_VIEWS["cases"], int(closed), limit)]

    async def case(self, case_no: str) -> Case:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._rows(_VIEWS["case"], case_no)
        if not rows:
            raise NotFound("case", case_no=case_no)
        return _CASE.decode(rows[0][0])

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
                for body, signature in list(connection.execute(_LEDGER["entries_after"], (0, -1))):
                    project(connection, parse(body, signature))
                    count += 1
            return count

        return await self._database.run(work)

    async def _rows(self, statement: str, *values: str | int) -> list[Row]:
        return await self._database.run(lambda c: list(c.execute(statement, values)))


def _head(connection: apsw.Connection) -> Head:
    for seq, digest in connection.execute(_LEDGER["head"]):
        return Head(seq=seq, digest=digest)
    return Head()
