"""Verifies every entry's signature and form soon after it came in: the chain vouched so far."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from central.application.ledger_ports import Archive, Desk, NodeState
from central.application.ports import Alarm, Arrived
from central.application.project import Touched
from central.application.traffic import Traffic
from station.contract.keyring import KeyRing
from station.domain.clock import Clock
from station.domain.errors import EvidenceError, MalformedKept, StorageError

WORKER: Final = "signatures"
LOOK_EVERY_S: Final = 1.0

_LOG: Final = logging.getLogger(__name__)


class SignatureCheck:
    """One at a time over all processes, behind the newest entry."""

    def __init__(self, archive: Archive, clock: Clock, announce: Callable[[Touched], None]) -> None:
        self._archive = archive
        self._clock = clock
        self._announce = announce

    async def run(self, traffic: Traffic) -> None:
        """Verify for ever, where deliveries leave room."""
        while True:
            await traffic.quiet()
            try:
                while await self.step():
                    pass
            except StorageError as exc:
                _LOG.warning("signatures are behind", extra={"code": exc.code})
            await asyncio.sleep(LOOK_EVERY_S)

    async def step(self) -> bool:
        """Verify the next page; False when there was none.

        A signature that is not the node's raises an alarm that names node and seq, and puts the
        node into quarantine: somebody has sent what the node did not sign. So do bytes that are not
        canonical: a signature over two readings of one text proves neither.
        """
        touched = Touched()
        async with self._archive.desk() as desk:
            after = await desk.worker(WORKER)
            page = await desk.page(after) if after is not None else []
            if not page:
                return False
            states = await desk.states({one.entry.node for one in page})
            for one, refusal in await asyncio.to_thread(_refused, page, states):
                await self._alarm(desk, one, refusal, touched)
            await desk.note_progress(WORKER, page[-1].position)
        self._announce(touched)
        return True

    async def _alarm(
        self, desk: Desk, one: Arrived, refusal: EvidenceError, touched: Touched
    ) -> None:
        entry, at = one.entry, self._clock.now()
        await desk.begin()  # as everybody who changes a node
        await desk.quarantine(entry.node, at)
        alarm = Alarm(
            node=entry.node, seq=entry.seq, code=refusal.code, detail=refusal.detail, at=at
        )
        touched.nodes[entry.node] = None
        touched.alarms[await desk.raise_alarm(alarm)] = None


def _refused(
    page: list[Arrived], states: dict[str, NodeState]
) -> list[tuple[Arrived, EvidenceError]]:
    refused: list[tuple[Arrived, EvidenceError]] = []
    nobody = KeyRing(())
    for one in page:
        state = states.get(one.entry.node)
        try:
            if not one.entry.kind:
                raise MalformedKept("the bytes are not in canonical form")
            (state.ring if state else nobody).verify_entry(one.entry)
        except EvidenceError as exc:
            refused.append((one, exc))
    return refused
