"""Shows what is happening: a moving table, or plain lines when nobody watches."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from simulators.demo.site import Site
from simulators.traffic.world import Place

PLAIN_S: Final = 5.0
_LIVE_S: Final = 0.5
_PLACES: Final = {
    Place.QUEUE: "排队 queue",
    Place.APPROACH: "驶来 arriving",
    Place.ONTO: "上磅 driving on",
    Place.PLATFORM: "称重 on the scale",
    Place.OFF: "下磅 driving off",
}


class Progress:
    """The demo's display. ``say`` is for steps; ``run`` for what goes on."""

    def __init__(self, console: Console, *, headless: bool) -> None:
        self._console = console
        self._headless = headless
        self._begun_at = asyncio.get_running_loop().time()
        self._live: Live | None = None
        self.phase = "traffic"

    def say(self, text: str) -> None:
        """Print one line about a step."""
        self._console.print(f"[{self._clock()}] {text}", markup=False, highlight=False)

    async def run(self, sites: list[Site]) -> None:
        """Show *sites* until cancelled."""
        if self._headless:
            while True:
                await asyncio.sleep(PLAIN_S)
                self.say(f"{self.phase}: " + " | ".join(_line(site) for site in sites))
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                live.update(Group(_table(sites), self._footer()), refresh=True)
                await asyncio.sleep(_LIVE_S)

    def _footer(self) -> Text:
        return Text(f"{self._clock()}  {self.phase}  Ctrl-C 停止 stops", style="dim")

    def _clock(self) -> str:
        seconds = int(asyncio.get_running_loop().time() - self._begun_at)
        return f"{seconds // 60:02d}:{seconds % 60:02d}"


def _line(site: Site) -> str:
    counts = _counts(site)
    return (
        f"{site.node} {counts['passages']} weighed, {counts['open']} open cases, "
        f"{counts['closed']} closed, {site.world.waiting} waiting"
    )


def _table(sites: list[Site]) -> Table:
    table = Table(title="治超联合执法演示 joint overload enforcement, simulated", expand=True)
    for heading in (
        "站点 station",
        "磅上 scale",
        "示值 kg",
        "过车 weighed",
        "核定 reviewed",
        "案件 cases",
        "排队 queue",
        "最近 latest",
    ):
        table.add_column(heading)
    for site in sites:
        counts = _counts(site)
        lane = site.crew.post.watch.lane
        gross = "—" if lane is None or lane.gross_kg is None else str(lane.gross_kg)
        table.add_row(
            site.node,
            _on_lane(site),
            gross,
            str(counts["passages"]),
            str(counts["reviewed"]),
            f"{counts['open']} + {counts['closed']} closed",
            str(site.world.waiting),
            _latest(site),
        )
    return table


def _counts(site: Site) -> Counter[str]:
    watch = site.crew.post.watch
    return Counter(
        passages=len(watch.passages),
        reviewed=sum(one.reviewed_by is not None for one in watch.passages.values()),
        open=sum(not case.closed for case in watch.cases.values()),
        closed=sum(case.closed for case in watch.cases.values()),
    )


def _on_lane(site: Site) -> str:
    for journey in site.world.under_way:
        if journey.place in _PLACES and journey.place is not Place.QUEUE:
            return f"{journey.trip.truck.plate.number} {_PLACES[journey.place]}"
    return "空 empty"


def _latest(site: Site) -> str:
    passages = site.crew.post.watch.passages.values()
    newest = max(passages, key=lambda one: one.at, default=None)
    if newest is None:
        return ""
    return f"{newest.tractor.text or '?'} {newest.gross_kg} kg {newest.outcome}"
