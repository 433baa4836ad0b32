"""Brings a ledger up to what the centre holds of it: after an old disk, or after a fork.

A disk that was restored from a backup has lost entries that the centre holds. Writing on from there
would give their places to other entries: a fork. So they are fetched before anything is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from station.application.centre_ports import Branches, Centre, OwnPage
from station.application.ports import Ledger
from station.contract.entries import Enrolment, commitments
from station.contract.keyring import KeyRing, NodeKey
from station.contract.personal import Opening, check_opening
from station.domain.errors import BadOpening, Fork, NoFork, UplinkError
from station.domain.ledger import Entry, Head, follows

FIRST_ANSWER_S: Final = 3.0
"""A station that starts waits so long for the centre, then it works alone."""


class Rejoining:
    """The use cases. Nobody else may write to the ledger meanwhile."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        branches: Branches,
        centre: Centre,
        own_keys: Callable[[int], Awaitable[KeyRing]],
    ) -> None:
        """Prepare; *own_keys* gives this station's keys as they were after an entry of its own."""
        self._ledger = ledger
        self._branches = branches
        self._centre = centre
        self._own_keys = own_keys

    async def catch_up(self) -> int:
        """Fetch what the centre holds beyond our head; return how many entries that were.

        Raises:
            UplinkError: the centre does not answer.
            Fork: it holds another entry in the place of our last one.
            EvidenceError: what it holds does not follow, or is not ours.
        """
        head = await self._ledger.head()
        try:
            async with asyncio.timeout(FIRST_ANSWER_S):
                page = await self._centre.own(max(0, head.seq - 1))
        except TimeoutError as exc:
            raise UplinkError("no answer in time") from exc
        entries = list(page.entries)
        if head.seq and entries:
            same = entries.pop(0)
            if same.head != head:
                raise Fork("the centre holds another entry", node=same.node, seq=head.seq)
        if not entries:
            return 0
        count, ring = 0, await self._own_keys(head.seq)
        while entries:
            ring, head = _checked(entries, head, ring)
            await self._branches.adopt(entries, _good(page, entries))
            count += len(entries)
            page = await self._centre.own(head.seq)
            entries = list(page.entries)
        return count

    async def rejoin(self, reason: str) -> list[str]:
        """Set our branch aside, take up the centre's, and write that down, all at once.

        Returns:
            The digests of what was set aside, in order.

        Raises:
            NoFork: the centre holds nothing else than we do.
            UplinkError, EvidenceError: as in :meth:`catch_up`.
        """
        last = (await self._ledger.head()).seq
        after = await self._common(last)
        # What we hold beyond the centre's end was not delivered yet: that is no fork.
        if after == last or not (await self._centre.own(after)).entries:
            raise NoFork(seq=after)
        head = Head()
        if after:
            (before,) = await self._ledger.entries_after(after - 1, 1)
            head = before.head
        ring = await self._own_keys(after)
        entries: list[Entry] = []
        openings: dict[int, tuple[Opening, ...]] = {}
        while (page := await self._centre.own(head.seq)).entries:
            ring, head = _checked(page.entries, head, ring)
            entries += page.entries
            openings |= _good(page, page.entries)
        return await self._branches.rejoin(after, entries, openings, reason)

    async def _common(self, last: int) -> int:
        """Return the last place at which the centre holds what we hold; ledgers part once."""
        low, high = 0, last
        while low < high:
            middle = (low + high + 1) // 2
            (ours,) = await self._ledger.entries_after(middle - 1, 1)
            theirs = (await self._centre.own(middle - 1)).entries
            if theirs and theirs[0].head == ours.head:
                low = middle
            else:
                high = middle - 1
        return low


def own_keys(
    first: NodeKey, enrolments: Iterable[Enrolment], rotations: Iterable[Entry]
) -> KeyRing:
    """Return a station's keys: as the centre enrolled them, and as its own entries rotated them.

    ``first``: the key that the station holds now, for one that was never told of an enrolment.
    """
    enrolled = tuple(
        NodeKey(key_id=one.key_id, public_key=bytes.fromhex(one.public_key), from_seq=one.from_seq)
        for one in enrolments
    )
    ring = KeyRing(enrolled or (first,))
    for rotation in rotations:
        if any(key.key_id == rotation.key_id for key in ring.keys):
            ring = ring.after(rotation)
    return ring


def _checked(entries: Iterable[Entry], head: Head, ring: KeyRing) -> tuple[KeyRing, Head]:
    for entry in entries:
        follows(entry, head)
        ring.verify_entry(entry)
        ring, head = ring.after(entry), entry.head
    return ring, head


def _good(page: OwnPage, entries: Iterable[Entry]) -> dict[int, tuple[Opening, ...]]:
    """Return the clear texts that are what the entries commit to; others are of no use."""
    found: dict[int, tuple[Opening, ...]] = {}
    for entry in entries:
        for opening in page.openings.get(entry.seq, ()):
            try:
                check_opening(opening, commitments(entry))
            except BadOpening:
                continue
            found[entry.seq] = (*found.get(entry.seq, ()), opening)
    return found
