"""The yard: one truck on the platform at a time, and where each goes from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from simulators.traffic.fleet import FleetMaker
from simulators.traffic.limits import Verdict, load_limits
from simulators.traffic.plan import Trip
from simulators.traffic.records import load_records
from simulators.traffic.scenario import load_scenario
from simulators.traffic.world import (
    APPROACH_S,
    CLEAR_S,
    DRIVE_S,
    PATIENCE_S,
    Journey,
    Place,
    World,
)

SETTLED_S = APPROACH_S + DRIVE_S


@pytest.fixture(scope="module")
def trip() -> Trip:
    fleet = FleetMaker(load_scenario(), load_limits(), load_records()).fleet(7)
    truck = next(truck for truck in fleet if truck.configuration == "TR-06-A")
    return Trip(
        trip_id="t",
        gap_s=0.0,
        truck=truck,
        gross_kg=60_000,
        expected=Verdict.VIOLATION,
        after_unloading=(50_000, 48_000),
    )


class Clocked:
    """A world whose time a test moves, ticked as often as the demo does."""

    def __init__(self) -> None:
        self.world = World()
        self.now = 0.0

    def until(self, now: float, watch: Callable[[float], None] = lambda _: None) -> None:
        while self.now < now:
            self.now = min(self.now + 0.05, now)
            self.world.tick(self.now)
            watch(self.now)

    def onto_the_platform(self, trip: Trip) -> Journey:
        journey = self.world.arrive(trip, self.now)
        self.until(self.now + SETTLED_S + 0.2)
        assert journey.place is Place.PLATFORM
        return journey


def test_the_weight_grows_axle_by_axle_stands_still_and_falls_again(trip: Trip) -> None:
    yard, seen = Clocked(), []
    journey = yard.world.arrive(trip, 0.0)
    yard.until(SETTLED_S + 0.5, lambda now: seen.append(yard.world.load(now)))
    assert seen[0] == (0, True)
    onto = [kg for kg, at_rest in seen if not at_rest]
    assert onto == sorted(onto)
    assert 3 <= len(set(onto)) <= 6
    assert seen[-1] == (60_000, True)
    yard.world.wave_on(journey, Place.GONE, yard.now)
    seen.clear()
    yard.until(yard.now + DRIVE_S + 0.2, lambda now: seen.append(yard.world.load(now)))
    off = [kg for kg, at_rest in seen if not at_rest]
    assert off == sorted(off, reverse=True)
    assert seen[-1] == (0, True)


def test_the_next_truck_waits_until_the_platform_has_been_clear(trip: Trip) -> None:
    yard = Clocked()
    first = yard.onto_the_platform(trip)
    second = yard.world.arrive(trip, yard.now)
    yard.until(yard.now + 5)
    assert second.place is Place.QUEUE
    yard.world.wave_on(first, Place.GONE, yard.now)
    yard.until(yard.now + DRIVE_S + CLEAR_S - 0.2)
    assert second.place is Place.QUEUE
    yard.until(yard.now + 0.4)
    assert second.place is Place.APPROACH


def test_only_the_truck_on_the_platform_can_be_waved_on(trip: Trip) -> None:
    yard = Clocked()
    journey = yard.world.arrive(trip, 0.0)
    yard.until(0.2)
    yard.world.wave_on(journey, Place.GONE, yard.now)
    assert journey.place is Place.APPROACH


def test_a_driver_whom_nobody_waves_on_leaves_without_a_weight(trip: Trip) -> None:
    yard = Clocked()
    journey = yard.onto_the_platform(trip)
    yard.until(yard.now + PATIENCE_S - 0.5)
    assert journey.place is Place.PLATFORM
    yard.until(yard.now + 0.5 + DRIVE_S + 0.1)
    assert journey.place is Place.GONE
    assert journey.visits[0].gave_up


def test_unloading_takes_its_time_and_leaves_what_the_plan_says(trip: Trip) -> None:
    yard = Clocked()
    journey = yard.onto_the_platform(trip)
    yard.world.wave_on(journey, Place.LOT, yard.now)
    yard.until(yard.now + DRIVE_S + 0.1)
    for kg in trip.after_unloading:
        assert journey.place is Place.LOT
        yard.world.unload(journey, yard.now, takes_s=10.0)
        yard.until(yard.now + 9.9)
        assert journey.place is Place.UNLOADING
        yard.until(yard.now + 0.2)
        assert journey.place is Place.UNLOADED
        yard.world.to_scale(journey, yard.now)
        yard.until(yard.now + SETTLED_S + 0.2)
        assert yard.world.load(yard.now) == (kg, True)
        yard.world.wave_on(journey, Place.LOT, yard.now)
        yard.until(yard.now + DRIVE_S + CLEAR_S)
    assert [visit.gross_kg for visit in journey.visits] == [60_000, 50_000, 48_000]
    assert [visit.number for visit in journey.visits] == [0, 1, 2]


def test_a_truck_to_be_weighed_again_goes_before_the_queue(trip: Trip) -> None:
    yard = Clocked()
    journey = yard.onto_the_platform(trip)
    yard.world.wave_on(journey, Place.LOT, yard.now)
    waiting = [yard.world.arrive(replace(trip, trip_id=f"w{n}"), yard.now) for n in range(2)]
    yard.until(yard.now + DRIVE_S + 0.1)
    yard.world.unload(journey, yard.now, takes_s=0.0)
    yard.until(yard.now + 0.1)
    yard.world.to_scale(journey, yard.now)
    yard.until(yard.now + CLEAR_S + 0.2)
    assert journey.place is Place.APPROACH
    assert {one.place for one in waiting} == {Place.QUEUE}


def test_whoever_stood_there_is_found_by_the_moment(trip: Trip) -> None:
    yard = Clocked()
    journey = yard.onto_the_platform(trip)
    visit = journey.visits[0]
    assert yard.world.visit_at(visit.came_at) == (journey, visit)
    assert yard.world.visit_at(visit.came_at - 0.01) is None
    yard.world.wave_on(journey, Place.GONE, yard.now)
    yard.until(yard.now + DRIVE_S + 1)
    assert visit.gone_at is not None
    assert yard.world.visit_at(visit.gone_at) == (journey, visit)
    assert yard.world.visit_at(visit.gone_at + 0.01) is None


def test_the_camera_sees_a_truck_from_its_approach_until_it_has_left(trip: Trip) -> None:
    yard = Clocked()
    assert yard.world.view is None
    journey = yard.world.arrive(trip, 0.0)
    assert yard.world.view is None
    yard.until(0.1)
    assert yard.world.view is journey
    assert yard.world.load(yard.now) == (0, True)
    yard.until(SETTLED_S + 0.3)
    assert yard.world.view is journey
    yard.world.wave_on(journey, Place.GONE, yard.now)
    yard.until(yard.now + DRIVE_S + 0.1)
    assert yard.world.view is None
