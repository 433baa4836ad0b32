"""One-time codes, against the vectors of RFC 6238 appendix B (SHA-1, eight digits)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from station.domain.totp import (
    STEP_S,
    code,
    is_used,
    matching_step,
    step_at,
    text_of,
    uri,
)

SECRET = b"12345678901234567890"
NOW = datetime(2026, 3, 1, 4, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds, expected):
    at = datetime.fromtimestamp(seconds, UTC)
    assert code(SECRET, step_at(at), digits=8) == expected


def test_a_code_has_six_digits_with_leading_zeros():
    assert code(SECRET, step_at(datetime.fromtimestamp(1111111109, UTC))) == "081804"


@pytest.mark.parametrize(
    ("off", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_the_clock_of_the_device_may_be_one_step_off_and_no_more(off, taken):
    step = step_at(NOW) + off
    assert matching_step(SECRET, code(SECRET, step), NOW) == (step if taken else None)


def test_a_step_begins_on_its_second():
    assert step_at(NOW + timedelta(seconds=STEP_S)) == step_at(NOW) + 1
    assert step_at(NOW + timedelta(seconds=STEP_S, microseconds=-1)) == step_at(NOW)


@pytest.mark.parametrize("given", ["", "1", "①②③④⑤⑥", "12345x", "0" * 100])
def test_what_is_no_code_matches_nothing(given):
    assert matching_step(SECRET, given, NOW) is None


@pytest.mark.parametrize(
    ("last", "used"),
    [(-1, False), (99, False), (100, True), (101, True), (102, True), (103, False)],
)
def test_a_code_is_taken_once_and_none_before_it(last, used):
    """103 can only have been taken while the clock was ahead."""
    assert is_used(100, last) is used


def test_an_authenticator_gets_secret_and_names():
    parts = urlsplit(uri(SECRET, issuer="临河 超限站", account="R:1"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path.endswith(":R%3A1")
    query = parse_qs(parts.query)
    assert query["secret"] == [text_of(SECRET)] == ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
    assert query["issuer"] == ["临河 超限站"]
