"""The centre as a program, for tests: its commands, its configuration, and a station enrolled."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import httpx

from simulators.officers.authenticator import Authenticator, secret_of, uri_in
from station.bootstrap.opening import signing_key
from station.keys.tls import TlsFiles
from station.settings import read_settings
from tests.machines import STATION, identity_of
from tests.migration.central_kit import FakeStation

ROOT = Path(__file__).parents[1]
PASSWORD = "correct horse battery"
CONFIG = """
[central]
listen = "127.0.0.1:0"
name = "治超办"
data_dir = "data"
[[stations]]
node = "linhe"
name = "临河"
road = "G6"
[machines]
listen = "127.0.0.1:0"
"""


async def command(*arguments, given="", name="central"):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        name,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    async with asyncio.timeout(120):
        out, err = await process.communicate(given.encode())
    return process.returncode, out.decode(), err.decode()


@contextlib.asynccontextmanager
async def program(config):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "central",
        "run",
        "--config",
        str(config),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(120):
            line = (await process.stdout.readline()).decode()
            yield process, *line.split()[-3::2][::-1]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class EnrolledStation(FakeStation):
    """A station of the kit whose keys came about as those of a real one."""

    def __init__(self, settings):
        super().__init__(settings.station.node, signer=signing_key(settings))
        self.identity = identity_of(TlsFiles(settings.station.data_dir))

    def line(self, url):
        context = self.identity.context()
        return httpx.AsyncClient(base_url=url, verify=context, trust_env=False)


async def enrolled(config, node="linhe"):
    """Return a station enrolled by the two programs' own commands."""
    home = config.parent / node
    home.mkdir()
    async with program(config) as (_, _, machines):
        (home / "station.toml").write_text(STATION.format(node=node, url=machines), "utf-8")
        code, token, err = await command("enrol-token", "--config", str(config), "--node", node)
        assert (code, err) == (0, ""), err
        where = ["--config", str(home / "station.toml")]
        code, out, err = await command(
            "enrol", *where, "--token-stdin", given=token, name="station"
        )
        assert (code, err) == (0, ""), err
    made = EnrolledStation(read_settings(home / "station.toml"))
    assert made.sealer.signer.key_id in out
    return made


def authenticator_in(printed):
    """Return the device of an officer whose account a command has just made."""
    return Authenticator(secret_of(uri_in(printed)))


def add_officer(config, *more, number="HQ1"):
    who = ["--certificate", number, "--name", "张三", "--role", "hq", "--valid-until", "2099-12-31"]
    return command(
        "officer",
        "add",
        "--config",
        str(config),
        *who,
        *more,
        "--password-stdin",
        given=PASSWORD + "\n",
    )
