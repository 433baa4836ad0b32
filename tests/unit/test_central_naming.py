"""Every recording that an entry names is taken, of kinds that this program does not know too."""

import msgspec
import pytest

from central.domain.naming import digests_in
from station.contract.entries import Picture
from station.contract.media import media_of
from tests.fakes import passage

A, B = "a" * 64, "b" * 64


def body(payload):
    return msgspec.json.encode({"node": "linhe", "prev": "c" * 64, "payload": payload})


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"sha256": A, "crop": B}, (A, B)),
        ({"details": {"picture": A, "plate": "x"}}, (A,)),
        ({"deep": [[{"sha256": A}], {"sha256": A}]}, (A,)),
        ({"personal": {"name": A}, "also": {"personal": [B]}}, ()),
        ({"sha256": A.upper(), "crop": A[1:], "x": f"{A}0"}, ()),
        (None, ()),
        (A, (A,)),
    ],
    ids=str,
)
def test_a_digest_anywhere_in_the_payload_but_not_under_personal(payload, named):
    assert digests_in(body(payload)) == named


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{}", b"[" * 50_000])
def test_what_cannot_be_read_names_nothing(data):
    assert digests_in(data) == ()


def test_whatever_a_station_sends_of_a_passage_is_named():
    picture = Picture(
        sha256=A, role="scene", media_type="image/jpeg", size=1, taken_at="2026-03-01T04:00:00.000Z"
    )
    made = passage("p1", pictures=[picture])
    assert media_of(made)
    assert set(media_of(made)) <= set(digests_in(body(msgspec.to_builtins(made))))
