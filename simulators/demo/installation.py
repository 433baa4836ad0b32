"""Writes the configuration of one centre and its nodes, enrols them, makes accounts."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from simulators.demo.children import Broken, finish
from simulators.officers.authenticator import secret_of, uri_in
from simulators.officers.console import Account
from simulators.officers.crew import Accounts
from simulators.traffic.trucks import Truck
from station.domain.clock import CHINA
from station.domain.totp import text_of

VALID_UNTIL: Final = "2099-12-31"
CAMERA_PATH: Final = "/mjpeg"
OFFSITE: Final = "offsite"
_MARK: Final = ".zhichao-demo"
"""Only a folder that holds this file, or nothing, is emptied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationPlace:
    """One node of the demo. ``number`` is part of its certificate numbers.

    ``mode``: of :class:`station.rules.facts.Mode`.
    """

    node: str
    name: str
    road: str
    number: int
    protocol: str
    over_tcp: bool = False
    mode: str = "resident"

    @property
    def offsite(self) -> bool:
        """Tell whether nobody is stopped here (非现场)."""
        return self.mode == OFFSITE


STATIONS: Final = (
    StationPlace(
        node="linhe", name="临河超限检测站", road="G110", number=1, protocol="yaohua-continuous"
    ),
    StationPlace(
        node="hailiutu",
        name="海流图超限检测站",
        road="S212",
        number=2,
        protocol="toledo-continuous",
    ),
    StationPlace(
        node="dashuncheng",
        name="大顺城超限检测站",
        road="S213",
        number=3,
        protocol="toledo-continuous",
        over_tcp=True,
        mode="road_admin_alone",
    ),
    StationPlace(
        node="mobile",
        name="流动治超一队",
        road="X702",
        number=4,
        protocol="yaohua-continuous",
        mode="mobile",
    ),
    StationPlace(
        node="offsite",
        name="非现场检测点",
        road="G242",
        number=5,
        protocol="toledo-continuous",
        over_tcp=True,
        mode=OFFSITE,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One station, ready to run."""

    place: StationPlace
    config: Path
    data_dir: Path
    port: int
    scale_listen: str
    camera_port: int
    accounts: Accounts

    @property
    def inbox(self) -> Path:
        """Return the folder for clips of body cameras."""
        return self.config.parent / "inbox"

    @property
    def url(self) -> str:
        """Return the address of its console."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The centre, ready to run.

    Attributes:
        port: of its pages; ``machines_port``: where stations deliver.
        hq, transport: its accounts.
    """

    config: Path
    data_dir: Path
    port: int
    machines_port: int
    hq: Account
    transport: Account

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"


def emptied(folder: Path) -> Path:
    """Return *folder*, empty.

    Raises:
        Broken: there is something in it that no demo wrote.
    """
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise Broken(f"{folder} is not empty and not a demo's folder: name another by --dir")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "logs").mkdir(parents=True)
    (folder / _MARK).touch()
    return folder


class Installer:
    """Writes everything into one run folder."""

    def __init__(self, folder: Path, fleet: Sequence[Truck]) -> None:
        self._folder = folder
        self._fleet = fleet

    def station(
        self,
        place: StationPlace,
        *,
        port: int,
        scale_port: int,
        camera_port: int,
        machines_port: int,
        pages_port: int,
    ) -> Installed:
        """Install one station."""
        home = self._folder / place.node
        home.mkdir()
        (home / "calendar.yaml").write_text(calendar(datetime.now(CHINA).year))
        config = home / "station.toml"
        line = home / "scale"
        listen = f"tcp://127.0.0.1:{scale_port}" if place.over_tcp else f"pty://{line}"
        scale_url = f"socket://127.0.0.1:{scale_port}" if place.over_tcp else str(line)
        config.write_text(
            _STATION.format(
                place=place,
                port=port,
                prefix=place.node[:2].upper(),
                scale_url=scale_url,
                camera_url=f"http://127.0.0.1:{camera_port}{CAMERA_PATH}",
                valid_until=VALID_UNTIL,
                centre_url=f"https://127.0.0.1:{machines_port}",
                pages_url=f"http://127.0.0.1:{pages_port}/",
            ),
            "utf-8",
        )
        (home / "vehicles.jsonl").write_text(register_text(self._fleet), "utf-8")
        return Installed(
            place=place,
            config=config,
            data_dir=home / "data",
            port=port,
            scale_listen=listen,
            camera_port=camera_port,
            accounts=_crew(place),
        )

    def centre(self, port: int, machines_port: int, pages_port: int) -> Centre:
        """Install the centre, which knows of every station."""
        home = self._folder / "central"
        home.mkdir()
        (home / "calendar.yaml").write_text(calendar(datetime.now(CHINA).year))
        config = home / "central.toml"
        stations = "".join(_PLACE.format(place=place) for place in STATIONS)
        head = _CENTRAL.format(port=port, machines_port=machines_port, pages_port=pages_port)
        config.write_text(head + stations, "utf-8")
        return Centre(
            config=config,
            data_dir=home / "data",
            port=port,
            machines_port=machines_port,
            hq=Account("ZC-001", new_password()),
            transport=Account("YS-001", new_password()),
        )


def register_text(fleet: Sequence[Truck]) -> str:
    """Return the vehicle register of *fleet*: a JSON object a line, for whoever is registered."""
    lines = [
        json.dumps(truck.register_line, ensure_ascii=False) for truck in fleet if truck.in_register
    ]
    return "\n".join(lines) + "\n"


async def enrol(installed: Installed, centre: Centre) -> None:
    """Enrol a station by a token of a centre that runs.

    Raises:
        Broken: a command failed.
    """
    asked = ["--config", str(centre.config), "--node", installed.place.node]
    token = await finish(["central", "enrol-token", *asked])
    given = ["--config", str(installed.config), "--token-stdin"]
    await finish(["station", "enrol", *given], stdin=token)


async def add_crew(installed: Installed) -> None:
    """Make the accounts of a station that does not run yet.

    Raises:
        Broken: a command failed.
    """
    for accounts, name, role in (
        (installed.accounts.road, "路政", "road"),
        (installed.accounts.police, "交警", "police"),
    ):
        for n, account in enumerate(accounts, 1):
            await _add("station", installed.config, account, f"{name}{n}", role)


async def add_hq(centre: Centre) -> None:
    """Make the accounts of a centre that runs.

    Raises:
        Broken: a command failed.
    """
    await _add("central", centre.config, centre.hq, "治超办值班员", "hq")
    await _add("central", centre.config, centre.transport, "运输管理员", "transport")


def _crew(place: StationPlace) -> Accounts:
    """Return certificate numbers and random passwords for two officers of each authority."""
    road, police = (
        [Account(f"{prefix}-{place.number}0{n}", new_password()) for n in (1, 2)]
        for prefix in ("LZ", "JJ")
    )
    return Accounts(road=(road[0], road[1]), police=(police[0], police[1]))


def new_password() -> str:
    """Return a random password."""
    return secrets.token_urlsafe(9)


async def _add(program: str, config: Path, account: Account, name: str, role: str) -> None:
    options = ["--certificate", account.certificate_no, "--name", name, "--role", role]
    options += ["--valid-until", VALID_UNTIL, "--password-stdin"]
    printed = await finish(
        [program, "officer", "add", "--config", str(config), *options],
        stdin=account.password + "\n",
    )
    account.secret = text_of(secret_of(uri_in(printed)))


def calendar(first: int) -> str:
    """Return two years of the demo's own, for the deadlines that reach into them.

    The State Council's notice on them may not be out or not kept here (where it is, it counts), and
    the demo must work on every day.
    """
    source = "演示用,不是国务院办公厅的通知"
    return "".join(
        f"{year}: {{source: '{source}', days_off: [{year}-01-01], workdays: []}}\n"
        for year in (first, first + 1)
    )


_STATION: Final = """\
# Written by the demo.
[station]
node = "{place.node}"
name = "{place.name}"
road = "{place.road}"
case_prefix = "{prefix}"
mode = "{place.mode}"
data_dir = "data"
listen = "127.0.0.1:{port}"

[scale]
url = "{scale_url}"
protocol = "{place.protocol}"
scale_id = "SCS-120-{place.number}"
certificate_no = "DEMO-{place.number}"
certificate_until = {valid_until}

[camera]
url = "{camera_url}"

[vehicles]
register = "vehicles.jsonl"

[calendar]
file = "calendar.yaml"

[uplink]
url = "{centre_url}"

[recordings]
import_dir = "inbox"
look_every_s = 1

[documents]
driver_pages = "{pages_url}"
"""

_CENTRAL: Final = """\
# Written by the demo.
[central]
listen = "127.0.0.1:{port}"
name = "巴彦淖尔市治超办"
data_dir = "data"

[machines]
listen = "127.0.0.1:{machines_port}"

[public]
listen = "127.0.0.1:{pages_port}"

[calendar]
file = "calendar.yaml"
"""

_PLACE: Final = """
[[stations]]
node = "{place.node}"
name = "{place.name}"
road = "{place.road}"
"""
