"""Makes each finding again from the facts that were sealed with it (认定复核)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from central.application.ports import Guard
from station.contract.entries import PermitAnswer, Record
from station.contract.permits import Transport, permit_facts
from station.domain.errors import InvalidFacts, MalformedEntry
from station.domain.units import Kg
from station.rules.decide import decide_or_refer
from station.rules.facts import Facts, Mode
from station.rules.lawbook import LawBook
from station.rules.records import vehicle_from_record
from station.rules.verdict import to_record

VERDICT_DIFFERS: Final = "verdict.differs"
EDITION_DIFFERS: Final = "law.edition_differs"
GUARD_HOURS: Final = "penalty.duplicate_guard_hours"
GUARD_KG: Final = "penalty.duplicate_guard_kg"
MOST_POINTS: Final = "points.cycle_full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A station's finding and the facts it was made from.

    Attributes:
        vehicle: None: not known.
        permits: what the station knew of permits; None: nobody asked.
    """

    gross_kg: int
    transport: Transport
    mode: str
    vehicle: Record | None
    verdict: Record
    permits: PermitAnswer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a finding is not ours. ``once``: the same one again from the node says nothing new."""

    code: str
    detail: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class Recheck:
    """Compares by this program's edition of the law."""

    law: LawBook

    def __call__(self, found: Found) -> Difference | None:
        """Return the difference, None when the finding is exactly what the law makes of the facts.

        A finding by another edition of the law cannot be compared: a difference of its own.

        Raises:
            MalformedEntry: the facts are none.
        """
        edition = found.verdict.get("law_edition")
        if edition != self.law.edition:
            return Difference(code=EDITION_DIFFERS, detail=str(edition), once=True)
        try:
            ours = self._finding(found)
        except (InvalidFacts, ValueError) as exc:
            raise MalformedEntry(f"facts: {exc}") from exc
        if ours == found.verdict:
            return None
        odd = [key for key in ours if found.verdict.get(key) != ours[key]]
        return Difference(code=VERDICT_DIFFERS, detail=", ".join(odd))

    def guard(self, on: date) -> Guard:
        """Return when two weighings are of one transport, by the law of a local day."""
        return Guard(
            hours=int(self.law.provision(GUARD_HOURS, on).value),
            kg=int(self.law.provision(GUARD_KG, on).value),
        )

    def most_points(self, on: date) -> int:
        """Return how many points one act carries at most, by the law of a local day."""
        return int(self.law.provision(MOST_POINTS, on).value)

    def _finding(self, found: Found) -> Record:
        permit = permit_facts(found.permits, found.transport, self.law)
        facts = Facts(
            occurred_on=found.transport.on,
            mode=Mode(found.mode),
            vehicle=vehicle_from_record(found.vehicle) if found.vehicle else None,
            gross=Kg(found.gross_kg),
            permit_gross=permit.gross,
            permit_notes=permit.notes,
        )
        return to_record(decide_or_refer(facts, self.law))
