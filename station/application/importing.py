"""Takes in clips of body cameras and of the station (导入录音录像) and ties them to acts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from station.application.completeness import act_at
from station.application.ports import Accounts, Draft, Ledger
from station.application.proceedings import steps_of
from station.contract.entries import CaseAct, Kind, RecordedAct, RecordingImported, read
from station.contract.sealing import local_day, stamp
from station.domain.clock import Clock
from station.domain.closing import STATION_CAMERA, Clip, covers
from station.domain.errors import (
    RecordingError,
    RecordingOfNobody,
    RecordingUnlikely,
    StoreCorrupt,
    StoreFull,
)
from station.domain.ledger import Entry

log = logging.getLogger(__name__)

STATION_FOLDER: Final = "station"
LONGEST: Final = timedelta(hours=24)
AHEAD: Final = timedelta(minutes=5)
"""How far the clock of a camera may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that lies in the inbox. ``mark``: changes whenever the file does."""

    folder: str
    name: str
    mark: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a file says of itself; ``timed_by``: ``sidecar``, ``name`` or ``container``."""

    began_at: datetime
    ended_at: datetime
    timed_by: str
    device: str
    media_type: str


class Inbox(Protocol):
    """The folder into which clips are copied: one folder in it for each officer."""

    async def look(self) -> list[Found]:
        """Return the files that lie there.

        Raises:
            RecordingUnreadable: the folder cannot be read.
        """
        ...

    async def told(self, found: Found) -> Told:
        """Return when a clip began and ended.

        Raises:
            RecordingError: it does not say, or is no such file.
        """
        ...

    async def keep(self, found: Found) -> tuple[str, int] | None:
        """Copy a file durably to the recordings; return its SHA-256 and size.

        None when it changed meanwhile.

        Raises:
            RecordingUnreadable: it cannot be read.
            StoreFull: nothing was kept.
        """
        ...

    async def remove(self, found: Found) -> None:
        """Take a file out of the inbox, what lies beside it with it, unless it changed."""
        ...


class Clips(Protocol):
    """Clips and acts in the store."""

    async def acts_on(self, first: date, last: date) -> list[Entry]:
        """Return the acts of any case on local days, in order."""
        ...

    async def clip(self, sha256: str) -> RecordingImported | None:
        """Return how a clip was taken in, None when it never was."""
        ...


class Importing:
    """Looks into the inbox now and then. A file is taken when two looks found it the same.

    Attributes:
        refused: why a file stays where it is, by folder and name.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        clips: Clips,
        accounts: Accounts,
        ledger: Ledger,
        clock: Clock,
        every_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inbox = inbox
        self._clips = clips
        self._accounts = accounts
        self._ledger = ledger
        self._clock = clock
        self._every_s = every_s
        self._sleep = sleep
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}
        self.refused: dict[tuple[str, str], RecordingError] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                await self.look()
            except (RecordingError, StoreCorrupt, StoreFull) as exc:
                # The lane says how the disk is; the files wait where they are.
                log.warning("recordings wait", extra={"code": exc.code})
            await self._sleep(self._every_s)

    async def look(self) -> int:
        """Take in what has settled; return how many clips.

        Raises:
            RecordingUnreadable: the inbox cannot be read.
            StoreFull: there is no room; what was not taken in stays.
        """
        files = await self._inbox.look()
        settled = [one for one in files if self._seen.get((one.folder, one.name)) == one.mark]
        self._seen = {(one.folder, one.name): one.mark for one in files}
        self.refused = {key: why for key, why in self.refused.items() if key in self._seen}
        taken = 0
        for found in settled:
            key = (found.folder, found.name)
            try:
                taken += await self._take(found)
                self.refused.pop(key, None)
            except RecordingError as exc:
                if key not in self.refused:
                    log.warning("a recording is not taken in", extra={"code": exc.code})
                self.refused[key] = exc
        return taken

    async def _take(self, found: Found) -> bool:
        officer = await self._officer(found.folder)
        told = await self._inbox.told(found)
        self._require_likely(told)
        kept = await self._inbox.keep(found)
        if kept is None:
            return False
        sha256, size = kept
        # Killed between the entry and the removal: it is there, and only the file is left.
        new = await self._clips.clip(sha256) is None
        if new:
            await self._write(found, officer, told, sha256, size)
        await self._inbox.remove(found)
        return new

    async def _officer(self, folder: str) -> str:
        if folder == STATION_FOLDER:
            return STATION_CAMERA
        if await self._accounts.account(folder) is None:
            raise RecordingOfNobody(folder=folder)
        return folder

    def _require_likely(self, told: Told) -> None:
        latest = self._clock.now() + AHEAD
        length = told.ended_at - told.began_at
        if not timedelta(0) <= length <= LONGEST or told.ended_at > latest:
            raise RecordingUnlikely(began_at=stamp(told.began_at), ended_at=stamp(told.ended_at))

    async def _write(self, found: Found, officer: str, told: Told, sha256: str, size: int) -> None:
        clip = Clip(officer=officer, began_at=told.began_at, ended_at=told.ended_at)
        first, last = (date.fromisoformat(local_day(at)) for at in (clip.began_at, clip.ended_at))
        payload = RecordingImported(
            officer=officer,
            device=told.device,
            began_at=stamp(told.began_at),
            ended_at=stamp(told.ended_at),
            timed_by=told.timed_by,
            source=found.name,
            sha256=sha256,
            size=size,
            media_type=told.media_type,
            imported_at=stamp(self._clock.now()),
            acts=list(recorded_acts(clip, await self._clips.acts_on(first, last))),
        )
        await self._ledger.append(Draft(Kind.RECORDING_IMPORTED, payload))


def recorded_acts(clip: Clip, acts: Iterable[Entry]) -> tuple[RecordedAct, ...]:
    """Return the acts that a clip covers, in order. Pure."""
    found = []
    for entry in acts:
        act = read(entry)[1]
        (step,) = steps_of([entry])
        if isinstance(act, CaseAct) and covers(clip, act_at(act.case_no, step)):
            found.append(RecordedAct(case_no=act.case_no, act=act.act, act_seq=entry.seq))
    return tuple(found)
