"""A database in memory: what is committed, and transactions that are seen when they commit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from central.domain.log import Block
from station.domain.errors import StoreFailed
from station.domain.merkle import EMPTY, Frontier

Key = Hashable
Row = Any
Change = Callable[[Row], Row]

TABLES = (
    "node",
    "key",
    "entry",
    "place",
    "block",
    "opening",
    "proposal",
    "ahead",
    "progress",
    "checkpoint",
    "quarantine",
    "passage",
    "unweighed",
    "case",
    "decision",
    "legal_id",
    "alarm",
    "told",
)


@dataclass(slots=True)
class Disk:
    """What a power cut leaves: rows by table and key, the log's frontier, and the last numbers."""

    tables: dict[str, dict[Key, Row]] = field(default_factory=lambda: {t: {} for t in TABLES})
    frontier: Frontier = EMPTY
    numbers: int = 0

    def copy(self) -> Disk:
        """Return a backup. Rows are values, so the tables alone need copying."""
        tables = {name: dict(rows) for name, rows in self.tables.items()}
        return Disk(tables, self.frontier, self.numbers)

    def blocks(self) -> list[Block]:
        """Return the blocks that became full."""
        return list(self.tables["block"].values())


class Duplicate(StoreFailed):
    """A row of that key is there already."""


class Transaction:
    """Reads what is committed and what it has itself changed; changes apply when it commits.

    A change is a function of the row, so that two transactions can change different columns of one
    row, as the database lets them.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._changes: dict[tuple[str, Key], list[Change]] = {}
        self._frontier: Frontier | None = None

    @property
    def frontier(self) -> Frontier:
        """Return the log's frontier."""
        return self._frontier or self._disk.frontier

    @frontier.setter
    def frontier(self, grown: Frontier) -> None:
        self._frontier = grown

    def get(self, table: str, key: Key) -> Row:
        """Return a row, None for none."""
        row = self._disk.tables[table].get(key)
        for change in self._changes.get((table, key), ()):
            row = change(row)
        return row

    def scan(self, table: str) -> Iterator[tuple[Key, Row]]:
        """Give every row, those written first coming first."""
        keys = dict.fromkeys(self._disk.tables[table])
        keys |= dict.fromkeys(key for name, key in self._changes if name == table)
        for key in keys:
            row = self.get(table, key)
            if row is not None:
                yield key, row

    def put(self, table: str, key: Key, row: Row) -> None:
        """Write a row, in the place of the one before; None removes it."""
        self._changes[table, key] = [lambda _: row]

    def insert(self, table: str, key: Key, row: Row) -> None:
        """Write a new row.

        Raises:
            Duplicate: there is one.
        """

        def change(before: Row) -> Row:
            if before is not None:
                raise Duplicate(f"{table} {key}")
            return row

        if self.get(table, key) is not None:
            raise Duplicate(f"{table} {key}")
        self._changes.setdefault((table, key), []).append(change)

    def update(self, table: str, key: Key, change: Change) -> None:
        """Change a row that is there."""
        if self.get(table, key) is not None:
            self._changes.setdefault((table, key), []).append(change)

    def number(self) -> int:
        """Return the next number; a number is never given twice, not even after a rollback."""
        self._disk.numbers += 1
        return self._disk.numbers

    def savepoint(self) -> dict[tuple[str, Key], list[Change]]:
        """Return where the transaction stands."""
        return {key: list(changes) for key, changes in self._changes.items()}

    def back_to(self, savepoint: dict[tuple[str, Key], list[Change]]) -> None:
        """Undo what was changed since."""
        self._changes = savepoint

    def commit(self) -> None:
        """Apply all changes, or none.

        Raises:
            Duplicate: somebody else has written such a row meanwhile.
        """
        rows = {}
        for (table, key), changes in self._changes.items():
            row = self._disk.tables[table].get(key)
            for change in changes:
                row = change(row)
            rows[table, key] = row
        for (table, key), row in rows.items():
            if row is None:
                self._disk.tables[table].pop(key, None)
            else:
                self._disk.tables[table][key] = row
        if self._frontier is not None:
            self._disk.frontier = self._frontier
