"""What the demo is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from simulators.scale.weather import FINE, Forecast


class WeatherName(StrEnum):
    """What happens on the serial lines."""

    NONE = "none"
    MILD = "mild"
    ROUGH = "rough"


FORECASTS = {
    WeatherName.NONE: FINE,
    # Now and then an upset bit, a lost byte, a burst: what a good cable shows in a day.
    WeatherName.MILD: Forecast(flips=0.0002, loss=0.0002, noise=0.0002),
    # A failing adapter: bytes one by one, and the plug works loose.
    WeatherName.ROUGH: Forecast(
        flips=0.002, loss=0.002, noise=0.002, plugged_s=60.0, unplugged_s=4.0, byte_by_byte=True
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The demo's options.

    Attributes:
        minutes: wall time after which no new truck comes; None runs until it is stopped.
        speed: divides the gaps between trucks and the officers' pauses, nothing else.
        headless: plain lines instead of a moving display.
        report: file for the report.
        folder: where everything of the run lives; emptied first.
        kill_station: kill one station in the middle, as a power cut would, and start it again.
        weather: of the serial lines.
    """

    minutes: float | None = None
    speed: float = 1.0
    seed: int = 1
    headless: bool = False
    report: Path | None = None
    folder: Path = Path("run/demo")
    kill_station: bool = False
    weather: WeatherName = WeatherName.MILD
