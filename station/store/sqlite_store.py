"""The ledger and its views in SQLite: entry, chain link and views in one durable transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import apsw
import msgspec

from station.application.centre_ports import Steps
from station.application.ports import Draft
from station.application.views import Alarm, PassageView
from station.contract.personal import Opening
from station.contract.sealing import Sealer
from station.domain.case import Case
from station.domain.errors import BadSignature, NotFound, StoreCorrupt
from station.domain.evasion import Evasion
from station.domain.ledger import TAG, Entry, Head
from station.store.database import Database, immediate
from station.store.high_water import HighWater
from station.store.ledger_rows import entry_of, newest_at, read_head
from station.store.openings import read_openings
from station.store.rotations import check_in_force
from station.store.sealed import Sealed
from station.store.sqlfile import load
from station.store.writing import put_entry

_LEDGER: Final = load("ledger")
_VIEWS: Final = load("views")
_PASSAGE: Final = Sealed(PassageView, "passage")
_CASE: Final = Sealed(Case, "case")
_EVASION: Final = Sealed(Evasion, "evasion")
_ALARM: Final = Sealed(Alarm, "alarm")


class SqliteStore:
    """Implements :class:`~station.application.ports.Ledger` and ``Views``."""

    def __init__(self, database: Database, sealer: Sealer, steps: Steps) -> None:
        self._database = database
        self._sealer = sealer
        self._steps = steps
        self._high_water = HighWater(database.path.with_suffix(".head"))

    @property
    def node(self) -> str:
        """Return whose ledger this is."""
        return self._sealer.node

    async def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """See :class:`~station.application.ports.Ledger`."""
        return await self._database.run(lambda connection: self.append_on(connection, drafts))

    def append_on(self, connection: apsw.Connection, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        """Write *drafts* on the store's own thread."""
        return self.append_with(connection, lambda _: drafts)

    def append_with(
        self, connection: apsw.Connection, work: Callable[[apsw.Connection], Sequence[Draft]]
    ) -> tuple[Entry, ...]:
        """Do *work* and write the drafts that it returns, all in one transaction."""
        with immediate(connection):
            head = read_head(connection)
            self._high_water.require(head)
            before = connection.total_changes()
            drafts = work(connection)
            if connection.total_changes() != before:
                head = read_head(connection)  # the work may have been to the ledger itself
            steps = self._steps.pending()
            entries = self._write(connection, head, (*steps, *drafts))
        if entries:
            self.note_end(entries[-1].head, len(steps))
        return entries[len(steps) :]

    def continue_on(self, connection: apsw.Connection) -> tuple[Draft, ...]:
        """Go on after entries from elsewhere; return what has to be written before anything else.

        Their clock may have been ahead of ours: then the next entry says so.
        """
        newest = newest_at(connection)
        if newest is not None:
            self._steps.continue_from(newest)
        return self._steps.pending()

    def write(self, connection: apsw.Connection, drafts: Sequence[Draft]) -> tuple[Entry, ...]:
        """Seal and write *drafts*, in the caller's transaction."""
        return self._write(connection, read_head(connection), drafts)

    def _write(
        self, connection: apsw.Connection, head: Head, drafts: Sequence[Draft]
    ) -> tuple[Entry, ...]:
        check_in_force(connection, self._sealer.signer.key_id)
        entries: list[Entry] = []
        for draft in drafts:
            entry = self._sealer.seal(draft.kind, draft.payload, head)
            put_entry(connection, entry, draft.openings)
            entries.append(entry)
            head = entry.head
        return tuple(entries)

    def note_end(self, head: Head, steps: int = 0) -> None:
        """Take a new end of the ledger, once it is durable, with so many changes of the clock."""
        self._steps.written(steps)
        self._high_water.note(head)

    def note_adopted(self, head: Head) -> None:
        """Take the end of a ledger that was made good; what is still missing stays missed."""
        self._high_water.note_higher(head)

    async def head(self) -> Head:
        """See :class:`~station.application.ports.Ledger`."""
        return await self._database.run(read_head)

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        """See :class:`~station.application.ports.Ledger`."""
        rows = await self._database.rows(_LEDGER["entries_after"], seq, limit)
        return [self._own(entry_of(row)) for row in rows]

    async def naming(self, texts: Sequence[bytes], passage_id: str) -> list[Entry]:
        """Return the entries about weighings and cases that name one of *texts*, in order.

        Those from the passage on, that is; without such a passage there are none.
        """
        listed = msgspec.json.encode([text.decode() for text in texts]).decode()
        rows = [
            row
            for (first,) in await self._database.rows(_VIEWS["passage_seq"], passage_id)
            for row in await self._database.rows(_LEDGER["naming"], first, listed)
        ]
        return [self._own(entry_of(row)) for row in rows]

    async def rotations(self) -> list[Entry]:
        """See :class:`~station.application.ports.Ledger`."""
        return [entry_of(row) for row in await self._database.rows(_LEDGER["rotations"])]

    async def openings(self, first: int, last: int) -> dict[int, tuple[Opening, ...]]:
        """See :class:`~station.application.ports.Ledger`."""
        return await self._database.run(lambda c: read_openings(c, first, last))

    async def passages(self, limit: int) -> list[PassageView]:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._database.rows(_VIEWS["passages"], limit)
        return [_PASSAGE.decode(row[0]) for row in rows]

    async def passage(self, passage_id: str) -> PassageView:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._database.rows(_VIEWS["passage"], passage_id)
        if not rows:
            raise NotFound("passage", passage_id=passage_id)
        view = _PASSAGE.decode(rows[0][0])
        if view.passage.passage_id != passage_id:
            raise StoreCorrupt("another one stands there", what="passage", which=passage_id)
        return view

    async def cases(self, *, closed: bool, limit: int) -> list[Case]:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._database.rows(_VIEWS["cases"], int(closed), limit)
        return [_CASE.decode(row[0]) for row in rows]

    async def cases_waiting(self) -> list[Case]:
        """See :class:`~station.application.claims.Waiting`."""
        return [_CASE.decode(row[0]) for row in await self._database.rows(_VIEWS["cases_waiting"])]

    async def case(self, case_no: str) -> Case:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._database.rows(_VIEWS["case"], case_no)
        if not rows:
            raise NotFound("case", case_no=case_no)
        case = _CASE.decode(rows[0][0])
        if case.case_no != case_no:
            raise StoreCorrupt("another one stands there", what="case", which=case_no)
        return case

    async def held_case(self, plate: str, at: datetime) -> Case | None:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._database.rows(_VIEWS["cases_of"], plate)
        cases = [_CASE.decode(row[0]) for row in rows]
        return next((case for case in cases if case.held_at(at)), None)

    async def personal(self, case_no: str) -> list[tuple[Opening, ...]]:
        """See :class:`~station.application.ports.Views`."""

        def work(connection: apsw.Connection) -> list[tuple[Opening, ...]]:
            acts = [seq for (seq,) in connection.execute(_LEDGER["acts_of"], (case_no,))]
            return [read_openings(connection, seq, seq).get(seq, ()) for seq in acts]

        return await self._database.run(work)

    async def rechecks(self, case_no: str) -> list[PassageView]:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._database.rows(_VIEWS["rechecks"], case_no)
        return [_PASSAGE.decode(row[0]) for row in rows]

    async def cases_opened_on(self, day: str) -> int:
        """See :class:`~station.application.ports.Views`."""
        return int((await self._database.rows(_VIEWS["cases_opened_on"], day))[0][0])

    async def evasions(self, *, closed: bool, limit: int) -> list[Evasion]:
        """See :class:`~station.application.evading.Evasions`."""
        rows = await self._database.rows(_VIEWS["evasions"], int(closed), limit)
        return [_EVASION.decode(row[0]) for row in rows]

    async def evasion(self, evasion_no: str) -> Evasion:
        """See :class:`~station.application.evading.Evasions`."""
        rows = await self._database.rows(_VIEWS["evasion"], evasion_no)
        if not rows:
            raise NotFound("evasion", evasion_no=evasion_no)
        file = _EVASION.decode(rows[0][0])
        if file.evasion_no != evasion_no:
            raise StoreCorrupt("another one stands there", what="case", which=evasion_no)
        return file

    async def evasions_opened_on(self, day: str) -> int:
        """See :class:`~station.application.evading.Evasions`."""
        return int((await self._database.rows(_VIEWS["evasions_opened_on"], day))[0][0])

    async def alarms(self, limit: int) -> list[Alarm]:
        """See :class:`~station.application.ports.Views`."""
        rows = await self._database.rows(_VIEWS["alarms"], limit)
        return [_ALARM.decode(row[0]) for row in rows]

    def _own(self, entry: Entry) -> Entry:
        """Return *entry*; when the present key signed it, the signature is checked too."""
        signer = self._sealer.signer
        if entry.key_id == signer.key_id:
            try:
                signer.verify(TAG + entry.body, entry.signature)
            except BadSignature as exc:
                raise StoreCorrupt(exc.detail, what="entry", which=str(entry.seq)) from exc
        return entry
