"""Takes the recordings that stations send (影像资料): those that their own entries name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from central.application.ledger_ports import Desk
from central.application.ports import Alarm, Arrived, Recordings
from central.application.project import Touched
from central.application.refusing import Announce
from central.domain.days import local_day
from central.domain.naming import digests_in
from station.contract.entries import (
    CaseAct,
    DocumentIssued,
    Passage,
    PassageReview,
    Payload,
    read,
)
from station.contract.media import media_of
from station.contract.uplink import Held
from station.domain.clock import Clock
from station.domain.errors import MalformedEntry, StoreFailed, UnnamedRecording, WrongRecording

WORKER: Final = "recordings"
MOST_PAGES: Final = 40
"""Pages of the log that one request follows; the next one goes on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A digest (hex) that stands in an entry of a node.

    Attributes:
        on: local day on which the entry came; None: the digest is no recording's.
        passage_id, case_no: what the entry is about; ``case_no`` "": nobody knows.
    """

    node: str
    sha256: str
    seq: int
    on: date | None = None
    passage_id: str | None = None
    case_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A recording of a node. ``seq``: of the first entry that names it; ``erased``: by its time."""

    seq: int
    erased: bool


class NamingDesk(Desk, Protocol):
    """One transaction on the ledgers, and on which recordings they name."""

    async def name_recordings(self, named: Sequence[Named]) -> None:
        """Write what entries name; the first entry counts."""
        ...

    async def named(self, node: str, sha256: str) -> Known | None:
        """Return what is known of a recording of *node*, None when no entry names it."""
        ...

    async def note_held(self, node: str, sha256: str, at: datetime) -> None:
        """Write that the whole of it is here; idempotent."""
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

        One that was erased when its time was over counts as whole: nobody is to send it again.

        Raises:
            NotFound: *sha256* is no digest.
        """
        held = await self.files.held(node, sha256)
        async with self.archive.desk() as desk:
            if held.complete:
                await desk.note_held(node, sha256, self.clock.now())
                return held
            known = await desk.named(node, sha256)
        if known is not None and known.erased and (await self._named(node, sha256)).erased:
            return Held(held=0, complete=True)
        return held

    async def add(self, node: str, sha256: str, offset: int, size: int, data: bytes) -> Held:
        """Append *data* when it begins where the held part ends; durable on return.

        Raises:
            UnnamedRecording: no entry of *node* that is held here names it. The station has it
                still, and sends it again.
            WrongRecording: it is whole, and another one than its name says: thrown away, alarmed.
            NotFound, MalformedEntry, StoreFull: as in :class:`Recordings`.
        """
        await self.files.held(node, sha256)
        known = await self._named(node, sha256)
        if known.erased:
            return Held(held=size, complete=True)
        try:
            held = await self.files.add(node, sha256, offset, size, data)
        except WrongRecording as refusal:
            await self._alarm(node, known.seq, refusal)
            raise
        if held.complete:
            async with self.archive.desk() as desk:
                await desk.note_held(node, sha256, self.clock.now())
        return held

    async def _named(self, node: str, sha256: str) -> Known:
        """Return what is known of a recording; a newer entry may name again what was erased."""
        for _ in range(MOST_PAGES):
            async with self.archive.desk() as desk:
                known = await desk.named(node, sha256)
            if known is not None and not known.erased:
                return known
            if not await follow(self.archive):
                if known is None:
                    raise UnnamedRecording(sha256, node=node, sha256=sha256)
                return known
        raise StoreFailed("what the entries name is still being looked through")

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


async def follow(archive: NamingArchive) -> bool:
    """Look through the next page of the log; False when there was none."""
    async with archive.desk() as desk:
        page = await desk.page(await desk.worker(WORKER, wait=True) or 0)
        if not page:
            return False
        await desk.name_recordings(await asyncio.to_thread(_names, page))
        await desk.note_progress(WORKER, page[-1].position)
    return True


def _names(page: Sequence[Arrived]) -> list[Named]:
    return [named for one in page for named in _named(one)]


def _named(one: Arrived) -> Iterator[Named]:
    """Give every digest of an entry. What nobody can read keeps what it names, as of a case."""
    entry, digests = one.entry, digests_in(one.entry.body)
    if not digests:
        return
    passage_id, case_no, recordings = None, None, frozenset(digests)
    try:
        payload = read(entry)[1]
    except MalformedEntry:
        case_no = ""
    else:
        passage_id, case_no = _about(payload)
        recordings = frozenset(media_of(payload))
    for sha256 in digests:
        on = local_day(one.at) if sha256 in recordings else None
        yield Named(
            node=entry.node,
            sha256=sha256,
            seq=entry.seq,
            on=on,
            passage_id=passage_id,
            case_no=case_no,
        )


def _about(payload: Payload) -> tuple[str | None, str | None]:
    """Return the passage and the case that an entry is about."""
    match payload:
        case Passage() | PassageReview():
            return payload.passage_id, payload.recheck_of
        case CaseAct() | DocumentIssued():
            return None, payload.case_no
    return None, None
