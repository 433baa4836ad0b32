"""Delivery by both programs over their real line: a backlog, a restart, a passage on its way.

Only the devices are missing. Times are from outside: from the commit at the station, or from the
start of its program, until headquarters' interface shows it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from uuid import uuid4

from benchmarks.outage_site import NODE, Site, peak_mb, site
from benchmarks.report import Row, rounded
from station.application.findings import Judge
from station.application.ports import Draft
from station.bootstrap.opening import Stored, open_store
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    Kind,
    Passage,
    PlateEvidence,
    Weighing,
)
from station.contract.sealing import local_day, stamp
from station.domain.units import Kg
from station.rules.drawings import DRAWINGS
from station.rules.facts import Mode
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_to_record
from station.settings import Settings

PER_DAY: Final = 300
"""Violations a day, each with its case and the order to unload: three entries."""
RESTARTS: Final = 10
PASSAGES: Final = 40
FRESH_AT: Final = 4
"""What happens meanwhile is written when a quarter of the backlog has gone."""
LOOK_S: Final = 0.02
LONGEST_S: Final = 1800.0
_VEHICLE: Final = DRAWINGS["TR-06-A/6x4"].vehicle
_GROSS: Final = Kg(61_000)

Say = Callable[[str], None]


async def measured(folder: Path, days: int, say: Say) -> list[Row]:
    """Measure everything once; *days*: how long the line was away."""
    async with site(folder) as made:
        say("fill")
        seq = await _write(made.settings, days)
        say("backlog")
        rows = await _backlog(made, seq)
        say("restart")
        rows.append(_row("restart to first acknowledgement", await _restarts(made)))
        say("passages")
        rows.append(_row("passage from commit to headquarters", await _passages(made)))
        return rows


async def _backlog(made: Site, seq: int) -> list[Row]:
    await made.start_station()
    began = time.monotonic()
    await _until(lambda: _reached(made, seq // FRESH_AT))
    fresh = await _shown_after(made)
    await _until(lambda: _reached(made, seq))
    took = time.monotonic() - began
    note = f"{seq} entries"
    return [
        Row(task="backlog drained", engine=NODE, unit="s", median=rounded(took), note=note),
        Row(task="backlog", engine=NODE, unit="1/s", median=rounded(seq / took), note=note),
        Row(
            task="new passage while it drains",
            engine=NODE,
            unit="s",
            median=rounded(fresh),
            note=f"after {1 / FRESH_AT:.0%} of it",
        ),
        *(
            Row(task="memory, highest", engine=name, unit="MB", median=rounded(peak_mb(pid)))
            for name, pid in made.pids.items()
        ),
    ]


async def _restarts(made: Site) -> list[float]:
    found = []
    for _ in range(RESTARTS):
        before = await made.last_seq()
        await made.kill_station()
        began = time.monotonic()
        await made.start_station()
        await _until(partial(_reached, made, before + 1))
        found.append(time.monotonic() - began)
    return found


async def _passages(made: Site) -> list[float]:
    return [await _shown_after(made) for _ in range(PASSAGES)]


async def _shown_after(made: Site) -> float:
    """Write a passage, and return for how long headquarters did not show it."""
    stored = open_store(made.settings)
    try:
        passage = _passage(Judge(law=lawbook(), mode=Mode.RESIDENT), datetime.now(UTC))
        await stored.ledger.append(Draft(Kind.PASSAGE, passage))
        began = time.monotonic()
    finally:
        stored.close()

    async def shown() -> bool:
        return passage.passage_id in await made.passages()

    await _until(shown)
    return time.monotonic() - began


async def _reached(made: Site, seq: int) -> bool:
    return await made.last_seq() >= seq


async def _until(ask: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LONGEST_S):
        while not await ask():  # noqa: ASYNC110 - another program brings it about
            await asyncio.sleep(LOOK_S)


async def _write(settings: Settings, days: int) -> int:
    """Write what *days* without a line leave behind; return the last seq."""
    stored = open_store(settings)
    try:
        for day in range(days):
            await _write_day(stored, day)
        return (await stored.ledger.head()).seq
    finally:
        stored.close()


async def _write_day(stored: Stored, day: int) -> None:
    judge, now = Judge(law=lawbook(), mode=Mode.RESIDENT), datetime.now(UTC)
    drafts: list[Draft] = []
    for number in range(PER_DAY):
        passage = _passage(judge, now)
        case_no = f"LH{day:04}{number:05}"
        opened = _opened(passage, case_no, now)
        drafts += [
            Draft(Kind.PASSAGE, passage),
            Draft(Kind.CASE_OPENED, opened),
            Draft(Kind.CASE_ACT, _ordered(opened, now)),
        ]
    await stored.ledger.append(*drafts)


def _passage(judge: Judge, at: datetime) -> Passage:
    day = local_day(at)
    found = judge.finding(_GROSS, _VEHICLE, occurred_on=at.date(), recheck=False)
    return Passage(
        passage_id=str(uuid4()),
        lane="1",
        occurred_on=day,
        mode=judge.mode.value,
        weighing=Weighing(
            scale_id="S",
            protocol="yaohua-continuous",
            gross_kg=_GROSS,
            frames=["02" * 12] * 15,
            spread_kg=0,
            settled_ms=1500,
            arrived_at=stamp(at),
            settled_at=stamp(at),
            certificate_no="C",
            certificate_until="2099-12-31",
            evidence=True,
        ),
        tractor=_plate("蒙L12345"),
        trailer=None,
        pictures=[],
        vehicle=vehicle_to_record(_VEHICLE),
        vehicle_origin="register",
        verdict=found.record,
        explanation=found.explanation,
        recheck_of=None,
    )


def _plate(text: str) -> PlateEvidence:
    return PlateEvidence(
        text=text,
        colour="yellow",
        origin="camera",
        best_guess=text,
        confidence_permille=950,
        crop="",
    )


def _opened(passage: Passage, case_no: str, at: datetime) -> CaseOpened:
    limit = int(str(passage.verdict["limit_kg"]))
    return CaseOpened(
        case_no=case_no,
        violation_id=passage.passage_id,
        passage_id=passage.passage_id,
        plate="蒙L12345",
        occurred_on=passage.occurred_on,
        opened_at=stamp(at),
        gross_kg=_GROSS,
        limit_kg=limit,
        excess_kg=_GROSS - limit,
    )


def _ordered(opened: CaseOpened, at: datetime) -> CaseAct:
    return CaseAct(
        case_no=opened.case_no,
        act="order_to_correct",
        authority="road",
        officers=["R1", "R2"],
        at=stamp(at),
        details={"plate": opened.plate},
        stage="ordered",
        plate=opened.plate,
        violation_id=opened.violation_id,
    )


def _row(task: str, seconds: list[float]) -> Row:
    p99 = quantiles(seconds, n=100, method="inclusive")[98]
    return Row(
        task=task,
        engine=NODE,
        unit="s",
        median=rounded(median(seconds)),
        note=f"p99 {p99:.2f} s of {len(seconds)}",
    )
