"""Flips bits in copies of a centre and looks: ``python -m tests.torture.rotting_centre WORLD …``.

Reports as :mod:`tests.torture.rotting` does. The database starts on the spoilt files; all that
headquarters shows, every row and every picture is held against the truth; then the centre is
audited, with what stations and a witness hold of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from central.store import embedded
from station.domain.errors import ZhichaoError
from tests.torture import centre_world as worlds
from tests.torture.rotting import MORE_BITS, Fault, Seen

OURS, THEIRS = "our tables", "the catalogue"
WHERE = {
    "closed": {OURS: 45, THEIRS: 10, "pg_xact": 15, "global": 5, "": 5, "recordings": 20},
    "killed": {OURS: 15, "pg_wal": 60, "pg_xact": 15, "global": 10},
}
"""In which folders bits flip, and how often; tables of a killed one come out of its journal."""
JOURNAL_BYTES = 500_000
"""So much of the journal's end, which is read again after a crash."""
FIRST_OURS = 16_384
"""Numbers of relations from here on are not the server's own."""
DATABASES = ("postgres/base/1/", "postgres/base/4/", "postgres/base/5/")
"""Templates and the like, which nobody reads."""
NOWHERE_ELSE = frozenset({"alarms", "rows of alarm", "rows of checkpoint", "rows of quarantine"})
"""What only the database holds, may lose rows with the end of a spoilt journal."""
SHOWN = frozenset({"passages", "cases", "decisions"})
LONGEST_S = 60.0
AT_ONCE_S = 2.0


class World:
    """The sound centres, and copies of them."""

    def __init__(self, folder: Path, only: str | None) -> None:
        self._folder = folder
        self._only = only
        self._files = {shape: self._used(folder / shape) for shape in worlds.SHAPES}

    def fault(self, chance: random.Random) -> Fault:
        """Choose a fault among the bytes that are in use."""
        files: list[str] = []
        while not files:
            shape = chance.choice(worlds.SHAPES)
            names, weights = WHERE[shape].keys(), WHERE[shape].values()
            (where,) = [self._only] if self._only else chance.choices([*names], [*weights])
            files = [name for name in self._files[shape] if _kind(name) == where]
        file = chance.choice(files)
        counts, often = zip(*MORE_BITS, strict=True)
        count = chance.choices(counts, often)[0]
        size = self._files[shape][file]
        first = max(0, size - JOURNAL_BYTES) if where == "pg_wal" else 0
        bits = sorted(chance.sample(range(8 * first, 8 * size), count))
        return Fault(shape, running=False, file=file, bits=tuple(bits))

    def lay_down(self, shape: str, folder: Path) -> None:
        """Copy a centre, with its owners and modes."""
        command = ("cp", "-a", str(self._folder / shape), str(folder))
        subprocess.run(command, check=True)

    @staticmethod
    def _used(folder: Path) -> dict[str, int]:
        """Return each file that may rot, and how many of its bytes are in use."""
        files = (
            path
            for top in ("postgres", "recordings")
            for path in sorted((folder / top).rglob("*"))
            if path.is_file() and path.name not in ("postmaster.pid", "postmaster.opts")
        )
        named = {str(path.relative_to(folder)): path for path in files}
        used = {
            name: len(path.read_bytes().rstrip(b"\0"))
            for name, path in named.items()
            if not name.startswith(DATABASES)
        }
        return {name: size for name, size in used.items() if size}


def _kind(name: str) -> str:
    """Return the key of WHERE that a file belongs to."""
    first, *more, last = Path(name).parts
    if first == "recordings":
        return "recordings"
    folder = more[0] if more else ""
    if folder == "base":
        number = re.match(r"\d*", last)
        return OURS if number and int(number[0] or 0) >= FIRST_OURS else THEIRS
    return folder if folder in ("pg_wal", "pg_xact", "global") else ""


class Watcher:
    """Reads copies of one centre against its truth."""

    def __init__(self, world: World, shape: str, folder: Path) -> None:
        self._world, self._shape, self._folder = world, shape, folder
        self._truth: dict[str, Any] = {}
        self.entries = 0

    async def learn(self) -> None:
        """Read the sound one, which no audit may have a word on."""
        self._world.lay_down(self._shape, self._folder)
        async with worlds.opened(worlds.place(self._folder)) as database:
            for name, read in await worlds.readings(self._folder, database):
                self._truth[name] = await read()
            found = await worlds.audited(self._folder, database)
        assert not found, found
        self.entries = len(self._truth["rows of entry"])
        shutil.rmtree(self._folder)

    async def look(self, fault: Fault) -> tuple[str, str]:
        """Do *fault* to a copy, read it all, and return the result with its reason."""
        self._world.lay_down(self._shape, self._folder)
        fault.flip(self._folder)
        seen = Seen()
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._show(seen)
        except (ZhichaoError, asyncpg.PostgresError, OSError, asyncpg.InterfaceError) as exc:
            seen.noticed.append(f"does not start, or ends: {exc!r}")
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is no error of ours
            seen.wrong.append(f"thing: fails in a way of its own: {exc!r}")
        finally:
            shutil.rmtree(self._folder)
        return seen.result

    async def _show(self, seen: Seen) -> None:
        async with worlds.opened(worlds.place(self._folder)) as database:
            shown: set[str] = set()
            for name, read in await worlds.readings(self._folder, database):
                shown.add(name)
                try:
                    found = await read()
                except (ZhichaoError, asyncpg.PostgresError) as exc:
                    seen.noticed.append(f"{name}: {exc}")
                    continue
                truth = self._truth.get(name)
                if found != truth and not (name in NOWHERE_ELSE and _only_of(found, truth)):
                    other = name in SHOWN and any(_facts(found, truth))
                    (seen.wrong if other else seen.missing).append(name)
            seen.missing += sorted(self._truth.keys() - shown)
            found = await worlds.audited(self._folder, database)
            seen.noticed += [f"audit: {one}" for one in found]


def _only_of(found: list[Any], truth: list[Any]) -> bool:
    return all(row in truth for row in found)


def _facts(found: list[Any], truth: list[Any]) -> Iterator[object]:
    """Yield the rows that show another weight, time or amount than is true; none at all is none."""
    true = {_key(row): row for row in truth}
    for row in found:
        right = true.get(_key(row))
        for name in ("gross_kg", "at", "opened_at", "occurred_on", "fine_fen"):
            shown = getattr(row, name, None)
            if right is not None and shown not in (None, getattr(right, name, None)):
                yield row


def _key(row: object) -> tuple[object, ...]:
    return tuple(getattr(row, name, None) for name in ("node", "passage_id", "case_no", "plate"))


def main() -> None:
    """Do faults number *first*, *first* + *step*, … of the seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("world", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--faults", type=int, required=True)
    parser.add_argument("--only", help="Of WHERE.")
    parser.add_argument("--until-broken", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    embedded._LOCK_S = AT_ONCE_S  # type: ignore[misc] - no other postmaster is ever there
    world = World(options.world, options.only)
    with asyncio.Runner() as runner:
        watchers = {
            shape: Watcher(world, shape, options.scratch / shape) for shape in worlds.SHAPES
        }
        for watcher in watchers.values():
            runner.run(watcher.learn())
        _say(entries=sum(watcher.entries for watcher in watchers.values()))
        for number in range(options.first, options.faults, options.step):
            fault = world.fault(random.Random(f"centre/{options.seed}/{number}"))
            result, why = runner.run(watchers[fault.shape].look(fault))
            _say(fault=f"{number}: {fault.shape} {fault.file} {fault.bits}", result=result, why=why)
            if options.until_broken and result == "broken":
                return


def _say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
