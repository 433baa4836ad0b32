"""Brings recordings (pictures) to the centre, after the entries that name them, and resumes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from station.application.centre_ports import Centre, Outbox, Recordings
from station.application.ports import Ledger, Media
from station.contract.entries import read
from station.contract.media import sent_of
from station.contract.uplink import Held
from station.domain.clock import Clock
from station.domain.errors import EvidenceError, NotFound, StoreCorrupt, StoreFull, UplinkError
from station.domain.ledger import Entry

log = logging.getLogger(__name__)

GONE: Final = "media.gone"
PAGE: Final = 50
LOOK_EVERY_S: Final = 2.0
YIELD_S: Final = 0.2
PAUSE_S: Final = 30.0
LEAST: Final = 16 * 1024
MOST: Final = 256 * 1024
"""Bytes of one request. Between them lies what the line takes in a second or two."""
QUICK_NS: Final = 1_000_000_000
SLOW_NS: Final = 2_000_000_000

AGAIN_NS: Final = 24 * 3600 * 1_000_000_000
"""What the centre asks for again is tried once in so long: it may be lost here too."""

Notice = Callable[[str, str], None]


class MediaSender:
    """One task, behind the pusher's: entries never wait for a picture.

    Attributes:
        waiting: how many recordings of delivered entries the centre does not have yet.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        outbox: Outbox,
        recordings: Recordings,
        media: Media,
        centre: Centre,
        busy: Callable[[], bool],
        notice: Notice,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare.

        *busy* tells whether entries are on their way; *notice* gets ``media.gone`` and the digest
        of a recording that is no longer here; *clock* measures how much the line takes.
        """
        self._ledger = ledger
        self._outbox = outbox
        self._recordings = recordings
        self._media = media
        self._centre = centre
        self._busy = busy
        self._notice = notice
        self._clock = clock
        self._sleep = sleep
        self._size = LEAST
        self._again: dict[str, None] = {}
        self._tried_ns: dict[str, int] = {}
        self.waiting = 0

    def want(self, names: Sequence[str]) -> None:
        """Send recordings again (digests) that the centre has lost."""
        now_ns = self._clock.monotonic_ns()
        self._tried_ns = {
            name: at_ns for name, at_ns in self._tried_ns.items() if now_ns - at_ns < AGAIN_NS
        }
        for name in names:
            if name not in self._tried_ns:
                self._tried_ns[name], self._again[name] = now_ns, None

    async def run(self) -> None:
        """Send for ever."""
        while True:
            try:
                more = await self.send_page()
            except (UplinkError, EvidenceError, StoreCorrupt, StoreFull):
                # The pusher says how the line is; the recordings wait where they are.
                await self._sleep(PAUSE_S)
                continue
            if not more:
                await self._sleep(LOOK_EVERY_S)

    async def send_page(self) -> bool:
        """Send what is asked for again, and what the next delivered entries name.

        Returns:
            Whether there may be more.

        Raises:
            UplinkError: not reached, or refused for now.
        """
        await self._send_again()
        sent, delivered = await self._outbox.media_sent(), await self._outbox.delivered()
        self.waiting = await self._outbox.media_waiting()
        entries = await self._ledger.entries_after(sent, PAGE)
        ready = [entry for entry in entries if entry.seq <= delivered]
        for entry in ready:
            if await self._send_of(entry):
                await self._outbox.note_media_sent(entry.seq)
                self.waiting = await self._outbox.media_waiting()
        if ready and ready[-1].seq > await self._outbox.media_sent():
            await self._outbox.note_media_sent(ready[-1].seq)
        return bool(ready)

    async def _send_again(self) -> None:
        while self._again:
            sha256 = next(iter(self._again))
            try:
                await self._send(sha256)
            except UplinkError:
                raise  # the next time
            except (EvidenceError, StoreCorrupt) as exc:
                log.error("not sent again", extra={"sha256": sha256, "code": exc.code})
            del self._again[sha256]

    async def _send_of(self, entry: Entry) -> bool:
        """Send what *entry* names; tell whether it names anything."""
        _, payload = read(entry)
        named = sent_of(payload)
        for sha256 in named:
            await self._send(sha256)
        return bool(named)

    async def _send(self, sha256: str) -> None:
        held = await self._centre.held(sha256)
        if held.complete:
            return
        try:
            data = await self._media.fetch(sha256)
        except NotFound as exc:
            if not await self._recordings.was_erased(sha256):
                log.error("a recording is gone", extra={"sha256": sha256, "detail": exc.detail})
                self._notice(GONE, sha256)
            return
        begun_at = -1
        while not held.complete:
            if held.held == begun_at:
                raise UplinkError("the centre takes nothing of a recording")
            begun_at = held.held
            held = await self._send_chunk(sha256, begun_at, data)

    async def _send_chunk(self, sha256: str, offset: int, data: bytes) -> Held:
        while self._busy():
            await self._sleep(YIELD_S)
        begun_ns = self._clock.monotonic_ns()
        chunk = data[offset : offset + self._size]
        held = await self._centre.send(sha256, offset, len(data), chunk)
        took_ns = self._clock.monotonic_ns() - begun_ns
        if took_ns < QUICK_NS:
            self._size = min(MOST, 2 * self._size)
        elif took_ns > SLOW_NS:
            self._size = max(LEAST, self._size // 2)
        return held
