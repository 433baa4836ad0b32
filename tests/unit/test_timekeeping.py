"""The station's clock: how far it is off, since when that is known, and who set it."""

from datetime import timedelta

import pytest

from station.application.ports import Draft
from station.application.timekeeping import (
    GRACE,
    STEP,
    UNVERIFIED,
    USUAL,
    WINDOW,
    Believed,
    TimeKeeper,
    Tolerance,
)
from station.contract.entries import Anchor, Kind
from station.domain.errors import StoreFull
from tests.fakes import NOON, FakeClock

MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)


def heard(clock, keeper, ahead, took=timedelta()):
    """Let the centre answer after *took*, its clock being *ahead* of ours."""
    asked = clock.ns
    at = clock.at + took / 2 + ahead
    clock.move(took)
    keeper.heard(at, asked, clock.ns)


def test_before_the_centre_is_heard_a_record_says_that_nobody_vouches_for_its_time():
    known = TimeKeeper(FakeClock()).witnessed()
    assert (known.clock.source, known.clock.offset_ms, known.anchor) == ("system", None, None)


def test_the_centres_time_is_that_in_the_middle_of_the_request():
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    heard(clock, keeper, timedelta(milliseconds=250), took=4 * SECOND)
    known = keeper.witnessed().clock
    assert (known.source, known.offset_ms, known.age_s) == ("centre", 250, 2)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_minute_off_is_verified_and_a_millisecond_more_is_not(sign):
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    heard(clock, keeper, sign * USUAL.most_off)
    assert keeper.state()[0] == "ok"
    assert keeper.witnessed().clock.source == "centre"
    heard(clock, keeper, sign * (USUAL.most_off + MS))
    assert keeper.state()[0] == UNVERIFIED
    assert keeper.witnessed().clock.source == "system"
    assert keeper.witnessed().clock.offset_ms == sign * 60_001


def test_how_far_off_a_clock_may_be_is_the_settings_to_say():
    clock = FakeClock()
    keeper = TimeKeeper(clock, tolerance=Tolerance(most_off=5 * SECOND))
    heard(clock, keeper, 5 * SECOND)
    assert keeper.state()[0] == "ok"
    heard(clock, keeper, 5 * SECOND + MS)
    assert keeper.state()[0] == UNVERIFIED


def test_a_day_without_the_centre_is_verified_and_a_second_more_is_not():
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    heard(clock, keeper, timedelta())
    clock.move(USUAL.longest_alone)
    assert keeper.state()[0] == "ok"
    clock.move(SECOND)
    assert keeper.state()[0] == UNVERIFIED
    assert keeper.witnessed().clock.age_s == 86_401


def test_after_the_start_the_centre_has_a_minute_to_be_heard():
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    clock.move(GRACE)
    assert keeper.state()[0] == "device.connecting"
    clock.move(SECOND)
    assert keeper.state()[0] == UNVERIFIED


@pytest.mark.parametrize("step", [STEP + MS, -STEP - MS, timedelta(days=-365)])
def test_a_clock_that_was_set_is_an_entry_before_the_next_one(step):
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    clock.move(SECOND)
    clock.at += step
    (draft,) = keeper.pending()
    assert draft.kind is Kind.CLOCK_CHANGE
    assert draft.payload.step_ms == step // MS
    assert draft.payload.before == "2026-03-01T04:00:01.000Z"
    keeper.written(1)
    assert keeper.pending() == ()


@pytest.mark.parametrize("step", [STEP, -STEP])
def test_two_seconds_are_no_step(step):
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    clock.at += step
    assert keeper.pending() == ()


def test_a_clock_that_ntp_slews_for_a_day_was_not_set():
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    for _ in range(86_400 // 60):
        clock.move(60 * SECOND)
        clock.at += timedelta(milliseconds=30)  # 500 ppm, the most that a kernel slews
        assert keeper.pending() == ()


def test_a_clock_that_stands_still_is_found():
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    for _ in range(3):
        clock.ns += 1_000_000_000
    assert keeper.pending()[0].payload.step_ms == -3000


def test_a_step_just_after_the_reference_was_renewed_is_found_too():
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    clock.move(WINDOW)
    assert keeper.pending() == ()
    clock.at -= timedelta(hours=2)
    assert keeper.pending()[0].payload.step_ms == -7_200_000


def test_a_station_that_starts_before_its_own_last_entry_says_so_first():
    keeper = TimeKeeper(FakeClock(), NOON + timedelta(hours=1))
    (draft,) = keeper.pending()
    assert (draft.payload.before, draft.payload.after) == (
        "2026-03-01T05:00:00.000Z",
        "2026-03-01T04:00:00.000Z",
    )


def test_a_station_that_starts_after_its_last_entry_says_nothing():
    assert TimeKeeper(FakeClock(), NOON + STEP).pending() == ()


def test_entries_from_elsewhere_that_are_ahead_are_a_change_of_the_clock():
    keeper = TimeKeeper(FakeClock())
    keeper.continue_from(NOON + STEP)
    assert keeper.pending() == ()
    keeper.continue_from(NOON + SECOND * 3)
    keeper.continue_from(NOON + SECOND * 5)
    (draft,) = keeper.pending()
    assert (draft.payload.before, draft.payload.after, draft.payload.step_ms) == (
        "2026-03-01T04:00:05.000Z",
        "2026-03-01T04:00:00.000Z",
        -5000,
    )


def test_what_the_clock_is_off_is_right_at_once_after_it_was_set():
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    heard(clock, keeper, timedelta())
    clock.at += timedelta(minutes=5)
    assert keeper.witnessed().clock.offset_ms == -300_000
    assert keeper.state()[0] == UNVERIFIED


def test_the_newest_checkpoint_is_the_anchor():
    keeper = TimeKeeper(FakeClock())
    keeper.anchored(Anchor(log_size=7, root="0" * 64, at="2026-03-01T04:00:00.000Z"))
    assert keeper.witnessed().anchor.log_size == 7


class Stop(Exception):
    pass


async def test_a_step_is_written_at_once_and_waits_on_a_full_disk():
    clock, written, states = FakeClock(), [], []
    keeper = TimeKeeper(clock)

    class FakeLedger:
        full = True

        async def append(self, *drafts: Draft):
            assert drafts == ()
            if self.full:
                self.full = False
                raise StoreFull("full")
            written.extend(keeper.pending())
            keeper.written(len(written))
            return ()

    async def sleep(_seconds):
        clock.move(SECOND)
        if len(states) == 1:
            clock.at += timedelta(hours=1)
        if len(states) == 5:
            raise Stop

    with pytest.raises(Stop):
        await keeper.run(FakeLedger(), lambda *state: states.append(state), sleep)
    assert [draft.payload.step_ms for draft in written] == [3_600_000]


def test_a_clock_that_is_not_verified_gives_way_to_the_centres_time_carried_on():
    clock = FakeClock()
    keeper = TimeKeeper(clock)
    assert keeper.believed() == Believed(NOON, "unverified")
    heard(clock, keeper, USUAL.most_off)
    assert keeper.believed() == Believed(NOON, "station")
    heard(clock, keeper, timedelta(hours=-1))
    clock.move(SECOND)
    assert keeper.believed() == Believed(NOON - timedelta(hours=1) + SECOND, "centre")
