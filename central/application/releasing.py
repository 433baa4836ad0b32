"""Lets a node deliver again (解除隔离): two persons, a reason, and an entry that names both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from central.application.ledger_ports import Archive, Proposal
from central.application.ports import Alarm
from central.application.project import Touched
from central.application.publishing import OwnLedger
from central.application.refusing import Announce, set_ahead_aside
from station.contract.entries import Kind, QuarantineRelease
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts, NotFound, TwoOfficersRequired

RELEASED: Final = "quarantine.released"
PROPOSAL_LASTS: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The use case behind the button. What was refused stays refused, and kept."""

    archive: Archive
    own: OwnLedger
    clock: Clock
    announce: Announce

    async def __call__(self, node: str, officer: str, reason: str) -> bool:
        """Propose to release *node*, or confirm what another officer proposed within 24 hours.

        Args:
            node: which is in quarantine.
            officer: number of his certificate.
            reason: of the first officer; what the second one writes is added to it.

        Returns:
            True when the node is released, False when a second officer must confirm.

        Raises:
            NotFound: the node is not in quarantine.
            InvalidFacts: no reason.
            TwoOfficersRequired: the same officer confirms his own proposal.
        """
        if not reason.strip():
            raise InvalidFacts("a reason is needed", field="reason")
        now, touched = self.clock.now(), Touched(nodes={node: None})
        async with self.archive.desk() as desk:
            await desk.begin()
            state = (await desk.states({node})).get(node)
            if state is None or state.quarantined_at is None:
                raise NotFound("quarantine", node=node)
            first = await desk.proposal(node)
            if first is None or now - first.proposed_at >= PROPOSAL_LASTS:
                await desk.propose(
                    node, Proposal(reason=reason, proposed_by=officer, proposed_at=now)
                )
                return False
            if first.proposed_by == officer:
                raise TwoOfficersRequired("another officer must confirm")
            await desk.withdraw(node)
            await desk.lift_quarantine(node)
            await set_ahead_aside(desk, node, state.head.seq, now)
            entry = QuarantineRelease(
                node=node,
                head_seq=state.head.seq,
                reason=f"{first.reason}; {reason}",
                officers=[first.proposed_by, officer],
            )
            await self.own.write(desk, [(Kind.QUARANTINE_RELEASE, entry)])
            alarm = Alarm(
                node=node, seq=state.head.seq or None, code=RELEASED, detail=entry.reason, at=now
            )
            touched.alarms[await desk.raise_alarm(alarm)] = None
        self.announce(touched)
        return True
