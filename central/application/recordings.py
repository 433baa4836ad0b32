"""Takes the recordings that stations send (影像资料): those that their own entries name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from central.application.ledger_ports import Desk
from central.application.ports import Alarm, Arrived, Recordings
from central.application.project import Touched
from central.application.refusing import Announce
from central.domain.naming import digests_in
from station.contract.uplink import Held
from station.domain.clock import Clock
from station.domain.errors import StoreFailed, UnnamedRecording, WrongRecording

WORKER: Final = "recordings"
MOST_PAGES: Final = 40
"""Pages of the log that one request follows; the next one goes on from there."""


@dataclass(frozen=True, slots=True)
class Named:
    """A recording (hex) that an entry of a node names."""

    node: str
    sha256: str
    seq: int


class NamingDesk(Desk, Protocol):
    """One transaction on the ledgers, and on which recordings they name."""

    async def name_recordings(self, named: Sequence[Named]) -> None:
        """Write what entries name; the first entry counts."""
        ...

    async def named(self, node: str, sha256: str) -> int | None:
        """Return the first entry of *node* that names a recording, None when none does."""
        ...


class NamingArchive(Protocol):
    """Where that is kept."""

    def desk(self) -> AbstractAsyncContextManager[NamingDesk]:
        """Open a transaction; it is durable when the block has ended without an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRecordings:
    """The use cases of ``/api/media``."""

    files: Recordings
    archive: NamingArchive
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
            UnnamedRecording: no entry of *node* that is held here names it. The station has it
                still, and sends it again.
            WrongRecording: it is whole, and another one than its name says: thrown away, alarmed.
            NotFound, MalformedEntry, StoreFull: as in :class:`Recordings`.
        """
        await self.files.held(node, sha256)
        seq = await self._named(node, sha256)
        try:
            return await self.files.add(node, sha256, offset, size, data)
        except WrongRecording as refusal:
            await self._alarm(node, seq, refusal)
            raise

    async def _named(self, node: str, sha256: str) -> int:
        async with self.archive.desk() as desk:
            seq = await desk.named(node, sha256)
        for _ in range(MOST_PAGES):
            if seq is not None:
                return seq
            more = await self._follow()
            async with self.archive.desk() as desk:
                seq = await desk.named(node, sha256)
            if seq is None and not more:
                raise UnnamedRecording(sha256, node=node, sha256=sha256)
        raise StoreFailed("what the entries name is still being looked through")

    async def _follow(self) -> bool:
        """Look through the next page of the log; False when there was none."""
        async with self.archive.desk() as desk:
            page = await desk.page(await desk.worker(WORKER, wait=True) or 0)
            if not page:
                return False
            await desk.name_recordings(await asyncio.to_thread(_names, page))
            await desk.note_progress(WORKER, page[-1].position)
        return True

    async def _alarm(self, node: str, seq: int, refusal: WrongRecording) -> None:
        """Tell once of each recording."""
        alarm = Alarm(
            node=node, seq=seq, code=refusal.code, detail=refusal.detail, at=self.clock.now()
        )
        touched = Touched()
        async with self.archive.desk() as desk:
            if not await desk.alarmed(alarm):
                touched.alarms[await desk.raise_alarm(alarm)] = None
        self.announce(touched)


def _names(page: Sequence[Arrived]) -> list[Named]:
    return [
        Named(one.entry.node, sha256, one.entry.seq)
        for one in page
        for sha256 in digests_in(one.entry.body)
    ]
