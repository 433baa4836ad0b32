"""Repairs a ledger that is behind the centre's, or beside it; folds views anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import apsw

from station.application.ports import Draft
from station.contract.entries import CentreContradiction, Kind, Rejoin
from station.contract.uplink import Openings
from station.domain.ledger import Entry, follows
from station.store.centre_fold import fold
from station.store.centre_ledger import put_pulled
from station.store.database import Database, immediate
from station.store.driver_requests import take_texts_out
from station.store.ledger_rows import entry_of, read_head
from station.store.marks import DELIVERED, INDEXED, MEDIA_SENT, mark
from station.store.sqlfile import load
from station.store.sqlite_store import SqliteStore
from station.store.writing import put_entry, put_views

_LEDGER: Final = load("ledger")
_CENTRE: Final = load("centre")
_VIEWS: Final = load("views")
_SET_ASIDE: Final = ("keep_aside", "keep_openings_aside", "take_openings_out", "take_out")
PAGE: Final = 200

Progress = Callable[[int, int], None]
"""Told after each page: entries folded, entries in all."""


def quietly(_done: int, _all: int) -> None:
    """Tell nobody."""


class SqliteBranches:
    """Implements :class:`~station.application.centre_ports.Branches`."""

    def __init__(self, database: Database, ledger: SqliteStore) -> None:
        self._database = database
        self._ledger = ledger

    async def adopt(self, entries: Sequence[Entry], openings: Openings) -> None:
        """See :class:`~station.application.centre_ports.Branches`."""

        def work(connection: apsw.Connection) -> None:
            with immediate(connection):
                _adopt(connection, entries, openings)
            self._ledger.continue_on(connection)
            self._ledger.note_adopted(read_head(connection))

        await self._database.run(work)

    async def rejoin(
        self, after: int, entries: Sequence[Entry], openings: Openings, reason: str
    ) -> list[str]:
        """See :class:`~station.application.centre_ports.Branches`."""

        def work(connection: apsw.Connection) -> list[str]:
            with immediate(connection):
                rows = connection.execute(_LEDGER["digests_after"], (after,))
                digests = [str(digest) for (digest,) in rows]
                for statement in _SET_ASIDE:
                    connection.execute(_LEDGER[statement], (after,))
                for key in (DELIVERED, MEDIA_SENT):
                    reached = min(mark(connection, key), after)
                    connection.execute(_LEDGER["set_meta"], (key, str(reached)))
                _rebuild(connection, quietly)
                _adopt(connection, entries, openings)
                rejoin = Draft(Kind.REJOIN, Rejoin(set_aside=digests, reason=reason))
                steps = self._ledger.continue_on(connection)
                self._ledger.write(connection, (*steps, rejoin))
            self._ledger.note_end(read_head(connection), len(steps))
            return digests

        return await self._database.run(work)

    async def follow_other(
        self, after: int, entries: Sequence[Entry], contradiction: CentreContradiction
    ) -> None:
        """See :class:`~station.application.centre_ports.Branches`."""

        def work(connection: apsw.Connection) -> tuple[Draft, ...]:
            for statement in ("keep_aside", "take_out"):
                connection.execute(_CENTRE[statement], (after,))
            take_texts_out(connection, after)
            connection.execute(_CENTRE["clear"])
            for page in pages_of(connection, _CENTRE["entries_after"]):
                for entry in page:
                    fold(connection, entry)
            put_pulled(connection, entries)
            return (Draft(Kind.CENTRE_CONTRADICTION, contradiction),)

        await self._database.run(lambda c: self._ledger.append_with(c, work))

    async def rebuild(self, progress: Progress = quietly) -> int:
        """Throw the views away and fold both ledgers anew; return how many entries they held.

        *progress* is called on the store's thread.
        """

        def work(connection: apsw.Connection) -> int:
            with immediate(connection):
                return _rebuild(connection, progress)

        return await self._database.run(work)


def _adopt(connection: apsw.Connection, entries: Sequence[Entry], openings: Openings) -> None:
    head = read_head(connection)
    for entry in entries:
        follows(entry, head)
        put_entry(connection, entry, openings.get(entry.seq, ()))
        head = entry.head


def _rebuild(connection: apsw.Connection, progress: Progress) -> int:
    connection.execute(_VIEWS["clear_views"])
    connection.execute(_LEDGER["set_meta"], (INDEXED, "0"))
    ((total,),) = connection.execute(_LEDGER["count_all"])
    done = 0
    for pages, put in (
        (pages_of(connection, _LEDGER["entries_after"]), put_views),
        (pages_of(connection, _CENTRE["entries_after"]), fold),
    ):
        for page in pages:
            for entry in page:
                put(connection, entry)
            done += len(page)
            progress(done, int(total))
    return done


def pages_of(connection: apsw.Connection, statement: str) -> Iterator[list[Entry]]:
    """Give a ledger page by page."""
    after = 0
    while page := [entry_of(row) for row in connection.execute(statement, (after, PAGE))]:
        yield page
        after = page[-1].seq
