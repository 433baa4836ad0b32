"""The only module that opens the station's SQLite file; every statement runs on its one thread."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import apsw

from station.domain.errors import StoreFailed, StoreFull
from station.store.folders import make_folder
from station.store.sqlfile import load

T = TypeVar("T")

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

RESERVE_BYTES: Final = 4 * 1024 * 1024
"""Kept aside so that a full disk can still be written down as the fault that it is."""


class Database:
    """One connection, WAL, ``synchronous=FULL``: a commit that returned survives a power cut."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reserve = path.with_suffix(".reserve")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection = self._thread.submit(self._open).result()

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run *work* on the store's thread.

        Raises:
            StoreFull: no space left; nothing was written.
            StoreFailed: SQLite or the disk failed in another way.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    def run_now(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run *work* and wait for it: for the command line."""
        return self._thread.submit(self._guarded, work).result()

    def use_reserve(self) -> None:
        """Give the reserved space back to the disk."""
        self._reserve.unlink(missing_ok=True)

    def keep_reserve(self) -> bool:
        """Take the reserved space, unless it is held already; tell whether the disk has it."""
        if self._reserve.exists():
            return True
        try:
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
            connection = apsw.Connection(str(self.path))
            connection.set_busy_timeout(5000)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("foreign_keys", True)
            connection.execute(load("schema")["schema"])
        except (apsw.Error, OSError) as exc:
            raise _wrapped(exc) from exc
        return connection

    def _guarded(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            return work(self._connection)
        except (apsw.Error, OSError) as exc:
            raise _wrapped(exc) from exc


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


def _wrapped(exc: apsw.Error | OSError) -> StoreFull | StoreFailed:
    full = isinstance(exc, apsw.FullError) or (isinstance(exc, OSError) and exc.errno in NO_SPACE)
    return StoreFull(str(exc)) if full else StoreFailed(str(exc))
