"""Signs where the log stands (检查点), so that nobody can tell two stories of it later."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from central.application.ledger_ports import Archive, Desk, StoredCheckpoint
from station.contract.checkpoint import Checkpoint, signed_note
from station.contract.sealing import stamp
from station.contract.signature import Ed25519Signer
from station.domain.clock import Clock
from station.domain.errors import StorageError
from station.domain.merkle import Frontier

WORKER: Final = "log"

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpointer:
    """One at a time over all processes. ``every_s``: how often, when the log has grown."""

    archive: Archive
    origin: str
    signer: Ed25519Signer
    clock: Clock
    every_s: float

    async def run(self) -> None:
        """Sign for ever."""
        while True:
            try:
                await self.step()
            except StorageError as exc:
                _LOG.warning("no checkpoint was signed", extra={"code": exc.code})
            await asyncio.sleep(self.every_s)

    async def step(self) -> bool:
        """Sign the log as it stands; False when it stands as at the newest checkpoint."""
        async with self.archive.desk() as desk:
            if await desk.worker(WORKER) is None:
                return False
            frontier, newest = await desk.begin(), await desk.newest_checkpoint()
            if frontier.size == 0 or (newest and newest.log_size == frontier.size):
                return False
            return await sign_checkpoint(desk, frontier, self.origin, self.signer, self.clock.now())


async def sign_checkpoint(
    desk: Desk, frontier: Frontier, origin: str, signer: Ed25519Signer, at: datetime
) -> bool:
    """Sign the log as it stands at *frontier*; False when there is a checkpoint of that size."""
    signed = Checkpoint(origin=origin, size=frontier.size, root=frontier.root, at=stamp(at))
    note = signed_note(signed, signer).decode()
    return await desk.add_checkpoint(
        StoredCheckpoint(log_size=frontier.size, root=frontier.root, at=at, note=note)
    )
