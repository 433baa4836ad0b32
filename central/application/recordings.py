"""Takes the recordings that stations send (影像资料), and tells when one is not what it says."""

from __future__ import annotations

from dataclasses import dataclass

from central.application.ledger_ports import Archive
from central.application.ports import Alarm, Recordings
from central.application.project import Touched
from central.application.refusing import Announce
from station.contract.uplink import Held
from station.domain.clock import Clock
from station.domain.errors import WrongRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRecordings:
    """The use cases of ``/api/media``."""

    files: Recordings
    archive: Archive
    clock: Clock
    announce: Announce

    async def held(self, node: str, sha256: str) -> Held:
        """Return how much of a recording is held, of what *node* has sent.

        Raises:
            NotFound: *sha256* is no digest.
        """
        return await self.files.held(node, sha256)

    async def add(self, node: str, sha256: str, offset: int, size: int, data: bytes) -> Held:
        """Append *data* when it begins where the held part ends; durable on return.

        Raises:
            WrongRecording: it is whole, and another one than its name says: thrown away, alarmed.
            NotFound, MalformedEntry, StoreFull: as in :class:`Recordings`.
        """
        try:
            return await self.files.add(node, sha256, offset, size, data)
        except WrongRecording as refusal:
            await self._alarm(node, refusal)
            raise

    async def _alarm(self, node: str, refusal: WrongRecording) -> None:
        """Tell once of each recording."""
        alarm = Alarm(
            node=node, seq=None, code=refusal.code, detail=refusal.detail, at=self.clock.now()
        )
        touched = Touched()
        async with self.archive.desk() as desk:
            if not await desk.alarmed(alarm):
                touched.alarms[await desk.raise_alarm(alarm)] = None
        self.announce(touched)
