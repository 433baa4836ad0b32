"""The weather on a simulated line does what it counts, and the same again for the same seed."""

import pytest

from simulators.scale.run import line_at
from simulators.scale.tcp_scale import TcpScale
from simulators.scale.weather import FINE, Forecast, Weather

SENT = bytes(range(256)) * 40


def test_a_fine_day_changes_nothing():
    weather = Weather(1, FINE)
    assert weather(SENT) == SENT
    assert set(weather.counts.values()) == {0}
    assert list(weather.outages()) == []


def test_flips_are_counted_bit_by_bit():
    weather = Weather(1, Forecast(flips=0.05))
    got = weather(SENT)
    upset = sum((a ^ b).bit_count() for a, b in zip(SENT, got, strict=True))
    assert upset == weather.counts["flipped_bits"] > 0


def test_losses_are_counted_byte_by_byte():
    weather = Weather(1, Forecast(loss=0.05))
    got = weather(SENT)
    assert len(SENT) - len(got) == weather.counts["lost_bytes"] > 0
    rest = iter(SENT)
    assert all(byte in rest for byte in got)  # what is left keeps its order


def test_noise_is_counted_and_leaves_what_was_sent_in_order():
    weather = Weather(1, Forecast(noise=0.05))
    got = weather(SENT)
    assert len(got) - len(SENT) == weather.counts["noise_bytes"] > 0
    rest = iter(got)
    assert all(byte in rest for byte in SENT)


def test_the_same_seed_makes_the_same_weather_and_another_does_not():
    forecast = Forecast(flips=0.01, loss=0.01, noise=0.01)
    assert Weather(1, forecast)(SENT) == Weather(1, forecast)(SENT)
    assert Weather(1, forecast)(SENT) != Weather(2, forecast)(SENT)


def test_outages_keep_near_the_mean_times_of_the_forecast():
    outages = Weather(1, Forecast(plugged_s=60, unplugged_s=5)).outages()
    for _ in range(100):
        outage = next(outages)
        assert 30 <= outage.plugged_s <= 90
        assert 2.5 <= outage.unplugged_s <= 7.5


def test_a_line_is_named_by_its_url():
    assert line_at("pty:///tmp/scale-1").url == "/tmp/scale-1"
    assert isinstance(line_at("tcp://127.0.0.1:0"), TcpScale)
    for wrong in ("/dev/ttyUSB0", "tcp://127.0.0.1", "pty://"):
        with pytest.raises(ValueError, match="neither"):
            line_at(wrong)
