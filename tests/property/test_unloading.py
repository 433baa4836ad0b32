"""The unload plan: applied, the truck is lawful; a kilogram less, and it is not."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.domain.units import Kg
from station.domain.vehicles import Axle, Tyres, Unit, Vehicle, VehicleKind
from station.rules.lawbook import lawbook
from station.rules.unloading import GroupLoad, Taken, UnloadPlan, group_loads, plan_of, unload_plan

LAW = lawbook().on(date(2026, 11, 20))
KG = st.integers(1, 60_000)


@st.composite
def loaded(draw: st.DrawFn) -> tuple[int, int, tuple[GroupLoad, ...]]:
    """Return gross mass, its limit, and groups that sum up to it."""
    groups = tuple(
        GroupLoad(group=number, weight=Kg(draw(KG)), limit=Kg(draw(KG)))
        for number in range(1, draw(st.integers(1, 5)) + 1)
    )
    return sum(one.weight for one in groups), draw(st.integers(1, 200_000)), groups


def _plan(case: tuple[int, int, tuple[GroupLoad, ...]]) -> UnloadPlan:
    gross, limit, groups = case
    return unload_plan(Kg(gross), Kg(limit), groups, advisory=False)


@given(loaded())
def test_the_plan_applied_makes_gross_and_every_group_lawful(
    case: tuple[int, int, tuple[GroupLoad, ...]],
) -> None:
    gross, limit, groups = case
    plan = _plan(case)
    taken = {one.group: one.kg for one in plan.taken}
    assert sum(taken.values()) == plan.total
    assert gross - plan.total <= limit
    for one in groups:
        assert 0 <= one.weight - taken.get(one.group, 0) <= one.limit


@given(loaded())
def test_never_more_than_needed(case: tuple[int, int, tuple[GroupLoad, ...]]) -> None:
    gross, limit, groups = case
    plan = _plan(case)
    by_groups = sum(max(0, one.weight - one.limit) for one in groups)
    assert plan.total == max(0, gross - limit, by_groups)
    assert plan.excess == max(0, gross - limit)


@given(loaded())
def test_what_the_gross_mass_asks_for_comes_from_no_more_groups_than_needed(
    case: tuple[int, int, tuple[GroupLoad, ...]],
) -> None:
    _, _, groups = case
    taken = {one.group: one.kg for one in _plan(case).taken}
    left = {one.group: one.weight - taken.get(one.group, 0) for one in groups}
    over = {one.group: max(0, one.weight - one.limit) for one in groups}
    touched = [number for number in left if taken.get(number, 0) > over[number]]
    assert sum(left[number] > 0 for number in touched) <= 1, "all but the last are emptied"


@pytest.mark.parametrize(("gross", "expected"), [(49_000, 0), (49_001, 1), (61_480, 12_480)])
def test_exactly_at_the_limit_nothing_is_taken(gross: int, expected: int) -> None:
    plan = unload_plan(Kg(gross), Kg(49_000), advisory=True)
    assert (plan.excess, plan.total, plan.taken) == (expected, expected, ())


def test_the_steering_axles_give_last() -> None:
    groups = (
        GroupLoad(group=1, weight=Kg(9_000), limit=Kg(9_000)),
        GroupLoad(group=2, weight=Kg(8_000), limit=Kg(8_000)),
    )
    plan = unload_plan(Kg(17_000), Kg(8_500), groups, advisory=False)
    assert plan.taken == (Taken(1, Kg(500)), Taken(2, Kg(8_000)))


def _truck(*weights: int | None) -> Vehicle:
    axles = (
        Axle(unit=Unit.MOTOR, group=1, tyres=Tyres.SINGLE, weight=_kg(weights[0])),
        Axle(unit=Unit.MOTOR, group=2, driven=True, weight=_kg(weights[1])),
    )
    return Vehicle(kind=VehicleKind.TRUCK, axles=axles, air_suspension=False)


def _kg(weight: int | None) -> Kg | None:
    return None if weight is None else Kg(weight)


def test_limits_of_groups_that_were_only_recalled_are_advice() -> None:
    plan = plan_of(_truck(6_000, 13_000), Kg(19_000), Kg(18_000), LAW)
    assert LAW.axles_confidence == "recalled"
    assert plan.advisory
    assert (plan.excess, plan.total) == (1_000, max(1_000, 13_000 - LAW.axles.dual_tyre_driven))


def test_without_weighed_axles_only_the_sum_is_told() -> None:
    assert group_loads(_truck(6_000, None), LAW) == ()
    assert plan_of(None, Kg(19_000), Kg(18_000), LAW).taken == ()
