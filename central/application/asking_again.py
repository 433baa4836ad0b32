"""Asks stations again for recordings (影像资料) that were lost or changed at the centre."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final, Protocol

from central.application.recording_audit import State
from central.domain.auditing.values import Discrepancy, Layer
from station.domain.clock import Clock

AT_ONCE: Final = 20
"""Recordings that a station is asked for in one message: the next one asks for others."""

LASTS: Final = timedelta(days=2)
"""So long after the audit has missed it; which looks again every day."""

LOOK_EVERY_NS: Final = 10_000_000_000
"""A station tells of its lane every second; what it is asked for is looked up less often."""


class WantingDesk(Protocol):
    """What is asked for."""

    async def want(self, node: str, sha256: str, at: datetime) -> None:
        """Write that a recording is to be asked for again; idempotent."""
        ...

    async def wanted(self, node: str, since: datetime, limit: int) -> list[str]:
        """Return recordings that *node* is asked for again, missed since *since*."""
        ...


class WantingArchive(Protocol):
    """Where that is kept."""

    def desk(self) -> AbstractAsyncContextManager[WantingDesk]:
        """Open a transaction; it is durable when the block has ended without an error."""
        ...


class SpoiltFiles(Protocol):
    """The files of recordings."""

    async def set_aside(self, sha256: str) -> None:
        """Lay a recording that is no longer what it was beside its place; a sound one stays."""
        ...


class AskAgain:
    """What the audit misses, the station may still have: it comes back, checked by its digest."""

    def __init__(self, archive: WantingArchive, files: SpoiltFiles, clock: Clock) -> None:
        self._archive = archive
        self._files = files
        self._clock = clock
        self._known: dict[str, tuple[int, list[str]]] = {}

    async def of(self, found: Iterable[Discrepancy]) -> None:
        """Ask for what an audit found lost or changed.

        Raises:
            StorageError: not all was written; the next audit finds it again.
        """
        for one in found:
            if one.layer is not Layer.MEDIA:
                continue
            if one.code == State.CHANGED.value:
                await self._files.set_aside(one.detail)
            if one.code in (State.CHANGED.value, State.MISSING.value):
                async with self._archive.desk() as desk:
                    await desk.want(one.node, one.detail, self._clock.now())

    async def wanted(self, node: str) -> list[str]:
        """Return digests of recordings that *node* is to send again, some at a time."""
        looked_ns, names = self._known.get(node, (None, []))
        now_ns = self._clock.monotonic_ns()
        if looked_ns is None or now_ns - looked_ns >= LOOK_EVERY_NS:
            async with self._archive.desk() as desk:
                names = await desk.wanted(node, self._clock.now() - LASTS, AT_ONCE)
            self._known[node] = (now_ns, names)
        return names
