"""Remembers beside the ledger where it ended (高水位): a chain alone does not prove its tail.

A bit that flipped in the journal makes SQLite drop that transaction and all later ones when it
opens the file, and what is left is a sound, shorter ledger. The mark is written after each commit
and not synced: after a power cut it may be older than the ledger, never ahead of it.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Final

from station.domain.errors import StoreCorrupt, StoreFailed
from station.domain.ledger import Head

_FORM: Final = re.compile(rb"(\d{20}) ([0-9a-f]{64}) ([0-9a-f]{64})\n")


class HighWater:
    """One file of one line, overwritten in its place: number and digest of the last entry."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seq = self._read()

    def require(self, head: Head) -> None:
        """Check that the ledger has not become shorter.

        Raises:
            StoreCorrupt: it has; ``which``: where it ended.
        """
        if head.seq < self._seq:
            raise StoreCorrupt(f"it ends at {head.seq}", what="ledger", which=str(self._seq))

    def note_higher(self, head: Head) -> None:
        """Take a new end unless the ledger once reached further: that is not forgotten.

        Raises:
            StoreFailed: as in :meth:`note`.
        """
        if head.seq >= self._seq:
            self.note(head)

    def note(self, head: Head) -> None:
        """Take a new end, also one before the last.

        Raises:
            StoreFailed: the mark cannot be written; the entries are durable all the same.
        """
        line = f"{head.seq:020d} {head.digest} ".encode()
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.pwrite(descriptor, line + _digest(line) + b"\n", 0)
            finally:
                os.close(descriptor)
        except OSError as exc:
            # Never "full": the caller would write its entries a second time.
            raise StoreFailed(str(exc)) from exc
        self._seq = head.seq

    def _read(self) -> int:
        """Return the number that is marked; 0 when there is none, or none that can be read."""
        try:
            line = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        match = _FORM.fullmatch(line)
        if match is None or match[3] != _digest(line[: match.start(3)]):
            return 0
        return int(match[1])


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest().encode()
