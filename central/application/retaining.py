"""Erases what the centre has no reason to keep any longer (到期销毁), and writes it down."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from statistics import median_low
from typing import Final, Protocol

from central.application.ledger_ports import Desk
from central.application.publishing import OwnLedger
from central.application.recordings import NamingArchive, follow
from central.domain.days import local_day
from station.contract.entries import (
    CentrePersonalErased,
    ErasedFields,
    Kind,
    Payload,
    RecordingsErased,
    read,
)
from station.domain.clock import Clock
from station.domain.errors import MalformedEntry, NoLawInForce, StorageError

WORKER: Final = "retention"
PAGE: Final = 500
LOOK_EVERY_S: Final = 600.0

FURTHEST: Final = timedelta(days=7)
"""So far may the centre's clock be ahead of what most stations state in the entries that came of
late: one that was set a year ahead must erase nothing, and one station's must not excuse it."""

BEHIND: Final = timedelta(hours=1)
"""What came before that must be projected: else a case may not be seen that needs a text."""

STATION: Final = "station"
TERM: Final = "term"

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Local days before which nothing is kept.

    Attributes:
        counted: of acts: before it they count against no driver any more.
        closed: of cases: before it whoever drove is known by commitments alone.
        recordings: of recordings that no case refers to, by the newest entry that names one.
        accesses: of refused accesses.
    """

    counted: date
    closed: date
    recordings: date
    accesses: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DueOpening:
    """A clear text whose time is over. ``asked``: its node has erased it already."""

    node: str
    seq: int
    field: str
    asked: bool


class RetainingDesk(Desk, Protocol):
    """One transaction on what is kept."""

    async def waits_since(self) -> datetime | None:
        """Return when the next entry came that is not projected yet; None: all are."""
        ...

    async def due_openings(self, terms: Terms, limit: int) -> list[DueOpening]:
        """Return the next clear texts whose time is over, by node, reason and place."""
        ...

    async def erase_openings(
        self, node: str, fields: Sequence[tuple[int, str]], own_seq: int
    ) -> None:
        """Erase clear texts of *node*, by seq and field, as the centre's entry *own_seq* says."""
        ...

    async def due_recordings(self, terms: Terms, limit: int) -> tuple[str, list[str]]:
        """Return a node and the next of its recordings whose time is over, in order."""
        ...

    async def erase_recordings(self, node: str, names: Sequence[str], own_seq: int) -> None:
        """Write that recordings of *node* are gone, as the centre's entry *own_seq* says."""
        ...

    async def erase_refused_accesses(self, before: date) -> None:
        """Erase refused accesses of local days before *before*."""
        ...

    async def newest_erased(self) -> list[str]:
        """Return what the newest of these entries speaks of, but what was named again since."""
        ...


class RetainingArchive(NamingArchive, Protocol):
    """Where all that is kept."""

    def retaining(self) -> AbstractAsyncContextManager[RetainingDesk]:
        """Open a transaction; it is durable when the block has ended without an error."""
        ...

    async def rewrite_openings(self) -> None:
        """Leave nothing of erased clear texts in the database's files.

        Raises:
            StoreFailed: others are at them: try again later.
        """
        ...


class RecordingFiles(Protocol):
    """The recordings themselves."""

    async def erase(self, sha256: str) -> None:
        """Erase one, durably; idempotent."""
        ...


Tell = Callable[[str, int], None]
"""Hears what is being done (``entry``, ``media``), and how much of it is done."""


def _untold(_what: str, _count: int) -> None:
    """Tell nobody."""


class Retention:
    """One at a time over all processes. The entry goes first, then what it speaks of."""

    def __init__(
        self,
        *,
        archive: RetainingArchive,
        files: RecordingFiles,
        own: OwnLedger,
        clock: Clock,
        terms: Callable[[date], Terms],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare. *terms*: of the law, by the local day."""
        self._archive = archive
        self._files = files
        self._own = own
        self._clock = clock
        self._terms = terms
        self._sleep = sleep
        self._rewritten = False

    async def run(self) -> None:
        """Erase what is due, for ever: recordings and refused accesses once a local day.

        A day on which it may not be judged yet is not over: it is tried again.
        """
        done: date | None = None
        while True:
            today = local_day(self._clock.now())
            try:
                if count := await self.erase_personal():
                    _LOG.info("personal fields erased", extra={"count": count})
                if today != done:
                    if count := await self.erase_recordings():
                        _LOG.info("recordings erased", extra={"count": count})
                    if await self.erase_accesses():
                        done = today
            except (StorageError, NoLawInForce) as exc:
                _LOG.warning("nothing is erased", extra={"code": exc.code})
            await self._sleep(LOOK_EVERY_S)

    async def erase_personal(self) -> int:
        """Erase the clear texts that are due; return how many fields that were.

        Raises:
            StorageError: not all was done; the next call goes on.
        """
        total = 0
        while count := await self._erase_page():
            total += count
            self._rewritten = False
        # Also at first: a power cut may have come between the two.
        if not self._rewritten:
            await self._archive.rewrite_openings()
            self._rewritten = True
        return total

    async def erase_recordings(self, tell: Tell = _untold) -> int:
        """Erase the recordings that are due; return how many."""
        pages = 0
        while await follow(self._archive):
            pages += 1
            tell("entry", pages * PAGE)
        # A power cut may have come between the newest entry and the erasing that it tells of.
        async with self._archive.retaining() as desk:
            gone = await desk.newest_erased()
        await self._unlink(gone)
        total = 0
        while gone := await self._erase_recordings_page():
            await self._unlink(gone)
            total += len(gone)
            tell("media", total)
        return total

    async def erase_accesses(self) -> bool:
        """Erase the refused accesses that are due; False: it may not be judged now."""
        async with self._archive.retaining() as desk:
            if await desk.worker(WORKER) is None or not await self._may_judge(desk):
                return False
            terms = self._terms(local_day(self._clock.now()))
            await desk.erase_refused_accesses(terms.accesses)
        return True

    async def _unlink(self, names: Sequence[str]) -> None:
        for sha256 in names:
            await self._files.erase(sha256)

    async def _erase_recordings_page(self) -> list[str]:
        async with self._archive.retaining() as desk:
            if await desk.worker(WORKER) is None:
                return []
            terms = self._terms(local_day(self._clock.now()))
            node, names = await desk.due_recordings(terms, PAGE)
            if not names or not await self._may_judge(desk):
                return []
            payload = RecordingsErased(
                node=node,
                before=terms.recordings.isoformat(),
                count=len(names),
                list_sha256=hashlib.sha256("".join(f"{n}\n" for n in names).encode()).hexdigest(),
            )
            (entry,) = await self._own.write(desk, [(Kind.RECORDINGS_ERASED, payload)])
            await desk.erase_recordings(node, names, entry.seq)
        return names

    async def _erase_page(self) -> int:
        async with self._archive.retaining() as desk:
            if await desk.worker(WORKER) is None:
                return 0
            terms = self._terms(local_day(self._clock.now()))
            due = await desk.due_openings(terms, PAGE)
            if not due or not await self._may_judge(desk):
                return 0
            for (node, asked), found in groupby(due, lambda one: (one.node, one.asked)):
                fields = [(one.seq, one.field) for one in found]
                said = _personal_erased(node, fields, terms, asked=asked)
                (entry,) = await self._own.write(desk, [said])
                await desk.erase_openings(node, fields, entry.seq)
        return len(due)

    async def _may_judge(self, desk: RetainingDesk) -> bool:
        """Tell whether the projections are up to date and the clock agrees with stations'."""
        now = self._clock.now()
        waits = await desk.waits_since()
        if waits is not None and now - waits > BEHIND:
            return False
        newest = await _newest_of_stations(desk, self._own.node, now - FURTHEST)
        return newest is not None and now - newest <= FURTHEST


async def _newest_of_stations(desk: Desk, own: str, since: datetime) -> datetime | None:
    """Return the time that most of the stations heard of since *since* state, or a later one.

    Of each station its latest counts. One whose clock is ahead vouches for no other: of two
    stations the one that is behind is believed.
    """
    size = (await desk.begin()).size
    newest: dict[str, datetime] = {}
    for one in await desk.page(max(0, size - PAGE)):
        node = one.entry.node
        if node == own or one.at < since:
            continue
        try:
            at = datetime.fromisoformat(read(one.entry)[0].wall_utc)
        except (MalformedEntry, ValueError):
            continue
        if at.tzinfo is not None:
            newest[node] = max(newest.get(node, at), at)
    return median_low(newest.values()) if newest else None


def _personal_erased(
    node: str, fields: Sequence[tuple[int, str]], terms: Terms, *, asked: bool
) -> tuple[Kind, Payload]:
    """Return what the centre's own ledger says of an erasure."""
    erased = [
        ErasedFields(seq=seq, fields=[field for _, field in found])
        for seq, found in groupby(fields, lambda one: one[0])
    ]
    payload = CentrePersonalErased(
        node=node,
        reason=STATION if asked else TERM,
        before=(terms.counted if asked else terms.closed).isoformat(),
        erased=erased,
    )
    return Kind.CENTRE_PERSONAL_ERASED, payload
