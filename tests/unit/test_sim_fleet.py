"""The fleet: real lorries fitted to the fourteen drawings, each with its truth."""

from __future__ import annotations

from collections import Counter

import pytest

from simulators.traffic.fleet import FleetMaker, axles_of
from simulators.traffic.limits import Limits, Verdict, load_limits
from simulators.traffic.records import Record, load_records
from simulators.traffic.scenario import Drawing, load_scenario
from simulators.traffic.trucks import Truck
from station.domain.plates import parse

CONFIGURATIONS = {
    *("TR-02", "TR-03-R", "TR-03-A", "TR-03-C", "TR-04-R", "TR-04-A", "TR-04-C", "TR-04-F"),
    *("TR-05-A", "TR-05-C", "TR-05-F", "TR-06-A", "TR-06-C", "TR-06-F"),
}


@pytest.fixture(scope="module")
def maker() -> FleetMaker:
    return FleetMaker(load_scenario(), load_limits(), load_records())


@pytest.fixture(scope="module")
def fleet(maker: FleetMaker) -> tuple[Truck, ...]:
    return maker.fleet(7)


def test_the_sample_is_no_larger_than_what_may_be_shipped() -> None:
    assert len(load_records()) == 1000


def test_every_drawing_has_records_that_fit(maker: FleetMaker) -> None:
    for drawing in maker.scenario.drawings:
        fitting = maker.fitting[drawing.id]
        assert fitting, drawing.id
        for record in fitting:
            assert len(record.groups) == len(drawing.runs), drawing.id


def test_all_fourteen_configurations_drive(fleet: tuple[Truck, ...]) -> None:
    assert {truck.configuration for truck in fleet} == CONFIGURATIONS


def test_equal_seeds_give_equal_fleets_and_others_do_not(
    maker: FleetMaker, fleet: tuple[Truck, ...]
) -> None:
    assert maker.fleet(7) == fleet
    assert maker.fleet(8) != fleet


def test_no_two_trucks_share_a_plate_and_every_plate_keeps_to_the_grammar(
    fleet: tuple[Truck, ...],
) -> None:
    plates = [truck.plate for truck in fleet] + [
        truck.trailer_plate for truck in fleet if truck.trailer_plate
    ]
    assert max(Counter(plate.number for plate in plates).values()) == 1
    for plate in plates:
        assert parse(plate.number, plate.colour) == plate
        assert plate.flags == ()
    for truck in fleet:
        assert not truck.plate.is_trailer
        has_trailer = any(axle.unit == "trailer" for axle in truck.axles)
        assert (truck.trailer_plate is not None) is has_trailer
        assert truck.trailer_plate is None or truck.trailer_plate.is_trailer


def test_about_three_quarters_are_registered(fleet: tuple[Truck, ...]) -> None:
    share = sum(truck.in_register for truck in fleet) * 100 // len(fleet)
    assert 70 <= share <= 80


def test_what_no_drawing_shows_is_registered(fleet: tuple[Truck, ...]) -> None:
    odd = [truck for truck in fleet if truck.drawing == "3-articulated-single-tyres"]
    assert odd
    assert all(truck.in_register for truck in odd)


def test_groups_stand_as_the_standard_draws_them(fleet: tuple[Truck, ...]) -> None:
    for truck in fleet:
        groups = Counter(axle.group for axle in truck.axles)
        assert truck.axles[-1].to_next_mm is None
        assert sum(axle.load_permille for axle in truck.axles) == 1000
        for axle, behind in zip(truck.axles, truck.axles[1:], strict=False):
            gap = axle.to_next_mm
            assert gap is not None
            if axle.group != behind.group:
                assert gap >= 2200
            elif axle.tyres == "single" and axle.unit == "motor":
                assert 1800 <= gap <= 2100
            elif groups[axle.group] == 3:
                assert 1310 <= gap <= 1400
            elif truck.drawing == "4-articulated-air" and axle.unit == "trailer":
                assert gap == 1820
            else:
                assert 1300 <= gap <= 1400


def test_a_group_keeps_its_load_when_it_gets_another_axle() -> None:
    record = Record(16000, 40000, (8000, 8000, 8000, 8000, 8000), (3800, 5800, 1300, 1300))
    six = Drawing("x", "TR-06-A", "articulated", "s DD", 1, trailer="ddd", records=("1-1-3",))
    loads = [axle.load_permille for axle in axles_of(six, record)]
    assert loads == [200, 100, 100, 200, 200, 200]


@pytest.mark.parametrize(
    ("excess", "verdict"),
    [
        (-20, Verdict.LAWFUL),
        (0, Verdict.LAWFUL),
        (1, Verdict.WARNING),
        (20, Verdict.WARNING),
        (1000, Verdict.WARNING),
        (1001, Verdict.VIOLATION),
        (1020, Verdict.VIOLATION),
    ],
)
def test_the_verdict_turns_at_the_limit_and_at_one_tonne_above(
    excess: int, verdict: Verdict
) -> None:
    limits = load_limits()
    assert limits.verdict(gross_kg=49_000 + excess, limit_kg=49_000) is verdict


@pytest.mark.parametrize(
    ("configuration", "facts", "limit"),
    [
        ("TR-02", {"registered_gross_kg": 18_000}, 18_000),
        ("TR-02", {"registered_gross_kg": 12_000}, 12_000),
        ("TR-02", {"registered_gross_kg": 19_000}, 18_000),
        ("TR-03-R", {"drive_axles": 2}, 25_000),
        ("TR-03-R", {"drive_axles": 2, "air_suspension": True}, 26_000),
        ("TR-04-R", {"drive_axles": 2, "air_suspension": True}, 32_000),
        ("TR-04-A", {"air_suspension": True}, 37_000),
        ("TR-03-A", {"single_tyre_axles": 1}, 24_000),
        ("TR-06-A", {"drive_axles": 2}, 49_000),
        ("TR-06-A", {"drive_axles": 1}, 46_000),
        ("TR-06-F", {"drive_axles": 1}, 46_000),
        ("TR-06-C", {"drive_axles": 1}, 46_000),
        ("TR-05-A", {"drive_axles": 1}, 43_000),
    ],
)
def test_the_table_of_limits(configuration: str, facts: dict[str, int], limit: int) -> None:
    assert _limit(load_limits(), configuration, **facts) == limit


def _limit(
    limits: Limits,
    configuration: str,
    *,
    air_suspension: bool = False,
    drive_axles: int = 1,
    single_tyre_axles: int = 0,
    registered_gross_kg: int | None = None,
) -> int:
    return limits.limit_kg(
        configuration,
        air_suspension=air_suspension,
        drive_axles=drive_axles,
        single_tyre_axles=single_tyre_axles,
        registered_gross_kg=registered_gross_kg,
    )
