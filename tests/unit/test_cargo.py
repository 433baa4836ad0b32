"""Goods that are not treated like others: fresh ones hold no truck, some are not unloaded here."""

import pytest

from station.application.terms import Terms
from station.domain.cargo import CargoKind, cargo_of
from station.domain.case import Case
from station.domain.errors import InvalidFacts
from station.domain.officers import Role
from station.domain.procedure import Act
from station.rules.facts import Mode
from station.rules.lawbook import lawbook
from station.working_days import OfficialCalendar
from tests.acts import TODAY, pair, said
from tests.fakes import NOON

TERMS = Terms(lawbook(), Mode.RESIDENT, OfficialCalendar())
FRESH = [CargoKind.PERISHABLE, CargoKind.LIVE]
NOT_HERE = [kind for kind in CargoKind if kind is not CargoKind.GENERAL]


def ordered(**stated):
    case = Case(
        case_no="C1",
        violation_id="v",
        passage_id="p1",
        plate="蒙L12345",
        opened_at=NOON,
        gross_kg=61000,
        limit_kg=49000,
        excess_kg=12000,
    )
    details = {**said(Act.ORDER_TO_CORRECT), **stated}
    return case.after(Act.ORDER_TO_CORRECT, by=pair(Role.ROAD), at=NOON, on=TODAY, details=details)


def check(case, act, **stated):
    TERMS.check_cargo(case, act, {**said(act), **stated}, TODAY)


def refused(case, act, **stated):
    with pytest.raises(InvalidFacts) as refusal:
        check(case, act, **stated)
    return refusal.value.fields["why"]


@pytest.mark.parametrize("kind", FRESH)
def test_fresh_goods_hold_no_truck_unless_it_is_unsafe_and_that_is_stated(kind):
    case = ordered(cargo_kind=kind.value)
    assert refused(case, Act.DETAIN) == "fresh_detained"
    check(case, Act.DETAIN, safety="制动失效")


@pytest.mark.parametrize("kind", [kind for kind in CargoKind if kind not in FRESH])
def test_other_goods_do_not_hinder_detention(kind):
    check(ordered(cargo_kind=kind.value), Act.DETAIN)


@pytest.mark.parametrize("kind", NOT_HERE)
def test_what_is_not_unloaded_here_goes_by_the_partys_own_arrangement(kind):
    case = ordered(cargo_kind=kind.value)
    assert refused(case, Act.BEGIN_UNLOADING) == "cargo_not_unloaded_here"
    check(case, Act.BEGIN_UNLOADING, arrangement="货主派车转运至临河冷库")


def test_ordinary_goods_and_goods_that_nobody_spoke_of_are_unloaded_as_ever():
    check(ordered(cargo_kind="general"), Act.BEGIN_UNLOADING)
    check(ordered(), Act.BEGIN_UNLOADING)
    check(ordered(), Act.DETAIN)


def test_what_the_officers_say_last_counts():
    case = ordered(cargo_kind="general")
    assert refused(case, Act.BEGIN_UNLOADING, cargo_kind="live") == "cargo_not_unloaded_here"
    check(ordered(cargo_kind="live"), Act.BEGIN_UNLOADING, cargo_kind="general")
    assert cargo_of(ordered()) is None
    assert cargo_of(case) is CargoKind.GENERAL


def test_there_are_no_other_kinds():
    assert refused(ordered(), Act.BEGIN_UNLOADING, cargo_kind="money") == "no_cargo_kind"
