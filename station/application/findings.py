"""Brings facts before the rules core, and writes its finding as a record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from station.contract.entries import Record
from station.contract.permits import NOT_ASKED, PermitFacts
from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules.decide import decide_or_refer
from station.rules.explain import explain
from station.rules.facts import Facts, Mode
from station.rules.lawbook import LawBook
from station.rules.verdict import to_record

FEN_PER_YUAN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict as it is sealed: the full record, and the same in plain Chinese."""

    record: Record
    explanation: str


@dataclass(frozen=True, slots=True)
class Judge:
    """The law of this station: its law book, and in which mode it works (驻站联合, …)."""

    law: LawBook
    mode: Mode

    def finding(
        self,
        gross: Kg,
        vehicle: Vehicle | None,
        *,
        occurred_on: date,
        recheck: bool,
        permit: PermitFacts = NOT_ASKED,
    ) -> Finding:
        """Return the finding on a weighing.

        Args:
            gross: of a settled weighing on the certified scale (初检 or 复检).
            vehicle: None when nobody knows it yet; the finding then says ``needs_review``.
            occurred_on: local date of the weighing.
            permit: what is known of permits for this transport.
            recheck: a weighing after unloading; it is explained otherwise, and found alike.
        """
        facts = Facts(
            occurred_on=occurred_on,
            mode=self.mode,
            vehicle=vehicle,
            gross=gross,
            permit_gross=permit.gross,
            permit_notes=permit.notes,
        )
        verdict = decide_or_refer(facts, self.law)
        return Finding(record=to_record(verdict), explanation=explain(verdict, recheck=recheck))

    def fine_band(self, police: Record, *, occurred_on: date) -> tuple[int, int]:
        """Return the lowest and highest fine in yuan that a decision may impose.

        Where the finding leaves the band open (approved load not known, or over the limit but not
        overloaded: the police decide), all that the article allows.

        Source: 《道路交通安全法》第九十二条.
        """
        band = police.get("fine_yuan")
        if isinstance(band, list):
            low, high = band
            return int(low), int(high)
        return (
            self._yuan("penalty.police.overload_lower.min", occurred_on),
            self._yuan("penalty.police.overload_upper.max", occurred_on),
        )

    def road_fine(self, of_finding: object, *, occurred_on: date) -> int:
        """Return the highest fine in yuan by road administration.

        ``of_finding``: what the finding came to, by excess; without it, what the article allows.

        Source: 《超限运输车辆行驶公路管理规定》第四十三条.
        """
        if isinstance(of_finding, int):
            return of_finding
        return self._yuan("penalty.road_admin.cap", occurred_on)

    def most_points(self, on: date) -> int:
        """Return the points of a whole cycle: no single act carries more.

        Source: 《道路交通安全违法行为记分管理办法》第三条.
        """
        return int(self.law.provision("points.cycle_full", on).value)

    def warning_instead_of_fine(self, occurred_on: date) -> str:
        """Return ``accepted`` or ``refused``: a warning where the finding has a fine (U9)."""
        return str(self.law.provision("penalty.warning_instead_of_fine", occurred_on).value)

    def _yuan(self, key: str, on: date) -> int:
        return int(self.law.provision(key, on).value)
