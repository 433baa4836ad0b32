"""Waits until everything has reached the centre, then makes the report."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from typing import Final

from simulators.demo.findings import findings
from simulators.demo.ledgers import CentralLedger, Held, station_entries
from simulators.demo.report import Audit, Report, StationTruth
from simulators.demo.stage import Actor, Stage
from simulators.officers.console import Console
from station.api.schemas import ChecklistOut

DRAIN_S: Final = 60.0
"""So long the stations' backlog may take to drain."""
_POLL_S: Final = 0.5
LIST_PATH: Final = "/api/export/repeat-vehicles.csv"
_PLATE: Final = 0
_TIMES: Final = 2
"""Columns of that list; its heading is Chinese."""
_STORE: Final = "station.sqlite"


async def audited(stage: Stage, *, seconds: int) -> Report:
    """Return the report.

    Raises:
        Broken: the centre's database does not run.
        Refused: the centre refuses to give its list.
        Away: the centre does not answer.
    """
    audit = Audit(stage.limits, Report(seconds=seconds, seed=stage.options.seed))
    central = CentralLedger(stage.centre.data_dir)
    pairs = await _drained(stage, central)
    for actor in stage.actors:
        truth = _truth(stage, actor, *pairs[actor.node])
        audit.add(truth)
        await _hold_files(audit, actor, truth)
    audit.hold_list(await _list(stage))
    refused: Counter[str] = Counter()
    for actor in stage.actors:
        for console in actor.site.crew.consoles:
            refused += console.refusals
        audit.report.errors += actor.site.crew.post.watch.problems
    audit.report.refused = dict(refused)
    return audit.report


async def _drained(
    stage: Stage, central: CentralLedger
) -> dict[str, tuple[list[Held], list[Held]]]:
    """Return what each station and the centre hold, once they agree or time is up."""
    deadline = stage.clock.now() + DRAIN_S
    while True:
        pairs = {
            actor.node: (
                station_entries(actor.installed.data_dir / _STORE),
                await central.entries(actor.node),
            )
            for actor in stage.actors
        }
        agreed = all(len(here) == len(there) for here, there in pairs.values())
        if agreed or stage.clock.now() > deadline:
            return pairs
        await asyncio.sleep(_POLL_S)


def _truth(stage: Stage, actor: Actor, here: list[Held], there: list[Held]) -> StationTruth:
    return StationTruth(
        node=actor.node,
        journeys=actor.site.world.journeys,
        begun_at=stage.clock.begun_at,
        receipts=frozenset(actor.site.crew.post.watch.receipts),
        held=here,
        at_central=there,
        found=findings(here),
    )


async def _hold_files(audit: Audit, actor: Actor, truth: StationTruth) -> None:
    """Ask the station for the checklist of each case: nothing may be missing in any."""
    console = Console(actor.installed.url, actor.installed.accounts.police[0])
    try:
        for case_no in truth.found.cases:
            answer = await console.get(f"/api/cases/{case_no}/closing")
            items = ChecklistOut.model_validate_json(answer).items
            lacking = [f"{one.need} {one.name}" for one in items if one.standing == "missing"]
            audit.hold_file(case_no, lacking)
    finally:
        await console.close()


async def _list(stage: Stage) -> list[tuple[str, int]]:
    """Return plate and number of decisions of each vehicle on the centre's exported list."""
    console = Console(stage.centre.url, stage.centre.transport)
    try:
        text = (await console.get(LIST_PATH)).decode("utf-8-sig")
    finally:
        await console.close()
    _heading, *rows = csv.reader(io.StringIO(text))
    return [(row[_PLATE], int(row[_TIMES])) for row in rows]
