"""The plan of a station's traffic: how many are over, by how much, and who comes again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from simulators.traffic.arrivals import FIRST_S, LONGEST_QUEUE, Arrivals
from simulators.traffic.fleet import FleetMaker
from simulators.traffic.limits import DIVISION_KG, Limits, Verdict, load_limits
from simulators.traffic.plan import Plan, Trip
from simulators.traffic.records import load_records
from simulators.traffic.scenario import Scenario, load_scenario
from simulators.traffic.trucks import Truck


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario()


@pytest.fixture(scope="module")
def limits() -> Limits:
    return load_limits()


@pytest.fixture(scope="module")
def fleet(scenario: Scenario, limits: Limits) -> tuple[Truck, ...]:
    return FleetMaker(scenario, limits, load_records()).fleet(7)


def planned(
    scenario: Scenario, limits: Limits, fleet: tuple[Truck, ...], seed: int, node: str = "linhe"
) -> Iterator[Trip]:
    return Plan(seed=seed, node=node, traffic=scenario.traffic, limits=limits, fleet=fleet).trips()


@pytest.fixture(scope="module")
def trips(scenario: Scenario, limits: Limits, fleet: tuple[Truck, ...]) -> list[Trip]:
    return list(islice(planned(scenario, limits, fleet, 7), 1600))


def test_equal_seeds_give_equal_plans_and_stations_differ(
    scenario: Scenario, limits: Limits, fleet: tuple[Truck, ...], trips: list[Trip]
) -> None:
    assert list(islice(planned(scenario, limits, fleet, 7), 1600)) == trips
    assert list(islice(planned(scenario, limits, fleet, 8), 50)) != trips[:50]
    elsewhere = planned(scenario, limits, fleet, 7, "hailiutu")
    assert [trip.gross_kg for trip in islice(elsewhere, 50)] != [t.gross_kg for t in trips[:50]]


def test_exactly_one_in_eight_is_over_by_more_than_a_tonne(trips: list[Trip]) -> None:
    for at in range(0, len(trips), 8):
        block = [trip.expected for trip in trips[at : at + 8]]
        assert block.count(Verdict.VIOLATION) == 1


def test_one_in_twenty_is_over_by_a_tonne_or_less(trips: list[Trip]) -> None:
    assert Counter(trip.expected for trip in trips)[Verdict.WARNING] == len(trips) // 20


def test_weights_are_multiples_of_the_division_and_as_over_as_the_verdict_says(
    trips: list[Trip],
) -> None:
    for trip in trips:
        excess = trip.gross_kg - trip.truck.limit_kg
        assert trip.gross_kg % DIVISION_KG == 0
        if trip.expected is Verdict.LAWFUL:
            assert excess <= 0
        elif trip.expected is Verdict.WARNING:
            assert 0 < excess <= 1000
        else:
            assert excess > 1000


def test_unloading_ends_lawful_and_now_and_then_takes_two_goes(trips: list[Trip]) -> None:
    over = [trip for trip in trips if trip.expected is Verdict.VIOLATION]
    for trip in over:
        *early, last = trip.after_unloading
        assert last <= trip.truck.limit_kg
        for kg in early:
            assert trip.truck.limit_kg < kg < trip.gross_kg
    assert {len(trip.after_unloading) for trip in over} == {1, 2}
    assert all(not t.after_unloading for t in trips if t.expected is not Verdict.VIOLATION)


def test_traffic_is_as_dense_as_the_scenario_says(trips: list[Trip]) -> None:
    an_hour = sum(trip.gap_s for trip in trips) / 3600
    assert 18 <= len(trips) / an_hour <= 22  # gaps are exponential: four standard errors


def test_habitual_offenders_come_over_again_and_again(
    trips: list[Trip], fleet: tuple[Truck, ...], scenario: Scenario
) -> None:
    habitual = {truck.plate.number for truck in fleet[: scenario.traffic.habitual_offenders]}
    over = Counter(trip.truck.plate.number for trip in trips if trip.expected is Verdict.VIOLATION)
    assert all(over[plate] > 3 for plate in habitual)
    lawful = {trip.truck.plate.number for trip in trips if trip.expected is Verdict.LAWFUL}
    assert not lawful & habitual


def test_each_station_sees_the_first_offender_in_its_first_two_cases(trips: list[Trip]) -> None:
    over = [t.truck.plate.number for t in trips if t.expected is Verdict.VIOLATION]
    assert over[0] == over[1]


def trip_of(trips: list[Trip], gap_s: float) -> Trip:
    return replace(trips[0], gap_s=gap_s)


def test_speed_divides_the_gaps(trips: list[Trip]) -> None:
    plan = iter([trip_of(trips, 900.0), trip_of(trips, 60.0), trip_of(trips, 60.0)])
    arrivals = Arrivals(plan, speed=30, under_way=lambda _: False, now=100.0)
    assert arrivals.due(100.0 + FIRST_S - 0.01, 0) is None
    assert arrivals.due(100.0 + FIRST_S, 0) is not None
    assert arrivals.due(100.0 + FIRST_S + 1.99, 0) is None
    assert arrivals.due(100.0 + FIRST_S + 2.0, 0) is not None


def test_nobody_joins_a_full_queue(trips: list[Trip]) -> None:
    plan = iter([trip_of(trips, 0.0), trip_of(trips, 60.0)])
    arrivals = Arrivals(plan, speed=1, under_way=lambda _: False, now=0.0)
    assert arrivals.due(10.0, LONGEST_QUEUE) is None
    assert arrivals.due(10.0, LONGEST_QUEUE - 1) is not None


def test_a_truck_is_at_one_station_at_a_time_and_comes_when_it_is_free(trips: list[Trip]) -> None:
    away = {trips[0].truck.plate.number}
    plan = iter([trip_of(trips, 0.0), trip_of(trips, 6000.0)])
    arrivals = Arrivals(plan, speed=1, under_way=away.__contains__, now=0.0)
    assert arrivals.due(1.0, 0) is None
    arrivals.close()
    assert not arrivals.over
    assert arrivals.due(2.0, 0) is None
    away.clear()
    assert arrivals.due(3.0, 0) is not None
    assert arrivals.over
