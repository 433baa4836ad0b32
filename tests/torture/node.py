"""A station without devices that delivers: ``python -m tests.torture.node CONFIG --rate 20``.

Store, sealing, uplink and everything behind it are the station's own; only what happens on the
lane is invented. A line ``seq digest`` on standard output for each entry, once it is durable.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

from station.application.live import Device, LaneView
from station.application.ports import Draft
from station.bootstrap.opening import Stored, SystemClock, claimed, open_store
from station.bootstrap.uplink import Uplink
from station.contract.entries import Kind, Payload, Run
from station.settings import read_settings
from tests.migration.central_kit import FakeStation
from tests.torture.answering import answers

DECIDE_EVERY = 50
"""So many passages after which a whole case is decided, on an act that other stations fine too."""
SHARED_S = 5


class Now(SystemClock):
    """The machine's clock, which nobody moves."""

    def move(self, _delta: timedelta) -> None:
        """Stay."""


class Author(FakeStation):
    """Makes what a station would write, sealed by nobody yet."""

    def __init__(self, node: str) -> None:
        super().__init__(node, clock=Now())
        self.drafts: list[Draft] = []

    def write(self, kind: Kind, payload: Payload) -> None:
        self.drafts.append(Draft(kind, payload))

    def taken(self) -> list[Draft]:
        drafts, self.drafts = self.drafts, []
        return drafts


@dataclass(frozen=True, slots=True)
class NoLane:
    """Stands where the lane is: nothing is weighed, nothing is shown."""

    clock: SystemClock

    def uplink_state(self, code: str, detail: str) -> None:
        """Nobody looks."""

    @property
    def board(self) -> SimpleNamespace:
        return SimpleNamespace(notice=lambda *_: None, report=lambda *_: None)

    def view(self) -> LaneView:
        ok = Device(code="ok", detail="", since=self.clock.now())
        return LaneView(
            at=self.clock.now(),
            gross_kg=None,
            stable=False,
            occupied=False,
            scale=ok,
            camera=ok,
            store=ok,
            uplink=ok,
            clock=ok,
            program=ok,
            waiting=0,
            media_waiting=0,
            pending=False,
        )


class NoCamera:
    """A camera that never takes a picture."""

    async def preview(self, _after: datetime | None) -> None:
        """Nothing is seen."""


async def write(stored: Stored, author: Author, rate: float, until: int | None) -> None:
    """Write and acknowledge, *rate* entries a second, *until* so many are written."""
    loop = asyncio.get_running_loop()
    next_at, written = loop.time(), 0
    for number in itertools.count(1):
        if number % DECIDE_EVERY == 0:
            act = f"shared-{int(author.clock.now().timestamp()) // SHARED_S}"
            author.decided_case(uuid4().hex, _plate(), violation_id=act)
        else:
            author.weigh(str(uuid4()), plate=_plate())
        for draft in author.taken():
            if until is not None and written >= until:
                return
            (entry,) = await stored.ledger.append(draft)
            os.write(1, f"{entry.seq} {entry.digest}\n".encode())
            written += 1
            next_at = max(next_at + 1 / rate, loop.time() - 1)
            await asyncio.sleep(next_at - loop.time())


def _plate() -> str:
    return f"蒙L{random.randint(10_000, 99_999)}"


async def run(config: Path, rate: float, until: int | None) -> None:
    """Work until killed, or until nothing waits when *until* is given."""
    settings = read_settings(config)
    with claimed(settings):
        stored = open_store(settings)
        uplink = Uplink(settings, stored)
        await uplink.prepare()
        await stored.ledger.append(Draft(Kind.START, Run(program="node", detail="")))
        async with asyncio.TaskGroup() as tasks:
            lane, camera, taken = NoLane(SystemClock()), NoCamera(), answers(stored, SystemClock())
            tasks.create_task(uplink.run(lane, camera, taken))  # type: ignore[arg-type]
            tasks.create_task(stored.time.run(stored.ledger, lambda *_: None))
            tasks.create_task(write(stored, Author(settings.station.node), rate, until))


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--until", type=int)
    options = parser.parse_args()
    asyncio.run(run(options.config, options.rate, options.until))


if __name__ == "__main__":
    main()
