"""Asks what the centre's register knows of permits (通行证核对) when a finding is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from station.application.centre_ports import CentreFacts
from station.contract.entries import HeldPermit, PermitAnswer, PlateEvidence
from station.contract.permits import NOT_ASKED, PermitFacts, Transport, chosen, permit_facts
from station.contract.sealing import local_day
from station.rules.lawbook import LawBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was answered, as it is sealed, and what of it goes into the finding."""

    answer: PermitAnswer | None
    facts: PermitFacts


NOBODY_ASKED: Final = Asked(answer=None, facts=NOT_ASKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permits:
    """The permits that the station knows of. ``node``: where it stands."""

    facts: CentreFacts
    law: LawBook
    node: str

    async def ask(
        self,
        tractor: PlateEvidence,
        trailer: PlateEvidence | None,
        at: datetime,
        paper: HeldPermit | None = None,
    ) -> Asked:
        """Return what is known for a transport weighed at *at*; nothing without its plate.

        ``paper``: a permit that an officer holds in his hand goes before what the register says.
        """
        if tractor.text is None:
            return NOBODY_ASKED
        transport = Transport(
            node=self.node,
            plate=tractor.text,
            trailer=trailer.text if trailer else None,
            on=date.fromisoformat(local_day(at)),
            at=at,
        )
        permit = paper or chosen(await self.facts.permits(tractor.text), transport)
        answer = PermitAnswer(as_of=await self.facts.told_at(), permit=permit)
        return Asked(answer=answer, facts=permit_facts(answer, transport, self.law))
