"""Audits all that the centre keeps (审计): once through, or what came since the last time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from central.domain.auditing.claims import LogKeys, claims_of, own_claims
from central.domain.auditing.registering import Registering
from central.domain.auditing.signing import Rings, check_signatures
from central.domain.auditing.values import (
    Claim,
    Discrepancy,
    Findings,
    StoredEntry,
    StoredHead,
    StoredLog,
    StoredNote,
)
from central.domain.auditing.walking import Audit, Start
from station.contract.keyring import KeyRing
from station.contract.uplink import Receipt
from station.domain.clock import Clock

_IN_FLIGHT: Final = 2
"""Pages per worker that wait for their signatures to be checked."""


class Snapshot(Protocol):
    """The tables as they stood at one moment."""

    async def heads(self) -> tuple[StoredHead, ...]:
        """Return where every node's ledger ends, as the tables say."""
        ...

    async def log(self) -> StoredLog:
        """Return the log's head, as the tables say."""
        ...

    async def rings(self) -> dict[str, KeyRing]:
        """Return the register of keys, as the tables say."""
        ...

    async def checkpoints(self, after: int) -> list[StoredNote]:
        """Return the next checkpoints of more than *after* leaves, none when there are no more."""
        ...

    def pages(self, after: int) -> AsyncIterator[list[StoredEntry]]:
        """Give all entries after a position, in order, a page at a time."""
        ...


class AuditArchive(Protocol):
    """The ledgers as an auditor reads them."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Open a snapshot; what is accepted meanwhile does not show in it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the auditor holds that the database cannot change.

    Attributes:
        own: the centre's node, whose key is the first of ``log``.
        log: whose signature the centre's checkpoints and receipts bear.
        receipts: of the stations, verified.
        claims: checkpoints in witnesses' hands, verified.
        found: what was wrong with those that were handed in.
    """

    own: str
    log: LogKeys
    receipts: tuple[Receipt, ...] = ()
    claims: tuple[Claim, ...] = ()
    found: tuple[Discrepancy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit came to.

    Attributes:
        walk_ns: time for hashes, chain, tree and times; ``signatures_ns``: for the signatures.
        findings: discrepancies with the number that each stands for; see :class:`.values.Findings`.
    """

    entries: int
    body_bytes: int
    nodes: int
    checkpoints: int
    receipts: int
    witnessed: int
    walk_ns: int
    signatures_ns: int
    findings: tuple[tuple[Discrepancy, int], ...]


@dataclass(slots=True)
class _Sizes:
    entries: int = 0
    body_bytes: int = 0
    checkpoints: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FullAudit:
    """Everything, from the first entry.

    Attributes:
        executor: where signatures are checked.
        workers: how many of them work at once there.
        tell: hears from time to time how many entries have been through, in both passes.
    """

    archive: AuditArchive
    clock: Clock
    executor: Executor
    workers: int
    tell: Callable[[int], None]

    async def __call__(self, outside: Outside) -> Report:
        """Audit everything, against what is held outside."""
        findings = Findings()
        findings.add(outside.found)
        async with self.archive.snapshot() as snapshot:
            heads = await snapshot.heads()
            began = self.clock.monotonic_ns()
            register = Registering(outside.own, outside.log.public_keys[0])
            audit = Audit(Start(), outside.receipts, register=register)
            sizes = await self._walk(snapshot, audit, outside, findings)
            findings.add(audit.standing(heads, await snapshot.log()))
            findings.add(register.compared(await snapshot.rings()))
            walked = self.clock.monotonic_ns()
            await self._check_signatures(snapshot, register.rings, findings)
            ended = self.clock.monotonic_ns()
        return Report(
            entries=sizes.entries,
            body_bytes=sizes.body_bytes,
            nodes=len(heads),
            checkpoints=sizes.checkpoints,
            receipts=len(outside.receipts),
            witnessed=len(outside.claims),
            walk_ns=walked - began,
            signatures_ns=ended - walked,
            findings=tuple(findings.all()),
        )

    async def _walk(
        self, snapshot: Snapshot, audit: Audit, outside: Outside, findings: Findings
    ) -> _Sizes:
        sizes = _Sizes()
        audit.expect(outside.claims)
        audit.expect(claims_of(outside.receipts))
        notes = OwnNotes(snapshot, outside.log, after=0)
        async for page in ahead(snapshot.pages(0)):
            findings.add(await notes.until(audit.walked + len(page), audit))
            findings.add(await asyncio.to_thread(audit.feed, page))
            sizes.entries += len(page)
            sizes.body_bytes += sum(len(stored.body) for stored in page)
            self.tell(sizes.entries)
        findings.add(await notes.until(None, audit))
        sizes.checkpoints = notes.count
        return sizes

    async def _check_signatures(self, snapshot: Snapshot, rings: Rings, findings: Findings) -> None:
        loop = asyncio.get_running_loop()
        under_way: list[asyncio.Future[list[Discrepancy]]] = []
        index = 0
        async for page in snapshot.pages(0):
            if len(under_way) == _IN_FLIGHT * self.workers:
                findings.add(await under_way.pop(0))
            under_way.append(
                loop.run_in_executor(self.executor, check_signatures, page, index, rings)
            )
            index += len(page)
            self.tell(index)
        for rest in under_way:
            findings.add(await rest)


def said(one: Discrepancy) -> str:
    """Return the technical side of an alarm: place, code and detail."""
    return " ".join(part for part in (one.place, one.code, one.detail) if part)


class OwnNotes:
    """Brings the centre's own checkpoints into a walk, a little before it comes to them."""

    def __init__(self, snapshot: Snapshot, log: LogKeys, *, after: int) -> None:
        self._snapshot = snapshot
        self._log = log
        self.after = after
        self.count = 0
        self._done = False

    async def until(self, size: int | None, audit: Audit) -> list[Discrepancy]:
        """Make *audit* expect the checkpoints up to a size (None: all); return the wrong ones."""
        found: list[Discrepancy] = []
        while not self._done and (size is None or self.after < size):
            notes = await self._snapshot.checkpoints(self.after)
            if not notes:
                self._done = True
                break
            claims, wrong = await asyncio.to_thread(own_claims, notes, self._log)
            found += audit.expect(claims)
            found += wrong
            self.count += len(notes)
            self.after = notes[-1].size
        return found


async def ahead(pages: AsyncIterator[list[StoredEntry]]) -> AsyncIterator[list[StoredEntry]]:
    """Give the pages, fetching the next one while one is being looked at."""
    coming = asyncio.create_task(_next(pages))
    try:
        while (page := await coming) is not None:
            coming = asyncio.create_task(_next(pages))
            yield page
    finally:
        coming.cancel()
        await asyncio.wait((coming,))


async def _next(pages: AsyncIterator[list[StoredEntry]]) -> list[StoredEntry] | None:
    return await anext(pages, None)
