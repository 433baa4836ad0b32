"""Whether this program may weigh (准用程序): the centre keeps the list, the station shows it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from typing import Final

from station.application.centre_ports import CentreFacts
from station.application.devices import OK
from station.contract.entries import AllowedProgram
from station.contract.sealing import local_day
from station.domain.clock import Clock
from station.domain.errors import StoreCorrupt

NOT_ALLOWED: Final = "legal.not_allowed"
LOOK_EVERY_S: Final = 10.0


def is_allowed(legal_id: str, programs: Iterable[AllowedProgram], on: date) -> bool:
    """Tell whether a program may weigh on a local day; first and last day included."""
    day = on.isoformat()
    return any(
        one.legal_id == legal_id
        and one.first_on <= day
        and (one.last_on is None or day <= one.last_on)
        for one in programs
    )


class Allowed:
    """One task. Before the centre has published a list, nothing is said."""

    def __init__(
        self,
        *,
        legal_id: str,
        facts: CentreFacts,
        clock: Clock,
        report: Callable[[str, str], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare; *report* gets ``ok`` or ``legal.not_allowed`` with the program's id."""
        self._legal_id = legal_id
        self._facts = facts
        self._clock = clock
        self._report = report
        self._sleep = sleep

    async def run(self) -> None:
        """Look for ever: a list may come, or a day begin."""
        while True:
            # On a spoilt disk the lane says so; here only the next look matters.
            with contextlib.suppress(StoreCorrupt):
                await self.look()
            await self._sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once."""
        programs = await self._facts.allowed_programs()
        today = date.fromisoformat(local_day(self._clock.now()))
        if programs is None or is_allowed(self._legal_id, programs, today):
            self._report(OK, "")
        else:
            self._report(NOT_ALLOWED, self._legal_id)
