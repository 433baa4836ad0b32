"""Mettler-Toledo standard continuous output (托利多 连续输出), 17 bytes, or 18 with a check.

``STX SWA SWB SWC weight*6 tare*6 CR [CHK]`` -- both numbers in ASCII, leading zeros as spaces,
without point or sign. SWA: decimal point and increment. SWB: net, negative, out of range, motion,
kg or lb. SWC: unit, expanded display. CHK makes the sum of all bytes 0 in its low seven bits.
Sent as 8N1 or as 7E1; a line opened 8N1 sees the even parity of the latter in bit 7.

Source: Toledo scale interface module manual, appendix D; Rice Lake 680; Wildcat; Kern FTC; see
docs/reference/scale-protocols.md for what a capture confirms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from station.domain.errors import InvalidFacts
from station.domain.units import Kg
from station.domain.weighing import DecoderCounts, LineFault, Reading, ScaleEvent
from station.scale_driver.protocols.frames import MASK_7, STX, TRUNCATED, FrameScan
from station.scale_driver.protocols.rounding import nearest_kg
from station.scale_driver.protocols.toledo_format import (
    BODY,
    BODY_LENGTH,
    EVEN_PARITY,
    WINDOW,
    Format,
    check_holds,
    even_parity,
    may_become_body,
    settled,
)

NAME = "toledo-continuous"
LARGEST = 999_999

_NET, _NEGATIVE, _OUT_OF_RANGE, _MOTION, _KG = 0x01, 0x02, 0x04, 0x08, 0x10
_EXPANDED = 0x10
# SWA bits 2-0: what the last digit of the text is worth.
_STEP = ((100, 1), (10, 1), (1, 1), (1, 10), (1, 100), (1, 1000), (1, 10_000), (1, 100_000))
_GRAM, _TONNE, _KILOGRAM = (1, 1000), (1000, 1), (1, 1)
_POUND = (45_359_237, 100_000_000)
"""kg in a pound, exact by definition."""


class ToledoDecoder:
    """Sans-I/O decoder.

    Whether frames carry a check, and whether bytes carry parity, belongs to the stream and is
    settled once, from its first frames (:func:`~.toledo_format.settled`); until then nothing is
    reported. From then on a frame without its check, or with wrong parity, is a fault.
    """

    def __init__(self) -> None:
        self._scan = FrameScan(BODY, BODY_LENGTH, self._judge, MASK_7)
        self._format: Format | None = None

    @property
    def counts(self) -> DecoderCounts:
        """The line's health so far."""
        return self._scan.counts

    @property
    def settled_format(self) -> Format | None:
        """What the stream turned out to be; None while its first frames are still weighed up."""
        return self._format

    def feed(self, data: bytes) -> list[ScaleEvent]:
        """Consume *data*, in any chunking; never raise."""
        return self._scan.feed(data)

    def finish(self) -> list[ScaleEvent]:
        """Report what is still held: the stream has ended."""
        return self._scan.finish()

    def _judge(
        self, raw: bytes, seen: bytes, at: int, offset: int, *, ended: bool
    ) -> ScaleEvent | None:
        body = raw[at : at + BODY_LENGTH]
        parity = even_parity(raw, seen, at)
        if parity is None:
            return LineFault(body, offset, "parity")
        if self._format is None:
            window = slice(at, at + WINDOW)
            self._format = settled(raw[window], seen[window], ended=ended)
        if self._format is None:
            # The oldest frame is given up, not guessed at, when a whole window tells nothing.
            is_full = len(seen) - at >= WINDOW
            return LineFault(body, offset, "unsettled") if is_full else None
        if parity is not self._format.even_parity:
            return LineFault(body, offset, "parity")
        if not self._format.has_check:
            return _event(body, seen[at : at + BODY_LENGTH], offset)
        return _with_check(raw, seen, at, offset, parity=parity, ended=ended)


def encode(
    value: int,
    *,
    tare: int | None = None,
    stable: bool = True,
    over_range: bool = False,
    step: int = 2,
    unit: str = "kg",
    check: bool = True,
    parity: bool = False,
) -> bytes:
    """Serialise a displayed *value*, a whole number of its last digit.

    Args:
        value: net when *tare* is given, gross otherwise.
        tare: in the same digits; makes a net frame.
        stable: not in motion.
        over_range: the value means nothing.
        step: SWA bits 2-0, worth of the last digit: 0 a hundred, 2 one, 7 a hundred-thousandth.
        unit: ``kg``, ``lb``, ``g`` or ``t``.
        check: 18 bytes instead of 17.
        parity: as a line opened 8N1 sees 7E1.

    Raises:
        InvalidFacts: the display has no room for it.
    """
    if abs(value) > LARGEST or not 0 <= (tare or 0) <= LARGEST:
        raise InvalidFacts("not displayable", value=value, tare=tare or 0)
    status_b = 0x20 | (_KG if unit == "kg" else 0) | (_NET if tare is not None else 0)
    status_b |= (_NEGATIVE if value < 0 else 0) | (0 if stable else _MOTION)
    status_b |= _OUT_OF_RANGE if over_range else 0
    status_c = 0x20 | {"kg": 0, "lb": 0, "g": 1, "t": 2}[unit]
    frame = b"\x02%c%c%c%6d%6d\r" % (0x28 | step, status_b, status_c, abs(value), tare or 0)
    if check:
        frame += bytes([-sum(frame) & 0x7F])
    return frame.translate(EVEN_PARITY) if parity else frame


def frame_of(weight: Kg, *, stable: bool) -> bytes:
    """Serialise *weight* as an indicator that shows whole kilograms and sends a check."""
    return encode(weight, stable=stable)


def _with_check(
    raw: bytes, seen: bytes, at: int, offset: int, *, parity: bool, ended: bool
) -> ScaleEvent | None:
    body, after = raw[at : at + BODY_LENGTH], at + BODY_LENGTH
    if after == len(raw):
        return LineFault(body, offset, TRUNCATED) if ended else None
    if seen[after] == STX:
        # A check of 0x02, or the next frame's STX because this frame's check was lost?
        if not ended and may_become_body(seen, after):
            return None
        if BODY.match(seen, after) and even_parity(raw, seen, after) is parity:
            return LineFault(body, offset, "check")
    if not check_holds(raw, seen, at, parity=parity):
        return LineFault(body, offset, "check")
    return _event(raw[at : after + 1], seen[at:after], offset)


def _event(frame: bytes, body: bytes, offset: int) -> ScaleEvent:
    found = _meaning(body)
    return (
        LineFault(frame, offset, found)
        if isinstance(found, str)
        else Reading(frame, offset, *found)
    )


class _Meaning(NamedTuple):
    """The fields of a reading after its raw bytes and offset."""

    gross: Kg | None = None
    net: Kg | None = None
    tare: Kg | None = None
    stable: bool | None = None
    over_range: bool = False


@lru_cache(maxsize=4096)  # a scale at rest repeats itself
def _meaning(body: bytes) -> _Meaning | str:
    """Return what a good body says, or why it says nothing: a short stable word."""
    status_a, status_b, status_c = body[1:4]
    unit = _unit(status_b, status_c)
    if unit is None:
        return "unit"
    if status_c & _EXPANDED:
        return "expanded"
    stable = not status_b & _MOTION
    if status_b & _OUT_OF_RANGE:
        return _Meaning(stable=stable, over_range=True)
    step = _STEP[status_a & 0x07]
    numerator, denominator = step[0] * unit[0], step[1] * unit[1]
    sign = -1 if status_b & _NEGATIVE else 1
    weight = nearest_kg(sign * int(body[4:10]), numerator, denominator)
    if not status_b & _NET:
        return _Meaning(gross=weight, stable=stable)
    tare = nearest_kg(int(body[10:16]), numerator, denominator)
    return _Meaning(net=weight, tare=tare, stable=stable)


def _unit(status_b: int, status_c: int) -> tuple[int, int] | None:
    """Return kg per displayed unit as a fraction; None for ounces and other codes not confirmed."""
    by_status_b = _KILOGRAM if status_b & _KG else _POUND
    return {0: by_status_b, 1: _GRAM, 2: _TONNE}.get(status_c & 0x07)
