"""The lines of the decode command."""

import io
import json

import pytest

from station.domain.errors import UnknownProtocol
from station.scale_driver.decode import decode_stream
from station.scale_driver.protocols import decoder, encoder, toledo, yaohua


def lines(protocol, source):
    sink = io.StringIO()
    decode_stream(protocol, source, sink)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_every_event_is_one_object_and_the_last_is_the_summary():
    stream = b"abc" + yaohua.encode(48_260) + yaohua.encode(-20) + b"\x02"
    weight = {"net_kg": None, "tare_kg": None, "stable": None, "over_range": False}

    assert lines("yaohua-continuous", io.BytesIO(stream)) == [
        {"kind": "fault", "offset": 0, "length": 3, "reason": "noise"},
        {"kind": "reading", "offset": 3, "gross_kg": 48_260, **weight},
        {"kind": "reading", "offset": 15, "gross_kg": -20, **weight},
        {"kind": "fault", "offset": 27, "length": 1, "reason": "truncated"},
        {"kind": "summary", "frames": 2, "faults": 2, "skipped_bytes": 4},
    ]


def test_a_net_frame_gives_net_and_tare_and_no_gross():
    (reading, _) = lines("toledo-continuous", io.BytesIO(toledo.encode(31_580, tare=16_680)))
    assert reading == {
        "kind": "reading",
        "offset": 0,
        "gross_kg": None,
        "net_kg": 31_580,
        "tare_kg": 16_680,
        "stable": True,
        "over_range": False,
    }


class Trickle(io.BytesIO):
    """Gives a byte at a time, and demands that what is known has been written before the next."""

    def __init__(self, data, sink, due):
        super().__init__(data)
        self._sink, self._due = sink, due

    def read1(self, size=-1, /):
        assert self._sink.getvalue().count("\n") >= self._due(self.tell())
        return super().read1(1)


def test_events_are_written_as_the_bytes_come():
    frame, sink = yaohua.encode(1), io.StringIO()
    source = Trickle(frame * 3, sink, due=lambda read: read // len(frame))
    decode_stream("yaohua-continuous", source, sink)
    assert len(sink.getvalue().splitlines()) == 4


def test_an_empty_stream_has_a_summary():
    assert lines("toledo-continuous", io.BytesIO()) == [
        {"kind": "summary", "frames": 0, "faults": 0, "skipped_bytes": 0}
    ]


@pytest.mark.parametrize("make", [decoder, encoder])
def test_an_unknown_protocol_is_refused_with_those_that_are_known(make):
    with pytest.raises(UnknownProtocol) as refused:
        make("toledo")
    assert refused.value.fields == {"known": "yaohua-continuous, toledo-continuous"}
