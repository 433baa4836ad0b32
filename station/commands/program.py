"""The program, its keys and what it reads: ``station run`` and others."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from station.commands.shared import Config, group
from station.contract.messages import message

app = group()


@app.command()
def run(config: Config) -> None:
    """Run the station: scale, camera, console, uplink."""
    from station.bootstrap.running import run as run_station
    from station.settings import read_settings

    settings = read_settings(config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    typer.echo(f"{settings.station.name} http://{settings.station.listen}")
    asyncio.run(run_station(settings))


@app.command()
def key(config: Config) -> None:
    """Print the key that signs the next entry: its id and fingerprint, and the public key (hex)."""
    from station.bootstrap.opening import signing_key
    from station.contract.signature import fingerprint
    from station.settings import read_settings

    found = signing_key(read_settings(config))
    typer.echo(f"{found.key_id}\n{fingerprint(found.public_key)}\n{found.public_key.hex()}")


@app.command()
def enrol(
    config: Config,
    token: Annotated[str, typer.Option("--token", help="As the centre printed it.")] = "",
    *,
    token_stdin: Annotated[bool, typer.Option("--token-stdin", help="Better: unseen.")] = False,
) -> None:
    """Enrol the station at its centre by a single-use token. The station may be running."""
    from station.bootstrap.enrolling import enrol as enrol_station
    from station.settings import read_settings

    given = sys.stdin.readline() if token_stdin else token
    key_id, ends_at = asyncio.run(enrol_station(read_settings(config), given))
    fields = {"key_id": key_id, "ends_on": f"{ends_at:%Y-%m-%d}"}
    typer.echo(message("keys.enrolled", fields))


@app.command("rotate-key")
def rotate_key(config: Config) -> None:
    """Sign with a new key from the next entry on. The station must not be running."""
    from station.bootstrap.upkeep import rotated
    from station.settings import read_settings

    typer.echo(message("keys.rotated", {"key_id": asyncio.run(rotated(read_settings(config)))}))


@app.command()
def decode(
    protocol: Annotated[str, typer.Option("--protocol", help="e.g. yaohua-continuous")],
) -> None:
    """Decode an indicator's bytes from standard input to JSON lines."""
    from station.scale_driver.decode import decode_stream

    decode_stream(protocol, sys.stdin.buffer, sys.stdout)


@app.command("read-plates")
def read_plates(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    *,
    crop: Annotated[bool, typer.Option("--crop", help="Each picture is a plate alone.")] = False,
) -> None:
    """Read the plates of pictures, one JSON object for each."""
    from station.plate_reader.command import read_plates as read

    read(paths, crop, sys.stdout)


@app.command()
def openapi() -> None:
    """Print the description of the console's interface."""
    from station.api.app import description

    typer.echo(json.dumps(description(), ensure_ascii=False, indent=1))
