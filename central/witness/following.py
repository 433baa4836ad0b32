"""Follows the log: asks, checks, writes down, cosigns, hands back, in this order."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from central.domain.auditing.claims import LogKeys
from central.domain.witnessing import bare, check_next, rotated
from central.witness.book import Book, RefusedCheckpoint, SeenCheckpoint
from station.contract.checkpoint import Checkpoint, cosigned_note
from station.contract.keyring import KeyRing, NodeKey
from station.contract.sealing import stamp
from station.contract.signature import Ed25519Signer, key_id
from station.domain.clock import Clock
from station.domain.errors import (
    BadSignature,
    EvidenceError,
    LogForked,
    MalformedEntry,
    NotTheLog,
    UplinkError,
)
from station.domain.ledger import Entry

_LOG: Final = logging.getLogger(__name__)


class Log(Protocol):
    """The public side of the centre's log."""

    async def checkpoint(self) -> str | None:
        """Return the newest note, None when there is none yet."""
        ...

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof that one tree is the beginning of another."""
        ...

    async def rotations(self) -> Sequence[Entry]:
        """Return how the log's key changed, as the centre says."""
        ...

    async def hand_back(self, note: str) -> None:
        """Give the centre a cosigned note."""
        ...


class Status(Enum):
    """How the last look at the log ended."""

    WAITING = "waiting"
    OK = "ok"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Who follows.

    Attributes:
        name: under which it cosigns with *signer*.
        keys: of the log, as it was told of them on paper; rotations lead on from there.
    """

    name: str
    signer: Ed25519Signer
    keys: LogKeys
    clock: Clock


class Follow:
    """One log, one book."""

    def __init__(
        self, witness: Witness, log: Log, book: Book, alarm: Callable[[EvidenceError], None]
    ) -> None:
        """Prepare; *alarm* is told of each refusal, once.

        Raises:
            NotTheLog: the book is of another log.
        """
        self._witness = witness
        self._log = log
        self._book = book
        self._alarm = alarm
        self._handed_back = False
        first = (
            NodeKey(key_id=key_id(key), public_key=key, from_seq=1)
            for key in witness.keys.public_keys
        )
        self._ring, _ = rotated(KeyRing(tuple(first)), book.rotations)
        self._asked = False
        self._held = None if book.newest is None else self._read(book.newest.note, self._ring.keys)
        self.status = Status.WAITING
        self.looked_at = ""

    async def run(self, every_s: float) -> None:
        """Follow for ever.

        Raises:
            StorageError: what was seen could not be written down.
        """
        while True:
            await self.step()
            await asyncio.sleep(every_s)

    async def step(self) -> None:
        """Look at the log once."""
        try:
            note = await self._log.checkpoint()
            self.status = Status.WAITING if note is None else await self._look(note)
            await self._hand_back()
        except UplinkError as exc:
            _LOG.warning("the centre does not answer: %s", exc)
            self.status = Status.UNREACHABLE
        self.looked_at = stamp(self._witness.clock.now())

    async def _look(self, note: str) -> Status:
        proof: Sequence[bytes] = ()
        try:
            offered = await self._offered(note)
            held = self._held
            if held is not None:
                proof = await self._proof(held, offered)
                check_next(held, offered, proof)
        except EvidenceError as refusal:
            self._refuse(note, refusal, proof)
            return Status.REFUSED
        if held is None or offered.size > held.size:
            self._take(note, offered)
        return Status.OK

    def _take(self, note: str, offered: Checkpoint) -> None:
        """Cosign and write down. It is on the disk before anybody sees the signature."""
        who, now = self._witness, self._witness.clock.now()
        cosigned = cosigned_note(bare(note).encode(), who.name, who.signer, now).decode()
        self._book.add(SeenCheckpoint(at=stamp(now), size=offered.size, note=cosigned))
        self._held = offered
        self._handed_back = False

    def _refuse(self, note: str, refusal: EvidenceError, proof: Sequence[bytes]) -> None:
        held = self._book.newest
        kept = self._book.refuse(
            RefusedCheckpoint(
                at=stamp(self._witness.clock.now()),
                code=refusal.code,
                fields=refusal.fields,
                held=held.note if held else "",
                offered=note,
                proof=[base64.b64encode(one).decode() for one in proof],
            )
        )
        if kept:
            self._alarm(refusal)

    async def _proof(self, held: Checkpoint, offered: Checkpoint) -> Sequence[bytes]:
        if offered.size <= held.size:
            return ()
        try:
            return await self._log.consistency(held.size, offered.size)
        except MalformedEntry as exc:
            raise LogForked("no proof", held=held.size, offered=offered.size) from exc

    async def _hand_back(self) -> None:
        """Give the centre our line, so that its bundles carry it; asked again until it took it."""
        newest = self._book.newest
        if newest is not None and self.status is Status.OK and not self._handed_back:
            await self._log.hand_back(newest.note)
            self._handed_back = True

    async def _offered(self, note: str) -> Checkpoint:
        """Read what the centre shows now: by a key that is in force, which may have changed."""
        if not self._asked:  # what was configured as two keys may be an old one and its successor
            await self._learn()
        try:
            return self._read(note, self._in_force)
        except NotTheLog:
            await self._learn()
            return self._read(note, self._in_force)

    async def _learn(self) -> None:
        """Take in how the log's key changed since; on the disk before it is believed."""
        self._ring, taken = rotated(self._ring, await self._log.rotations())
        for rotation in taken:
            self._book.rotate(rotation)
        self._asked = True

    @property
    def _in_force(self) -> list[NodeKey]:
        return [key for key in self._ring.keys if key.until_seq is None]

    def _read(self, note: str, keys: Iterable[NodeKey]) -> Checkpoint:
        known = LogKeys(
            origin=self._witness.keys.origin, public_keys=tuple(key.public_key for key in keys)
        )
        try:
            return known.read(note)
        except (BadSignature, MalformedEntry) as exc:
            raise NotTheLog(exc.detail) from exc
