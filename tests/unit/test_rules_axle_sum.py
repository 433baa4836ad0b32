"""The rows of GB 1589, each on its edge. The numbers are recalled: see the law files."""

from datetime import date

import pytest

from station.domain.units import Kg, Mm
from station.domain.vehicles import Axle, Tyres, Unit, Vehicle, VehicleKind
from station.rules.axle_sum import axle_sum
from station.rules.decide import decide
from station.rules.facts import Facts
from station.rules.lawbook import lawbook
from station.rules.shape import shape_of

LAW = lawbook().on(date(2026, 3, 1))
FRONT = 7_000 + 11_500


def trailer_sum(spacings, tyres=Tyres.DUAL, air=False):
    """Sum of a two-axle tractor and one group on the trailer, less the tractor."""
    axles = [
        Axle(unit=Unit.MOTOR, group=1, tyres=Tyres.SINGLE),
        Axle(unit=Unit.MOTOR, group=2, driven=True),
        *(Axle(unit=Unit.TRAILER, group=3, tyres=tyres, to_next=d) for d in (*spacings, None)),
    ]
    vehicle = Vehicle(kind=VehicleKind.ARTICULATED, axles=tuple(axles))
    return axle_sum(shape_of(vehicle), LAW.axles, air_suspension=air) - FRONT


def drive_sum(spacing, tyres=Tyres.DUAL, second_driven=True, air=False):
    """Sum of a truck's rear tandem."""
    axles = (
        Axle(unit=Unit.MOTOR, group=1, tyres=Tyres.SINGLE),
        Axle(unit=Unit.MOTOR, group=2, driven=True, tyres=tyres, to_next=spacing),
        Axle(unit=Unit.MOTOR, group=2, driven=second_driven, tyres=tyres),
    )
    vehicle = Vehicle(kind=VehicleKind.TRUCK, axles=axles)
    return axle_sum(shape_of(vehicle), LAW.axles, air_suspension=air) - 7_000


@pytest.mark.parametrize(
    ("spacings", "kg"),
    [
        ((), 10_000),
        ((999,), 11_000),
        ((1000,), 16_000),
        ((1299,), 16_000),
        ((1300,), 18_000),
        ((1799,), 18_000),
        ((1800,), 20_000),
        ((None,), 20_000),
        ((1300, 1300), 21_000),
        ((1300, 1301), 24_000),
        ((1400, 1400), 24_000),
        ((1400, 1401), 30_000),
        ((1300, None), 30_000),
        ((1300, 1300, 1300), 40_000),
    ],
)
def test_groups_of_a_trailer(spacings, kg):
    assert trailer_sum(spacings) == kg


@pytest.mark.parametrize(
    ("tyres", "air", "kg"),
    [
        (Tyres.SINGLE, False, 7_000),
        (Tyres.WIDE, False, 10_000),
        (Tyres.DUAL, False, 10_000),
        (Tyres.DUAL, True, 11_500),
        (Tyres.DUAL, None, 11_500),
        (Tyres.SINGLE, True, 7_000),
        (None, False, 10_000),
    ],
)
def test_a_single_axle_that_is_not_driven(tyres, air, kg):
    assert trailer_sum((), tyres, air) == kg


@pytest.mark.parametrize(
    ("spacing", "kg"),
    [(999, 11_500), (1000, 16_000), (1300, 18_000), (1799, 18_000), (1800, 23_000)],
)
def test_a_drive_tandem(spacing, kg):
    assert drive_sum(spacing) == kg


def test_air_suspension_on_a_dual_tyred_drive_tandem():
    assert drive_sum(1350, air=True) == 19_000
    assert drive_sum(1350, air=None) == 19_000
    assert drive_sum(1299, air=True) == 16_000
    assert drive_sum(1350, Tyres.WIDE, air=True) == 18_000
    assert drive_sum(1350, Tyres.SINGLE, air=True) == 14_000
    assert drive_sum(1350, second_driven=False, air=True) == 19_000


def test_wide_tyres_on_a_drive_axle():
    assert drive_sum(1800, Tyres.WIDE) == 23_000
    assert drive_sum(1800, Tyres.WIDE, second_driven=False) == 21_500


def test_a_group_is_never_more_than_its_axles_alone():
    assert trailer_sum((1310, 1310), Tyres.SINGLE) == 21_000


def test_exactly_at_a_limit_that_a_person_must_look_at_nothing_is_over():
    tyres = Tyres.SINGLE, Tyres.DUAL, Tyres.DUAL, None, None, None
    units = (Unit.MOTOR,) * 3 + (Unit.TRAILER,) * 3
    axles = tuple(
        Axle(unit=unit, group=group, driven=group == 2, tyres=tyre)
        for unit, group, tyre in zip(units, (1, 2, 2, 3, 3, 3), tyres, strict=True)
    )
    vehicle = Vehicle(kind=VehicleKind.ARTICULATED, axles=axles, air_suspension=False)
    facts = Facts(occurred_on=date(2026, 3, 1), vehicle=vehicle, gross=Kg(49_000))

    verdict = decide(facts, lawbook())

    assert verdict.review == ("tyres.unknown",)
    assert verdict.excess == Mm(0)
    assert [reason.effect for reason in verdict.reasons] == ["base"]
