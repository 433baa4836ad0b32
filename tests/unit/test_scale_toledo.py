"""When a Toledo stream counts as settled, and what its status bytes mean."""

import pytest

from station.domain.errors import InvalidFacts
from station.domain.weighing import LineFault, Reading
from station.scale_driver.protocols import toledo, yaohua
from station.scale_driver.protocols.toledo_format import WINDOW, Format

CHECKED, BARE = Format(has_check=True, even_parity=False), Format(False, False)
FRAME, BODY = toledo.encode(48_260), toledo.encode(48_260, check=False)
WITH_STX_AS_CHECK = next(
    frame for frame in map(toledo.encode, range(0, 60_000, 20)) if frame[-1] == 0x02
)


def after(*chunks):
    machine = toledo.ToledoDecoder()
    return machine, [event for chunk in chunks for event in machine.feed(chunk)]


def ended(stream):
    machine = toledo.ToledoDecoder()
    return machine.feed(stream) + machine.finish()


def raws(events):
    return [event.raw for event in events if isinstance(event, Reading)]


def test_two_right_checks_settle_for_eighteen_bytes():
    machine, events = after(FRAME)
    assert machine.settled_format is None
    assert events == []
    machine, events = after(FRAME * 2)
    assert machine.settled_format == CHECKED
    assert raws(events) == [FRAME] * 2


def test_three_neighbours_settle_for_seventeen_bytes():
    machine, events = after(BODY * 3)
    assert machine.settled_format is None
    assert events == []
    machine, events = after(BODY * 4)
    assert machine.settled_format == BARE
    assert raws(events) == [BODY] * 4


def test_a_check_that_is_stx_does_not_look_like_the_next_frame():
    machine, events = after(WITH_STX_AS_CHECK * 3)
    assert machine.settled_format == CHECKED
    # The last waits for one more byte: its check could be the STX of a frame to come.
    assert raws(events) == [WITH_STX_AS_CHECK] * 2
    assert raws(machine.feed(b"\x02")) == [WITH_STX_AS_CHECK]


def test_a_lost_check_does_not_take_the_next_frames_stx_for_it():
    lost = WITH_STX_AS_CHECK[:-1]
    _, events = after(FRAME * 2, lost + FRAME)
    assert raws(events) == [FRAME] * 3
    assert LineFault(lost, 36, "check") in events


def test_a_body_in_another_parity_does_not_take_the_check_for_its_stx():
    body_without_stx = BODY[1:8] + bytes([BODY[8] | 0x80]) + BODY[9:]
    _, events = after(FRAME * 2, WITH_STX_AS_CHECK + body_without_stx, FRAME)
    assert raws(events) == [FRAME, FRAME, WITH_STX_AS_CHECK, FRAME]


def test_one_lost_check_at_the_start_does_not_settle_for_seventeen():
    machine, events = after(BODY + FRAME * 3)
    assert machine.settled_format == CHECKED
    assert raws(events) == [FRAME] * 3


def test_a_damaged_first_frame_is_never_a_weight():
    damaged = FRAME.replace(b"48260", b"48360")
    _, events = after(damaged + FRAME * 2)
    assert [type(event) for event in events] == [LineFault, Reading, Reading]
    assert events[0] == LineFault(damaged, 0, "check")


@pytest.mark.parametrize("good", [FRAME, WITH_STX_AS_CHECK])
def test_a_lone_damaged_frame_is_never_a_weight(good):
    digit = good[8] ^ 1
    damaged = good[:8] + bytes([digit]) + good[9:]
    assert ended(damaged) == [LineFault(damaged, 0, "check")]


def test_a_lone_frame_without_check_is_a_weight_only_at_the_very_end():
    assert raws(ended(BODY)) == [BODY]
    assert raws(ended(BODY + BODY[:5])) == [BODY]
    # A wrong check, or noise? In doubt there is no weight.
    assert raws(ended(BODY + b"\x55")) == []
    assert raws(ended(BODY + b"\x02")) == []


def test_a_byte_after_one_frame_puts_the_lone_one_after_it_in_doubt():
    assert raws(ended(BODY + b"\x55" + BODY)) == []
    assert raws(ended(b"\x55" + BODY)) == [BODY]


def test_the_next_frames_stx_is_no_vote_before_more_of_it_has_come():
    bare = WITH_STX_AS_CHECK[:-1]
    machine, events = after(FRAME + bare + b"\x02")
    assert machine.settled_format is None
    assert events == []


def test_the_stx_of_a_damaged_frame_is_no_vote():
    bare = WITH_STX_AS_CHECK[:-1]
    machine, events = after((bare + bare[:9]) * 3)
    assert machine.settled_format is None
    assert events == []


def test_an_undecided_stream_is_held_in_bounded_memory_and_given_up_in_order():
    unclear = BODY + b"\x55"
    events = ended(unclear * 100)
    assert raws(events) == []
    assert sum(len(event.raw) for event in events) == len(unclear) * 100
    assert events[0].reason == "unsettled"
    # What comes after it still settles.
    machine, events = after(unclear * (WINDOW // 18 + 2) + FRAME * 3)
    assert machine.settled_format == CHECKED
    assert raws(events)[-3:] == [FRAME] * 3


def test_parity_belongs_to_the_stream():
    even = toledo.encode(480, parity=True)
    wrong = even[:8] + bytes([even[8] ^ 0x80]) + even[9:]
    machine, events = after(even * 2, FRAME, wrong, even)
    assert machine.settled_format == Format(has_check=True, even_parity=True)
    assert raws(events) == [even] * 3
    assert events[2] == LineFault(FRAME + wrong, 36, "parity")


@pytest.mark.parametrize(
    ("step", "value", "kg"),
    [
        (0, 482, 48_200),
        (1, 4_826, 48_260),
        (2, 48_260, 48_260),
        (3, 482_604, 48_260),
        (3, 482_605, 48_261),
        (3, -482_605, -48_261),
        (4, 1_550, 16),
        (5, 1_499, 1),
        (6, 4_999, 0),
        (7, 50_000, 1),
    ],
)
def test_the_decimal_point_is_exact_and_halves_go_away_from_zero(step, value, kg):
    (reading,) = ended(toledo.encode(value, step=step))
    assert reading.gross == kg


@pytest.mark.parametrize(
    ("unit", "value", "kg"),
    [("t", 48, 48_000), ("g", 48_499, 48), ("g", 48_500, 49), ("lb", 106_395, 48_260)],
)
def test_units_become_kg_exactly(unit, value, kg):
    # 106 395 lb * 0.45359237 kg/lb = 48 259.96 kg
    (reading,) = ended(toledo.encode(value, unit=unit))
    assert reading.gross == kg


def test_tonnes_with_three_decimals_are_kilograms():
    (reading,) = ended(toledo.encode(48_260, unit="t", step=5, tare=16_680))
    assert (reading.gross, reading.net, reading.tare) == (None, 48_260, 16_680)


def with_check(body):
    return body + bytes([-sum(body) & 0x7F])


@pytest.mark.parametrize(("status_c", "reason"), [(0x23, "unit"), (0x30, "expanded")])
def test_what_is_not_confirmed_is_a_fault_and_not_a_weight(status_c, reason):
    frame = with_check(BODY[:3] + bytes([status_c]) + BODY[4:])
    assert ended(frame) == [LineFault(frame, 0, reason)]


@pytest.mark.parametrize("text", [b"------", b"      ", b"^^^^^^"])
def test_out_of_range_any_text_may_stand_for_the_weight(text):
    over = toledo.encode(0, over_range=True, check=False)
    frame = with_check(over[:4] + text + over[10:])
    assert ended(frame) == [Reading(frame, 0, stable=True, over_range=True)]
    in_range = with_check(BODY[:4] + text + BODY[10:])
    assert raws(ended(in_range)) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: toledo.encode(1_000_000),
        lambda: toledo.encode(0, tare=-1),
        lambda: yaohua.encode(-1_000_000),
        lambda: yaohua.encode(0, decimals=5),
    ],
)
def test_what_the_display_can_not_show_is_refused(call):
    with pytest.raises(InvalidFacts):
        call()
