"""Takes the cosignatures of witnesses (见证方), so that proofs can carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from central.application.ledger_ports import StoredCheckpoint
from central.domain.auditing.claims import LogKeys
from central.domain.witnessing import merged
from station.domain.errors import MalformedEntry, NotFound


class Checkpoints(Protocol):
    """The centre's checkpoints."""

    async def checkpoint(self, log_size: int) -> StoredCheckpoint | None:
        """Return the checkpoint of a size."""
        ...

    async def replace_note(self, log_size: int, before: str, after: str) -> bool:
        """Write a note; False when it is not *before* any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosign:
    """The use case of ``POST /api/log/cosignature``. ``witnesses``: public keys by name."""

    checkpoints: Checkpoints
    log: LogKeys
    witnesses: Mapping[str, bytes]

    async def __call__(self, data: bytes) -> None:
        """Add what a witness has signed to the checkpoint that is kept. Idempotent.

        Raises:
            MalformedEntry: not a checkpoint.
            BadSignature: not of this log, or not signed by the witness that it names.
            NotFound: there is no checkpoint of that size.
        """
        try:
            note = data.decode()
        except UnicodeDecodeError as exc:
            raise MalformedEntry("the checkpoint is not UTF-8") from exc
        size = self.log.read(note).size
        while True:
            stored = await self.checkpoints.checkpoint(size)
            if stored is None:
                raise NotFound("checkpoint", log_size=size)
            longer = merged(stored.note, note, self.witnesses)
            if longer == stored.note:
                return
            if await self.checkpoints.replace_note(size, stored.note, longer):
                return
