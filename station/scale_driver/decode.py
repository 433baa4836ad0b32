"""Decodes a recorded stream to lines of JSON: what the driver sees, for people and for tests."""

from __future__ import annotations

import json
from io import BufferedReader
from typing import BinaryIO, TextIO, cast

from station.domain.weighing import Reading, ScaleEvent
from station.scale_driver.protocols import decoder

_CHUNK = 65_536


def decode_stream(protocol: str, source: BinaryIO, sink: TextIO) -> None:
    """Write one JSON object per event, as the bytes come, and a summary at the end.

    Args:
        protocol: a name of :func:`station.scale_driver.protocols.names`.
        source: buffered binary stream; read in whatever chunks it has.
        sink: lines of text, flushed after every chunk.

    Raises:
        UnknownProtocol: there is no such protocol.
    """
    machine = decoder(protocol)
    # Every buffered binary stream has read1; the BinaryIO type does not say so.
    read1 = cast(BufferedReader, source).read1
    while chunk := read1(_CHUNK):
        _write(machine.feed(chunk), sink)
    _write(machine.finish(), sink)
    counts = machine.counts
    summary: dict[str, object] = {
        "kind": "summary",
        "frames": counts.frames,
        "faults": counts.faults,
        "skipped_bytes": counts.skipped_bytes,
    }
    sink.write(_line(summary))
    sink.flush()


def _write(events: list[ScaleEvent], sink: TextIO) -> None:
    sink.write("".join(_line(_record(event)) for event in events))
    sink.flush()


def _line(record: dict[str, object]) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"


def _record(event: ScaleEvent) -> dict[str, object]:
    if isinstance(event, Reading):
        return {
            "kind": "reading",
            "offset": event.offset,
            "gross_kg": event.gross,
            "net_kg": event.net,
            "tare_kg": event.tare,
            "stable": event.stable,
            "over_range": event.over_range,
        }
    return {
        "kind": "fault",
        "offset": event.offset,
        "length": len(event.raw),
        "reason": event.reason,
    }
