"""The station's configuration: a TOML file, and environment variables ``ZHICHAO_STATION__…``."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from station.domain.access import EVERY_ROLE
from station.domain.errors import SettingsError
from station.domain.officers import Role

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Section(BaseModel):
    """Base: unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StationSection(Section):
    """Who we are. ``mode`` as in :class:`station.rules.facts.Mode`."""

    node: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    name: Text
    road: Text
    mode: Text = "resident"
    case_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,16}$")] = ""
    data_dir: Path
    listen: Annotated[str, StringConstraints(pattern=r"^[^:\s]+:\d{1,5}$")] = "127.0.0.1:8081"


class ScaleSection(Section):
    """The certified scale. ``url``: ``/dev/ttyUSB0``, ``socket://host:port``, ``capture:///…``."""

    url: Text
    protocol: Text
    baud: Annotated[int, Field(gt=0)] = 9600
    scale_id: Text
    certificate_no: Text
    certificate_until: date
    presence_kg: Annotated[int, Field(gt=0)] = 500
    division_kg: Annotated[int, Field(gt=0)] = 20
    settle_ms: Annotated[int, Field(ge=500)] = 1500


class CameraSection(Section):
    """The plate camera. ``url``: ``rtsp://…``, ``http://…`` (MJPEG), a video file, a folder."""

    url: Text


class VehiclesSection(Section):
    """The local vehicle register; see :mod:`station.store.register`."""

    file: Annotated[Path | None, Field(alias="register")] = None


class UplinkSection(Section):
    """The centre's address for machines. Without it the station works alone, keeping everything."""

    url: Annotated[str, StringConstraints(pattern=r"^(https://[^\s/]+)?$")] = ""


class CalendarSection(Section):
    """The official working days (工作日); see :func:`station.working_days.typed_years`.

    ``file``: years that an administrator typed, for those that the program does not hold yet.
    """

    file: Path | None = None


class ClockSection(Section):
    """When the wall clock counts as verified (时钟核验); no law names these numbers.

    ``most_off_s``: what it may be off the centre's time, either way; ``longest_alone_h``: for how
    long the centre's time serves while the line is down.
    """

    most_off_s: Annotated[int, Field(ge=1, le=300)] = 60
    longest_alone_h: Annotated[int, Field(ge=1, le=168)] = 24


class RemindersSection(Section):
    """How long before its end a legal clock is warned of (期限提示); no law names these numbers.

    ``hours``: for clocks in hours; ``days``: for all others, in calendar days.
    """

    hours: Annotated[int, Field(ge=0, le=24)] = 6
    days: Annotated[int, Field(ge=0, le=30)] = 3


class RetentionSection(Section):
    """How long is kept what no case refers to; what a case refers to is kept for ever.

    ``recordings_months``: pictures; never shorter than the law data says
    (``retention.transport_recording``), which 0 follows.
    """

    recordings_months: Annotated[int, Field(ge=0, le=1200)] = 0


class AccessSection(Section):
    """Who needs what to sign in.

    ``totp_roles``: roles that need a one-time code (动态口令) beside the password; all by default.
    """

    totp_roles: frozenset[Role] = EVERY_ROLE


class RecordingsSection(Section):
    """Where clips of body cameras are copied to (录音录像导入), one folder for each officer.

    ``import_dir``: its folders are named after certificates, or ``station``; without it nothing is
    taken in.
    """

    import_dir: Path | None = None
    look_every_s: Annotated[int, Field(ge=1, le=3600)] = 10


class OfficeSection(Section):
    """An office as it stands on documents."""

    name: Text
    address: str = ""
    phone: str = ""


class DocumentsSection(Section):
    """Documents (文书): the region whose forms are used, and the offices that they name.

    An office that is not given stands on them as the region's data has it (待填).

    ``driver_pages``: address of the centre's site for drivers, as their phones reach it; printed on
    weighing slips. Empty: slips bear a receipt only.
    """

    region: Text = "bayannur"
    driver_pages: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s#?]+/)?$")] = ""
    offices: dict[Literal["road", "police", "bank", "reconsideration", "court"], OfficeSection] = {}


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix="ZHICHAO_STATION__", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    station: StationSection
    scale: ScaleSection
    camera: CameraSection
    vehicles: VehiclesSection = VehiclesSection()
    uplink: UplinkSection = UplinkSection()
    calendar: CalendarSection = CalendarSection()
    clock: ClockSection = ClockSection()
    reminders: RemindersSection = RemindersSection()
    retention: RetentionSection = RetentionSection()
    recordings: RecordingsSection = RecordingsSection()
    documents: DocumentsSection = DocumentsSection()
    access: AccessSection = AccessSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which comes in as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        assert isinstance(init_settings, InitSettingsSource)  # noqa: S101 - for the type only
        return env_settings, init_settings


def read_settings(path: Path) -> Settings:
    """Read *path*; relative paths in it are relative to its folder.

    Raises:
        SettingsError: no such file, not TOML, or a key is missing, unknown or out of range.
    """
    try:
        tree: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(str(exc), path=str(path)) from exc
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"not TOML: {exc}", path=str(path)) from exc
    try:
        settings = Settings(**tree)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{where}: {first['msg']}", path=str(path), key=where) from exc
    return _resolved(settings, path.resolve().parent)


def _resolved(settings: Settings, folder: Path) -> Settings:
    station = settings.station.model_copy(update={"data_dir": folder / settings.station.data_dir})
    register = settings.vehicles.file
    vehicles = settings.vehicles.model_copy(
        update={"file": folder / register if register else None}
    )
    typed = settings.calendar.file
    calendar = settings.calendar.model_copy(update={"file": folder / typed if typed else None})
    inbox = settings.recordings.import_dir
    recordings = settings.recordings.model_copy(
        update={"import_dir": folder / inbox if inbox else None}
    )
    return settings.model_copy(
        update={
            "station": station,
            "vehicles": vehicles,
            "calendar": calendar,
            "recordings": recordings,
        }
    )
