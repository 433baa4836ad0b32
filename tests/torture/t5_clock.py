"""T5, clock: whatever a station's clock does, no record is back-dated, and the act's law holds.

A real station with its scale, its trucks and its console, and a real centre. The wall clock of the
station, and of nothing else, goes 30 s wrong, two hours back, a year ahead, stands, jumps to the
eve of a change of the law and over midnight, falls back to the year 2000 as after a dead battery,
or was set back while the station was off; then it is right again. All the while trucks are weighed,
and an officer names plate and vehicle of earlier ones.

Promised: where the wall clock is not what the monotonic one says, a ``clock_change`` stands
between, within 5 s of the step; no entry says that its time is the centre's when it is more than a
minute off, and the console shows it then; each finding is by the law of the day of the act,
whenever it is made; every truck is recorded once; when the clock is right all of it arrives, byte
for byte, with the centre's own time of receipt; and the audit names no entry but those of a wrong
clock, and none as back-dated. A *fault* is a clock that was wrong while trucks were weighed.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import msgspec

from simulators.demo.ledgers import Held
from station.contract.sealing import local_day
from station.domain.units import Kg
from station.rules.decide import decide_or_refer
from station.rules.facts import Facts, Mode
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_from_record
from station.rules.verdict import to_record
from tests.torture.fleet import Fleet
from tests.torture.harness import Options, Outcome
from tests.torture.shim import Shim
from tests.torture.site import Site, site
from tests.torture.t1_kill_storm import audit_of

NAME = "T5"
MUTANTS = {
    "clock_set_in_silence": "minus_2h",
    "start_forgets_the_clock": "set_while_down",
    "clock_always_verified": "plus_1y",
    "law_of_the_day_of_the_finding": "law_change",
}
"""Each with what must happen for it to be caught."""

NODE = "linhe"
CHINA = timezone(timedelta(hours=8))
LAW_CHANGE = datetime(2022, 4, 1, tzinfo=CHINA)
"""From then on points follow from the registered total mass (记分管理办法)."""
BATTERY_DEAD = datetime(2000, 1, 1, tzinfo=UTC)
STEPS_S = {"plus_30s": 30.0, "minus_30s": -30.0, "minus_2h": -7200.0, "plus_1y": 365 * 86_400.0}
MOMENTS = {"law_change": LAW_CHANGE - timedelta(seconds=6), "dead_battery": BATTERY_DEAD}
FROZEN, WHILE_DOWN = "frozen", "set_while_down"
KINDS = (*STEPS_S, *MOMENTS, FROZEN, WHILE_DOWN)
FAULTS = 2 * len(KINDS)
HOLDS_S = (9, 13)
RIGHT_S = (4, 6)
SEEN_S = 5.0
VERIFIED_S = 61.0
"""A minute, and what an answer of the centre may be wrong by."""
SLIP_S = 3.0
DRAIN_S = 60.0
HEAVY_KG = 60_000
DRAWING = "TR-06-A/6x4"
WRONG_CLOCK = frozenset({"ahead", "before_anchor"})
RECEIVED = "SELECT seq, received_ms FROM entry WHERE node = $1"


def run(options: Options) -> Outcome:
    """Let the clock go wrong."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Outcome:
    chance = random.Random(options.seed)
    plan = [KINDS[n % len(KINDS)] for n in range(options.faults or FAULTS)]
    chance.shuffle(plan)
    if options.mutant:
        plan = [MUTANTS[options.mutant]]
    home = options.scratch / "station"
    home.mkdir()
    shim = Shim(home, home / "data")
    centre = Fleet(options.scratch, [NODE], None, 20, {})
    station = site(home, NODE, mutant=options.mutant, environment=shim.environment)
    async with station as made:
        try:
            await centre.start_centre()
            made.yard.first_kg = HEAVY_KG
            await made.prepare(centre.machines_url)
            await centre.enrol_at(NODE, made.config)
            story = Story(made, centre, shim, chance)
            await story.live(plan)
            await story.end()
        finally:
            await centre.close()
    return Outcome(
        faults=story.faults.total(),
        acknowledged=len({one.receipt for one in made.saved}),
        lost=story.lost,
        duplicated=story.duplicated,
        broken=tuple(story.broken),
        more={
            "kinds": dict(sorted(story.faults.items())),
            "clock_changes": story.changes,
            "verified": story.verified,
            "findings": story.findings,
        },
    )


@dataclass(frozen=True, slots=True)
class Read:
    """What is compared of one entry. ``true_s``: the right time when it was sealed."""

    held: Held
    tree: dict[str, object]
    wall_s: float
    mono_s: float
    true_s: float

    @property
    def off_s(self) -> float:
        """Return how far its clock was ahead of the right time."""
        return self.wall_s - self.true_s


@dataclass(slots=True)
class Story:
    """Sets the clock, and looks in the end what was written of it."""

    site: Site
    centre: Fleet
    shim: Shim
    chance: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    steps: list[tuple[float, float, str]] = field(default_factory=list)
    """When the clock was set, by how much, and why; of a program that ran."""
    broken: list[str] = field(default_factory=list)
    lost: int = 0
    duplicated: int = 0
    changes: int = 0
    verified: int = 0
    findings: int = 0
    _off_s: float = 0.0
    _reviewed: int = 0
    _true: float = field(default_factory=lambda: time.time() - time.monotonic())

    async def live(self, plan: list[str]) -> None:
        """Let each of *plan* happen, the clock being right in between."""
        await self._start()
        await self._verified()
        for kind in plan:
            saved = len(self.site.saved)
            if kind == WHILE_DOWN:
                await self._set_while_down()
            elif kind == FROZEN:
                self.shim.freeze_clock()
            else:
                self._set(STEPS_S.get(kind) or MOMENTS[kind].timestamp() - time.time(), kind)
            await self._hold(self.chance.uniform(*HOLDS_S), kind)
            self.faults[kind] += len(self.site.saved) > saved
            self._shown(kind)
            self._set(0.0, "right")
            await self._hold(self.chance.uniform(*RIGHT_S), kind)
            await self._review()

    async def end(self) -> None:
        """Let all of it arrive, stop, and look."""
        await self._review()
        await self._drained()
        await self.site.stop()
        if self.site.program.status != 0:
            self.broken.append(f"does not end well: {self.site.last_words()}")
        entries = [self._read(one) for one in self.site.entries()]
        self.broken += self._times(entries)
        self.broken += self._laws(entries)
        self.broken += self._steps_told(entries)
        await self._arrived(entries)
        self._kept(entries)

    async def _start(self) -> None:
        if not await self.site.start() or not await self.site.saves():
            self.broken.append(f"does not start, or saves nothing: {self.site.last_words()}")

    async def _verified(self) -> None:
        deadline = time.monotonic() + SEEN_S
        while time.monotonic() < deadline:
            if self.site.code("clock") == "ok":
                return
            await asyncio.sleep(0.1)
        self.broken.append("the clock is not verified by the centre")

    async def _set_while_down(self) -> None:
        await self.site.stop()
        self._off_s = STEPS_S["minus_2h"]
        self.shim.set_clock(self._off_s)
        await self._start()

    def _set(self, off_s: float, why: str) -> None:
        self.shim.set_clock(off_s)
        self.steps.append((time.monotonic(), off_s - self._off_s, why))
        self._off_s = off_s

    async def _hold(self, seconds: float, kind: str) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(0.1)
            if not self.site.program.alive:
                self.broken.append(f"{kind}: the station ended: {self.site.last_words()}")
                await self._start()

    def _shown(self, kind: str) -> None:
        """Check that the console was shown a clock that is not verified, or was not."""
        if not self.steps or kind in (FROZEN, WHILE_DOWN):
            return
        at, _, _ = self.steps[-1]
        since = [code for when, code in self.site.told["clock"] if at <= when <= at + SEEN_S]
        wrong = abs(self._off_s) > VERIFIED_S
        if wrong != ("clock.unverified" in since):
            self.broken.append(f"{kind}: the console was shown {since or 'nothing'} of the clock")

    async def _review(self) -> None:
        """Let the officer name the vehicles of what was weighed since."""
        waiting = list({one.passage_id: one for one in self.site.saved}.values())
        for one in waiting[self._reviewed :]:
            named = {"plate": f"蒙L{self._reviewed:05d}", "colour": "yellow", "drawing": DRAWING}
            load = {"approved_load_kg": 30_000, "registered_gross_kg": 49_000, "kerb_kg": 19_000}
            refused = await self.site.review(one.passage_id, **named, **load)
            if refused and refused != "not_found":
                self.broken.append(f"a review is refused: {refused}")
            self._reviewed += 1

    async def _drained(self) -> None:
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline:
            there = await self.centre.ledger.entries(NODE)
            if len(there) >= len(self.site.entries()):
                return
            await asyncio.sleep(0.3)
        self.broken.append("not everything arrives once the clock is right")

    def _read(self, held: Held) -> Read:
        tree = msgspec.json.decode(held.body)
        mono_s = tree["mono_ns"] / 1e9
        wall_s = datetime.fromisoformat(tree["wall_utc"]).timestamp()
        return Read(held, tree, wall_s, mono_s, self._true + mono_s)

    def _times(self, entries: list[Read]) -> Iterator[str]:
        """Yield where a clock was set and no ``clock_change`` says so, and false claims."""
        for before, after in pairwise(entries):
            said = after.held.kind == "clock_change"
            self.changes += said
            if before.tree["boot_id"] == after.tree["boot_id"]:
                slipped_s = after.off_s - before.off_s
                if abs(slipped_s) > SLIP_S and not said:
                    yield f"#{after.held.seq}: the clock went {slipped_s:+.0f} s, nothing says so"
            elif after.wall_s < before.wall_s - SLIP_S and not said:
                yield f"#{after.held.seq}: back-dated after a start, and nothing says so"
        for one in entries:
            if one.tree["clock"]["source"] == "centre":  # type: ignore[index]
                self.verified += 1
                if abs(one.off_s) > VERIFIED_S:
                    yield f"#{one.held.seq}: {one.off_s:+.0f} s off, and said to be verified"
        if not self.verified:
            yield "no entry has a verified time"

    def _laws(self, entries: list[Read]) -> Iterator[str]:
        """Yield the findings that are not by the law of the day of the act."""
        days: dict[str, tuple[date, int]] = {}
        for one in entries:
            if one.held.kind not in ("passage", "passage_review"):
                continue
            payload = one.tree["payload"]
            assert isinstance(payload, dict)
            if one.held.kind == "passage":
                settled = datetime.fromisoformat(payload["weighing"]["settled_at"])
                day = date.fromisoformat(payload["occurred_on"])
                days[payload["passage_id"]] = day, payload["weighing"]["gross_kg"]
                if local_day(settled) != payload["occurred_on"]:
                    yield f"#{one.held.seq}: the day is not that of the weighing"
                if not -1 <= one.wall_s - settled.timestamp() <= 2 * SEEN_S:
                    yield f"#{one.held.seq}: settled at {settled}, sealed at {one.wall_s}"
            day, gross = days[payload["passage_id"]]
            self.findings += 1
            if not _is_found(payload, day, gross):
                yield f"#{one.held.seq}: not found by the law of {day}"

    def _steps_told(self, entries: list[Read]) -> Iterator[str]:
        """Yield the steps of which no entry tells in time."""
        changes = [one.mono_s for one in entries if one.held.kind == "clock_change"]
        for at, step_s, why in self.steps:
            if abs(step_s) > SLIP_S and not any(at <= one <= at + SEEN_S for one in changes):
                yield f"{why}: a step of {step_s:+.0f} s is not told within {SEEN_S} s"

    async def _arrived(self, entries: list[Read]) -> None:
        """Hold what the centre has against what the station wrote, and audit it."""
        there = {one.seq: one.body for one in await self.centre.ledger.entries(NODE)}
        for one in entries[:-1]:  # the word of the end goes with the next start
            self.lost += there.get(one.held.seq) != one.held.body
        if self.lost:
            self.broken.append(f"{self.lost} entries are not at the centre as they were written")
        received = {
            row["seq"]: row["received_ms"] for row in await self.centre.rows(RECEIVED, NODE)
        }
        for one in entries:
            at_s = received.get(one.held.seq, 0) / 1000
            if one.held.seq in received and not one.true_s - 1 <= at_s <= time.time():
                self.broken.append(f"#{one.held.seq}: received at a time that is not the centre's")
        _, out, _ = await audit_of(self.centre)
        off = {one.held.seq for one in entries if abs(one.off_s) > VERIFIED_S - SLIP_S}
        for found in json.loads(out)["findings"]:
            if found["code"] not in WRONG_CLOCK or found["seq"] not in off:
                self.broken.append(f"audit: {json.dumps(found, ensure_ascii=False)}")

    def _kept(self, entries: list[Read]) -> None:
        there = {one.held.seq: one.held.digest for one in entries}
        for receipt in sorted({one.receipt for one in self.site.saved}):
            _, seq, digest = receipt.rsplit("-", 2)
            if not there.get(int(seq), "").startswith(digest):
                self.lost += 1
                self.broken.append(f"shown as saved, not kept: {receipt}")
        for gross, count in self.site.unlike_one().items():
            self.duplicated += count > 1
            self.broken.append(f"the truck of {gross} kg is recorded {count} times")


def _is_found(payload: dict[str, object], day: date, gross: int) -> bool:
    """Tell whether a finding is what the law of *day* makes of its facts."""
    vehicle = payload["vehicle"]
    facts = Facts(
        occurred_on=day,
        mode=Mode(payload["mode"]),
        vehicle=vehicle_from_record(vehicle) if isinstance(vehicle, dict) else None,
        gross=Kg(gross),
    )
    verdict = payload["verdict"]
    assert isinstance(verdict, dict)
    return bool(to_record(decide_or_refer(facts, lawbook())) == verdict)
