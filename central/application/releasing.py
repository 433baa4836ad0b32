"""Lets a node deliver again (解除隔离): two persons, a reason, and an entry that names both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from central.application.ledger_ports import Archive, Desk, NodeState, Proposal
from central.application.ports import Alarm
from central.application.project import Touched
from central.application.publishing import OwnLedger
from central.application.refusing import Announce, set_ahead_aside
from central.application.views import PROPOSAL_LASTS
from station.contract.entries import Kind, QuarantineRelease
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts, NotFound, OwnProposal

RELEASED: Final = "quarantine.released"


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
            OwnProposal: the same officer confirms his own proposal.
        """
        if not reason.strip():
            raise InvalidFacts("a reason is needed", field="reason")
        now, touched = self.clock.now(), Touched(nodes={node: None})
        mine = Proposal(reason=reason, proposed_by=officer, proposed_at=now)
        async with self.archive.desk() as desk:
            await desk.begin()
            state = (await desk.states({node})).get(node)
            if state is None or state.quarantined_at is None:
                raise NotFound("quarantine", node=node)
            first = await desk.proposal(node)
            confirmed = first is not None and now - first.proposed_at < PROPOSAL_LASTS
            if first is None or not confirmed:
                await desk.propose(node, mine)
            elif first.proposed_by == officer:
                raise OwnProposal("another officer must confirm", node=node)
            else:
                alarm = await self._release(desk, node, state, first, mine)
                touched.alarms[await desk.raise_alarm(alarm)] = None
        self.announce(touched)
        return confirmed

    async def _release(
        self, desk: Desk, node: str, state: NodeState, first: Proposal, second: Proposal
    ) -> Alarm:
        head, at = state.head.seq, second.proposed_at
        await desk.withdraw(node)
        await desk.lift_quarantine(node)
        await set_ahead_aside(desk, node, head, at)
        entry = QuarantineRelease(
            node=node,
            head_seq=head,
            reason=f"{first.reason}; {second.reason}",
            officers=[first.proposed_by, second.proposed_by],
        )
        await self.own.write(desk, [(Kind.QUARANTINE_RELEASE, entry)])
        return Alarm(node=node, seq=head or None, code=RELEASED, detail=entry.reason, at=at)
