"""How much to take off which axle group (卸载方案), so that a truck is lawful again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules.axle_sum import group_limits
from station.rules.in_force import InForce
from station.rules.shape import shape_of

_RECALLED: Final = "recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLoad:
    """What stands on one axle group (轴组), and what may. ``group``: its number, from 1."""

    group: int
    weight: Kg
    limit: Kg


@dataclass(frozen=True, slots=True)
class Taken:
    """How many kilograms to take off above one axle group."""

    group: int
    kg: Kg


@dataclass(frozen=True, slots=True, kw_only=True)
class UnloadPlan:
    """What to take off.

    Attributes:
        excess: kg that must go for the gross mass alone.
        total: kg that go in all; more than ``excess`` only where the groups ask for it.
        taken: by axle group, in their order, none with 0; empty where no group was weighed.
        advisory: the limits of the groups were not read in the standard: what is beyond
            ``excess``, and where it is taken, is advice.
    """

    excess: Kg
    total: Kg
    taken: tuple[Taken, ...]
    advisory: bool


def unload_plan(
    gross: Kg, limit: Kg, groups: Sequence[GroupLoad] = (), *, advisory: bool
) -> UnloadPlan:
    """Return the least that makes the gross mass and every group lawful.

    Each group gives its own excess. What the gross mass asks for beyond that is taken where the
    most stands, from as few groups as possible, and from the steering axles, where little of
    the load rests, last.

    Args:
        gross: of the newest weighing. The groups may have been weighed apart and sum up to another.
        limit: of the gross mass.
        groups: in their order; none where the scale does not tell axles apart.
        advisory: the limits of *groups* are only recalled.
    """
    excess = Kg(max(0, gross - limit))
    taken = {one.group: max(0, one.weight - one.limit) for one in groups}
    total = Kg(max(excess, sum(taken.values())))
    rest = total - sum(taken.values())
    for one in sorted(groups, key=_gives_first):
        more = min(rest, one.weight - taken[one.group])
        taken[one.group] += more
        rest -= more
    return UnloadPlan(
        excess=excess,
        total=total,
        taken=tuple(Taken(group, Kg(kg)) for group, kg in taken.items() if kg),
        advisory=advisory,
    )


def plan_of(vehicle: Vehicle | None, gross: Kg, limit: Kg, law: InForce) -> UnloadPlan:
    """Return the plan for a vehicle by the law of the day of its weighing.

    Args:
        vehicle: None, or one whose axles were not weighed: the plan then names no groups.
        gross: of the newest weighing.
        limit: of the gross mass.
        law: of the day of the first weighing.

    Raises:
        InvalidFacts: its axles contradict one another.
    """
    groups = () if vehicle is None else group_loads(vehicle, law)
    return unload_plan(gross, limit, groups, advisory=law.axles_confidence == _RECALLED)


def group_loads(vehicle: Vehicle, law: InForce) -> tuple[GroupLoad, ...]:
    """Return what stands on each axle group; nothing where an axle was not weighed.

    Raises:
        InvalidFacts: the axles contradict one another.

    Source: the limits of GB 1589, as the law data marks them.
    """
    weights = dict[int, int]()
    for axle in vehicle.axles:
        if axle.weight is None:
            return ()
        weights[axle.group] = weights.get(axle.group, 0) + axle.weight
    limits = group_limits(shape_of(vehicle), law.axles, air_suspension=vehicle.air_suspension)
    return tuple(
        GroupLoad(group=group, weight=Kg(weight), limit=limit)
        for (group, weight), limit in zip(weights.items(), limits, strict=True)
    )


def _gives_first(load: GroupLoad) -> tuple[bool, int]:
    return load.group == 1, -min(load.weight, load.limit)
