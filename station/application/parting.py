"""Takes up the centre's own ledger anew when it is another than was pulled (中心账本回退)."""

from __future__ import annotations

import msgspec

from station.application.centre_keys import CentreKeys, Following
from station.application.centre_ports import Branches, Centre, CentreLedger
from station.contract.enrolling import CentreIdentity
from station.contract.entries import CentreContradiction
from station.contract.uplink import opened
from station.domain.errors import CentreContradicts
from station.domain.ledger import Entry, Head


class Parting:
    """The use case. What the centre holds no more is kept aside, and counts no more."""

    def __init__(
        self, *, centre: Centre, ledger: CentreLedger, branches: Branches, identity: CentreIdentity
    ) -> None:
        self._centre = centre
        self._ledger = ledger
        self._branches = branches
        self._identity = identity

    async def take_up(self, theirs: int) -> Following:
        """Follow the centre's ledger from where it parts from what was pulled.

        Our own ledger tells of it.

        Args:
            theirs: the last entry that the centre has.

        Raises:
            CentreContradicts: it is shorter, and no other: what was pulled counts on.
            UplinkError: not reached.
            EvidenceError: what it has is not the centre's, or does not follow. Nothing changes.
        """
        ours = (await self._ledger.head()).seq
        after = await self._common(min(ours, theirs))
        if after == ours:  # what parts was not proven yet, and is forgotten
            return await self._following(after)
        following = await self._following(after)
        entries: list[Entry] = []
        while page := (await self._centre.down(following.head.seq)).entries:
            following, proven = following.after(opened(page, self._identity.node))
            entries += proven
        if not entries:
            raise CentreContradicts(f"its own ledger ends at {theirs}, and had {ours}", seq=theirs)
        former = await self._ledger.entries_after(after, ours - after)
        contradiction = CentreContradiction(
            what="ledger",
            former=_named(former[0]),
            later=_named(entries[0]),
            set_aside=[entry.digest for entry in former],
        )
        await self._branches.follow_other(after, entries, contradiction)
        return following

    async def _common(self, last: int) -> int:
        """Return the last place at which the centre has what was pulled; ledgers part once."""
        low, high = 0, last
        while low < high:
            middle = (low + high + 1) // 2
            (ours,) = await self._ledger.entries_after(middle - 1, 1)
            answer = await self._centre.down(middle - 1)
            theirs = opened(answer.entries[:1], self._identity.node)
            if theirs and theirs[0].head == ours.head:
                low = middle
            else:
                high = middle - 1
        return low

    async def _following(self, after: int) -> Following:
        told = [one for one in await self._ledger.key_entries() if one.seq <= after]
        keys = CentreKeys.of(self._identity, told)
        last = await self._ledger.entries_after(after - 1, 1) if after else []
        return Following(keys, last[0].head if last else Head())


def _named(entry: Entry) -> str:
    """Return what names an entry of the centre; the bytes are kept beside the ledger."""
    named = {
        "seq": entry.seq,
        "digest": entry.digest,
        "key_id": entry.key_id,
        "sig": entry.signature.hex(),
    }
    return msgspec.json.encode(named, order="sorted").decode()
