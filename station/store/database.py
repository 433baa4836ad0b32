"""The only module that opens the station's SQLite file; every statement runs on its one thread.

Each page of the file carries a checksum, which SQLite checks whenever it reads the page: a bit that
flipped on the disk is an error, never another weight. (Pages in the journal have SQLite's own,
checked when the file is opened.)
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw
from apsw import sqlite_extra

from station.domain.errors import StorageError, StoreCorrupt, StoreFailed, StoreFull
from station.durable import make_folder
from station.store.sqlfile import load

T = TypeVar("T")

Row = tuple[Any, ...]
"""What SQLite gives; each statement's file says which types."""

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

RESERVE_BYTES: Final = 4 * 1024 * 1024
"""Kept aside so that a full disk can still be written down as the fault that it is."""

_CHECKSUM_VFS: Final = "cksmvfs"
_CHECKSUM_BYTES: Final = 8
_CHECKSUM_WRONG: Final = 8202  # SQLITE_IOERR_DATA, which apsw does not name
_UNREADABLE: Final = frozenset(
    {apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_SHORT_READ, _CHECKSUM_WRONG}
)
PRIVATE: Final = 0o600
WATCH_S: Final = 0.2


class Database:
    """One connection, WAL, ``synchronous=FULL``: a commit that returned survives a power cut.

    After a failure of the disk nothing more is done: what the disk then holds is not known.
    """

    def __init__(self, path: Path, *, reading: bool = False) -> None:
        """Open the file; *reading*: as it is at this moment, whoever writes on beside us."""
        self.path = path
        self._failure: StoreFailed | None = None
        self._reserve = path.with_suffix(".reserve")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection = self._thread.submit(self._open_as_is if reading else self._open).result()

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run *work* on the store's thread.

        Raises:
            StoreFull: no space left; nothing was written.
            StoreCorrupt: what was read is not what was written.
            StoreFailed: SQLite or the disk failed in another way, now or before.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    async def rows(self, statement: str, *values: str | int | bytes) -> list[Row]:
        """Run one statement and return its rows; the errors are those of :meth:`run`."""
        return await self.run(lambda connection: list(connection.execute(statement, values)))

    def run_now(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run *work* and wait for it: for the command line."""
        return self._thread.submit(self._guarded, work).result()

    async def watch(self) -> None:
        """Wait until the store fails under anyone's hands.

        Raises:
            StoreFailed: it did; the process must end.
        """
        while self._failure is None:  # noqa: ASYNC110 - it is set on the store's thread
            await asyncio.sleep(WATCH_S)
        raise self._failure

    def use_reserve(self) -> None:
        """Give the reserved space back to the disk."""
        self._reserve.unlink(missing_ok=True)

    def keep_reserve(self) -> bool:
        """Take the reserved space, unless it is held already; tell whether the disk has it."""
        try:
            if self._reserve.exists() and self._reserve.stat().st_size == RESERVE_BYTES:
                return True
            self._reserve.write_bytes(b"\0" * RESERVE_BYTES)
        except OSError:
            self._reserve.unlink(missing_ok=True)
            return False
        return True

    def close(self) -> None:
        """Close the file and end the thread."""
        self._thread.submit(self._connection.close).result()
        self._thread.shutdown()

    def _open(self) -> apsw.Connection:
        try:
            make_folder(self.path.parent)
            # Secrets of one-time codes lie in it; its journal takes the mode from it.
            self.path.touch(PRIVATE)
            self.path.chmod(PRIVATE)
            connection = connect(self.path)
            connection.set_busy_timeout(5000)
            if connection.pragma("page_count") == 0:
                connection.reserve_bytes(reserve=_CHECKSUM_BYTES)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("foreign_keys", True)
            _make_tables(connection)
            if connection.pragma("checksum_verification") != "1":
                raise StoreCorrupt("its pages carry no checksums", what="database")
        except (apsw.Error, OSError, UnicodeDecodeError) as exc:
            raise wrapped(exc) from exc
        return connection

    def _open_as_is(self) -> apsw.Connection:
        try:
            connection = connect(self.path, apsw.SQLITE_OPEN_READONLY)
            connection.set_busy_timeout(5000)
            if connection.pragma("checksum_verification") != "1":
                raise StoreCorrupt("its pages carry no checksums", what="database")
            connection.execute("BEGIN")
        except (apsw.Error, UnicodeDecodeError) as exc:
            raise wrapped(exc) from exc
        return connection

    def _guarded(self, work: Callable[[apsw.Connection], T]) -> T:
        if self._failure is not None:
            raise StoreFailed(self._failure.detail)
        try:
            return work(self._connection)
        except (apsw.Error, OSError, UnicodeDecodeError) as exc:
            error = wrapped(exc)
            if isinstance(error, StoreFailed):
                self._failure = error
            raise error from exc


def connect(
    path: Path, flags: int = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
) -> apsw.Connection:
    """Open a file whose pages carry checksums."""
    _load_checksums()
    return apsw.Connection(str(path), flags=flags, vfs=_CHECKSUM_VFS)


def wrapped(exc: apsw.Error | OSError | UnicodeDecodeError) -> StorageError:
    """Return our error for SQLite's, or the disk's. Text that is no text was not written so."""
    if isinstance(exc, apsw.FullError) or (isinstance(exc, OSError) and exc.errno in NO_SPACE):
        return StoreFull(str(exc))
    unreadable = getattr(exc, "extendedresult", None) in _UNREADABLE
    if unreadable or isinstance(exc, apsw.CorruptError | apsw.NotADBError | UnicodeDecodeError):
        return StoreCorrupt(str(exc), what="database")
    return StoreFailed(str(exc))


@contextmanager
def immediate(connection: apsw.Connection) -> Iterator[None]:
    """Hold the write lock; commit at the end, or roll back and let the error through."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _make_tables(connection: apsw.Connection) -> None:
    sql = load("schema")
    connection.execute(sql["schema"])
    if ("log",) not in list(connection.execute(sql["receipt_columns"])):
        connection.execute(sql["add_receipt_log"])
    connection.execute(sql["index_receipts"])


@cache
def _load_checksums() -> None:
    with closing(apsw.Connection(":memory:")) as any_connection:
        sqlite_extra.load(any_connection, "cksumvfs")
