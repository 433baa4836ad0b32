"""T8, double fine: ten stations fine one truck at the same time, over fifty lines, while two
processes of the centre are killed.

Each round has one truck. Nine stations have weighed it on one transport, each under a number of its
own, and decide; five clients of each deliver that decision at the same time, to whichever process
answers. A tenth has decided like the others, and has no line until the end: its penalty comes late.
Now and then who was refused says that the centre confirmed it, or who was confirmed withdraws. An
observer with a connection of its own looks at the decisions all the while.

Promised: at no moment that anybody can see has a transport two effective fines; in the end it has
one, unless that was withdrawn; each decision has one answer in the centre's ledger, and a late
one's is no as long as another stands; nothing acknowledged is lost or there twice. A *fault* is a
kill, a late penalty, or a false answer.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncpg
import httpx

from station.domain.procedure import Act
from station.settings import read_settings
from tests.central_program import EnrolledStation
from tests.torture.fleet import Fleet, Program
from tests.torture.harness import MOST_SHOWN, Options, Outcome
from tests.torture.t1_kill_storm import audited

NAME = "T8"
MUTANTS = ("every_decision_stands", "transport_not_compared", "decision_answered_twice")
FAULTS = 40
MUTANT_FAULTS = 6
STATIONS = 10
CLIENTS_EACH = 5
RACE_S = 90.0
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a database answers while it is killed."""

SEEN = """
SELECT plate, count(*), array_agg(node || ' ' || case_no ORDER BY node)
  FROM decision WHERE effective AND kind = 'fine'
 GROUP BY plate HAVING count(*) > 1
"""
STANDING = "SELECT node, case_no FROM decision WHERE plate = $1 AND effective AND kind = 'fine'"
BEHIND = "SELECT (SELECT size FROM log) - position FROM progress WHERE worker = 'projector'"
ANSWERS = """
SELECT kind, convert_from(body, 'UTF8')::jsonb #>> '{payload,node}' AS node,
       convert_from(body, 'UTF8')::jsonb #>> '{payload,case_no}' AS case_no
  FROM entry
 WHERE node = 'centre' AND kind IN ('decision_in_force', 'decision_barred')
"""
IN_FORCE_CASES = """
SELECT node, case_no FROM joint_case
 WHERE penalty IN ('in_force', 'served', 'demanded', 'in_court', 'paid')
"""
HELD = "SELECT seq, encode(digest, 'hex') AS digest FROM entry WHERE node = $1 ORDER BY seq"


def run(options: Options) -> Outcome:
    """Let them race until enough has gone wrong."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Outcome:
    faults = options.faults or FAULTS
    if options.mutant:
        faults = min(faults, MUTANT_FAULTS)
    async with _race(options) as race:
        async with race.observed():
            while race.faults.total() < faults - race.rounds and not _settled(race, options):
                await race.round()
            await race.late()
        await race.examine()
        return race.outcome()


def _settled(race: Race, options: Options) -> bool:
    return options.until_broken and bool(race.broken)


@dataclass(slots=True)
class Race:
    """The centre's two processes, the stations, and what was seen."""

    fleet: Fleet
    other: Program
    urls: list[str]
    stations: list[EnrolledStation]
    chance: random.Random
    dsn: str
    rounds: int = 0
    looks: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    lost: int = 0
    duplicated: int = 0
    withdrawn: set[str] = field(default_factory=set)
    acknowledged: dict[str, int] = field(default_factory=dict)

    @property
    def racing(self) -> list[EnrolledStation]:
        """Return those that have a line; the last has none."""
        return self.stations[:-1]

    async def round(self) -> None:
        """Let everybody fine one truck at once, and a process die meanwhile."""
        self.rounds += 1
        for station in self.stations:
            self._decide(station)
        killer = asyncio.create_task(self._kill())
        await self._deliver(self.racing)
        await killer
        await self._projected()
        await self._afterwards()

    async def late(self) -> None:
        """Give the last station its line: what it decided in each round arrives now."""
        await self._deliver(self.stations)
        await self._projected()
        self.faults["late_penalty"] += self.rounds

    @asynccontextmanager
    async def observed(self) -> AsyncIterator[None]:
        """Look for two effective fines on one truck all the while the block runs."""
        observer = asyncio.create_task(self._observe())
        try:
            yield
        finally:
            observer.cancel()
            with suppress(asyncio.CancelledError):
                await observer
        if not self.looks:
            self.broken.append("nobody looked")

    async def _observe(self) -> None:
        while True:
            with suppress(*AWAY):
                connection = await asyncpg.connect(self.dsn)
                try:
                    while True:
                        await self._look(connection)
                        await asyncio.sleep(0.005)
                finally:
                    connection.terminate()
            await asyncio.sleep(0.05)

    async def _look(self, connection: asyncpg.Connection) -> None:
        found = await connection.fetch(SEEN)
        self.looks += 1
        for plate, count, names in found[: MOST_SHOWN - len(self.broken)]:
            self.broken.append(f"{plate}: {count} effective fines: {', '.join(names)}")

    async def examine(self) -> None:
        """Compare what there is in the end with what was promised."""
        self._answered(await self.fleet.rows(ANSWERS))
        for number in range(1, self.rounds + 1):
            plate = _plate(number)
            standing = len(await self.fleet.rows(STANDING, plate))
            if standing > 1 or (not standing and plate not in self.withdrawn):
                self.broken.append(f"{plate}: {standing} effective fines in the end")
        confirmed = {(node, case_no) for _, node, case_no in await self._confirmed()}
        for node, case_no in await self.fleet.rows(IN_FORCE_CASES):
            if (node, case_no) not in confirmed:
                self.broken.append(f"{node} {case_no}: in force, never confirmed")
        for station in self.stations:
            await self._held(station)
        self.broken += [] if self.broken else await audited(self.fleet)

    def outcome(self) -> Outcome:
        """Return what came of it."""
        return Outcome(
            faults=self.faults.total(),
            acknowledged=sum(self.acknowledged.values()),
            lost=self.lost,
            duplicated=self.duplicated,
            broken=tuple(self.broken),
            more={
                "kinds": dict(sorted(self.faults.items())),
                "decisions": self.rounds * len(self.stations),
                "clients": CLIENTS_EACH * len(self.racing) + CLIENTS_EACH,
                "looks": self.looks,
            },
        )

    def _decide(self, station: EnrolledStation) -> None:
        name = _violation(station, self.rounds)
        station.decided_case(self.rounds, _plate(self.rounds), name)

    async def _kill(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.6))
        if self.chance.random() < 0.5:
            self.faults["other_killed"] += 1
            await self.other.kill()
            await self.other.start()
        else:
            self.faults["centre_killed"] += 1
            await self.fleet.centre.kill()
            await self.fleet.start_centre()

    async def _deliver(self, stations: list[EnrolledStation]) -> None:
        async with asyncio.timeout(RACE_S), asyncio.TaskGroup() as clients:
            for station in stations:
                for number in range(CLIENTS_EACH):
                    clients.create_task(self._client(station, number))

    async def _client(self, station: EnrolledStation, number: int) -> None:
        """Send what is not known to be acknowledged, until it is."""
        first = self.acknowledged.get(station.node, 0) + 1
        body, last = station.batch(first=first), station.entries[-1].seq
        for attempt in range(number, 10_000):
            url = self.urls[attempt % len(self.urls)]
            with suppress(httpx.TransportError):
                async with station.line(url) as line:
                    answer = await line.post("/api/ingest", content=body, timeout=10)
                if answer.status_code == httpx.codes.OK:
                    self.acknowledged[station.node] = last
                    return
                if not answer.is_server_error and answer.status_code != 429:
                    self.broken.append(f"{station.node}: {answer.status_code} {answer.text[:200]}")
                    return
            await asyncio.sleep(0.05)

    async def _projected(self) -> None:
        async with asyncio.timeout(RACE_S):
            while True:
                with suppress(*AWAY):
                    if (await self.fleet.rows(BEHIND))[0][0] == 0:
                        return
                await asyncio.sleep(0.05)

    async def _afterwards(self) -> None:
        """Let who was confirmed withdraw, or who was refused go on as if he had been confirmed."""
        plate, case_no = _plate(self.rounds), f"C{self.rounds}"
        standing = await self.fleet.rows(STANDING, plate)
        if len(standing) != 1:
            return  # examined in the end
        (winner,) = [one for one in self.stations if one.node == standing[0]["node"]]
        what = self.chance.choice(("withdraw", "false_answer", "nothing"))
        if what == "withdraw":
            winner.in_force(self.rounds, _violation(winner, self.rounds))
            winner.act(Act.WITHDRAW, case_no)
            self.withdrawn.add(plate)
        elif what == "false_answer":
            loser = self.chance.choice([one for one in self.racing if one is not winner])
            loser.in_force(self.rounds, _violation(loser, self.rounds))
            self.faults["false_answer"] += 1

    def _answered(self, answers: list[asyncpg.Record]) -> None:
        given = Counter((node, case_no) for _, node, case_no in answers)
        wanted = {
            (one.node, f"C{number}")
            for one in self.stations
            for number in range(1, self.rounds + 1)
        }
        for one in wanted - set(given):
            self.broken.append(f"{one}: no answer")
        self.broken += [f"{one}: {count} answers" for one, count in given.items() if count > 1]
        late = self.stations[-1].node
        for kind, node, case_no in answers:
            fined = _plate(int(case_no.removeprefix("C"))) not in self.withdrawn
            if node == late and kind == "decision_in_force" and fined:
                self.broken.append(f"{late} {case_no}: a late penalty takes effect")

    async def _confirmed(self) -> list[tuple[str, str, str]]:
        rows = await self.fleet.rows(ANSWERS)
        return [tuple(row) for row in rows if row["kind"] == "decision_in_force"]

    async def _held(self, station: EnrolledStation) -> None:
        rows = await self.fleet.rows(HELD, station.node)
        sealed = {one.seq: one.digest for one in station.entries}
        there = {row["seq"]: row["digest"] for row in rows}
        self.duplicated += len(rows) - len(there)
        said = range(1, self.acknowledged.get(station.node, 0) + 1)
        missing = [seq for seq in said if there.get(seq) != sealed[seq]]
        self.lost += len(missing)
        if missing or len(rows) != len(there):
            self.broken.append(f"{station.node}: lost {missing[:3]}, {len(rows)} rows")


def _plate(number: int) -> str:
    return f"蒙L{10_000 + number}"


def _violation(station: EnrolledStation, number: int) -> str:
    """Return the act's number: each station's own, and in each third round one for all."""
    return f"v{number}" if number % 3 == 0 else f"{station.node}-v{number}"


@asynccontextmanager
async def _race(options: Options) -> AsyncIterator[Race]:
    names = [f"station-{number}" for number in range(1, STATIONS + 1)]
    made = Fleet(options.scratch, names, options.mutant, 20, {})
    other: Program | None = None
    try:
        await made.start_centre()
        for node in made.nodes:
            await made.enrol(node)
        dsn = await made.dsn()
        assert dsn is not None
        other, url = await made.second_centre()
        await other.start()
        stations = [EnrolledStation(read_settings(node.config)) for node in made.nodes]
        urls = [made.machines_url, url]
        yield Race(made, other, urls, stations, random.Random(options.seed), dsn)
    finally:
        if other is not None:
            await other.kill()
        await made.close()
