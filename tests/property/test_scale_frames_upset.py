"""How strong the checks are: what an upset line can, and can never, turn into a weight."""

import re
from random import Random

import pytest

from station.domain.weighing import Reading
from station.scale_driver.protocols import decoder, toledo, yaohua

SEED = 20_260_401
WEIGHTS = (0, 20, 1_560, 1_650, 10_480, 31_580, 48_260, 99_980, 499_999, 999_999, -20, -48_260)


def show(line):
    print(f"seed {SEED}: {line}")  # noqa: T201 -- seen with -s, and when the test fails


def weights(protocol, stream):
    machine = decoder(protocol)
    events = machine.feed(stream) + machine.finish()
    return [event[2:] for event in events if isinstance(event, Reading)]


def every_single_upset(frame):
    for at in range(len(frame)):
        for bit in range(8):
            upset = bytearray(frame)
            upset[at] ^= 1 << bit
            yield bytes(upset)


@pytest.mark.parametrize("value", WEIGHTS)
def test_one_upset_bit_never_gives_a_wrong_yaohua_weight(value):
    frame = yaohua.encode(value)
    (right,) = weights(yaohua.NAME, frame)
    for upset in every_single_upset(frame):
        # A check digit in lower case is the same check.
        assert set(weights(yaohua.NAME, upset)) <= {right}


@pytest.mark.parametrize("parity", [False, True])
@pytest.mark.parametrize("value", WEIGHTS)
def test_one_upset_bit_never_passes_the_toledo_check(value, parity):
    quiet = toledo.encode(480, parity=parity)
    frame = toledo.encode(value, parity=parity)
    expected = weights(toledo.NAME, quiet * 4)
    for upset in every_single_upset(frame):
        assert weights(toledo.NAME, quiet * 3 + upset + quiet) == expected


@pytest.mark.parametrize("parity", [False, True])
def test_one_upset_bit_in_a_lone_toledo_frame_gives_nothing(parity):
    frame = toledo.encode(48_260, parity=parity)
    for upset in every_single_upset(frame):
        assert weights(toledo.NAME, upset) == []


@pytest.mark.parametrize("value", WEIGHTS)
def test_parity_finds_one_upset_bit_where_there_is_no_check(value):
    quiet = toledo.encode(480, check=False, parity=True)
    frame = toledo.encode(value, check=False, parity=True)
    expected = weights(toledo.NAME, quiet * 5)
    for upset in every_single_upset(frame):
        assert weights(toledo.NAME, quiet * 4 + upset + quiet) == expected


def test_without_check_and_parity_an_upset_digit_is_a_weight():
    # Not a promise but a limit: why a 17-byte line at 8N1 is the worst choice, and documented so.
    quiet = toledo.encode(480, check=False)
    upset = toledo.encode(48_260, check=False).replace(b"48260", b"48270")
    assert weights(toledo.NAME, quiet * 4 + upset)[-1][0] == 48_270


@pytest.mark.parametrize("digits", [2, 3])
@pytest.mark.parametrize("make", [yaohua, toledo])
def test_wrong_digits_pass_exactly_as_often_as_the_check_permits(make, digits):
    rng = Random(SEED)
    accepted = permitted = 0
    trials = 20_000
    for _ in range(trials):
        frame = make.encode(rng.randrange(100_000, 1_000_000))
        upset = with_wrong_digits(rng, frame, digits)
        got = weights(make.NAME, upset)
        accepted += bool(got)
        permitted += check_is_blind_to(make, frame, upset)
    share = accepted / trials
    show(f"{make.NAME}, {digits} wrong digits: {share:.4f} accepted")
    assert accepted == permitted
    # Four effective bits of check: one in sixteen, a little more for two equal changes.
    assert 0.04 < share < 0.08


def with_wrong_digits(rng, frame, count):
    start = re.search(rb"[0-9]{6}", frame).start()
    out = bytearray(frame)
    for at in rng.sample(range(start, start + 6), count):
        out[at] = rng.choice([digit for digit in b"0123456789" if digit != out[at]])
    return bytes(out)


def check_is_blind_to(make, frame, upset):
    if make is toledo:
        return (sum(frame) - sum(upset)) % 128 == 0
    fold = 0
    for one, other in zip(frame, upset, strict=True):
        fold ^= one ^ other
    return fold == 0


@pytest.mark.parametrize("make", [yaohua, toledo])
def test_random_upsets_on_a_long_stream_give_few_wrong_weights(make):
    rng = Random(SEED)
    sent = [rng.randrange(0, 60_000, 20) for _ in range(10_000)]
    stream = bytearray().join(make.encode(value) for value in sent)
    upsets = 0
    for at in range(len(stream)):
        if rng.random() < 0.02:
            stream[at] ^= 1 << rng.randrange(8)
            upsets += 1
    got = [fields[0] for fields in weights(make.NAME, bytes(stream))]
    wrong = len(got) - longest_common(sent, got)
    hit = len(sent) - len(got)
    show(f"{make.NAME}: {upsets} upsets, {hit} frames refused, {wrong} wrong")
    # A wrong weight needs two upset bits in one frame that cancel: same bit, both in digits.
    assert hit > 1_000
    assert wrong <= hit / 100


def longest_common(sent, got):
    """Return how many of *got* follow in *sent* in order, by greedy search in a short window."""
    at = same = 0
    for value in got:
        window = sent[at : at + 50]
        if value in window:
            at += window.index(value) + 1
            same += 1
    return same


@pytest.mark.parametrize("make", [yaohua, toledo])
def test_pure_noise_gives_no_weight(make):
    rng = Random(SEED)
    assert weights(make.NAME, rng.randbytes(2_000_000)) == []
