"""The newest checkpoint of the centre's log that was seen here: entries are anchored to it."""

from __future__ import annotations

from station.application.centre_keys import CentreKeys
from station.application.centre_ports import CentreLedger
from station.application.ports import Draft, Ledger
from station.application.timekeeping import TimeKeeper
from station.contract.checkpoint import Checkpoint
from station.contract.entries import Anchor, CentreContradiction, Kind
from station.domain.errors import CentreContradicts


class Checkpoints:
    """Keeps the newest one."""

    def __init__(self, ledger: CentreLedger, own: Ledger, time: TimeKeeper) -> None:
        self._ledger = ledger
        self._own = own
        self._time = time
        self._newest: Checkpoint | None = None

    async def begin(self, keys: CentreKeys) -> None:
        """Take up the one that was kept in an earlier run.

        Raises:
            EvidenceError: it is none, or its key was revoked since.
        """
        note = await self._ledger.checkpoint()
        if note:
            self._take(keys.read_note(note, kept=True))

    async def see(self, note: str, keys: CentreKeys) -> None:
        """Take a checkpoint that the centre gave; "" is none.

        Raises:
            CentreContradicts: the log is smaller than it was, or has two roots of one size. Our
                ledger holds both notes, and the later one counts from now on.
            EvidenceError: it is no checkpoint of the centre's.
        """
        if not note:
            return
        seen, newest = keys.read_note(note), self._newest
        why = _contradiction(newest, seen) if newest else ""
        if why:
            # The entry goes first: after a power cut between the two there may be a second one.
            said = CentreContradiction(
                what="checkpoint", former=await self._ledger.checkpoint(), later=note
            )
            await self._own.append(Draft(Kind.CENTRE_CONTRADICTION, said))
        if seen != newest:
            await self._ledger.note_checkpoint(note)
            self._take(seen)
        if why:
            raise CentreContradicts(why)

    def _take(self, seen: Checkpoint) -> None:
        self._newest = seen
        self._time.anchored(Anchor(log_size=seen.size, root=seen.root.hex(), at=seen.at))


def _contradiction(before: Checkpoint, seen: Checkpoint) -> str:
    """Return why two checkpoints cannot both be true; "" when they can."""
    if seen.size < before.size:
        return f"the log shrank from {before.size} to {seen.size}"
    if seen.size == before.size and seen.root != before.root:
        return f"the log has two roots of size {seen.size}"
    return ""
