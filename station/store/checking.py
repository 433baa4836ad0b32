"""Checks a whole store (核对): ledger, views, pictures. Reads only; the station may run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Final

import apsw

from station.contract.entries import KeyRotate, MediaErased, Payload, read
from station.contract.media import media_of
from station.contract.signature import Ed25519Verifier
from station.domain.errors import (
    EvidenceError,
    KeyNotGood,
    NotFound,
    RecordingChanged,
    RecordingMissing,
    RecordingSpoilt,
    StorageError,
    StoreCorrupt,
)
from station.domain.ledger import Entry, Head, Verifier, check
from station.store.centre_fold import fold
from station.store.database import connect, wrapped
from station.store.high_water import HighWater
from station.store.indexing import index
from station.store.ledger_rows import entry_of
from station.store.marks import INDEXED, mark
from station.store.media import FileMedia
from station.store.projection import project
from station.store.sqlfile import load

_LEDGER: Final = load("ledger")
_CENTRE: Final = load("centre")
_VIEWS: Final = load("checking")
_SOUND: Final = "ok"
EVERY: Final = 500
"""The caller is told of progress after so many entries or pictures."""

Progress = Callable[[str, int], None]
"""Told what is being checked (``entry`` or ``media``) and how many are done."""


@dataclass(slots=True)
class Check:
    """One check. Iterate over it for what is wrong; then it holds how much was looked at.

    ``keys``: this node's own by ``key_id``, the present one at least; those that the ledger rotated
    to join them. What an older key signed, whose public half is not here, is held by its digest and
    by the chain under the later signatures.
    """

    database: Path
    media: FileMedia
    keys: dict[str, Verifier]
    progress: Progress
    entries: int = 0
    pictures: int = 0
    _named: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[StorageError]:
        """Find what is not as it was written; at the ledger only the first such thing.

        Of recordings all: those that are not there, and those that are no longer what they were.
        """
        high_water = HighWater(self.database.with_suffix(".head"))
        try:
            with closing(connect(self.database, apsw.SQLITE_OPEN_READONLY)) as connection:
                # One moment for all that follows, while the station may go on writing.
                connection.execute("BEGIN")
                yield from self._rows(connection, high_water)
        except (apsw.Error, UnicodeDecodeError) as exc:
            yield wrapped(exc)
        yield from self._pictures()

    def _rows(self, connection: apsw.Connection, high_water: HighWater) -> Iterator[StorageError]:
        yield from _structure(connection)
        with closing(apsw.Connection("")) as folded:
            folded.execute(load("schema")["schema"])
            folded.execute("BEGIN")
            head, followed = Head(), mark(connection, INDEXED)
            try:
                for entry in self._ledger(connection):
                    project(folded, entry)
                    if entry.seq <= followed:
                        index(folded, entry)
                    head = entry.head
                for row in connection.execute(_CENTRE["entries_after"], (0, -1)):
                    fold(folded, entry_of(row))
                high_water.require(head)
            except StorageError as exc:
                yield exc
                return
            for view, statement in _VIEWS.items():
                yield from _differences(
                    view, connection.execute(statement), folded.execute(statement)
                )

    def _ledger(self, connection: apsw.Connection) -> Iterator[Entry]:
        """Give the entries one by one.

        Raises:
            StoreCorrupt: an entry is not what was written, or not where it was; ``which`` names it.
        """
        head, known = Head(), False
        try:
            for row in connection.execute(_LEDGER["entries_after"], (0, -1)):
                entry = entry_of(row)
                check(entry, head, self._verifier(entry, known=known))
                known = known or entry.key_id in self.keys
                yield entry
                head = entry.head
                self._note(entry, read(entry)[1])
                self._done("entry")
        except EvidenceError as exc:
            raise StoreCorrupt(str(exc), what="entry", which=str(head.seq + 1)) from exc
        except (apsw.Error, UnicodeDecodeError) as exc:
            raise StoreCorrupt(str(exc), what="entry", which=str(head.seq + 1)) from exc

    def _verifier(self, entry: Entry, *, known: bool) -> Verifier:
        """Return who verifies *entry*: before the first known key others may be by older ones.

        Raises:
            KeyNotGood: an unknown key after a known one.
        """
        if known and entry.key_id not in self.keys:
            raise KeyNotGood(entry.key_id, node=entry.node, seq=entry.seq)
        return self.keys.get(entry.key_id, _UNKNOWN)

    def _note(self, entry: Entry, payload: Payload) -> None:
        if isinstance(payload, KeyRotate):
            self.keys[payload.key_id] = Ed25519Verifier(bytes.fromhex(payload.public_key))
        elif isinstance(payload, MediaErased):
            for sha256 in payload.sha256:
                self._named.pop(sha256, None)
        else:
            for sha256 in media_of(payload):
                self._named.setdefault(sha256, (entry.node, entry.seq))

    def _pictures(self) -> Iterator[StorageError]:
        """Find recordings in the order of the entries that were the first to name them."""
        for sha256, (node, seq) in self._named.items():
            try:
                self.media.read(sha256)
            except NotFound as exc:
                spoilt = isinstance(exc, RecordingSpoilt)
                kind, detail = (RecordingChanged, exc.detail) if spoilt else (RecordingMissing, "")
                yield kind(detail, what="media", which=sha256, node=node, seq=seq)
            self._done("media")

    def _done(self, what: str) -> None:
        if what == "entry":
            self.entries += 1
        else:
            self.pictures += 1
        count = self.entries if what == "entry" else self.pictures
        if count % EVERY == 0:
            self.progress(what, count)


class _Unknown:
    """Implements Verifier for a key whose public half is not here."""

    def verify(self, message: bytes, signature: bytes) -> None:
        """Accept."""


_UNKNOWN: Final = _Unknown()


def _structure(connection: apsw.Connection) -> Iterator[StorageError]:
    try:
        if connection.pragma("checksum_verification") != "1":
            yield StoreCorrupt("its pages carry no checksums", what="database")
        for (text,) in connection.execute("PRAGMA integrity_check(1)"):
            if text != _SOUND:
                yield StoreCorrupt(str(text), what="database")
    except (apsw.Error, UnicodeDecodeError) as exc:
        yield wrapped(exc)


def _differences(
    view: str, stored: Iterable[tuple[object, ...]], folded: Iterable[tuple[object, ...]]
) -> Iterator[StoreCorrupt]:
    """Find the first row that is not what the ledger comes to."""
    for row, right in zip_longest(stored, folded):
        if row != right:
            which = (right or row or ("",))[0]
            yield StoreCorrupt("not what the ledger comes to", what=view, which=str(which))
            return
