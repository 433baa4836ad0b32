"""Reads when an MP4 or QuickTime file began and ended, from its header (ISO 14496-12, mvhd)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from station.domain.errors import RecordingBroken

_EPOCH: Final = datetime(1904, 1, 1, tzinfo=UTC)
_HEAD: Final = 8
_LARGE: Final = 16
_MOST_BOXES: Final = 10_000


def span_of(path: Path) -> tuple[datetime, datetime] | None:
    """Return begin and end; None when the file does not say when it began.

    Raises:
        RecordingBroken: no such file, or one whose end is missing.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        kinds: set[bytes] = set()
        movie: tuple[int, int] | None = None
        for kind, begin, end in _boxes(file, 0, size):
            kinds.add(kind)
            movie = (begin, end) if kind == b"moov" else movie
        if movie is None or b"mdat" not in kinds:
            raise RecordingBroken("the index of the recording is missing")
        for kind, begin, end in _boxes(file, *movie):
            if kind == b"mvhd":
                return _header(file, begin, end)
    raise RecordingBroken("the recording has no header")


def _header(file: BinaryIO, begin: int, end: int) -> tuple[datetime, datetime] | None:
    file.seek(begin)
    data = file.read(min(end - begin, 32))
    try:
        shape = ">4xQQIQ" if data[:1] == b"\x01" else ">4xIIII"
        created, _, scale, length = struct.unpack_from(shape, data)
        if created == 0:
            return None
        began_at = _EPOCH + timedelta(seconds=created)
        return began_at, began_at + timedelta(seconds=length / scale)
    except (struct.error, ZeroDivisionError, OverflowError) as exc:
        raise RecordingBroken(str(exc)) from exc


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Give kind, first and last offset of the content of each box from *begin* to *end*."""
    for _ in range(_MOST_BOXES):
        if begin >= end:
            return
        file.seek(begin)
        head = file.read(_LARGE)
        if len(head) < _HEAD:
            raise RecordingBroken("it ends in the middle")
        length, kind = struct.unpack_from(">I4s", head)
        inside = begin + _HEAD
        if length == 1 and len(head) == _LARGE:
            length, inside = struct.unpack_from(">Q", head, _HEAD)[0], begin + _LARGE
        elif length == 0:
            length = end - begin
        if length < inside - begin or begin + length > end:
            raise RecordingBroken("it ends in the middle")
        yield kind, inside, begin + length
        begin += length
