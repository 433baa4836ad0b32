"""Audits while the centre runs: each increment behind the checkpoints, all of it once a day."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from central.application.auditing import AuditArchive, OwnNotes, ahead, said
from central.application.ledger_ports import Archive
from central.application.ports import Alarm
from central.application.project import Touched
from central.domain.auditing.claims import LogKeys
from central.domain.auditing.values import ONE_BY_ONE, Discrepancy, Findings, Layer
from central.domain.auditing.walking import Audit, Start
from station.domain.clock import Clock
from station.domain.errors import AuditFailed, BadProof, SettingsError, StorageError

SOON_S: Final = 600.0
"""When the first full audit begins, where none is known of."""

AGAIN: Final = timedelta(days=1)

_LOG: Final = logging.getLogger(__name__)


class Increments:
    """Follows the log from where it stood when the centre started.

    What stood before, the full audit reads. What is forgotten when the centre ends, too.
    """

    def __init__(self, archive: AuditArchive, log: LogKeys) -> None:
        self._archive = archive
        self._log = log
        self._audit: Audit | None = None
        self._noted = 0

    async def step(self) -> list[Discrepancy]:
        """Audit what came since the last step, and where everything stands now."""
        findings = Findings()
        async with self._archive.snapshot() as snapshot:
            heads, log = await snapshot.heads(), await snapshot.log()
            if self._audit is None:
                try:
                    self._audit = Audit(Start(heads=heads, log=log))
                except BadProof as exc:
                    return [_no_log(str(exc))]
                self._noted = log.size
            audit = self._audit
            notes = OwnNotes(snapshot, self._log, after=self._noted)
            findings.add(await notes.until(None, audit))
            async for page in ahead(snapshot.pages(audit.position)):
                findings.add(await asyncio.to_thread(audit.feed, page))
            findings.add(audit.standing(heads, log))
        self._noted = notes.after
        return [one for one, _ in findings.all()]


class Alarms:
    """Raises an alarm for each kind of discrepancy of a node, and again when it lasts for a day.

    What goes on being wrong shows another place at every increment; people were told. Where one
    does not follow from another, there is one for each place.
    """

    def __init__(
        self, archive: Archive, own: str, clock: Clock, announce: Callable[[Touched], None]
    ) -> None:
        """Prepare; *own* is the centre's own node, which answers for the log as a whole."""
        self.own = own
        self._archive = archive
        self._clock = clock
        self._announce = announce
        self._raised: dict[tuple[str, Layer | None, str, str], datetime] = {}

    async def of(self, found: Iterable[Discrepancy]) -> None:
        """Raise those of an audit."""
        for one in found:
            node, code = one.node or self.own, f"audit.{one.layer.value}"
            place = said(one) if one.layer in ONE_BY_ONE else ""
            await self._raise((node, one.layer, one.code, place), one.seq, code, said(one))

    async def failed(self, why: AuditFailed) -> None:
        """Raise one that an audit has not come to its end."""
        await self._raise((self.own, None, "", ""), None, why.code, why.detail)

    async def _raise(
        self, kind: tuple[str, Layer | None, str, str], seq: int | None, code: str, detail: str
    ) -> None:
        node, now = kind[0], self._clock.now()
        self._raised = {one: at for one, at in self._raised.items() if now - at < AGAIN}
        if kind in self._raised:
            return
        alarm = Alarm(node=node, seq=seq, code=code, detail=detail, at=now)
        touched = Touched()
        async with self._archive.desk() as desk:
            if not await desk.alarmed(alarm):
                touched.alarms[await desk.raise_alarm(alarm)] = None
                touched.nodes[node] = None
        self._raised[kind] = now
        self._announce(touched)


class Diary(Protocol):
    """Remembers when everything was audited, over restarts."""

    def last(self) -> datetime | None:
        """Return when the last full audit ended, None when none is known of."""
        ...

    def note(self, at: datetime) -> None:
        """Remember that one has ended."""
        ...


class Turn(Protocol):
    """The turn of the one process that audits."""

    async def check(self) -> None:
        """Make sure that it is still held.

        Raises:
            StorageError: it was lost: another process may have it.
        """
        ...


class Sole(Protocol):
    """Lets one process at a time audit."""

    def sole(self) -> AbstractAsyncContextManager[Turn | None]:
        """Take the turn for the length of the block; None: another process has it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditWatch:
    """Runs in one process of the centre at a time.

    Attributes:
        again: hears what was found, and asks stations for lost recordings.
        full: audits everything, in a program of its own.
        every_s: how often everything is audited.
        look_every_s: how often an increment is; as often as checkpoints are signed.
    """

    turn: Sole
    increments: Callable[[], Increments]
    alarms: Alarms
    again: Callable[[list[Discrepancy]], Awaitable[None]]
    full: Callable[[], Awaitable[list[Discrepancy]]]
    diary: Diary
    clock: Clock
    every_s: float
    look_every_s: float

    async def run(self) -> None:
        """Audit for ever."""
        while True:
            # In a task of its own: a group whose tasks fail swallows the cancellation that comes
            # at that moment.
            once = asyncio.create_task(self._once())
            try:
                await asyncio.wait((once,))
            finally:
                once.cancel()
                await asyncio.wait((once,))
            once.result()
            await asyncio.sleep(self.look_every_s)

    async def _once(self) -> None:
        """Audit while the turn is ours."""
        try:
            async with self.turn.sole() as mine:
                if mine:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._follow(self.increments(), mine))
                        tasks.create_task(self._repeat(mine))
        except* StorageError as group:
            _LOG.warning("the audit waits", extra={"code": _code(group)})

    async def _follow(self, increments: Increments, turn: Turn) -> None:
        while True:
            await turn.check()
            await self.alarms.of(await increments.step())
            await asyncio.sleep(self.look_every_s)

    async def _repeat(self, turn: Turn) -> None:
        while True:
            await asyncio.sleep(self.wait_s(self.clock.now()))
            await turn.check()
            await self.audit_all()

    def wait_s(self, now: datetime) -> float:
        """Return how long the next full audit is still to wait for."""
        last = self.diary.last()
        if last is None:
            return min(SOON_S, self.every_s)
        due = last + timedelta(seconds=self.every_s)
        return min(max((due - now).total_seconds(), 0.0), self.every_s)

    async def audit_all(self) -> None:
        """Audit everything now; an audit that does not come to its end is an alarm itself."""
        try:
            found = await self.full()
            await self.alarms.of(found)
            await self.again(found)
        except AuditFailed as exc:
            await self.alarms.failed(exc)
        try:
            self.diary.note(self.clock.now())
        except SettingsError as exc:  # the disk is full, or may only be read
            await self.alarms.failed(AuditFailed(f"its time cannot be kept: {exc.detail}"))
            await asyncio.sleep(self.every_s)


def _no_log(detail: str) -> Discrepancy:
    return Discrepancy(layer=Layer.TREE, node="", seq=None, code="head", detail=detail)


def _code(group: ExceptionGroup[StorageError]) -> str:
    first = group.exceptions[0]
    return _code(first) if isinstance(first, ExceptionGroup) else first.code
