"""Yaohua XK3190 continuous output (耀华 连续发送, tF=0), 12 bytes; also Keli D2008 with tF=0.

``STX sign digit*6 decimals XH XL ETX`` -- the displayed value, most significant digit first, with
leading zeros; *decimals* says how many of its digits are fractions, '0' to '4'; XH XL are the
nibbles of the XOR of bytes 2 to 9. The frame tells neither unit, nor stability, nor gross from net.

Source: manuals of XK3190-DS1, A26, A23p, A9+; see docs/reference/scale-protocols.md.
"""

from __future__ import annotations

import re
from functools import lru_cache

from station.domain.errors import InvalidFacts
from station.domain.units import Kg
from station.domain.weighing import DecoderCounts, LineFault, Reading, ScaleEvent
from station.scale_driver.protocols.frames import FrameScan
from station.scale_driver.protocols.rounding import nearest_kg

NAME = "yaohua-continuous"
LENGTH = 12
LARGEST = 999_999
MOST_DECIMALS = 4

# Nibbles 10 to 15 are 'A' to 'F'; lower case and ':' to '?' are sent by some clones.
_SHAPE = re.compile(rb"\x02[+\-][0-9]{6}[0-4][0-?A-Fa-f]{2}\x03")
_NIBBLE = {
    **{0x30 + value: value for value in range(16)},
    **{0x37 + value: value for value in range(10, 16)},
    **{0x57 + value: value for value in range(10, 16)},
}


class YaohuaDecoder:
    """Sans-I/O decoder. Noise never hides a frame: an STX can only be a frame's first byte."""

    def __init__(self) -> None:
        self._scan = FrameScan(_SHAPE, LENGTH, _judge)

    @property
    def counts(self) -> DecoderCounts:
        """The line's health so far."""
        return self._scan.counts

    def feed(self, data: bytes) -> list[ScaleEvent]:
        """Consume *data*, in any chunking; never raise."""
        return self._scan.feed(data)

    def finish(self) -> list[ScaleEvent]:
        """Report what is still held: the stream has ended."""
        return self._scan.finish()


def encode(value: int, *, decimals: int = 0) -> bytes:
    """Serialise a displayed *value*, a whole number of its last digit.

    Raises:
        InvalidFacts: the display has no room for it.
    """
    if abs(value) > LARGEST or not 0 <= decimals <= MOST_DECIMALS:
        raise InvalidFacts("not displayable", value=value, decimals=decimals)
    body = b"%c%06d%d" % (b"-" if value < 0 else b"+", abs(value), decimals)
    return b"\x02%b%02X\x03" % (body, _xor(body))


def frame_of(weight: Kg, *, stable: bool) -> bytes:
    """Serialise *weight* as an indicator that shows whole kilograms."""
    return encode(weight)


def _judge(raw: bytes, seen: bytes, at: int, offset: int, *, ended: bool) -> ScaleEvent:
    frame = raw[at : at + LENGTH]
    gross = _value(frame)
    return LineFault(frame, offset, "check") if gross is None else Reading(frame, offset, gross)


@lru_cache(maxsize=4096)  # a scale at rest repeats itself
def _value(frame: bytes) -> Kg | None:
    """Return the mass of a shape, None when its check is wrong."""
    if _NIBBLE[frame[9]] << 4 | _NIBBLE[frame[10]] != _xor(frame[1:9]):
        return None
    return nearest_kg(int(frame[1:8]), 1, 10 ** (frame[8] - 0x30))


def _xor(body: bytes) -> int:
    """Return the XOR of eight bytes, folded instead of looped: this runs for every frame."""
    word = int.from_bytes(body)
    word ^= word >> 32
    word ^= word >> 16
    return (word ^ word >> 8) & 0xFF
