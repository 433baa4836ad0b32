"""Runs one simulated scale until it is stopped."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from simulators.scale.line import Line
from simulators.scale.pty_scale import PtyScale
from simulators.scale.simulator import ScaleSimulator, WeightSource
from simulators.scale.tcp_scale import TcpScale
from simulators.scale.weather import FINE, Forecast, Weather


def line_at(listen: str) -> Line:
    """Return the line that ``pty:///path/of/symlink`` or ``tcp://127.0.0.1:4001`` names.

    Raises:
        ValueError: it is neither.
    """
    parts = urlsplit(listen)
    if parts.scheme == "pty" and parts.path:
        return PtyScale(Path(parts.path))
    if parts.scheme == "tcp" and parts.hostname and parts.port is not None:
        return TcpScale(parts.hostname, parts.port)
    raise ValueError(f"neither pty:///path nor tcp://host:port: {listen}")


async def run_scale(
    listen: str,
    protocol: str,
    source: WeightSource,
    *,
    baud: int = 9600,
    rate_hz: float = 10.0,
    seed: int = 0,
    forecast: Forecast = FINE,
) -> None:
    """Simulate one scale until cancelled.

    Args:
        listen: ``pty:///path/of/symlink`` or ``tcp://127.0.0.1:4001``.
        protocol: a name of the driver's protocols.
        source: what lies on the plate.
        baud: speed of the line; it is kept.
        rate_hz: frames a second, if the line carries so many.
        seed: of the weather.
        forecast: of the weather.

    Raises:
        ValueError: *listen* names no line.
        UnknownProtocol: the driver has no such protocol.
    """
    simulator = ScaleSimulator(
        line_at(listen),
        protocol,
        source,
        baud=baud,
        rate_hz=rate_hz,
        weather=Weather(seed, forecast),
    )
    await simulator.run()
