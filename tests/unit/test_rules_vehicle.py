from dataclasses import replace
from datetime import date

import pytest

from station.domain.errors import AmbiguousVehicle, InvalidFacts
from station.domain.units import Kg, Mm
from station.domain.vehicles import Axle, Tyres, Unit, Vehicle, VehicleKind
from station.rules import over_limit
from station.rules.configuration import DRAWINGS, Configuration, configuration
from station.rules.decide import decide
from station.rules.facts import Facts
from station.rules.lawbook import LawBook, lawbook, package_files
from station.rules.shape import limit_key

STEER = Axle(unit=Unit.MOTOR, group=1, tyres=Tyres.SINGLE)
DRIVE = Axle(unit=Unit.MOTOR, group=2, driven=True)
TRAILING = Axle(unit=Unit.TRAILER, group=3)

LIMITS = {
    "TR-02/4x2": 18000,
    "TR-03-R/6x4": 25000,
    "TR-03-R/6x4-air": 26000,
    "TR-03-R/6x2": 25000,
    "TR-03-R/6x2-twin": 25000,
    "TR-03-A/4x2": 27000,
    "TR-03-C/4x2": 27000,
    "TR-04-R/8x4": 31000,
    "TR-04-R/8x4-air": 32000,
    "TR-04-R/8x2": 31000,
    "TR-04-A/4x2": 36000,
    "TR-04-A/4x2-air": 37000,
    "TR-04-C/4x2": 36000,
    "TR-04-C/6x4": 35000,
    "TR-04-F/4x2": 36000,
    "TR-05-A/6x4": 43000,
    "TR-05-A/6x2": 43000,
    "TR-05-A/4x2": 42000,
    "TR-05-C/6x4": 43000,
    "TR-05-F/6x4": 43000,
    "TR-05-F/4x2": 43000,
    "TR-06-A/6x4": 49000,
    "TR-06-A/6x4-wide": 49000,
    "TR-06-A/6x4-single": 40000,
    "TR-06-A/6x2": 46000,
    "TR-06-A/6x2-twin": 46000,
    "TR-06-C/6x4": 49000,
    "TR-06-C/6x2": 46000,
    "TR-06-C/8x4": 49000,
    "TR-06-C/8x2": 46000,
    "TR-06-F/6x4": 49000,
    "TR-06-F/6x2": 46000,
}


def vehicle(*axles, kind=VehicleKind.TRUCK, **known):
    return Vehicle(kind=kind, axles=axles, **known)


def test_every_drawing_has_its_limit_and_every_configuration_a_drawing():
    found = {
        name: decide(
            Facts(occurred_on=date(2026, 3, 1), vehicle=drawing.vehicle, gross=Kg(10_000)),
            lawbook(),
        ).limit
        for name, drawing in DRAWINGS.items()
    }
    assert found == LIMITS
    assert {drawing.configuration for drawing in DRAWINGS.values()} == set(Configuration)


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_a_drawing_is_what_its_axles_say(drawing):
    assert configuration(drawing.vehicle) is drawing.configuration
    wheels, _, driven = drawing.id.partition("/")[2].partition("-")[0].partition("x")
    motor = [axle for axle in drawing.vehicle.axles if axle.unit is Unit.MOTOR]
    assert (int(wheels), int(driven)) == (2 * len(motor), 2 * drawing.drive_axles)
    assert all(axle.to_next is not None for axle in drawing.vehicle.axles[:-1])
    assert drawing.vehicle.air_suspension is drawing.id.endswith("-air")


def test_fourteen_configurations():
    assert len(Configuration) == 14


@pytest.mark.parametrize(
    ("kind", "motor", "trailer", "missing"),
    [
        (VehicleKind.TRUCK, 5, 0, "configuration.undrawn"),
        (VehicleKind.FULL_TRAILER, 2, 1, "configuration.undrawn"),
        (VehicleKind.TRACTOR, 2, 0, "configuration.none"),
        (VehicleKind.LOW_SPEED, 2, 0, "configuration.none"),
        (VehicleKind.ARTICULATED, 3, 3, "drive_axles.unknown"),
        (VehicleKind.FULL_TRAILER, 3, 3, "drive_axles.unknown"),
    ],
)
def test_what_is_missing_is_named(kind, motor, trailer, missing):
    axles = [Axle(unit=Unit.MOTOR, group=at) for at in range(1, motor + 1)]
    axles += [Axle(unit=Unit.TRAILER, group=motor + at) for at in range(1, trailer + 1)]
    with pytest.raises(AmbiguousVehicle) as caught:
        configuration(vehicle(*axles, kind=kind))
    assert caught.value.detail == missing


@pytest.mark.parametrize(
    ("axles", "kind"),
    [
        ((STEER,), VehicleKind.TRUCK),
        (tuple(replace(STEER, group=at) for at in range(1, 14)), VehicleKind.TRACTOR),
        ((STEER, DRIVE, TRAILING), VehicleKind.TRUCK),
        ((STEER, DRIVE, TRAILING), VehicleKind.LOW_SPEED),
        ((STEER, DRIVE), VehicleKind.ARTICULATED),
        ((STEER, replace(TRAILING, group=2)), VehicleKind.CENTRE_AXLE),
        ((replace(STEER, group=0), replace(DRIVE, group=1)), VehicleKind.TRUCK),
        ((replace(STEER, group=2), replace(DRIVE, group=3)), VehicleKind.TRUCK),
        ((STEER, replace(DRIVE, group=3)), VehicleKind.TRUCK),
        ((STEER, DRIVE, replace(DRIVE, group=1)), VehicleKind.TRUCK),
        ((STEER, DRIVE, replace(TRAILING, group=2)), VehicleKind.ARTICULATED),
        ((STEER, DRIVE, TRAILING, replace(DRIVE, group=4)), VehicleKind.ARTICULATED),
        ((STEER, DRIVE, replace(TRAILING, driven=True)), VehicleKind.ARTICULATED),
        ((STEER, replace(DRIVE, to_next=Mm(3000))), VehicleKind.TRUCK),
        ((replace(STEER, to_next=Mm(0)), DRIVE), VehicleKind.TRUCK),
        ((replace(STEER, to_next=Mm(50_001)), DRIVE), VehicleKind.TRUCK),
        ((replace(STEER, weight=Kg(0)), DRIVE), VehicleKind.TRUCK),
        ((replace(STEER, weight=Kg(-1)), DRIVE), VehicleKind.TRUCK),
    ],
)
def test_axles_that_contradict_one_another_are_refused(axles, kind):
    with pytest.raises(InvalidFacts):
        configuration(vehicle(*axles, kind=kind))


def test_the_longest_spacing_and_the_lightest_axle_are_taken():
    long = replace(STEER, to_next=Mm(50_000), weight=Kg(1))
    assert configuration(vehicle(long, DRIVE)) is Configuration.TR_02


def test_twelve_axles_are_still_a_vehicle():
    axles = [STEER, DRIVE, replace(DRIVE, group=2)]
    axles += [replace(TRAILING, group=at) for at in range(3, 12)]
    twelve = vehicle(*axles, kind=VehicleKind.FULL_TRAILER)
    assert len(twelve.axles) == 12
    assert configuration(twelve) is Configuration.TR_06_F


@pytest.mark.parametrize(
    "wrong",
    [
        {"gross": Kg(0)},
        {"gross": Kg(-1)},
        {"gross": Kg(1_000_001)},
        {"posted_limit": Kg(0)},
        {"permit_gross": Kg(-5)},
        {"height": Mm(0)},
        {"width": Mm(100_001)},
        {"length": Mm(-1)},
        {"decided_on": date(2026, 2, 28)},
        {"vehicle": replace(DRAWINGS["TR-02/4x2"].vehicle, registered_gross=Kg(0))},
        {"vehicle": replace(DRAWINGS["TR-02/4x2"].vehicle, approved_load=Kg(0))},
        {"vehicle": replace(DRAWINGS["TR-02/4x2"].vehicle, kerb=Kg(1_000_001))},
        {"vehicle": vehicle(STEER)},
    ],
)
def test_facts_out_of_range_are_refused(wrong):
    right = {"occurred_on": date(2026, 3, 1), "vehicle": None, "gross": Kg(1_000_000)}
    Facts(**right)
    with pytest.raises(InvalidFacts):
        Facts(**{**right, **wrong})


def test_what_is_remembered_of_limits_is_bounded_and_changes_no_answer(monkeypatch):
    monkeypatch.setattr(over_limit, "_MOST_REMEMBERED", 3)
    law = LawBook(package_files())
    in_force = law.on(date(2026, 3, 1))
    for _ in range(2):
        for name, drawing in DRAWINGS.items():
            facts = Facts(occurred_on=date(2026, 3, 1), vehicle=drawing.vehicle, gross=Kg(10_000))
            assert decide(facts, law).limit == LIMITS[name]
            assert len(in_force.limits) <= 3


def test_vehicles_with_different_limits_are_never_remembered_as_one():
    tag = replace(DRIVE, driven=False)
    trucks = [
        vehicle(STEER, DRIVE, tag, air_suspension=False),
        vehicle(STEER, DRIVE, replace(tag, tyres=Tyres.SINGLE), air_suspension=False),
        vehicle(STEER, DRIVE, replace(tag, group=3, tyres=Tyres.SINGLE), air_suspension=False),
        vehicle(STEER, DRIVE, tag, air_suspension=True),
        vehicle(STEER, replace(DRIVE, to_next=Mm(1000)), tag, air_suspension=False),
        vehicle(STEER, DRIVE, air_suspension=False, registered_gross=Kg(12_000)),
        vehicle(STEER, DRIVE, air_suspension=False, registered_gross=Kg(11_000)),
        vehicle(STEER, DRIVE, kind=VehicleKind.TRACTOR, registered_gross=Kg(11_500)),
        vehicle(STEER, DRIVE, replace(TRAILING), kind=VehicleKind.ARTICULATED),
    ]
    assert len({limit_key(truck) for truck in trucks}) == len(trucks)
    limits = [
        decide(Facts(occurred_on=date(2026, 3, 1), vehicle=truck, gross=Kg(9000)), lawbook()).limit
        for truck in trucks
    ]
    assert limits == [25_000, 22_000, 25_000, 26_000, 23_000, 12_000, 11_000, 11_500, 27_000]
