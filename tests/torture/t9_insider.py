"""T9, insider: whoever rules the database, with or without keys, is named within one audit.

A real PostgreSQL. First an honest day of stations and centre: entries, batches sent twice, lines
that were down, clocks that were set, keys that were rotated or made anew, checkpoints, a witness
that follows, increments audited between; no layer may say a word. Then, on copies of a smaller
centre, one attack after another with superuser rights and every trigger off, and one dump restored.

Promised: one audit names the node and the place of each, or a range around it no wider than what
came between two signatures of the centre. A *fault* is an attack that really changed the database.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg

from central.application.auditing import Report
from central.domain.auditing import walking
from central.domain.auditing.seen import Seen
from central.domain.auditing.seen import see as seen_by_bytes
from central.domain.auditing.values import Discrepancy, StoredEntry
from central.store.embedded import EmbeddedPostgres, Place, embedded
from central.store.migrate import migrate
from central.store.pool import Pool, pool
from station.domain.merkle import leaf_hash
from tests.migration.audit_kit import Audited
from tests.migration.central_kit import QUICK, UNSYNCED, FakeStation, short_folder
from tests.torture.harness import Options, Outcome
from tests.torture.honest_day import Day
from tests.torture.insider import ATTACKS, Attack, Known, Named, Tables

NAME = "T9"
MUTANTS = (
    "trusts_the_digest_column",
    "audits_without_witness",
    "audits_without_receipts",
    "takes_leaves_from_stored_hashes",
)
ATTACKED = 76
HONEST = 10_000
ROUNDS, AFTER = 37, 3
"""Rounds of deliveries, the witness looking after every third of them, and those after it."""

WIDEST = 40
"""Places that a range may have: what three stations' deliveries and one checkpoint span."""


def run(options: Options) -> Outcome:
    """Live an honest day, then attack."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Outcome:
    rng = random.Random(options.seed)
    honest = options.states or HONEST
    with short_folder() as folder:
        place = Place(data_dir=folder, options=QUICK, initdb=UNSYNCED)
        async with embedded(place) as server, _superuser(server) as root:
            await root.execute("CREATE DATABASE base OWNER zhichao")
            connection = await asyncpg.connect(server.dsn_of("zhichao", "base"))
            await migrate(connection)
            await connection.close()
            site = _Site(server=server, root=root, folder=folder)
            if options.mutant is None:
                said = await _honest(site, rng, honest)
            else:
                said = []
            return await _attacked(site, rng, options, said)


@dataclass(slots=True, kw_only=True)
class _Site:
    server: EmbeddedPostgres
    root: asyncpg.Connection
    folder: Path
    copies: int = 0

    @asynccontextmanager
    async def copy(self, template: str) -> AsyncIterator[tuple[Pool, str]]:
        """Give a pool on a copy of a database, and its name; it is dropped afterwards."""
        self.copies += 1
        name = f"copy_{self.copies}"
        await self.root.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER zhichao")
        try:
            async with pool(self.server.dsn_of("zhichao", name)) as opened:
                yield opened, name
        finally:
            await self.root.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _honest(site: _Site, rng: random.Random, operations: int) -> list[str]:
    async with site.copy("base") as (database, _):
        day = Day(database, rng, site.folder / "honest")
        await day.begin()
        await day.live(operations)
        return await day.end()


async def _attacked(site: _Site, rng: random.Random, options: Options, said: list[str]) -> Outcome:
    scene = await _scene(site, rng)
    attacks = options.faults or ATTACKED
    faults, missed = 0, list[str]()
    for number in range(attacks):
        attack = [*ATTACKS, None][number % (len(ATTACKS) + 1)]
        name = attack.__name__ if attack else "restore_a_dump"
        async with site.copy("old" if attack is None else "attacked") as (database, copy):
            target = await _attack(site, scene, copy, attack, rng)
            faults += 1
            with _mutant(options.mutant, scene):
                report = await scene.audited(database, target, options.mutant)
        if not _names(report, target):
            missed.append(f"{name}: nobody named {target.node}#{target.seq}: {_words(report)}")
            if options.until_broken:
                break
    return Outcome(
        faults=faults,
        acknowledged=len(scene.leaves),
        broken=(*said, *missed),
    )


@dataclass(slots=True, kw_only=True)
class _Scene:
    """The centre that is attacked, as it is known outside."""

    outside: Audited
    known: Known
    restored: Named
    leaves: Mapping[tuple[str, int], bytes]

    async def audited(self, database: Pool, target: Named, mutant: str | None) -> Report:
        """Audit a copy once."""
        auditor = self.outside.over(database)
        auditor.receipts = [one for one in auditor.receipts if one.node not in target.lost]
        return await auditor.audit(
            receipts=mutant != "audits_without_receipts",
            witness=mutant != "audits_without_witness",
        )


async def _scene(site: _Site, rng: random.Random) -> _Scene:
    """Make the centre; a template ``attacked`` of its end, and ``old`` of some rounds before."""
    stations = [FakeStation(node, key=at) for at, node in enumerate(("linhe", "dongsheng", "wuda"))]
    await site.root.execute("CREATE DATABASE old TEMPLATE base OWNER zhichao")
    async with pool(site.server.dsn_of("zhichao", "old")) as database:
        made = Audited(database, *stations)
        await made.enrol()
        witnessed = 0
        for number in range(ROUNDS):
            await _round(made, rng)
            if number % 3 == 0:
                await made.sign_checkpoint()
                witnessed = made.anchor()
    restored = Named(node="linhe", seq=stations[0].head.seq + 1)
    await site.root.execute("CREATE DATABASE attacked TEMPLATE old OWNER zhichao")
    async with pool(site.server.dsn_of("zhichao", "attacked")) as database:
        made = made.over(database)
        for _ in range(AFTER):
            await _round(made, rng)
    async with _superuser(site.server, "attacked") as reader:
        tables = await Tables.read(reader)
    signers = {one.node: one.sealer.signer for one in stations}
    return _Scene(
        outside=made,
        known=Known(signers=signers, witnessed=witnessed),
        restored=restored,
        leaves={
            (r.node, r.seq): leaf_hash(r.body, r.signature, r.received_ms) for r in tables.rows
        },
    )


async def _round(made: Audited, rng: random.Random) -> None:
    for one in rng.sample(made.stations, len(made.stations)):
        first = len(one.entries) + 1
        for place in range(rng.randint(2, 8)):
            one.weigh(f"p{first + place}")
        await made.send(one, first)
    made.pass_time(timedelta(seconds=60))


async def _attack(
    site: _Site, scene: _Scene, name: str, attack: Attack | None, rng: random.Random
) -> Named:
    """Change the copy and return what must be named; a dump needs no more than being there."""
    if attack is None:
        return scene.restored
    async with _superuser(site.server, name) as insider:
        tables = await Tables.read(insider)
        before = (list(tables.rows), dict(tables.heads), list(tables.notes))
        target = attack(tables, scene.known, rng)
        assert before != (tables.rows, tables.heads, tables.notes), attack.__name__
        await tables.write(insider)
    return target


def _names(report: Report, target: Named) -> bool:
    return any(_covers(one, target) for one, _ in report.findings)


def _covers(one: Discrepancy, target: Named) -> bool:
    if one.node != target.node or one.seq is None:
        return False
    last = one.seq if one.last is None else one.last
    return one.seq <= target.seq <= last < one.seq + WIDEST


def _words(report: Report) -> str:
    return ", ".join(f"{one.layer.value} {one.code} {one.place}" for one, _ in report.findings)


@contextmanager
def _mutant(name: str | None, scene: _Scene) -> Iterator[None]:
    """Audit by a wrong program."""
    if name == "trusts_the_digest_column":
        with _seeing(_by_column):
            yield
    elif name == "takes_leaves_from_stored_hashes":

        def stored_leaf(stored: StoredEntry, index: int) -> Seen:
            seen = seen_by_bytes(stored, index)
            seen.leaf = scene.leaves.get((seen.node, seen.seq), seen.leaf)
            return seen

        with _seeing(stored_leaf):
            yield
    else:
        yield


def _by_column(stored: StoredEntry, index: int) -> Seen:
    seen = seen_by_bytes(stored, index)
    seen.digest = stored.digest.hex()
    return seen


@contextmanager
def _seeing(see: object) -> Iterator[None]:
    right = walking.see
    walking.see = see  # type: ignore[assignment]
    try:
        yield
    finally:
        walking.see = right


@asynccontextmanager
async def _superuser(
    server: EmbeddedPostgres, database: str = "postgres"
) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server.dsn_of("postgres", database))
    try:
        yield connection
    finally:
        await connection.close()
