"""Keeps one scale connected for ever, and never lets an old weight pass for a present one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from station.domain.clock import Clock
from station.domain.errors import CaptureEnded, DeviceError, PortLost
from station.domain.weighing import DecoderCounts, Reading, ScaleEvent
from station.scale_driver.port import Port, open_port
from station.scale_driver.protocols import decoder

OK, CONNECTING, SILENT, GARBAGE = "ok", "connecting", "silent", "device.garbage"

SILENT_AFTER_MS = 3_000
"""Without a good frame for so long, a line is not believed to show the scale any more."""

_STUCK_AFTER_MS = 10_000
_LOOK_EVERY_S = 0.5
_FIRST_RETRY_MS, _LONGEST_RETRY_MS = 1_000, 30_000
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class LinkState:
    """How the line to the scale is. Only under ``ok`` is the last weight a present weight.

    Attributes:
        code: ``ok``; ``connecting`` (open, no frame yet); ``silent`` (nothing comes);
            ``device.garbage`` (bytes come, no frames); or the code of a DeviceError.
        detail: for the engineer.
        retry_in_ms: until the line is opened again; 0 when it is open or given up.
    """

    code: str
    detail: str = ""
    retry_in_ms: int = 0


class _Opener(Protocol):
    async def __call__(self, url: str, *, baud: int) -> Port: ...


class ScaleDriver:
    """One scale. ``run`` is a task of its own; the callbacks run in it and must not block."""

    def __init__(
        self,
        url: str,
        protocol: str,
        baud: int,
        on_event: Callable[[ScaleEvent, int], None],
        on_link: Callable[[LinkState], None],
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        opener: _Opener = open_port,
    ) -> None:
        """Prepare; nothing is opened before ``run``.

        Args:
            url: of the line, see :mod:`station.scale_driver.port`.
            protocol: a name of :func:`station.scale_driver.protocols.names`.
            baud: of the line.
            on_event: gets every event in the order of the stream, and the monotonic time in ns
                at which its last bytes came. Offsets count from the moment the line was opened.
            on_link: gets every change of the link, and each retry.
            clock: for silence.
            sleep: seconds; for back-off and for looking at the clock.
            opener: opens the line.

        Raises:
            UnknownProtocol: there is no such protocol.
        """
        self._url, self._protocol, self._baud = url, protocol, baud
        self._on_event, self._on_link = on_event, on_link
        self._clock, self._sleep, self._open = clock, sleep, opener
        self._decoder = decoder(protocol)
        self._base = 0
        self._received = 0
        self._past = DecoderCounts()
        self._link = LinkState("")
        self._retry_ms = _FIRST_RETRY_MS
        self._last_frame_ns = self._last_bytes_ns = self._stream_began_ns = 0

    @property
    def counts(self) -> DecoderCounts:
        """The line's health since the driver was made, over all connections."""
        return _sum(self._past, self._decoder.counts)

    @property
    def link(self) -> LinkState:
        """The state last reported."""
        return self._link

    async def run(self) -> None:
        """Read for ever, opening the line again whenever it is lost.

        Returns only when a capture has been replayed to its end.
        """
        while True:
            self._report(LinkState(CONNECTING))
            try:
                await self._connection()
            except CaptureEnded as exc:
                self._report(LinkState(exc.code, exc.detail))
                return
            except DeviceError as exc:
                self._report(LinkState(exc.code, exc.detail, self._retry_ms))
            await self._sleep(self._retry_ms / 1000)
            self._retry_ms = min(2 * self._retry_ms, _LONGEST_RETRY_MS)

    async def _connection(self) -> None:
        """Read one connection to its end.

        Raises:
            DeviceError: the line could not be opened, or is lost.
        """
        port = await self._open(self._url, baud=self._baud)
        now = self._clock.monotonic_ns()
        self._base = self._received = 0
        self._last_frame_ns = self._last_bytes_ns = self._stream_began_ns = now
        try:
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(self._watch())
                lost = await self._read_until_lost(port)
                watch.cancel()
        finally:
            port.close()
        self._end_stream()
        raise lost

    async def _read_until_lost(self, port: Port) -> PortLost:
        while True:
            try:
                data = await port.read()
            except PortLost as exc:
                return exc
            self._take(data)

    def _take(self, data: bytes) -> None:
        now = self._last_bytes_ns = self._clock.monotonic_ns()
        self._received += len(data)
        for event in self._decoder.feed(data):
            if isinstance(event, Reading):
                self._last_frame_ns = now
                self._retry_ms = _FIRST_RETRY_MS
                # Before the event: whoever blanks the weight on a change must not blank this one.
                self._report(LinkState(OK))
            self._hand_over(event)

    async def _watch(self) -> None:
        """Notice that no good frame comes, whether nothing comes or only garbage."""
        while True:
            await self._sleep(_LOOK_EVERY_S)
            now = self._clock.monotonic_ns()
            oldest_ns = now - SILENT_AFTER_MS * _NS_PER_MS
            if self._last_frame_ns > oldest_ns:
                continue
            code = GARBAGE if self._last_bytes_ns > oldest_ns else SILENT
            fresh_ns = max(self._last_frame_ns, self._stream_began_ns)
            is_stuck = fresh_ns <= now - _STUCK_AFTER_MS * _NS_PER_MS
            # What is held is as old as a silence. And a stream without frames may have been
            # settled wrongly, or the indicator was set up anew.
            if is_stuck or (code == SILENT and self._link.code != SILENT):
                self._end_stream()
            self._report(LinkState(code))

    def _end_stream(self) -> None:
        """Hand over what the decoder holds, as of its last bytes, and take a fresh one."""
        for event in self._decoder.finish():
            self._hand_over(event)
        self._past = self.counts
        self._decoder = decoder(self._protocol)
        self._base = self._received
        self._stream_began_ns = self._clock.monotonic_ns()

    def _hand_over(self, event: ScaleEvent) -> None:
        shifted = event._replace(offset=self._base + event.offset)
        self._on_event(shifted, self._last_bytes_ns)

    def _report(self, link: LinkState) -> None:
        if link != self._link:
            self._link = link
            self._on_link(link)


def _sum(one: DecoderCounts, other: DecoderCounts) -> DecoderCounts:
    return DecoderCounts(
        frames=one.frames + other.frames,
        faults=one.faults + other.faults,
        skipped_bytes=one.skipped_bytes + other.skipped_bytes,
    )
