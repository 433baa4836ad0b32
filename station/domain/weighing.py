"""What a scale reports, and what counts as a weight. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from station.domain.units import Kg


class Reading(NamedTuple):
    """One frame of an indicator, decoded (示值).

    Attributes:
        raw: the frame's bytes as they came over the line, parity bits included.
        offset: of its first byte in the stream.
        gross: kg. A frame that does not tell net from gross gives its value here; None when the
            frame is a net frame or over range.
        net: kg, only of a net frame.
        tare: kg, only of a net frame.
        stable: None when the protocol does not say.
        over_range: the indicator is above or below its range; all weights are None.
    """

    raw: bytes
    offset: int
    gross: Kg | None = None
    net: Kg | None = None
    tare: Kg | None = None
    stable: bool | None = None
    over_range: bool = False


class LineFault(NamedTuple):
    """Bytes that were not a frame. Kept as an event: their count tells the line's health.

    Attributes:
        raw: the bytes skipped.
        offset: of their first byte in the stream.
        reason: a short stable word, e.g. ``check``, ``noise``, ``parity``.
    """

    raw: bytes
    offset: int
    reason: str


ScaleEvent = Reading | LineFault


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderCounts:
    """How healthy a line is, counted since its decoder was made."""

    frames: int = 0
    faults: int = 0
    skipped_bytes: int = 0
