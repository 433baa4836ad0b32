"""Reads ``central.toml`` and the environment, and nothing else does.

A variable ``ZHICHAO_<SECTION>__<KEY>`` overrides the file, e.g. ``ZHICHAO_DATABASE__DSN``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from station.domain.access import EVERY_ROLE
from station.domain.errors import SettingsError
from station.domain.officers import Role

_HIGHEST_PORT = 65535
_Shape = TypeVar("_Shape", bound=BaseModel)


ServerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]


class Section(BaseModel):
    """Base: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _with_a_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise ValueError("must be address:port, e.g. 127.0.0.1:8080")
    return text


Listen = Annotated[str, AfterValidator(_with_a_port)]
"""``address:port``; port 0 takes any free one; an IPv6 address stands in brackets."""


def address(listen: Listen) -> tuple[str, int]:
    """Return host and port; an IPv6 host without its brackets."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


class CentralSection(Section):
    """``[central]``: what people see.

    Attributes:
        name: of the office, shown on the page.
        data_dir: where the embedded database, the keys and the recordings live; relative to the
            configuration file.
        node: of the centre's own ledger; no station has it.
        origin: names the log in checkpoints, e.g. ``zhichao.example.gov.cn``.
        checkpoint_every_s: how often a checkpoint is signed when the log has grown.
    """

    listen: Listen = "127.0.0.1:8080"
    name: Annotated[str, Field(min_length=1)]
    data_dir: Path
    node: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")] = "centre"
    origin: Annotated[str, Field(pattern=r"^[^\s+]+$")] = "zhichao-centre"
    checkpoint_every_s: Annotated[float, Field(gt=0)] = 60.0


class MachinesSection(Section):
    """``[machines]``: where stations deliver, by TLS with certificates on both sides.

    Attributes:
        names: under which stations reach it; they stand in the server's certificate.
    """

    listen: Listen = "127.0.0.1:8443"
    names: Annotated[tuple[ServerName, ...], Field(min_length=1)] = ("127.0.0.1", "localhost")


class PublicSection(Section):
    """``[public]``: the site for drivers, behind a proxy with TLS. Empty: there is none.

    It answers whoever has a code that stands on a weighing slip, and nothing else.

    Attributes:
        proxies: addresses or networks of the proxies before it. Requests are counted by the address
            that stands in their ``X-Forwarded-For``, and of nobody else's.
        reconsideration, court: name and address of where one appeals (复议机关、管辖法院), as they
            stand in decisions; empty: the page refers to the decision.
    """

    listen: Listen | Literal[""] = ""
    proxies: tuple[IPvAnyNetwork, ...] = ()
    reconsideration: str = ""
    court: str = ""


class DatabaseSection(Section):
    """``[database]``.

    Attributes:
        dsn: of a PostgreSQL 15 or newer; empty starts the embedded one.
        binaries: folder with ``postgres`` and ``initdb`` for the embedded one; empty: found.
    """

    dsn: str = ""
    binaries: str = ""


class AccessSection(Section):
    """``[access]``.

    Attributes:
        totp_roles: roles that need a one-time code (动态口令) beside the password; all by default.
    """

    totp_roles: frozenset[Role] = EVERY_ROLE


class AuditSection(Section):
    """``[audit]``.

    Attributes:
        every_s: how often everything that the centre keeps is audited; increments follow the
            checkpoints.
        recordings_days: the contents of all recordings are read within so many full audits of a
            day each; that they are there is looked at by every one.
    """

    every_s: Annotated[float, Field(gt=0)] = 86_400.0
    recordings_days: Annotated[int, Field(ge=1, le=366)] = 1


class RetentionSection(Section):
    """``[retention]``: how long is kept, never shorter than the law data says; 0 follows it.

    Attributes:
        personal_months: clear texts of what acts say of persons, after the case was closed
            (``retention.personal``).
        recordings_months: recordings that no case refers to, after the newest entry that names one
            (``retention.transport_recording``).
    """

    personal_months: Annotated[int, Field(ge=0, le=1200)] = 0
    recordings_months: Annotated[int, Field(ge=0, le=1200)] = 0


class CalendarSection(Section):
    """``[calendar]``: working days (工作日); see :func:`station.working_days.typed_years`.

    ``file``: years that an administrator typed, for those that the program does not hold yet;
    relative to the configuration file.
    """

    file: Path | None = None


class RemindersSection(Section):
    """``[reminders]``: how long before its end a legal clock is warned of; no law names these.

    ``hours``: for clocks in hours; ``days``: for all others, in calendar days.
    """

    hours: Annotated[int, Field(ge=0, le=24)] = 6
    days: Annotated[int, Field(ge=0, le=30)] = 3


class WitnessSection(Section):
    """One ``[[witnesses]]``: who cosigns the log's checkpoints, in another office.

    Attributes:
        public_key: Ed25519, 64 hex digits, as the witness prints it.
        url: where audits ask for the checkpoints that it keeps; empty: they do not.
    """

    name: Annotated[str, Field(pattern=r"^[^\s+]+$")]
    public_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    url: Annotated[str, Field(pattern=r"^(https?://[^/]+)?$")] = ""


class StationSection(Section):
    """One ``[[stations]]``: it may be enrolled, by a token, and deliver."""

    node: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    name: Annotated[str, Field(min_length=1)]
    road: Annotated[str, Field(min_length=1)]


class CentralSettings(BaseSettings):
    """The whole file."""

    model_config = SettingsConfigDict(
        env_prefix="ZHICHAO_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    central: CentralSection
    machines: MachinesSection = MachinesSection()
    public: PublicSection = PublicSection()
    database: DatabaseSection = DatabaseSection()
    audit: AuditSection = AuditSection()
    retention: RetentionSection = RetentionSection()
    access: AccessSection = AccessSection()
    calendar: CalendarSection = CalendarSection()
    reminders: RemindersSection = RemindersSection()
    witnesses: tuple[WitnessSection, ...] = ()
    stations: tuple[StationSection, ...] = ()

    @model_validator(mode="after")
    def _enrols_each_node_once(self) -> Self:
        nodes = [station.node for station in self.stations]
        if self.central.node in nodes:
            raise ValueError(f"stations: {self.central.node} is the centre's own node")
        if twice := sorted({node for node in nodes if nodes.count(node) > 1}):
            raise ValueError(f"stations: {', '.join(twice)} stands there twice")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment before the file, which comes in as keyword arguments."""
        return env_settings, init_settings


def load(path: Path) -> CentralSettings:
    """Read the settings; ``data_dir`` and the calendar's file become absolute.

    Raises:
        SettingsError: where in which file, and why.
    """
    settings = parsed(path, CentralSettings)
    folder = path.resolve().parent
    data_dir = (folder / settings.central.data_dir.expanduser()).resolve()
    central = settings.central.model_copy(update={"data_dir": data_dir})
    typed = settings.calendar.file
    calendar = settings.calendar.model_copy(update={"file": folder / typed if typed else None})
    return settings.model_copy(update={"central": central, "calendar": calendar})


def parsed(path: Path, shape: type[_Shape]) -> _Shape:
    """Read a TOML file of a given shape.

    Raises:
        SettingsError: where in which file, and why.
    """
    try:
        return shape(**tomllib.loads(path.read_text("utf-8")))
    except OSError as exc:
        raise SettingsError(f"{path}: {exc.strerror}", file=str(path)) from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"{path}: {exc}", file=str(path)) from exc
    except ValidationError as exc:
        raise SettingsError(f"{path}: {_reasons(exc)}", file=str(path)) from exc


def _reasons(exc: ValidationError) -> str:
    """Name the places as they are written: ``[[stations]] 2 public_key: …``."""
    return "; ".join(f"{_place(error['loc'])}: {error['msg']}" for error in exc.errors())


def _place(loc: tuple[int | str, ...]) -> str:
    words = [str(part + 1) if isinstance(part, int) else part for part in loc]
    if words[:1] == ["stations"]:
        words[0] = "[[stations]]"
    elif words:
        words[0] = f"[{words[0]}]"
    return " ".join(words) or "file"
