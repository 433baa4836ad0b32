"""Ingest: sealed passages over real HTTP and TLS into a durable database, beside plain services.

Every contender is two processes, half of the stations at each, on a database of its own in one
PostgreSQL that syncs every commit. The same client brings the same passages to each, as many in a
request and as many requests at once, by the same certificates, and counts a passage when its
request was answered. Ours is ``python -m central run`` with all that runs beside it; whoever comes
next waits for its followers.
"""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg

from benchmarks.ingest_lines import NODES, Batches, Lines, Load, Way, enrolled, spoilt
from benchmarks.ingest_peers import RECORDS, TEXT
from benchmarks.passages import MAIN, records, texts
from benchmarks.report import Row, rounded, row
from benchmarks.rounds import Contender, Timed, interleaved
from central.settings import CentralSettings, load
from central.store.binaries import run_as
from central.store.embedded import EmbeddedPostgres, Place
from station.application.pushing import BATCH
from station.contract.uplink import batch
from station.domain.ledger import Entry
from station.uplink.identity import Identity

RATIOS: Final = ("ingest_vs_peer", "ingest_vs_copy", "ingest_vs_text_peer")
OURS: Final = "central"
FOLLOWED: Final = "central, until all is projected and every signature verified"
COPY: Final = "binary COPY, no index"
IN_A_REQUEST: Final = BATCH
"""Entries that a station sends at once."""

REQUESTS: Final = 3
"""Requests of each station in a round."""

ROUNDS: Final = 3
PROCESSES: Final = 2
"""Processes of each contender on its one database."""

_LEVEL: Final = 5
_CONNECTIONS: Final = {"max_connections": "100"}
"""Every contender has a pool of its own."""

_CONFIG: Final = """
[central]
listen = "127.0.0.1:0"
name = "benchmark"
data_dir = "data"
[machines]
listen = "127.0.0.1:0"
[database]
dsn = "{dsn}"
"""
_STATION: Final = """
[[stations]]
node = "{node}"
name = "{node}"
road = "G6"
"""
_COPY_TABLE: Final = """
CREATE TABLE bare (node text, seq bigint, position bigint, kind text, digest bytea, body bytea,
                   signature bytea, received_ms bigint, received_at timestamptz)
       WITH (toast_tuple_target = 8160)"""
_REACHED: Final = """
SELECT count(*) FILTER (WHERE position >= (SELECT size FROM log)) FROM progress
 WHERE worker IN ('projector', 'signatures')"""
_FOLLOWERS: Final = 2
_NOTES: Final = {
    OURS: "the program itself; chain and batch signature verified, receipt signed",
    FOLLOWED: "",
    RECORDS: "FastAPI, pydantic, executemany: the whole passage in 30 typed columns",
    TEXT: "the same, but only 12 fields of it, and the sealed entry as text, unread",
    COPY: "asyncpg, one COPY a round, of the rows that ours stores",
}
_HELD: Final = {
    OURS: f"""
SELECT node, split_part(receipt, '-', 2), {", ".join(MAIN)} FROM passage""",  # noqa: S608
    TEXT: f"SELECT node, seq, {', '.join(MAIN)} FROM record",  # noqa: S608
    RECORDS: """
SELECT node, seq, passage_id, lane, settled_at, occurred_on, tractor->>'text', tractor->>'colour',
       trailer->>'text', gross_kg, verdict->>'configuration', verdict->>'limit_kg',
       verdict->>'excess_kg', verdict->>'verdict'
  FROM record""",
}
"""What stands in a database of the fields that headquarters' lists show."""


def _packed(entries: Sequence[Entry]) -> tuple[bytes, dict[str, str]]:
    """Make the request as a station does."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    return gzip.compress(batch(entries[0].node, entries), _LEVEL), headers


def _plain(body: Callable[[Sequence[Entry]], bytes]) -> Way:
    return lambda entries: (body(entries), {"content-type": "application/json"})


_WAYS: Final[dict[str, Way]] = {OURS: _packed, RECORDS: _plain(records), TEXT: _plain(texts)}


class Bench:
    """The database, and whoever stores into it."""

    def __init__(self, folder: Path, server: EmbeddedPostgres, runner: asyncio.Runner) -> None:
        self.load = Load(REQUESTS, IN_A_REQUEST)
        self.followed: list[float] = []
        self._folder = folder
        self._server = server
        self._runner = runner
        self._turns: dict[str, int] = {}
        self._connections: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
        self._identities: dict[str, Identity] = {}

    @contextmanager
    def served(self, name: str) -> Iterator[Contender]:
        """Run a contender on a database of its own; ours comes first, and enrols the stations."""
        dsn = self._database(name)
        if name == OURS:
            self._enrol(dsn)
            command = ["central", "run", "--config", str(self._config)]
        else:
            authority = load(self._config).central.data_dir / "ca"
            command = ["benchmarks.ingest_server", name, dsn, str(authority)]
        with ExitStack() as stack:
            urls = [stack.enter_context(_process(command)) for _ in range(PROCESSES)]
            lines = Lines(urls, self._identities, _WAYS[name])
            yield Contender(name, lambda: self._seconds(name, lines), self.load.count)
            lines.close()

    def copy(self) -> Contender:
        """Return the limit: a binary COPY of the rows that ours stores."""
        self._database(COPY)
        self._runner.run(self._connections[COPY].execute(_COPY_TABLE))

        def seconds() -> float:
            turn = self._turn(COPY)
            rows = _rows(self.load.batches(turn), turn * self.load.count)
            begun = time.perf_counter()
            self._runner.run(self._connections[COPY].copy_records_to_table("bare", records=rows))
            return time.perf_counter() - begun

        return Contender(COPY, seconds, self.load.count)

    def check(self) -> None:
        """Check that everybody holds what he has acknowledged.

        Raises:
            AssertionError: somebody does not.
        """
        found = self._fetch(OURS, "SELECT node, body FROM entry ORDER BY node, seq")
        if spoilt(self.load, found):
            raise AssertionError(f"{OURS} holds other entries")
        sent = sorted(self.load.main)
        for name, sql in _HELD.items():
            if sorted(tuple(map(str, one)) for one in self._fetch(name, sql)) != sent:
                raise AssertionError(f"{name} holds other passages")

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            self._runner.run(connection.close())

    @property
    def _config(self) -> Path:
        return self._folder / "central.toml"

    def _enrol(self, dsn: str) -> None:
        stations = (_STATION.format(node=node) for node in NODES)
        self._config.write_text("".join((_CONFIG.format(dsn=dsn), *stations)), "utf-8")
        settings: CentralSettings = load(self._config)
        self._identities |= self._runner.run(enrolled(settings, self.load, self._folder))

    def _seconds(self, name: str, lines: Lines) -> float:
        batches = self.load.batches(self._turn(name))
        begun = time.perf_counter()
        taken = lines.seconds(batches)
        if name == OURS:
            while self._fetch(OURS, _REACHED)[0][0] < _FOLLOWERS:
                time.sleep(0.02)
            self.followed.append(time.perf_counter() - begun)
        return taken

    def _turn(self, name: str) -> int:
        turn = self._turns.get(name, 0)
        self._turns[name] = turn + 1
        return turn

    def _database(self, name: str) -> str:
        database = f"bench{len(self._connections)}"
        owner = self._server.dsn_of("postgres", "postgres")
        dsn = self._server.dsn_of("zhichao", database)

        async def make() -> None:
            connection = await asyncpg.connect(owner)
            await connection.execute(f"CREATE DATABASE {database} OWNER zhichao")
            await connection.close()
            self._connections[name] = await asyncpg.connect(dsn)

        self._runner.run(make())
        return dsn

    def _fetch(self, name: str, sql: str) -> list[asyncpg.Record]:
        return self._runner.run(self._connections[name].fetch(sql))


def run(progress: Callable[[str], None]) -> tuple[dict[str, float | None], list[Row]]:
    """Run the part.

    Returns:
        The ratios of :data:`RATIOS`: how many times as long the others take for an entry, and COPY
        compared with ours; and the rows.
    """
    progress("ingest")
    with ExitStack() as stack:
        bench = stack.enter_context(_bench())
        contenders = [stack.enter_context(bench.served(name)) for name in _WAYS]
        found = interleaved([*contenders, bench.copy()], ROUNDS)
        bench.check()
    count = bench.load.count
    found[FOLLOWED] = Timed(FOLLOWED, tuple(one / count for one in bench.followed[1:]))
    ours = found[OURS]
    ratios = [found[name].over(ours) for name in (RECORDS, COPY, TEXT)]
    rows = [row("take in an entry", "µs", one, ours, _NOTES[one.name]) for one in found.values()]
    return dict(zip(RATIOS, map(rounded, ratios), strict=True)), rows


@contextmanager
def _process(command: Sequence[str]) -> Iterator[str]:
    """Run one process of a contender, and give the address where stations reach it."""
    with subprocess.Popen(  # noqa: S603 - our own programs
        [sys.executable, "-m", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            yield next(word for word in said.split() if word.startswith("https://"))
        finally:
            process.terminate()


@contextmanager
def _bench() -> Iterator[Bench]:
    """Run a durable database in a folder that its user can enter."""
    with TemporaryDirectory(prefix="zc-") as name, asyncio.Runner() as runner:
        folder = Path(name)
        folder.chmod(0o711)
        place = Place(data_dir=folder / "database", options=_CONNECTIONS)
        place.data_dir.mkdir(mode=0o711)
        server = EmbeddedPostgres(place, run_as())
        try:
            runner.run(server.start())
            bench = Bench(folder, server, runner)
            yield bench
            bench.close()
        finally:
            runner.run(server.stop())


def _rows(batches: Batches, position: int) -> list[tuple[object, ...]]:
    now = datetime.now(UTC)
    entries = (entry for station in batches for batch in station for entry in batch)
    return [
        (
            entry.node,
            entry.seq,
            place,
            entry.kind,
            bytes.fromhex(entry.digest),
            entry.body,
            entry.signature,
            int(now.timestamp() * 1000),
            now,
        )
        for place, entry in enumerate(entries, position)
    ]
