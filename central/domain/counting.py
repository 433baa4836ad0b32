"""The annual count (一年内违法超限运输次数): whose vehicles were penalised more than three times.

Source: 《公路安全保护条例》第六十六条: a vehicle with more than three unlawful over-limit
transports within one year has its operating licence revoked. How the year runs (令2016年第62号
art 46) could not be read in full: here it is the twelve months that end on the day asked for, so
that nobody is listed for an act more than a year old. The window is an argument, for whoever reads
it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from station.rules.deadlines import months_later
from station.rules.lawbook import LawBook

TIMES_KEY: Final = "count.vehicle_times"
"""次数 in the law book: listed is who has *more than* this many (条例第六十六条: 超过3次)."""

WINDOW_MONTHS: Final = 12
"""1年, as twelve months that end on the day asked for."""

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Window:
    """Days that count, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedDecision:
    """One effective penalty decision of the police, a warning (警告) included.

    Attributes:
        plate, colour: of the tractor (牵引车); number and colour together name a vehicle.
        occurred_on: local day of the act, not of the decision.
    """

    plate: str
    colour: str
    violation_id: str
    case_no: str
    occurred_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatVehicle:
    """A vehicle on the list. ``case_nos`` in the order of the acts."""

    plate: str
    colour: str
    times: int
    first_on: date
    last_on: date
    case_nos: tuple[str, ...]


def window(as_of: date, months: int = WINDOW_MONTHS) -> Window:
    """Return the days that count on *as_of*: that day, and back to the day after its anniversary.

    As of 2026-03-01 the first day is 2025-03-02. Where the month is shorter, its last day stands
    in: as of 2028-02-29 the first day is 2027-03-01.
    """
    return Window(months_later(as_of, -months) + timedelta(days=1), as_of)


def more_than(law: LawBook, as_of: date) -> int:
    """Return the number of unlawful acts that must be exceeded, by the law of *as_of*.

    Raises:
        NoLawInForce: before the first day of the rule.
    """
    return int(law.provision(TIMES_KEY, as_of).value)


def repeat_vehicles(
    decisions: Iterable[CountedDecision], days: Window, more_than: int
) -> tuple[RepeatVehicle, ...]:
    """Return the vehicles with more than *more_than* unlawful acts in *days*, most acts first.

    Two decisions on one unlawful act count once. A plate whose colour nobody noted belongs to the
    one colour known for its number; with two known colours it stays apart, for a person to look at.
    """
    acts: dict[tuple[str, str], dict[str, CountedDecision]] = {}
    inside = [one for one in decisions if days.first <= one.occurred_on <= days.last]
    known = _colours(inside)
    for one in inside:
        colours = known.get(one.plate, set())
        colour = next(iter(colours)) if one.colour == UNKNOWN and len(colours) == 1 else one.colour
        acts.setdefault((one.plate, colour), {}).setdefault(one.violation_id, one)
    listed = [
        _listed(plate, colour, tuple(found.values()))
        for (plate, colour), found in acts.items()
        if len(found) > more_than
    ]
    return tuple(sorted(listed, key=lambda one: (-one.times, one.plate, one.colour)))


def _colours(decisions: list[CountedDecision]) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for one in decisions:
        if one.colour != UNKNOWN:
            known.setdefault(one.plate, set()).add(one.colour)
    return known


def _listed(plate: str, colour: str, acts: tuple[CountedDecision, ...]) -> RepeatVehicle:
    in_order = sorted(acts, key=lambda one: (one.occurred_on, one.case_no))
    return RepeatVehicle(
        plate=plate,
        colour=colour,
        times=len(in_order),
        first_on=in_order[0].occurred_on,
        last_on=in_order[-1].occurred_on,
        case_nos=tuple(one.case_no for one in in_order),
    )
