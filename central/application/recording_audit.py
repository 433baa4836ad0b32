"""Holds the recordings (影像资料) that entries name against the files that are here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Protocol

from central.application.ports import Arrived
from central.domain.auditing.values import Discrepancy, Findings, Layer
from central.domain.days import local_day
from station.contract.entries import RecordingsErased, read
from station.contract.media import media_of
from station.domain.clock import Clock
from station.domain.errors import MalformedEntry
from station.domain.ledger import Entry

PATIENCE: Final = timedelta(days=7)
"""So long after its entry a recording that never was here may still be on its way."""

_SPREAD: Final = 8
"""Hex digits of a digest by which recordings are divided among days."""


class State(Enum):
    """How a recording is."""

    SOUND = "sound"
    MISSING = "missing"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the table says of a recording of a node.

    Attributes:
        held_at: when the whole of it was here first, None: not yet.
        erased_seq: the centre's own entry after which it is gone.
        first_seq: of the first entry that names it.
    """

    held_at: datetime | None
    erased_seq: int | None
    first_seq: int | None


Name = tuple[str, str]
"""Node and digest (hex)."""


class RecordingBook(Protocol):
    """Ledgers and what is known of recordings, read a page at a time."""

    async def size(self) -> int:
        """Return the position of the newest entry."""
        ...

    async def page(self, after: int, upto: int) -> list[Arrived]:
        """Return the next entries in the order of the log."""
        ...

    async def states(self, names: Sequence[Name]) -> dict[Name, Stored]:
        """Return what is known of those of *names* that are known."""
        ...

    async def erasures(self) -> dict[int, int]:
        """Return how many recordings are gone after which of the centre's own entries."""
        ...

    async def own_erasures(self) -> list[Entry]:
        """Return the centre's own entries that say so."""
        ...


class RecordingFiles(Protocol):
    """The files, looked at from any thread."""

    def state(self, sha256: str, *, whole: bool) -> State:
        """Tell how a recording is; *whole*: read all of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingAudit:
    """One walk through all entries; of the recordings a page's are in hand at a time.

    Attributes:
        own: the centre's own node.
        days: the contents of all are read within so many days, each day a part; that they are
            there is looked at every day.
        tell: hears from time to time how many recordings have been looked at.
    """

    book: RecordingBook
    files: RecordingFiles
    own: str
    clock: Clock
    days: int
    tell: Callable[[int], None]

    async def __call__(self) -> list[tuple[Discrepancy, int]]:
        """Return the recordings that are lost or changed, by the entries that name them."""
        findings, position, seen = Findings(), 0, 0
        findings.add(await self._overdrawn())
        upto = await self.book.size()
        while position < upto and (page := await self.book.page(position, upto)):
            position = page[-1].position
            named = _named(page)
            known = await self.book.states(list(named))
            for name, one in named.items():
                stored = known.get(name)
                first = stored is None or stored.first_seq in (None, one.entry.seq)
                if first and (stored is None or stored.erased_seq is None):
                    findings.add(await self._looked_at(name, one, stored))
                    seen += 1
            self.tell(seen)
        return findings.all()

    async def _looked_at(
        self, name: Name, one: Arrived, stored: Stored | None
    ) -> list[Discrepancy]:
        whole = int(name[1][:_SPREAD], 16) % self.days == self._today()
        state = await asyncio.to_thread(self.files.state, name[1], whole=whole)
        if state is State.SOUND:
            return []
        if state is State.MISSING:
            was_here = stored is not None and stored.held_at is not None
            if not was_here and self.clock.now() - one.at <= PATIENCE:
                return []
            again = (await self.book.states([name])).get(name)
            if again is not None and again.erased_seq is not None:
                return []  # its time ended while this was under way
        return [
            Discrepancy(
                layer=Layer.MEDIA,
                node=one.entry.node,
                seq=one.entry.seq,
                code=state.value,
                detail=name[1],
            )
        ]

    async def _overdrawn(self) -> list[Discrepancy]:
        """Find recordings that the table calls erased though no entry of the centre's says so."""
        gone, said = await self.book.erasures(), dict[int, int]()
        for entry in await self.book.own_erasures():
            try:
                payload = read(entry)[1]
            except MalformedEntry:
                continue
            if isinstance(payload, RecordingsErased):
                said[entry.seq] = payload.count
        return [
            Discrepancy(
                layer=Layer.MEDIA,
                node=self.own,
                seq=seq,
                code="erased",
                detail=f"{count} of {said.get(seq, 0)}",
            )
            for seq, count in sorted(gone.items())
            if count > said.get(seq, 0)
        ]

    def _today(self) -> int:
        return local_day(self.clock.now()).toordinal() % self.days


def _named(page: Sequence[Arrived]) -> dict[Name, Arrived]:
    """Return the recordings that entries name, each with the first of the page that does."""
    found: dict[Name, Arrived] = {}
    for one in page:
        try:
            payload = read(one.entry)[1]
        except MalformedEntry:
            continue  # the other layers speak of it
        for sha256 in media_of(payload):
            found.setdefault((one.entry.node, sha256), one)
    return found
