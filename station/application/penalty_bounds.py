"""What a penalty may be, given the finding: within its band, with the points of the law. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final

from station.application.findings import FEN_PER_YUAN, Judge
from station.contract.entries import Record
from station.domain.case import Case
from station.domain.errors import InvalidFacts
from station.domain.officers import Role
from station.domain.said import Details

_REFUSED: Final = "refused"


def require_within_the_law(
    judge: Judge, case: Case, verdict: Record, details: Details, *, occurred_on: date, on: date
) -> None:
    """Refuse a fine outside its band, or points other than those that follow from the facts.

    Args:
        judge: the law of this station.
        case: before the act.
        verdict: the finding of the first weighing.
        details: of a notice or a decision, as the officers state them.
        occurred_on: local day of the first weighing.
        on: local day of the act.

    Raises:
        InvalidFacts: naming the field, and why.
    """
    fine = details.get("fine_fen")
    if details.get("kind") == "warning":
        _warning(judge, case, verdict, occurred_on)
    if details.get("kind") != "fine" or not isinstance(fine, int):
        return
    if case.penal is Role.ROAD:
        _by_road(judge, verdict, details, fine, occurred_on)
    else:
        _in_band(judge, verdict, fine, occurred_on)
        _points(judge, verdict, details.get("points"), on)


def _in_band(judge: Judge, verdict: Record, fine_fen: int, occurred_on: date) -> None:
    low, high = judge.fine_band(_part(verdict, "police"), occurred_on=occurred_on)
    if not low * FEN_PER_YUAN <= fine_fen <= high * FEN_PER_YUAN:
        raise InvalidFacts(
            f"the fine is from {low} to {high} yuan",
            field="fine_fen",
            why="fine_band",
            low=low,
            high=high,
        )


def _points(judge: Judge, verdict: Record, said: object, on: date) -> None:
    points, most = _part(verdict, "police").get("points"), judge.most_points(on)
    if isinstance(points, int) and said != points:
        raise InvalidFacts(
            f"this act carries {points} points", field="points", why="other_points", points=points
        )
    if isinstance(said, int) and said > most:
        raise InvalidFacts(
            f"one act carries at most {most} points", field="points", why="most_points", most=most
        )


def _by_road(
    judge: Judge, verdict: Record, details: Details, fine_fen: int, occurred_on: date
) -> None:
    """Refuse more than 令62号 art 43 makes of the finding, and points, which are not its."""
    of_finding = _part(verdict, "road_admin").get("fine_yuan")
    most = judge.road_fine(of_finding, occurred_on=occurred_on)
    if fine_fen > most * FEN_PER_YUAN:
        raise InvalidFacts(
            f"the fine is at most {most} yuan", field="fine_fen", why="most_fine", most=most
        )
    if details.get("points") != 0:
        raise InvalidFacts("road administration gives no points", field="points", why="road_points")


def _warning(judge: Judge, case: Case, verdict: Record, occurred_on: date) -> None:
    """Refuse a warning where the finding has a fine, if the law's data says so."""
    name = "road_admin" if case.penal is Role.ROAD else "police"
    fined = _part(verdict, name).get("fine_yuan") is not None
    if fined and judge.warning_instead_of_fine(occurred_on) == _REFUSED:
        raise InvalidFacts("the finding has a fine", field="kind", why="warning_instead_of_fine")


def _part(verdict: Record, name: str) -> Record:
    found = verdict.get(name)
    return found if isinstance(found, dict) else {}
