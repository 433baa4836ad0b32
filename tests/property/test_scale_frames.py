"""What every decoder promises about any stream: cut, noisy, or neither."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from station.domain.weighing import LineFault, Reading
from station.scale_driver.protocols import decoder, names, toledo, yaohua
from station.scale_driver.protocols.frames import LONGEST_FAULT, MASK_7
from station.scale_driver.protocols.toledo_format import BODY, BODY_LENGTH

BOTH = pytest.mark.parametrize("protocol", names())
# The trap: about one weight in twenty has STX for its check.
WITH_STX_AS_CHECK = [kg for kg in range(0, 60_000, 20) if toledo.encode(kg)[-1] == 0x02]

yaohua_frames = st.builds(
    lambda value, decimals: yaohua.encode(value, decimals=decimals),
    st.integers(-999_999, 999_999),
    st.integers(0, 4),
)


def toledo_frames(check=True, parity=False):
    weights = st.integers(-999_999, 999_999) | st.sampled_from(WITH_STX_AS_CHECK)
    return st.builds(
        lambda value, tare, stable, over: toledo.encode(
            value, tare=tare, stable=stable, over_range=over, check=check, parity=parity
        ),
        weights,
        st.none() | st.integers(0, 999_999),
        st.booleans(),
        st.booleans(),
    )


any_frame = (
    yaohua_frames
    | toledo_frames()
    | toledo_frames(check=False)
    | toledo_frames(parity=True)
    | toledo_frames(check=False, parity=True)
    | st.sampled_from(WITH_STX_AS_CHECK).map(toledo.encode)
)
noise = st.binary(max_size=20) | st.lists(st.sampled_from(b"\x02\x03\r+ 0128"), max_size=20).map(
    bytes
)
cut_frame = st.tuples(any_frame, st.integers(0, 17), st.integers(1, 18)).map(
    lambda cut: cut[0][cut[1] : cut[2]]
)


@st.composite
def upset_frame(draw):
    frame = bytearray(draw(any_frame))
    frame[draw(st.integers(0, len(frame) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(frame)


streams = st.lists(any_frame | noise | cut_frame | upset_frame(), max_size=40).map(b"".join)


def all_events(protocol, *chunks):
    machine = decoder(protocol)
    events = [event for chunk in chunks for event in machine.feed(chunk)]
    events += machine.finish()
    return events, machine


@BOTH
@given(stream=streams, data=st.data())
def test_any_chunking_gives_the_same_events(protocol, stream, data):
    whole, _ = all_events(protocol, stream)
    chunks, rest = [], stream
    while rest:
        size = data.draw(st.integers(1, min(len(rest), 64)))
        chunks.append(rest[:size])
        rest = rest[size:]
    assert all_events(protocol, *chunks)[0] == whole
    assert all_events(protocol, *(bytes([byte]) for byte in stream))[0] == whole


@BOTH
@given(stream=streams | st.binary(max_size=1500))
@example(stream=b"\x02" * 1000)
@example(stream=toledo.encode(WITH_STX_AS_CHECK[0], parity=True) + b"(       0    00\r")
def test_every_byte_belongs_to_exactly_one_event(protocol, stream):
    events, machine = all_events(protocol, stream)

    assert b"".join(event.raw for event in events) == stream
    assert [event.offset for event in events] == [
        sum(len(event.raw) for event in events[:n]) for n in range(len(events))
    ]
    readings = [event for event in events if isinstance(event, Reading)]
    faults = [event for event in events if isinstance(event, LineFault)]
    assert all(event.reason for event in faults)
    counts = machine.counts
    assert (counts.frames, counts.faults) == (len(readings), len(faults))
    assert counts.skipped_bytes + sum(len(event.raw) for event in readings) == len(stream)


@BOTH
@given(stream=st.binary(min_size=600, max_size=3000))
def test_a_babbling_line_is_reported_while_it_babbles(protocol, stream):
    machine = decoder(protocol)
    reported = sum(len(event.raw) for event in machine.feed(stream))

    # What may still be held: a fault not yet full, and the window of an unsettled stream.
    assert len(stream) - reported < LONGEST_FAULT + 512 + 18


@BOTH
@given(stream=streams)
def test_faults_touch_only_where_the_first_is_full(protocol, stream):
    events, _ = all_events(protocol, stream)
    for one, following in pairwise(events):
        if isinstance(one, LineFault) and isinstance(following, LineFault):
            assert len(one.raw) == LONGEST_FAULT


@given(st.lists(st.tuples(noise | cut_frame | upset_frame(), yaohua_frames), max_size=10))
def test_noise_never_hides_a_yaohua_frame(pieces):
    stream, sent = b"", []
    for before, frame in pieces:
        stream += before
        sent.append((len(stream), frame))
        stream += frame
    events, _ = all_events(yaohua.NAME, stream)

    assert set(sent) <= {(event.offset, event.raw) for event in events if event in readings(events)}


def readings(events):
    return [event for event in events if isinstance(event, Reading)]


@pytest.mark.parametrize("parity", [False, True])
@pytest.mark.parametrize("check", [False, True])
@given(data=st.data())
def test_noise_never_hides_a_toledo_frame_once_the_stream_is_settled(check, parity, data):
    quiet = toledo.encode(480, check=check, parity=parity)
    stream, sent = quiet * 4, []
    damage = noise | cut_frame | upset_frame()
    frames = toledo_frames(check, parity)
    for before, frame in data.draw(st.lists(st.tuples(damage, frames), max_size=10)):
        stream += before
        sent.append((len(stream), frame))
        stream += frame
    events, _ = all_events(toledo.NAME, stream)

    # The one exception: a check of STX, and after it 16 bytes that make a body with it. Either
    # this frame lost its check or the next one its STX; the later one is taken.
    seen = stream.translate(MASK_7)
    expected = {
        (at, frame) for at, frame in sent if not (check and BODY.match(seen, at + BODY_LENGTH))
    }
    assert expected <= {(event.offset, event.raw) for event in readings(events)}


@given(st.integers(-999_999, 999_999), st.integers(0, 4))
def test_a_yaohua_frame_gives_its_value_to_the_nearest_kg(value, decimals):
    frame = yaohua.encode(value, decimals=decimals)
    ((reading,), _) = all_events(yaohua.NAME, frame)

    # Twice the distance is at most one kg, and a half goes away from zero.
    scale = 10**decimals
    assert 2 * abs(reading.gross * scale - value) <= scale
    if 2 * abs(value) % (2 * scale) == scale:
        assert abs(reading.gross) * scale > abs(value)
    assert reading == Reading(frame, 0, reading.gross)


@given(
    st.integers(-999_999, 999_999),
    st.none() | st.integers(0, 999_999),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_lone_toledo_frame_gives_back_what_was_sent(value, tare, stable, check, parity):
    frame = toledo.encode(value, tare=tare, stable=stable, check=check, parity=parity)
    assert len(frame) == (18 if check else 17)
    ((reading,), _) = all_events(toledo.NAME, frame)

    assert reading == (
        Reading(frame, 0, gross=value, stable=stable)
        if tare is None
        else Reading(frame, 0, net=value, tare=tare, stable=stable)
    )


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("parity", [False, True])
@given(data=st.data())
def test_a_stream_that_starts_within_a_frame_loses_that_frame_only(check, parity, data):
    frames = data.draw(st.lists(toledo_frames(check, parity), min_size=1, max_size=8))
    first = data.draw(toledo_frames(check, parity))
    tail = first[data.draw(st.integers(1, 16)) :]
    events, _ = all_events(toledo.NAME, tail + b"".join(frames))

    assert [event.raw for event in readings(events)] == frames
