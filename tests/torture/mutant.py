"""Wrong programs: ``python -m tests.torture.mutant NAME MODULE …`` patches, then runs MODULE."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace

import apsw

from station.domain.ledger import Entry
from station.store import database, high_water, media, sqlite_store


def command(mutant: str | None, *program: str) -> tuple[str, ...]:
    """Return what follows ``python -m``: the right program, or a mutant of it."""
    return program if mutant is None else ("tests.torture.mutant", mutant, *program)


def synchronous_normal() -> None:
    """A commit returns before its journal is synced; a checkpoint does sync."""
    _with_pragma("normal")


def synchronous_off() -> None:
    """Nothing is synced by the database."""
    _with_pragma("off")


def picture_not_synced() -> None:
    """A picture is only written, its content not synced, when an entry names it."""
    media.os = SimpleNamespace(**{**vars(os), "fsync": lambda _: None})  # type: ignore[attr-defined]


def picture_name_not_synced() -> None:
    """The content of a picture is synced; that it has a name is not."""
    media.sync_folder = media.make_folder = lambda folder: folder.mkdir(parents=True, exist_ok=True)


def acknowledged_before_commit() -> None:
    """Entries are told as soon as they are sealed; the commit comes with the next ones.

    The store would notice that the ledger became shorter; this program does not look.
    """
    close = database.Database.close

    @contextmanager
    def later(connection: apsw.Connection) -> Iterator[None]:
        if connection.in_transaction:
            connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        yield

    def closed(self: database.Database) -> None:
        self.run_now(lambda c: c.execute("COMMIT") if c.in_transaction else None)
        close(self)

    sqlite_store.immediate = later
    high_water.HighWater.require = lambda *_: None  # type: ignore[method-assign]
    database.Database.close = closed  # type: ignore[method-assign]


def views_in_their_own_transaction() -> None:
    """The entry is committed first, what follows from it afterwards."""
    append, project = sqlite_store.SqliteStore.append_on, sqlite_store.project

    def in_two(
        self: sqlite_store.SqliteStore, connection: apsw.Connection, drafts: Sequence[object]
    ) -> tuple[Entry, ...]:
        sqlite_store.project = lambda *_: None
        entries = append(self, connection, drafts)  # type: ignore[arg-type]
        with sqlite_store.immediate(connection):
            for entry in entries:
                project(connection, entry)
        return entries

    sqlite_store.SqliteStore.append_on = in_two  # type: ignore[method-assign,assignment]


def _with_pragma(value: str) -> None:
    opened = database.Database._open

    def opened_so(self: database.Database) -> apsw.Connection:
        connection = opened(self)
        connection.pragma("synchronous", value)
        return connection

    database.Database._open = opened_so  # type: ignore[method-assign]


PROGRAMS: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        synchronous_normal,
        synchronous_off,
        picture_not_synced,
        picture_name_not_synced,
        acknowledged_before_commit,
        views_in_their_own_transaction,
    )
}


if __name__ == "__main__":
    _, name, module, *arguments = sys.argv
    PROGRAMS[name]()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
