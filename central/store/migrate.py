"""Brings a database to the newest schema: numbered files, each applied once, forward only."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import asyncpg

from central.store.pool import Connection
from central.store.sqlfile import load
from station.domain.errors import StoreFailed

_FILE: Final = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_LOCK: Final = 7_305_804_402  # any number that nothing else locks
_SQL: Final = load("migrate")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. ``sha256`` (hex) is of its bytes."""

    version: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Return the digest that is kept when the file has been applied."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """Return the files in order.

    Raises:
        ValueError: two files have one number. Gaps are of no harm.
    """
    folder = files("central.store") / "sql" / "migrations"
    found = []
    for file in folder.iterdir():
        if match := _FILE.match(file.name):
            found.append(Migration(int(match[1]), match[2], file.read_text("utf-8")))
    found.sort(key=lambda migration: migration.version)
    if len({migration.version for migration in found}) < len(found):
        raise ValueError("two migrations have one number")
    return tuple(found)


async def migrate(connection: Connection, known: tuple[Migration, ...] | None = None) -> int:
    """Apply what is missing, one transaction per file, and return how many were applied.

    An advisory lock lets one program at a time do so.

    Raises:
        StoreFailed: a file that was applied has changed since, or the database is newer.
    """
    known = migrations() if known is None else known
    await connection.execute(_SQL["lock"], _LOCK)
    try:
        await connection.execute(_SQL["create_table"])
        applied = await connection.fetch(_SQL["applied"])
        _compare(applied, known)
        for migration in known[len(applied) :]:
            async with connection.transaction():
                await connection.execute(migration.text)
                await connection.execute(
                    _SQL["note"], migration.version, migration.name, migration.sha256
                )
    finally:
        await connection.execute(_SQL["unlock"], _LOCK)
    return len(known) - len(applied)


def _compare(applied: list[asyncpg.Record], known: tuple[Migration, ...]) -> None:
    if len(applied) > len(known):
        raise StoreFailed("the database was made by a newer version of this program")
    for row, migration in zip(applied, known, strict=False):
        if (row["version"], row["sha256"]) != (migration.version, migration.sha256):
            raise StoreFailed("a migration was changed after it was applied", name=row["name"])
