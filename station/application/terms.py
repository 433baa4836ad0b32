"""What the law, and not the officer, puts into an act: who penalises, and the days (法定期限)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from station.application.findings import FEN_PER_YUAN
from station.domain.cargo import FRESH, CargoKind, cargo_of, check_kind
from station.domain.case import Case
from station.domain.errors import InvalidFacts
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.said import COMPUTED, Details
from station.rules.deadlines import WorkingDays, last_day
from station.rules.facts import Mode
from station.rules.lawbook import LawBook

HEARING: Final = "deadline.hearing_request"
FRESH_DETAINED: Final = "procedure.police.detain_fresh"
UNLOADED: Final = "station.unloading"
PAY: Final = "deadline.pay"
DEMAND: Final = "deadline.demand"
_PENAL: Final = {"police": Role.POLICE, "road_admin": Role.ROAD}


@dataclass(frozen=True, slots=True)
class Terms:
    """The law of this station with the official calendar."""

    law: LawBook
    mode: Mode
    working: WorkingDays

    def penal(self, on: date) -> Role | None:
        """Return the authority that penalises here on a local day, None where nobody does.

        Raises:
            NoLawInForce: the law does not say.
        """
        found = self.law.provision(f"penalty.authority.{self.mode.value}", on).value
        return _PENAL.get(str(found))

    def check_cargo(self, case: Case, act: Act, details: Details, on: date) -> None:
        """Refuse to detain or to unload what is not treated as other goods are.

        Fresh goods hold no truck unless it is unsafe, which is stated. What is not unloaded here
        goes by the party's own arrangement, which is stated.

        Raises:
            InvalidFacts: that is missing, or there is no such kind of goods.
            NoLawInForce: the law of that day does not say.

        Source: 《交通警察道路执勤执法工作规范》附件2; the parameters ``station.unloading.*``.
        """
        check_kind(details)
        cargo = cargo_of(case, details)
        if cargo is None or cargo is CargoKind.GENERAL:
            return
        unstated = act is Act.DETAIN and cargo in FRESH and "safety" not in details
        if unstated and self._says(FRESH_DETAINED, on) == "only_if_unsafe":
            raise InvalidFacts("fresh goods hold no truck", field="safety", why="fresh_detained")
        unarranged = act is Act.BEGIN_UNLOADING and "arrangement" not in details
        if unarranged and self._says(f"{UNLOADED}.{cargo.value}", on) == "arranged":
            raise InvalidFacts(
                "not unloaded here", field="arrangement", why="cargo_not_unloaded_here"
            )

    def _says(self, key: str, on: date) -> str:
        return str(self.law.provision(key, on).value)

    def filled_in(self, case: Case, act: Act, details: Details, on: date) -> Details:
        """Return *details* with what the law puts in.

        Args:
            case: before the act.
            act: which.
            details: what the officer states.
            on: local day of the act.

        Raises:
            InvalidFacts: the officer states what is not his to state, no date, or one to come.
            NoLawInForce: no deadline on that day, or the calendar of a year is not known.
        """
        computed = COMPUTED.get(act)
        if computed is None:
            return details
        for name in computed & set(details):
            raise InvalidFacts(f"{name} follows from the law", field=name, why="by_law")
        if act is Act.NOTIFY:
            return {**details, **self._hearing(case, details, on)}
        if act is Act.SERVE:
            served = _day(details, "served_on", on)
            until = self.last_day(PAY, served) if case.fine_fen else ""
            return {**details, "pay_by": until}
        return {**details, "answer_by": self.last_day(DEMAND, _day(details, "demanded_on", on))}

    def _hearing(self, case: Case, details: Details, on: date) -> Details:
        if not self._hearing_due(case.penal, details.get("fine_fen"), on):
            return {"hearing": "not_due", "hearing_until": ""}
        return {"hearing": "due", "hearing_until": self.last_day(HEARING, on)}

    def _hearing_due(self, penal: Role, fine_fen: str | int | None, on: date) -> bool:
        """Tell whether a hearing must be offered (行政处罚法 art 63)."""
        if not isinstance(fine_fen, int) or fine_fen == 0:
            return False
        if penal is Role.ROAD:
            return self.law.provision("procedure.hearing.transport", on).value == "always_offer"
        least = int(self.law.provision("procedure.hearing.police_person", on).value)
        return fine_fen >= least * FEN_PER_YUAN

    def until(self, key: str, details: Details, name: str, on: date) -> str:
        """Return the last day of a deadline that runs from the day stated in *details*.

        Raises:
            InvalidFacts: that is no date, or one to come.
            NoLawInForce: no deadline on that day, or the calendar of a year is not known.
        """
        return self.last_day(key, _day(details, name, on))

    def last_day(self, key: str, start: date) -> str:
        """Return the last day of a deadline that runs from *start*; errors as :meth:`until`."""
        return last_day(self.law, key, start, self.working).isoformat()


def _day(details: Details, name: str, on: date) -> date:
    try:
        day = date.fromisoformat(str(details.get(name)))
    except ValueError as exc:
        raise InvalidFacts(f"{name} is no date", field=name, why="no_date") from exc
    if day > on:
        raise InvalidFacts(f"{name} is after today", field=name, why="after_today")
    return day
