"""The simulators' command line: ``python -m simulators …``."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from simulators.demo.options import FORECASTS, Options, WeatherName

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def demo(
    *,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Wall time with new trucks; endless without it.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.1, help="Divides gaps between trucks and officers' pauses.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Equal seeds plan equal traffic.")] = 1,
    headless: Annotated[bool, typer.Option(help="Plain lines, no moving display.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report here, JSON.")] = None,
    folder: Annotated[Path, typer.Option("--dir", help="Emptied first.")] = Path("run/demo"),
    kill_station: Annotated[
        bool, typer.Option(help="Kill one station in the middle and start it again.")
    ] = False,
    weather: Annotated[WeatherName, typer.Option(help="Of the scales' lines.")] = WeatherName.MILD,
) -> None:
    """Run the centre, its nodes and the world around them, until Ctrl-C or for a time.

    Exit status 1: something was lost, recorded twice, decided wrongly or left no record.
    """
    from simulators.demo.run import run_demo

    options = Options(
        minutes=minutes,
        speed=speed,
        seed=seed,
        headless=headless,
        report=report,
        folder=folder,
        kill_station=kill_station,
        weather=weather,
    )
    sys.exit(run_demo(options))


@app.command()
def code(
    secret: Annotated[str, typer.Argument(help="In base32, or the otpauth:// address.")],
) -> None:
    """Show the one-time code of now, for who has no authenticator at hand."""
    from simulators.officers.authenticator import Authenticator, secret_of

    typer.echo(Authenticator(secret_of(secret)).code())


@app.command()
def scale(
    listen: Annotated[str, typer.Option(help="pty:///path/of/symlink or tcp://127.0.0.1:4001")],
    *,
    protocol: Annotated[str, typer.Option()] = "toledo-continuous",
    kg: Annotated[int, typer.Option(help="What lies on the platform.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the weather.")] = 0,
    weather: Annotated[WeatherName, typer.Option()] = WeatherName.NONE,
) -> None:
    """Simulate one scale with a constant weight."""
    from simulators.scale.run import run_scale
    from simulators.scale.simulator import steady
    from station.domain.units import Kg

    source = steady(Kg(kg))
    _until_stopped(run_scale(listen, protocol, source, seed=seed, forecast=FORECASTS[weather]))


@app.command()
def camera(
    *,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Of http://…/mjpeg")] = 8554,
    trucks: Annotated[int, typer.Option(min=1, help="How many pass by in turn.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the fleet.")] = 1,
) -> None:
    """Simulate one camera that sees trucks pass, each for ten seconds."""
    from simulators.demo.alone import camera_alone

    _until_stopped(camera_alone(host=host, port=port, trucks=trucks, seed=seed))


@app.command()
def site(
    *,
    scale: Annotated[str, typer.Option(help="tcp://host:port or pty:///path")],
    camera_port: Annotated[int, typer.Option(help="Of http://…/mjpeg")] = 8554,
    host: Annotated[str, typer.Option(help="Address of the camera.")] = "127.0.0.1",
    protocol: Annotated[str, typer.Option()] = "toledo-continuous",
    register: Annotated[
        Path | None, typer.Option(help="Write the vehicle register of the traffic here.")
    ] = None,
    console: Annotated[str, typer.Option(help="Address of the station, for the officers.")] = "",
    accounts: Annotated[
        Path | None,
        typer.Option(
            help='JSON: {"road": [[number, password, secret], …], "police": [ … ]}, two each.'
        ),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.1)] = 1.0,
    seed: Annotated[int, typer.Option()] = 1,
    weather: Annotated[WeatherName, typer.Option(help="Of the scale's line.")] = WeatherName.MILD,
) -> None:
    """Simulate the world around one station that runs elsewhere: trucks, scale, camera.

    With --console and --accounts officers work it too; without, whoever is at the console must be
    quicker than the drivers' patience.
    """
    from simulators.demo.alone import Alone, site_alone

    _until_stopped(
        site_alone(
            Alone(
                scale_listen=scale,
                protocol=protocol,
                camera_host=host,
                camera_port=camera_port,
                register=register,
                console_url=console,
                accounts=accounts,
                speed=speed,
                seed=seed,
                forecast=FORECASTS[weather],
            )
        )
    )


def _until_stopped(doing: Coroutine[Any, Any, None]) -> None:
    asyncio.run(_stoppable(doing))
    typer.echo("stopped")


async def _stoppable(doing: Coroutine[Any, Any, None]) -> None:
    """Run until Ctrl-C or SIGTERM, so that ports and pseudo-terminals are put away."""
    task, loop = asyncio.ensure_future(doing), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    app()
