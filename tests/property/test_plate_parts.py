"""MJPEG over HTTP: any chunking of the stream gives the same pictures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.plate_reader.mjpeg import PartDecoder

BODIES = st.binary(max_size=60).map(lambda b: b"\xff\xd8" + b.replace(b"\xff", b"") + b"\xff\xd9")


def stream(bodies, *, tells_length):
    out = b""
    for body in bodies:
        length = f"Content-Length: {len(body)}\r\n" if tells_length else ""
        out += f"--frame\r\nContent-Type: image/jpeg\r\n{length}\r\n".encode() + body + b"\r\n"
    return out


@given(st.lists(BODIES, max_size=5), st.booleans(), st.lists(st.integers(1, 40), max_size=60))
def test_any_chunking_gives_the_same_pictures(bodies, tells_length, sizes):
    data, decoder, found = stream(bodies, tells_length=tells_length), PartDecoder(), []
    for size in sizes:
        found += decoder.feed(data[:size])
        data = data[size:]
    found += decoder.feed(data)
    assert found == bodies


def test_a_picture_may_hold_an_end_mark_when_its_length_is_told():
    body = b"\xff\xd8thumbnail\xff\xd9rest\xff\xd9"
    assert PartDecoder().feed(stream([body], tells_length=True)) == [body]


@given(st.binary(max_size=400))
def test_rubbish_is_no_picture_or_no_stream(data):
    try:
        PartDecoder().feed(data)
    except ValueError:
        return


def test_a_stream_without_headers_is_given_up():
    with pytest.raises(ValueError, match="no part header"):
        PartDecoder().feed(b"x" * 9000)
