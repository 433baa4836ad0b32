"""The centre's own ledger: what it tells every station (下行记录), sealed like a station's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from central.application.appending import Growth, change_keys
from central.application.ledger_ports import Archive, Desk
from central.domain.chain import Walk
from station.contract.entries import Kind, Payload
from station.contract.sealing import Sealer
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts, SettingsError
from station.domain.ledger import Entry


class Published(Enum):
    """What people publish; the rest of the centre's entries follow from what it does."""

    OFFICER_CHANGE = Kind.OFFICER_CHANGE.value
    WATCH_LIST = Kind.WATCH_LIST.value
    REGISTER_EXTRACT = Kind.REGISTER_EXTRACT.value
    PERMIT = Kind.PERMIT.value
    LEGAL_IDS = Kind.LEGAL_IDS.value


PUBLISHED: Final = frozenset(Kind(one.value) for one in Published)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLedger:
    """Appends to the centre's ledger, within a transaction that the caller has opened."""

    node: str
    sealer: Sealer
    clock: Clock

    async def write(self, desk: Desk, drafts: Sequence[tuple[Kind, Payload]]) -> list[Entry]:
        """Seal *drafts* in order and append them; return the entries.

        Raises:
            SettingsError: the key has ended: it was rotated while this program ran.
        """
        frontier = await desk.begin()
        states = await desk.states({self.node})
        growth = Growth(desk, frontier, states, self.clock.now())
        state = states[self.node]
        head, ring, entries = state.head, state.ring, list[Entry]()
        for kind, payload in drafts:
            if any(key.key_id == self.sealer.signer.key_id and key.until_seq for key in ring.keys):
                raise SettingsError("the centre's key was rotated: start again", key="centre.key")
            entries.append(self.sealer.seal(kind, payload, head))
            head, ring = entries[-1].head, ring.after(entries[-1])
        found = Walk(accepted=tuple(entries), duplicates=0, head=head, ring=ring)
        growth.add(self.node, found)
        if ring is not state.ring:
            await change_keys(desk, self.node, state, found)
        await growth.write()
        return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """People publish a list to every station."""

    archive: Archive
    own: OwnLedger

    async def __call__(self, kind: Kind, payload: Payload) -> None:
        """Write it; stations pull it within seconds, or when they are back.

        Raises:
            InvalidFacts: entries of that kind follow from what the centre does.
        """
        if kind not in PUBLISHED:
            known = ", ".join(sorted(one.value for one in PUBLISHED))
            raise InvalidFacts(f"one of {known}", field="kind")
        async with self.archive.desk() as desk:
            await self.own.write(desk, [(kind, payload)])
