"""Keeps what the witness has seen: lines in files that only ever grow, on the disk before told."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from station.contract.uplink import SealedEntry, sealed, unsealed
from station.domain.errors import SettingsError, StoreFailed, StoreFull
from station.domain.ledger import Entry

MOST_REFUSED: Final = 10_000


class SeenCheckpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A checkpoint that was found to continue the one before.

    Attributes:
        at: when the witness took it in (its own clock).
        size: number of leaves.
        note: the signed note, the witness's own line included.
    """

    at: str
    size: int
    note: str


class RefusedCheckpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the witness did not take, beside what it held then: the evidence of both.

    Attributes:
        code: why, a code of the error tree; ``fields``: its facts.
        held: the newest note that it held, "" for none.
        offered: what the centre answered, word for word.
        proof: the proof of consistency that the centre gave, base64.
    """

    at: str
    code: str
    fields: dict[str, str | int]
    held: str
    offered: str
    proof: list[str]


_Line = TypeVar("_Line", bound=msgspec.Struct)


class Lines(Generic[_Line]):
    """One file of JSON lines. What was written is never changed.

    Raises:
        SettingsError: another program has it open, or the folder cannot be used.
        StoreFailed: a line of it is damaged: for a person to look at, not to be written over.
    """

    def __init__(self, path: Path, kind: type[_Line]) -> None:
        self._path = path
        self._kind = kind
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _flush(path.parent)
        except OSError as exc:
            raise SettingsError(f"{path}: {exc.strerror}", path=str(path)) from exc
        self._drop_torn_line()

    def read(self, offset: int = 0, limit: int | None = None) -> Iterator[tuple[int, _Line]]:
        """Give up to *limit* lines from an offset on, each with its own offset."""
        with self._path.open("rb") as file:
            file.seek(offset)
            for line in itertools.islice(file, limit):
                yield offset, self._parsed(line, offset)
                offset += len(line)

    def append(self, line: _Line) -> int:
        """Write a line and return its offset; it is on the disk on return.

        Raises:
            StoreFull: there is no room.
            StoreFailed: the disk fails; the process must end, for nobody knows what is written.
        """
        try:
            offset = os.fstat(self._file).st_size
            data = msgspec.json.encode(line) + b"\n"
            if os.write(self._file, data) != len(data):
                os.ftruncate(self._file, offset)
                raise StoreFull(path=str(self._path))
            os.fsync(self._file)
        except OSError as exc:
            kind = StoreFull if exc.errno == errno.ENOSPC else StoreFailed
            raise kind(f"{exc.strerror}", path=str(self._path)) from exc
        return offset

    def close(self) -> None:
        """Let another program have the file."""
        os.close(self._file)

    def _drop_torn_line(self) -> None:
        """Cut off a last line without its end: its write was not finished, and nobody was told."""
        with self._path.open("rb") as file:
            whole = sum(len(line) for line in file if line.endswith(b"\n"))
        os.ftruncate(self._file, whole)
        os.fsync(self._file)

    def _parsed(self, line: bytes, offset: int) -> _Line:
        try:
            return msgspec.json.decode(line, type=self._kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            raise StoreFailed(f"{self._path} at byte {offset}: {exc}") from exc


class Book:
    """The checkpoints in order of size, what was refused, and how the log's key changed.

    The offsets are kept in memory, 16 bytes a checkpoint; the notes are read when they are asked
    for.
    """

    def __init__(self, folder: Path) -> None:
        self._seen = Lines(folder / "checkpoints.jsonl", SeenCheckpoint)
        self._refused = Lines(folder / "refused.jsonl", RefusedCheckpoint)
        self._rotations = Lines(folder / "rotations.jsonl", SealedEntry)
        self.rotations = tuple(unsealed(line) for _, line in self._rotations.read())
        self._offsets = array("q")
        self._sizes = array("q")
        self.newest: SeenCheckpoint | None = None
        for offset, seen in self._seen.read():
            self._offsets.append(offset)
            self._sizes.append(seen.size)
            self.newest = seen
        self.refusals = 0
        self.refusal: RefusedCheckpoint | None = None
        for _, refused in self._refused.read():
            self.refusals += 1
            self.refusal = refused

    def add(self, seen: SeenCheckpoint) -> None:
        """Keep a checkpoint that is larger than all before."""
        self._offsets.append(self._seen.append(seen))
        self._sizes.append(seen.size)
        self.newest = seen

    def rotate(self, rotation: Entry) -> None:
        """Keep an entry by which the log's key changed."""
        self._rotations.append(sealed(rotation))
        self.rotations = (*self.rotations, rotation)

    def refuse(self, refused: RefusedCheckpoint) -> bool:
        """Keep what was refused; False when it says no more than the one before, or is too much.

        Evidence does not grow stronger by the thousand, and somebody may want the disk full.
        """
        newest = self.refusal
        if newest and (newest.code, newest.offered) == (refused.code, refused.offered):
            return False
        if self.refusals < MOST_REFUSED:
            self._refused.append(refused)
        self.refusals += 1
        self.refusal = refused
        return True

    def after(self, size: int, limit: int) -> list[SeenCheckpoint]:
        """Return the checkpoints of more than *size* leaves, in order, up to *limit* of them."""
        first = bisect_right(self._sizes, size)
        if first == len(self._offsets):
            return []
        return [line for _, line in self._seen.read(self._offsets[first], limit)]

    def close(self) -> None:
        """Let another program have the files."""
        self._seen.close()
        self._refused.close()
        self._rotations.close()


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
