"""The newest checkpoint of the centre's log that was seen here: entries are anchored to it."""

from __future__ import annotations

from station.application.centre_keys import CentreKeys
from station.application.centre_ports import CentreLedger
from station.application.timekeeping import TimeKeeper
from station.contract.checkpoint import Checkpoint, read_note
from station.contract.entries import Anchor
from station.domain.errors import BadProof, BadSignature


class Checkpoints:
    """Keeps the newest one."""

    def __init__(self, ledger: CentreLedger, time: TimeKeeper) -> None:
        self._ledger = ledger
        self._time = time
        self._newest: Checkpoint | None = None

    async def begin(self, keys: CentreKeys) -> None:
        """Take up the one that was kept in an earlier run.

        Raises:
            EvidenceError: it is none, or its key was revoked since.
        """
        note = await self._ledger.checkpoint()
        if note:
            self._take(_read(note, keys))

    async def see(self, note: str, keys: CentreKeys) -> None:
        """Take a checkpoint that the centre gave; "" is none.

        Raises:
            BadProof: the log is smaller than it was, or has two roots of one size.
            EvidenceError: it is no checkpoint of the centre's.
        """
        if not note:
            return
        seen, newest = _read(note, keys), self._newest
        if newest is not None:
            if seen.size < newest.size:
                raise BadProof("the log shrank", size=seen.size, before=newest.size)
            if seen.size == newest.size and seen.root != newest.root:
                raise BadProof("the log has two roots of one size", size=seen.size)
        if seen != newest:
            await self._ledger.note_checkpoint(note)
            self._take(seen)

    def _take(self, seen: Checkpoint) -> None:
        self._newest = seen
        self._time.anchored(Anchor(log_size=seen.size, root=seen.root.hex(), at=seen.at))


def _read(note: str, keys: CentreKeys) -> Checkpoint:
    seen = read_note(note.encode(), [key.public_key for key in keys.in_force])
    if seen.origin != keys.origin:
        raise BadSignature("the checkpoint is of another log", origin=seen.origin)
    return seen
