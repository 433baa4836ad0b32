"""Opens a store as the station does, without help, and holds it against what was acknowledged."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from station.application.ports import Draft
from station.bootstrap import opening
from station.bootstrap.opening import Stored, open_store
from station.contract.entries import DeviceEvent, Kind
from station.contract.signature import Ed25519Verifier
from station.domain.errors import ZhichaoError
from station.domain.ledger import Entry, Head, check
from station.store.indexing import indexed
from tests.torture.writer import AT, settings

ALL = -1
VIEWS = ("passage", "joint_case", "case_waiting", "case_act", "alarm", "recording", "centre_view")
AGAIN = DeviceEvent(device="scale", code="device.silent", detail="again", since=AT)


# Neither depends on the store, and both take longer than the rest of it.
opening.Argon2Passwords = functools.cache(opening.Argon2Passwords)  # type: ignore[misc,assignment]
opening.legal_id = functools.cache(opening.legal_id)


@dataclass(slots=True)
class Acknowledged:
    """What a writer said was saved.

    Attributes:
        entries: digest and signature (hex) by sequence number.
        pictures: digests.
        delivered: the highest one noted.
    """

    entries: dict[int, tuple[str, str]] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)
    delivered: int = 0
    duplicated: int = 0

    def add(self, line: bytes) -> None:
        """Take one line of the writer."""
        said = json.loads(line)
        for seq, digest, signature in said.get("entries", ()):
            self.duplicated += seq in self.entries
            self.entries[seq] = (digest, signature)
        self.pictures.update(said.get("pictures", ()))
        self.delivered = max(self.delivered, said.get("delivered", 0))


class Verified:
    """A verifier that remembers: the same bytes need not be verified two thousand times."""

    def __init__(self) -> None:
        self._good: set[tuple[str, bytes, bytes]] = set()
        self._verifier: Ed25519Verifier | None = None

    def use(self, verifier: Ed25519Verifier) -> None:
        """Verify with this key from now on."""
        self._verifier = verifier

    def verify(self, message: bytes, signature: bytes) -> None:
        """See :class:`station.domain.ledger.Verifier`."""
        assert self._verifier is not None
        key = (self._verifier.key_id, message, signature)
        if key not in self._good:
            self._verifier.verify(message, signature)
            self._good.add(key)


async def violations(folder: Path, said: Acknowledged, verified: Verified) -> list[str]:
    """Return each promise that the store in *folder* breaks, in words."""
    try:
        stored = open_store(settings(folder))
    except ZhichaoError as exc:
        return [f"does not open: {exc}"]
    try:
        verified.use(Ed25519Verifier(stored.signer.public_key))
        found = await _violations(stored, said, verified)
    except ZhichaoError as exc:
        found = [f"fails: {exc}"]
    finally:
        stored.close()
    return found


async def _violations(stored: Stored, said: Acknowledged, verified: Verified) -> list[str]:
    entries = await stored.ledger.entries_after(0, ALL)
    found = list(_missing(entries, said))
    try:
        follow(entries, verified)
    except ZhichaoError as exc:
        return [*found, f"the chain does not verify: {exc}"]
    for sha256 in said.pictures:
        try:
            await stored.media.fetch(sha256)
        except ZhichaoError as exc:
            found.append(f"lost picture: {exc}")
    delivered = await stored.outbox.delivered()
    if not said.delivered <= delivered <= len(entries):
        found.append(f"delivered {delivered}, noted {said.delivered}, entries {len(entries)}")
    await indexed(stored.database)
    before = await stored.database.run(views)
    await stored.branches.rebuild()
    await indexed(stored.database)
    if before != await stored.database.run(views):
        found.append("the views are not what the entries come to")
    await stored.media.keep(b"again")
    (entry,) = await stored.ledger.append(Draft(Kind.DEVICE_FAULT, AGAIN))
    check(entry, entries[-1].head if entries else Head(), verified)
    return found


def follow(entries: Sequence[Entry], verified: Verified) -> None:
    """Check the chain and each signature from the beginning."""
    head = Head()
    for entry in entries:
        check(entry, head, verified)
        head = entry.head


def views(connection: apsw.Connection) -> list[list[tuple[object, ...]]]:
    """Return every row of every view."""
    return [list(connection.execute(f"SELECT * FROM {table} ORDER BY 1")) for table in VIEWS]


def _missing(entries: Sequence[Entry], said: Acknowledged) -> Iterator[str]:
    there = {one.seq: (one.digest, one.signature.hex()) for one in entries}
    for seq, sealed in said.entries.items():
        if there.get(seq) != sealed:
            yield f"lost: entry {seq}"
