"""Finds fixed-length frames in a byte stream, and accounts for every byte that is not one.

A protocol brings two things: the *shape* of its frame (a pattern in which STX can only come first,
so two shapes never overlap) and a *judge* of one shape. What happens to a byte depends on the
stream alone, never on how it was cut into chunks.
"""

from __future__ import annotations

import re
from typing import Protocol

from station.domain.weighing import DecoderCounts, LineFault, Reading, ScaleEvent

STX = 0x02
LONGEST_FAULT = 256
"""Bytes of one fault, at most: a babbling line is reported while it babbles, in bounded memory."""

MASK_7 = bytes(byte & 0x7F for byte in range(256))
AS_IS = bytes(range(256))


class Judge(Protocol):
    """Says what a shape found in the stream is."""

    def __call__(
        self, raw: bytes, seen: bytes, at: int, offset: int, *, ended: bool
    ) -> ScaleEvent | None:
        """Judge the shape at ``seen[at:]``.

        Args:
            raw: bytes as they came.
            seen: the same bytes through the protocol's mask; the shape was found here.
            at: index of the shape's STX in both.
            offset: of the same byte in the stream.
            ended: no more bytes will come.

        Returns:
            The event that covers the bytes from *at* on, its ``raw`` as long as what it covers;
            None when more bytes must come first (never when *ended*).
        """
        ...


class FrameScan:
    """Sans-I/O scanner: bytes in any chunks, events out, in the order of the stream."""

    def __init__(
        self, shape: re.Pattern[bytes], length: int, judge: Judge, mask: bytes = AS_IS
    ) -> None:
        self._shape = shape
        self._length = length
        self._judge = judge
        self._mask = mask
        self._held = b""
        self._offset = 0
        self._run = _FaultRun()
        self._frames = 0

    @property
    def counts(self) -> DecoderCounts:
        """What has been reported so far."""
        return DecoderCounts(
            frames=self._frames, faults=self._run.faults, skipped_bytes=self._run.bytes
        )

    def feed(self, data: bytes) -> list[ScaleEvent]:
        """Consume *data* and return every event it completes. Never raises."""
        return self._scan(self._held + data, ended=False)

    def finish(self) -> list[ScaleEvent]:
        """Report what is still held: the stream has ended."""
        events = self._scan(self._held, ended=True)
        self._run.close(events)
        return events

    def _scan(self, raw: bytes, *, ended: bool) -> list[ScaleEvent]:
        events: list[ScaleEvent] = []
        seen = raw.translate(self._mask)
        base, done, waiting_at = self._offset, 0, -1
        for shape in self._shape.finditer(seen):
            at = shape.start()
            if at < done:
                continue  # its STX was the last byte of the frame before
            event = self._judge(raw, seen, at, base + at, ended=ended)
            if event is None:
                waiting_at = at
                break
            if at > done:
                self._run.skip(raw[done:at], base + done, NOISE, events)
            if isinstance(event, Reading):
                self._run.close(events)
                self._frames += 1
                events.append(event)
            else:
                self._run.skip(event.raw, event.offset, event.reason, events)
            done = at + len(event.raw)
        if waiting_at < 0:
            waiting_at = self._first_possible_start(seen, done)
        self._run.skip(raw[done:waiting_at], base + done, NOISE, events)
        if ended:
            self._run.skip(raw[waiting_at:], base + waiting_at, TRUNCATED, events)
            waiting_at = len(raw)
        self._held = raw[waiting_at:]
        self._offset = base + waiting_at
        return events

    def _first_possible_start(self, seen: bytes, done: int) -> int:
        """Return where a frame may have begun whose end has not come yet."""
        found = seen.find(STX, max(done, len(seen) - self._length + 1))
        return found if found >= 0 else len(seen)


NOISE = "noise"
TRUNCATED = "truncated"


class _FaultRun:
    """Skipped bytes that touch become one fault, cut only by its own length."""

    def __init__(self) -> None:
        self._raw = b""
        self._offset = 0
        self._reason = NOISE
        self.faults = 0
        self.bytes = 0

    def skip(self, raw: bytes, offset: int, reason: str, events: list[ScaleEvent]) -> None:
        """Add *raw*; the first reason that says more than noise names the whole run."""
        while raw:
            if not self._raw:
                self._offset, self._reason = offset, reason
            elif self._reason == NOISE:
                self._reason = reason
            room = LONGEST_FAULT - len(self._raw)
            self._raw += raw[:room]
            raw, offset, reason = raw[room:], offset + room, NOISE
            if len(self._raw) == LONGEST_FAULT:
                self.close(events)

    def close(self, events: list[ScaleEvent]) -> None:
        """Report the run, if there is one."""
        if self._raw:
            events.append(LineFault(self._raw, self._offset, self._reason))
            self.faults += 1
            self.bytes += len(self._raw)
            self._raw = b""
