"""Flips bits in copies of a store and looks: ``python -m tests.torture.rotting WORLD SCRATCH …``.

A program of its own so that a mutant can take its place. One line of JSON for each fault:
``{"fault": …, "result": "detected" | "harmless" | "broken", "why": …}``.

A bit flips *at rest*, before the store is opened, or *running*, in the files of an open store. The
store is used as the station uses it: opened, the start written, and only then shown. Everything
that is shown is held against the truth; at last the store is checked as ``python -m station check``
does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from station.application.ports import Draft
from station.application.views import PassageView, moment
from station.bootstrap.opening import Stored, check_of, open_store
from station.contract.entries import Kind, Run
from station.domain.case import Case
from station.domain.errors import ZhichaoError
from tests.torture.examining import views
from tests.torture.writer import AT, settings

SHAPES = ("closed", "killed")
"""A store that was closed; one whose newest entries are in the journal still."""
RUNNING_SHARE = 0.4
MORE_BITS = ((1, 8), (2, 1), (4, 1))
"""How many bits, and how often."""
AT_REST = ((".sqlite", 50), (".sqlite-wal", 25), ("media", 20), (".head", 5))
RUNNING = ((".sqlite", 25), (".sqlite-wal", 60), ("media", 15))
"""Where bits flip, and how often."""
MANY = 1_000_000
AGAIN = ("delivered", "receipts")
START = Draft(Kind.START, Run(program="station", detail=""))


@dataclass(frozen=True, slots=True)
class Fault:
    """Bits to flip in one file, by their places."""

    shape: str
    running: bool
    file: str
    bits: tuple[int, ...]

    def flip(self, folder: Path) -> None:
        """Do it. The file is opened by its name, as a disk knows no descriptors."""
        with (folder / self.file).open("r+b") as file:
            for bit in self.bits:
                file.seek(bit // 8)
                (byte,) = file.read(1)
                file.seek(bit // 8)
                file.write(bytes([byte ^ 1 << bit % 8]))


class World:
    """The sound stores, and copies of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = {
            shape: {
                str(path.relative_to(folder / shape)): path.stat().st_size
                for path in sorted((folder / shape).rglob("*"))
                if path.is_file() and not path.name.endswith("-shm")
            }
            for shape in SHAPES
        }

    def fault(self, chance: random.Random) -> Fault:
        """Choose a fault."""
        running = chance.random() < RUNNING_SHARE
        kinds, weights = zip(*(RUNNING if running else AT_REST), strict=True)
        files: list[str] = []
        while not files:
            shape, kind = chance.choice(SHAPES), chance.choices(kinds, weights)[0]
            files = [
                name for name in self._files[shape] if name.startswith(kind) or name.endswith(kind)
            ]
        file = chance.choice(files)
        counts, often = zip(*MORE_BITS, strict=True)
        count = chance.choices(counts, often)[0]
        bits = sorted(chance.sample(range(8 * self._files[shape][file]), count))
        return Fault(shape, running, file, tuple(bits))

    def lay_down(self, shape: str, folder: Path, changed: str = "") -> None:
        """Copy a store; what is never written to, but for *changed*, is linked."""
        for name in self._files[shape]:
            source, target = self._folder / shape / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if name.startswith("media") and name != changed:
                os.link(source, target)
            else:
                shutil.copy(source, target)


Reading = tuple[str, Callable[[], Awaitable[Any]]]


@dataclass(slots=True)
class Truth:
    """What a sound store shows: every reading by its name, and the rows of the views."""

    shown: dict[str, Any]
    rows: list[Any]


@dataclass(slots=True)
class Seen:
    """What came of one fault: readings that gave an error, fewer things, or other ones."""

    noticed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def result(self) -> tuple[str, str]:
        """Return the result with its reason."""
        if self.wrong:
            return "broken", f"shows another {self.wrong[0]}"
        if self.noticed:
            return "detected", self.noticed[0]
        if self.missing:
            return "broken", f"nobody noticed: {self.missing[0]}"
        return "harmless", ""


def readings(
    stored: Stored, entries: int, pictures: list[str], passages: list[str], cases: list[Case]
) -> tuple[list[Reading], list[Reading]]:
    """Return everything that is shown of a station, and the marks that it goes by."""
    ledger, outbox = stored.ledger, stored.outbox
    plates = sorted({case.plate for case in cases})
    found: list[Reading] = [
        ("passages", lambda: ledger.passages(MANY)),
        ("open cases", lambda: ledger.cases(closed=False, limit=MANY)),
        ("closed cases", lambda: ledger.cases(closed=True, limit=MANY)),
        ("alarms", lambda: ledger.alarms(MANY)),
        ("entries", lambda: ledger.entries_after(0, entries)),
    ]
    found += [(f"passage {one}", lambda one=one: ledger.passage(one)) for one in passages]
    found += [(f"case {one.case_no}", lambda no=one.case_no: ledger.case(no)) for one in cases]
    found += [(f"held {one}", lambda one=one: ledger.held_case(one, moment(AT))) for one in plates]
    found += [(f"picture {one}", lambda one=one: stored.media.fetch(one)) for one in pictures]
    marks: list[Reading] = [
        ("delivered", outbox.delivered),
        ("receipts", lambda: outbox.receipts(0, MANY)),
        ("cases of the day", lambda: ledger.cases_opened_on("2026-03-01")),
    ]
    return found, marks


class Watcher:
    """Reads a store of one shape against its truth."""

    def __init__(self, world: World, shape: str, folder: Path) -> None:
        self._world, self._shape, self._folder = world, shape, folder
        self.entries = 0
        self._pictures: list[str] = []
        self._passages: list[str] = []
        self._cases: list[Case] = []
        self._truth = Truth({}, [])

    async def learn(self) -> None:
        """Read the sound store."""
        self._world.lay_down(self._shape, self._folder)
        stored = open_store(settings(self._folder))
        self.entries = (await stored.ledger.head()).seq
        views_of: list[PassageView] = await stored.ledger.passages(MANY)
        self._passages = [view.passage.passage_id for view in views_of]
        self._cases = [
            case
            for closed in (False, True)
            for case in await stored.ledger.cases(closed=closed, limit=MANY)
        ]
        media = self._folder / "media"
        self._pictures = sorted(path.name for path in media.rglob("*") if path.is_file())
        self._truth.rows = await stored.database.run(views)
        for reading in self._readings(stored, running=False):
            self._truth.shown[reading[0]] = await reading[1]()
        stored.close()
        shutil.rmtree(self._folder)

    async def look(self, fault: Fault) -> tuple[str, str]:
        """Do *fault* to a copy, read it all, and return the result with its reason."""
        self._world.lay_down(self._shape, self._folder, fault.file)
        try:
            return await self._look(fault)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is no error of ours
            return "broken", f"fails in a way of its own: {exc!r}"
        finally:
            shutil.rmtree(self._folder)

    async def _look(self, fault: Fault) -> tuple[str, str]:
        if not fault.running:
            fault.flip(self._folder)
        seen = Seen()
        try:
            stored = open_store(settings(self._folder))
        except ZhichaoError as exc:
            return "detected", f"does not open: {exc}"
        try:
            await stored.ledger.append(START)
            if fault.running:
                fault.flip(self._folder)
            await self._show(stored, seen, running=fault.running)
        except ZhichaoError as exc:
            seen.noticed.append(f"does not start: {exc}")
        finally:
            stored.close()
        seen.noticed += [str(one) for one in check_of(settings(self._folder), lambda *_: None)]
        return seen.result

    async def _show(self, stored: Stored, seen: Seen, *, running: bool) -> None:
        for name, read in self._readings(stored, running=running):
            try:
                shown = await read()
            except ZhichaoError as exc:
                seen.noticed.append(f"{name}: {exc}")
                continue
            truth = self._truth.shown[name]
            if shown != truth and not (name in AGAIN and _given_again(shown, truth)):
                (seen.missing if _only_of(shown, truth) else seen.wrong).append(name)
        if await stored.database.run(views) != self._truth.rows:
            seen.missing.append("rows of the views")

    def _readings(self, stored: Stored, *, running: bool) -> Iterator[Reading]:
        shown, marks = readings(stored, self.entries, self._pictures, self._passages, self._cases)
        yield from shown
        if not running:
            # In the journal of a running program only what is shown is guarded.
            yield from marks


def _given_again(shown: Any, truth: Any) -> bool:
    """Tell whether only receipts are missing: what is sent again is receipted again."""
    return _only_of(shown, truth) if isinstance(truth, list) else 0 <= shown <= truth


def _only_of(shown: list[Any], truth: Any) -> bool:
    """Tell whether a list holds nothing that the true one does not hold."""
    return isinstance(truth, list) and all(one in truth for one in shown)


def main() -> None:
    """Do faults number *first*, *first* + *step*, … of the seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("world", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--faults", type=int, required=True)
    parser.add_argument("--until-broken", action="store_true")
    options = parser.parse_args()
    world = World(options.world)
    with asyncio.Runner() as runner:
        watchers = {shape: Watcher(world, shape, options.scratch / shape) for shape in SHAPES}
        for watcher in watchers.values():
            runner.run(watcher.learn())
        entries = sum(watcher.entries for watcher in watchers.values())
        _say(entries=entries)
        for number in range(options.first, options.faults, options.step):
            fault = world.fault(random.Random(f"{options.seed}/{number}"))
            result, why = runner.run(watchers[fault.shape].look(fault))
            where = f"{number}: {fault.shape} {fault.file} {fault.bits} running={fault.running}"
            _say(fault=where, result=result, why=why)
            if options.until_broken and result == "broken":
                return


def _say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
