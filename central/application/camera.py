"""Looking through a station's camera (远程调看): who does, and the pictures on their way to him.

The station's own link carries everything: the answer to its lane state names the watches, and it
posts pictures while one is named. Which process of the centre it speaks to does not matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from central.application.admit import check_node
from central.application.news import Viewer
from central.application.ports import Session
from station.contract.sealing import stamp
from station.contract.uplink import Wanted, Watch
from station.domain.clock import Clock
from station.domain.errors import CameraBusy, NotFound

FRAME: Final = "zhichao_frame"
"""The channel on which processes hear of which watch a new picture has come."""

GONE_AFTER: Final = timedelta(seconds=5)
"""A watch whose viewer was not seen for so long has ended."""

MOST_AT_ONCE: Final = 3
"""Watches of one station: each is a stream on its line."""

LOOK_EVERY_S: Final = 1.0
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraWatch:
    """Who looks through which station's camera."""

    watch_id: str
    node: str
    certificate_no: str


class Watches(Protocol):
    """Watches and their newest pictures, for all processes."""

    async def begin(self, watch: CameraWatch, at: datetime, most: int) -> bool:
        """Write a watch; False when there are *most* of that node already."""
        ...

    async def running(self, node: str) -> list[CameraWatch]:
        """Return the watches of a node that have not ended."""
        ...

    async def end_gone(self, node: str, seen_before: datetime, at: datetime) -> None:
        """End the node's watches whose viewer was seen before a time and not since."""
        ...

    async def seen(self, watch_id: str, at: datetime) -> bool:
        """Note that the viewer is there; False when the watch has ended."""
        ...

    async def end(self, watch_id: str, at: datetime) -> None:
        """End a watch and forget its picture; no error when it has ended."""
        ...

    async def watch(self, watch_id: str) -> CameraWatch | None:
        """Return a watch that has not ended."""
        ...

    async def put(self, watch_id: str, jpeg: bytes) -> None:
        """Write the newest picture, and tell every process of it."""
        ...

    async def picture(self, watch_id: str, after: int) -> tuple[int, bytes] | None:
        """Return the newest picture and its number, if that is higher than *after*."""
        ...


Lasting = Callable[[set[Viewer]], Awaitable[set[Viewer]]]


class Cameras:
    """The use cases of ``/api/stations/…/camera`` and of ``/api/camera/…``."""

    def __init__(
        self, watches: Watches, nodes: Container[str], clock: Clock, lasting: Lasting
    ) -> None:
        """Prepare; *lasting* tells which viewers are still signed in."""
        self._watches = watches
        self._nodes = nodes
        self._clock = clock
        self._lasting = lasting
        self._waiting: dict[str, asyncio.Event] = {}
        self._closed = False

    async def begin(self, node: str, session: Session) -> str:
        """Begin a watch and return its id, which nobody can guess.

        Raises:
            NotPermitted: the station is not within the officer's scope.
            NotFound: no such station.
            CameraBusy: so many look at once already.
        """
        session.scope.require(node)
        if node not in self._nodes:
            raise NotFound("no such station", node=node)
        watch = CameraWatch(
            watch_id=secrets.token_urlsafe(_ID_BYTES),
            node=node,
            certificate_no=session.officer.certificate_no,
        )
        now = self._clock.now()
        await self._watches.end_gone(node, now - GONE_AFTER, now)
        if not await self._watches.begin(watch, now, MOST_AT_ONCE):
            raise CameraBusy(node=node, most=MOST_AT_ONCE)
        return watch.watch_id

    async def end(self, node: str, watch_id: str, session: Session) -> None:
        """End a watch of one's own.

        Raises:
            NotFound: it is none.
        """
        await self._own(node, watch_id, session)
        await self._watches.end(watch_id, self._clock.now())

    async def pictures(
        self, node: str, watch_id: str, session: Session
    ) -> Callable[[], AsyncIterator[bytes]]:
        """Return what gives the pictures (JPEG) as they come, until the watch has ended.

        Raises:
            NotFound: it is no watch of one's own.
        """
        await self._own(node, watch_id, session)
        viewer = Viewer(session.token_digest, session.scope)
        return lambda: self._stream(watch_id, viewer)

    async def wanted(self, node: str) -> Wanted:
        """Return what the station is to send now."""
        now = self._clock.now()
        await self._watches.end_gone(node, now - GONE_AFTER, now)
        running = await self._watches.running(node)
        watches = [Watch(watch_id=one.watch_id, officer=one.certificate_no) for one in running]
        return Wanted(watches=watches, at=stamp(now))

    async def take(self, peer: str, watch_id: str, jpeg: bytes) -> bool:
        """Take a picture from the node *peer*; False when nobody watches any more.

        Raises:
            OtherNode: somebody watches, but not that node.
        """
        watch = await self._watches.watch(watch_id)
        if watch is None:
            return False
        check_node(peer, watch.node)
        await self._watches.put(watch_id, jpeg)
        return True

    def heard(self, watch_id: str) -> None:
        """Note that a picture has come, here or at another process."""
        if watch_id in self._waiting:
            self._waiting[watch_id].set()

    def close(self) -> None:
        """End every stream of this process, at the end of the program."""
        self._closed = True
        for event in self._waiting.values():
            event.set()

    async def _own(self, node: str, watch_id: str, session: Session) -> None:
        watch = await self._watches.watch(watch_id)
        mine = watch is not None and watch.certificate_no == session.officer.certificate_no
        if watch is None or not mine or watch.node != node or not session.scope.covers(node):
            raise NotFound("no such watch", node=node)

    async def _stream(self, watch_id: str, viewer: Viewer) -> AsyncIterator[bytes]:
        shown, looked_ns, quiet = 0, 0, True
        with self._notified(watch_id) as event:
            while not self._closed:
                now_ns = self._clock.monotonic_ns()
                if quiet or now_ns - looked_ns >= LOOK_EVERY_S * 1e9:
                    looked_ns = now_ns
                    if not await self._goes_on(watch_id, viewer):
                        return
                event.clear()
                if found := await self._watches.picture(watch_id, shown):
                    shown, jpeg = found
                    yield jpeg
                quiet = found is None and not await _within(LOOK_EVERY_S, event)

    async def _goes_on(self, watch_id: str, viewer: Viewer) -> bool:
        if await self._lasting({viewer}):
            return await self._watches.seen(watch_id, self._clock.now())
        await self._watches.end(watch_id, self._clock.now())
        return False

    @contextlib.contextmanager
    def _notified(self, watch_id: str) -> Iterator[asyncio.Event]:
        """Give the event of a watch's next picture; of two streams the newer one has it."""
        event = self._waiting[watch_id] = asyncio.Event()
        try:
            yield event
        finally:
            if self._waiting.get(watch_id) is event:
                del self._waiting[watch_id]


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for *event*; False when it does not come."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
