"""What it costs to record a truck: sealed, signed, folded, durable; beside a bare durable row.

Both write to the same disk, turn by turn: a passage with its finding through the station's store,
as the program does, and one row of the same size into an SQLite file with the same settings.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import apsw

from benchmarks.passages import Station
from benchmarks.report import Row, rounded, row
from benchmarks.rounds import Timed
from station.application.ports import Draft
from station.application.timekeeping import TimeKeeper
from station.contract.entries import Kind
from station.store.database import Database
from station.store.sqlite_store import SqliteStore

RATIOS: Final = ("commit_vs_bare",)
ROUNDS: Final = 200
BARE: Final = "SQLite, one row"
OURS: Final = "station"
_NOT_COUNTED: Final = 5


def run(
    progress: Callable[[str], None], folder: Path | None = None
) -> tuple[dict[str, float | None], list[Row]]:
    """Time both.

    Args:
        progress: told what is being timed.
        folder: on the disk that is meant; None: where temporary files are.

    Returns:
        How many times as long as a bare commit the station takes, and a row for each.
    """
    progress("commits")
    with (
        TemporaryDirectory(dir=folder) as name,
        closing(Database(Path(name) / "station.sqlite")) as database,
        closing(_bare(Path(name) / "bare.sqlite")) as bare,
    ):
        found, ours = asyncio.run(_timed(database, bare))
    rows = [
        row("record a truck", "ms", found, note="a durable row of that size, and nothing else"),
        row("record a truck", "ms", ours, found, "sealed, signed, chained, views, outbox"),
    ]
    return dict(zip(RATIOS, [rounded(ours.over(found))], strict=True)), rows


async def _timed(database: Database, bare: apsw.Connection) -> tuple[Timed, Timed]:
    """Commit in turn; nobody who waits for the bare one is served meanwhile."""
    trucks = Station("linhe")
    store = SqliteStore(database, trucks.sealer, TimeKeeper(trucks.clock))
    (entry,) = await store.append(Draft(Kind.PASSAGE, trucks.passage()))
    content = os.urandom(len(entry.body) + len(entry.signature))
    taken: list[tuple[float, float]] = []
    for _ in range(_NOT_COUNTED + ROUNDS):
        draft = Draft(Kind.PASSAGE, trucks.passage())
        begun = perf_counter()
        _commit(bare, content)
        between = perf_counter()
        await store.append(draft)
        taken.append((between - begun, perf_counter() - between))
    first, second = zip(*taken[_NOT_COUNTED:], strict=True)
    return Timed(BARE, first), Timed(OURS, second)


def _bare(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.execute("CREATE TABLE row (seq INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT")
    return connection


def _commit(connection: apsw.Connection, content: bytes) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO row (content) VALUES (?1)", (content,))
    connection.execute("COMMIT")
