"""A centre's database and pictures, made to be spoilt, and everything that is read of them.

``python -m tests.torture.centre_world FOLDER --seed N`` makes two: one closed, and one whose whole
database was killed with its newest pages in the journal. What stations and a witness hold of it
lies beside.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from central.application.comparing import compared
from central.application.recheck import Recheck
from central.domain.access import ALL
from central.domain.auditing.values import Discrepancy
from central.store.comparing import SqlComparisons
from central.store.embedded import Place, embedded
from central.store.migrate import migrate
from central.store.pool import Pool, pool
from central.store.reading import SqlReading
from central.store.recordings import FileRecordings
from station.contract.uplink import Receipt
from station.domain.errors import EvidenceError
from station.rules.lawbook import lawbook
from tests.migration.audit_kit import MINUTE, Audited
from tests.migration.central_kit import UNSYNCED, FakeStation
from tests.torture.t1_kill_storm import children

SHAPES = ("closed", "killed")
MANY = 1_000_000
NODES = ("linhe", "dongsheng")
ROUNDS = 12
PICTURES = 12
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
TABLES = """
SELECT relname FROM pg_class
 WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
"""


def stations() -> list[FakeStation]:
    """Return the stations, whose keys the centre knows."""
    return [FakeStation(node, key=number) for number, node in enumerate(NODES)]


def place(folder: Path, **options: str) -> Place:
    """Return where the database of a folder lives; its settings are those of a real one."""
    return Place(data_dir=folder, options=options, initdb=UNSYNCED)


@contextlib.asynccontextmanager
async def opened(at: Place) -> AsyncIterator[Pool]:
    """Run the database, bring its tables up to date as the centre does, and give a pool on it."""
    async with embedded(at) as server:
        connection = await asyncpg.connect(server.dsn)
        await migrate(connection)
        await connection.close()
        async with pool(server.dsn) as database:
            yield database


async def make(folder: Path, seed: int, *, kill: bool) -> None:
    """Fill a centre in *folder*."""
    async with embedded(place(folder)) as server:
        connection = await asyncpg.connect(server.dsn)
        await migrate(connection)
        await connection.close()
        async with pool(server.dsn) as database:
            root = await asyncpg.connect(server.dsn_of("postgres", "postgres"))
            await _fill(folder, database, random.Random(seed), root)
            await root.close()
            if kill and server.pid is not None:
                for one in (server.pid, *children(server.pid)):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(one, signal.SIGKILL)


async def _fill(
    folder: Path, database: Pool, chance: random.Random, root: asyncpg.Connection
) -> None:
    made = Audited(database, *stations())
    await made.enrol()
    for number in range(ROUNDS):
        for station in made.stations:
            first = len(station.entries) + 1
            _day(station, f"{station.node}-{number}", chance)
            made.pass_time_to(station.clock.now())
            await made.send(station, first)
        with contextlib.suppress(EvidenceError):  # kept beside the entries
            await made.centre.accept(_forged(made.stations[0]))
        if number % 3 == 2:
            made.pass_time(MINUTE)
            await made.sign_checkpoint()
            made.anchor()
        if number == ROUNDS * 2 // 3:
            await root.execute("CHECKPOINT")  # what follows is in the journal alone
    recordings = FileRecordings(folder / "recordings")
    for _ in range(PICTURES):
        data = chance.randbytes(chance.randint(2_000, 20_000))
        sha256 = hashlib.sha256(data).hexdigest()
        await recordings.add(NODES[0], sha256, 0, len(data), data)
    recordings.close()
    (folder / "receipts").write_bytes(msgspec.json.encode(made.receipts))
    (folder / "notes").write_bytes(msgspec.json.encode(made.notes))


def _day(station: FakeStation, number: str, chance: random.Random) -> None:
    for weighed in range(chance.randint(2, 5)):
        plate = f"蒙L{chance.randint(10_000, 99_999)}"
        gross_kg = chance.randint(30_000, 90_000)
        station.weigh(f"{number}-{weighed}", gross_kg, plate)
        if chance.random() < 0.5:
            plate = f"蒙L{chance.randint(10_000, 99_999)}"
            station.review(f"{number}-{weighed}", gross_kg, plate)
    plate = f"蒙L{chance.randint(10_000, 99_999)}"
    station.decided_case(number, plate, fine_fen=100 * chance.randint(500, 2000))


def _forged(station: FakeStation) -> bytes:
    stranger = FakeStation(station.node, key=99)
    stranger.entries = list(station.entries)
    stranger.weigh("forged")
    return stranger.batch(len(stranger.entries))


async def audited(folder: Path, database: Pool) -> list[Discrepancy]:
    """Audit as ``python -m central audit`` does, with what is held outside."""
    made = Audited(database, *stations())
    made.receipts = msgspec.json.decode((folder / "receipts").read_bytes(), type=list[Receipt])
    made.notes = msgspec.json.decode((folder / "notes").read_bytes(), type=list[str])
    report = await made.audit()
    unlike = await compared(SqlComparisons(database), Recheck(lawbook()))
    return [*(one for one, _ in report.findings), *unlike]


Reading = tuple[str, Callable[[], Awaitable[Any]]]


async def readings(folder: Path, database: Pool) -> list[Reading]:
    """Return everything that headquarters shows, and every row that is kept."""
    shown = SqlReading(database)
    found: list[Reading] = [
        ("nodes", shown.nodes),
        ("passages", lambda: shown.passages(ALL, limit=MANY)),
        ("cases", lambda: shown.cases(ALL, closed=None, limit=MANY)),
        ("alarms", lambda: shown.alarms(ALL, limit=MANY)),
        ("counts", lambda: shown.counts(ALL, date(2026, 3, 1))),
        ("decisions", lambda: shown.decisions(FIRST, LAST, 0)),
    ]
    found += [
        (f"rows of {name}", lambda name=name: _rows(database, name))
        for name in sorted(await _tables(database))
    ]
    pictures = sorted(path.name for path in (folder / "recordings").rglob("*") if path.is_file())
    return found + [(f"picture {one}", lambda one=one: _picture(folder, one)) for one in pictures]


async def _tables(database: Pool) -> list[str]:
    return [row["relname"] for row in await database.fetch(TABLES)]


async def _rows(database: Pool, name: str) -> list[tuple[object, ...]]:
    rows = await database.fetch(f"SELECT * FROM {name}")
    return sorted((tuple(row) for row in rows), key=repr)


async def _picture(folder: Path, sha256: str) -> bytes:
    recordings = FileRecordings(folder / "recordings")
    try:
        return await recordings.fetch(sha256)
    finally:
        recordings.close()


def main() -> None:
    """Make both shapes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    for shape in SHAPES:
        home = options.folder / shape
        home.mkdir(parents=True)
        for one in (options.folder, home):
            one.chmod(0o711)  # the database runs as a user of its own
        asyncio.run(make(home, options.seed, kill=shape == "killed"))


if __name__ == "__main__":
    main()
