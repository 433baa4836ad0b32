"""What the officers of one station share: their eyes on the yard, and the console's picture."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from simulators.officers.console import Console
from simulators.officers.watch import Watch
from simulators.traffic.trucks import Truck
from simulators.traffic.world import Journey, Visit, World
from station.api.schemas import CaseOut, DrawingOut, PassageOut

_DRAWINGS: Final = TypeAdapter(list[DrawingOut])
_LONGEST_NAP_S: Final = 1.0


@dataclass(slots=True)
class Post:
    """One station as its officers know it.

    Attributes:
        now: seconds on the world's clock.
        moment: the world's clock at a wall time.
        pauses_s: what each act takes at speed 1, in seconds.
        acts: how often each act was done.
        offsite: nobody is stopped here (非现场).
        slips: weighing slips (PDF) as drivers got them, with the case.
        asked: cases in which the driver went to his page.
    """

    world: World
    watch: Watch
    now: Callable[[], float]
    moment: Callable[[datetime], float]
    pauses_s: Mapping[str, int]
    speed: float
    offsite: bool = False
    acts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    slips: asyncio.Queue[tuple[str, bytes]] = field(default_factory=asyncio.Queue)
    asked: set[str] = field(default_factory=set)
    _whose: dict[str, tuple[Journey, Visit]] = field(default_factory=dict)

    def whose(self, passage: PassageOut) -> tuple[Journey, Visit] | None:
        """Return which truck a passage is of: the one that was on the platform then."""
        found = self._whose.get(passage.passage_id)
        if found is None:
            found = self.world.visit_at(self.moment(passage.at))
            if found is not None:
                self._whose[passage.passage_id] = found
        return found

    def passage_of(self, journey: Journey, visit: Visit) -> PassageOut | None:
        """Return the passage that the station made of a visit to the platform."""
        for passage in self.watch.passages.values():
            if (found := self.whose(passage)) and found[0] is journey and found[1] is visit:
                return passage
        return None

    def journey_of(self, case: CaseOut) -> Journey | None:
        """Return the truck that a case is about."""
        passage = self.watch.passages.get(case.passage_id)
        found = self.whose(passage) if passage else None
        return found[0] if found else None

    async def pause(self, act: str) -> None:
        """Take the time that an act takes a person."""
        await asyncio.sleep(self.pauses_s[act] / self.speed)

    async def nap(self, news: asyncio.Event) -> None:
        """Wait for news, but not for ever: trucks move without telling."""
        # Not asyncio.wait_for: that of Python 3.11 loses a cancellation that meets the news.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_NAP_S):
                await news.wait()
        news.clear()


class Drawings:
    """The drawings of the 认定标准 that the console offers, fetched once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._drawings: list[DrawingOut] = []

    async def like(self, truck: Truck) -> str | None:
        """Return the id of the drawing that shows this truck, None when none does.

        Raises:
            Refused: by the station.
            Away: the station does not answer.
        """
        if not self._drawings:
            self._drawings = _DRAWINGS.validate_json(await self._console.get("/api/drawings"))
        seen = _outline(truck.facts)
        for drawing in self._drawings:
            if _outline(drawing.vehicle) == seen:
                return drawing.id
        return None


def _outline(vehicle: Mapping[str, object]) -> tuple[object, ...]:
    """Return what a person sees of a vehicle: kind, axles, tyres, bellows; no spacings."""
    axles = vehicle["axles"]
    if not isinstance(axles, list):
        raise TypeError("axles are a list")
    seen = tuple((axle["unit"], axle["driven"], axle["tyres"]) for axle in axles)
    return vehicle["kind"], bool(vehicle["air_suspension"]), seen
