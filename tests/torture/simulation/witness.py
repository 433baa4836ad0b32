"""The real witness, its book in memory, its questions asked without a line."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine
from typing import Any

from central.witness.book import RefusedCheckpoint, SeenCheckpoint
from central.witness.following import Follow, Witness
from station.contract.uplink import unsealed
from station.domain.errors import MalformedEntry, NotFound, UplinkError, ZhichaoError
from station.domain.ledger import Entry
from tests.torture.simulation.centre import LOG, WITNESS, WITNESS_KEY, Centre, CentreMachine
from tests.torture.simulation.clock import SimulatedClock

EVERY_S = 5.0


class MemoryBook:
    """What the witness keeps. ``kept`` is told of each note that it believes."""

    def __init__(self, kept: Callable[[str], None]) -> None:
        self._kept = kept
        self.newest: SeenCheckpoint | None = None
        self.refusals: list[RefusedCheckpoint] = []
        self.rotations: tuple[Entry, ...] = ()

    def add(self, seen: SeenCheckpoint) -> None:
        """Keep a checkpoint."""
        self.newest = seen
        self._kept(seen.note)

    def rotate(self, rotation: Entry) -> None:
        """Keep a rotation of the log's key."""
        self.rotations = (*self.rotations, rotation)

    def refuse(self, refused: RefusedCheckpoint) -> bool:
        """Keep what was refused."""
        self.refusals.append(refused)
        return True


class DirectLog:
    """Implements :class:`central.witness.following.Log`."""

    def __init__(self, machine: CentreMachine) -> None:
        self._machine = machine

    async def checkpoint(self) -> str | None:
        """Return the newest note."""
        try:
            note: str = await self._asked(lambda centre: centre.serve.checkpoint())
        except NotFound:
            return None
        return note

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof."""
        try:
            found = await self._asked(lambda centre: centre.serve.consistency(old, new))
        except NotFound as exc:
            raise MalformedEntry("the answer is no proof") from exc
        return tuple(base64.b64decode(one) for one in found)

    async def rotations(self) -> list[Entry]:
        """Return how the log's key changed."""
        found = await self._asked(lambda centre: centre.serve.rotations())
        return [unsealed(one) for one in found]

    async def hand_back(self, note: str) -> None:
        """Give a cosigned note."""
        try:
            await self._asked(lambda centre: centre.cosign(note.encode()))
        except NotFound as exc:
            raise UplinkError("the centre does not take it") from exc

    async def _asked(self, question: Callable[[Centre], Coroutine[Any, Any, Any]]) -> Any:
        centre = self._machine.up
        if centre is None:
            raise UplinkError("the centre is away")

        async def answer() -> Any:
            try:
                return await question(centre), None
            except ZhichaoError as exc:
                return None, exc

        (task,) = centre.process.start(answer())
        await asyncio.wait((task,))
        if task.cancelled():
            raise UplinkError("the centre went away")
        found, refusal = task.result()
        if isinstance(refusal, NotFound):
            raise refusal
        if refusal is not None:
            raise UplinkError(str(refusal)) from refusal
        return found


def witness(machine: CentreMachine, book: MemoryBook) -> Follow:
    """Return a witness that follows the centre's log."""
    who = Witness(name=WITNESS, signer=WITNESS_KEY, keys=LOG, clock=SimulatedClock())
    return Follow(who, DirectLog(machine), book, lambda _refusal: None)  # type: ignore[arg-type]
