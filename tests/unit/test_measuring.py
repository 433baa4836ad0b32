"""When a weight counts as a weighing."""

from station.application.measuring import Arrived, Changed, Left, MeasuringRules, Platform, Settled
from station.domain.units import Kg
from station.domain.weighing import Reading

STEP_NS = 100_000_000
RULES = MeasuringRules()


def show(platform, weights, start_step=0, *, stable=None):
    """Show weights ten times a second; return the events and the next step."""
    events = []
    for step, weight in enumerate(weights, start_step):
        gross = None if weight is None else Kg(weight)
        reading = Reading(b"%d" % (weight or 0), step, gross=gross, stable=stable)
        event = platform.feed(reading, step * STEP_NS)
        if event:
            events.append(event)
    return events, start_step + len(weights)


def kinds(events):
    return [type(event) for event in events]


def test_a_vehicle_comes_settles_and_leaves():
    platform = Platform(RULES)
    events, _ = show(platform, [0] * 5 + [9000, 20000, 31000] + [48260] * 20 + [0] * 5)
    assert kinds(events) == [Arrived, Settled, Left]
    arrived, settled, left = events
    assert not arrived.resumed
    assert settled.gross == 48260
    assert left.settled


def test_the_window_must_be_as_long_as_the_rules_say():
    short = RULES.settle_ms // 100
    platform = Platform(RULES)
    events, step = show(platform, [0] * 3 + [48260] * (RULES.confirm + short))
    assert kinds(events) == [Arrived]
    events, _ = show(platform, [48260], step)
    assert kinds(events) == [Settled]


def test_a_weight_may_move_by_one_division_and_no_more():
    settles = Platform(RULES)
    events, _ = show(settles, [0] * 3 + [48240, 48260] * 15)
    assert Settled in kinds(events)
    wanders = Platform(RULES)
    events, _ = show(wanders, [0] * 3 + [48240, 48261] * 15)
    assert Settled not in kinds(events)


def test_of_two_values_shown_equally_often_the_lower_counts():
    platform = Platform(RULES)
    events, _ = show(platform, [0] * 3 + [48240] * 3 + [48260, 48240] * 20)
    settled = next(event for event in events if isinstance(event, Settled))
    assert settled.gross == 48240
    assert settled.spread == 20


def test_a_frame_that_says_in_motion_never_settles():
    platform = Platform(RULES)
    events, _ = show(platform, [0] * 3 + [48260] * 60, stable=False)
    assert kinds(events) == [Arrived]


def test_at_the_presence_threshold_a_vehicle_stands_there_one_kilogram_below_none():
    below, _ = show(Platform(RULES), [0] * 3 + [RULES.presence - 1] * 60)
    assert below == []
    at, _ = show(Platform(RULES), [0] * 3 + [RULES.presence] * 60)
    assert kinds(at) == [Arrived, Settled]


def test_a_single_stray_reading_is_no_arrival():
    events, _ = show(Platform(RULES), [0, 0, 48260, 0, 0, 48260, 48260, 0, 0])
    assert events == []


def test_over_range_breaks_the_window():
    platform = Platform(RULES)
    events, _ = show(platform, [0] * 3 + [48260] * 10 + [None] + [48260] * 10)
    assert kinds(events) == [Arrived]


def test_a_vehicle_that_leaves_too_soon_is_reported_with_its_highest_weight():
    platform = Platform(RULES)
    events, _ = show(platform, [0] * 3 + [10000, 30000, 47000, 20000, 5000] + [0] * 5)
    left = events[-1]
    assert isinstance(left, Left)
    assert (left.settled, left.reason, left.highest) == (False, "not_settled", 47000)


def test_a_weight_that_changes_after_it_was_recorded_is_told():
    platform = Platform(RULES)
    events, step = show(platform, [0] * 3 + [20000] * 25)
    assert kinds(events) == [Arrived, Settled]
    events, _ = show(platform, [48260] * 25, step)
    assert kinds(events) == [Changed]
    assert events[0].again.gross == 48260


def test_one_division_of_change_is_none():
    platform = Platform(RULES)
    _, step = show(platform, [0] * 3 + [48260] * 25)
    events, _ = show(platform, [48280] * 60, step)
    assert events == []


def test_a_lost_line_ends_a_weighing_that_had_not_settled():
    platform = Platform(RULES)
    _, step = show(platform, [0] * 3 + [48260] * 8)
    left = platform.lost("device.port_lost", step * STEP_NS)
    assert left is not None
    assert left.reason == "device.port_lost"
    assert not platform.occupied


def test_after_a_lost_line_a_vehicle_that_stands_there_is_marked_as_resumed():
    platform = Platform(RULES)
    _, step = show(platform, [0] * 3 + [48260] * 25)
    assert platform.lost("device.port_lost", step * STEP_NS) is None
    events, _ = show(platform, [48260] * 25, step + 10)
    assert kinds(events) == [Arrived, Settled]
    assert events[1].resumed


def test_steady_is_what_stands_still_with_or_without_a_vehicle():
    platform = Platform(RULES)
    _, step = show(platform, [0] * (RULES.least_frames - 1))
    assert not platform.steady
    _, step = show(platform, [0], step)
    assert platform.steady
    _, step = show(platform, [30000], step)
    assert not platform.steady
    _, step = show(platform, [48260] * 20, step)
    assert platform.steady
    show(platform, [48260], step, stable=False)
    assert not platform.steady
    platform.lost("device.port_lost", 0)
    assert not platform.steady


def test_a_silence_within_the_window_breaks_it():
    platform = Platform(RULES)
    _, step = show(platform, [0] * 3 + [48260] * 10)
    assert show(platform, [48260], step + RULES.longest_gap_ms // 100)[0] == []
    platform = Platform(RULES)
    _, step = show(platform, [0] * 3 + [48260] * 10)
    late, _ = show(platform, [48260] * 2, step + RULES.longest_gap_ms // 100 - 1)
    assert kinds(late) == [Settled]


def test_a_dip_within_the_window_breaks_it():
    platform = Platform(RULES)
    events, _ = show(platform, [0] * 3 + [48260] * 12 + [400, 400] + [48260] * 10)
    assert kinds(events) == [Arrived]


def test_every_frame_kept_was_sent():
    platform = Platform(RULES)
    events, _ = show(platform, [0] * 3 + [48260] * 25)
    assert set(events[1].frames) == {b"48260"}
