"""Reads ``witness.toml``, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from central.settings import Listen, Section, parsed

PublicKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class WitnessSection(Section):
    """``[witness]``.

    Attributes:
        name: under which it cosigns, e.g. ``discipline.example.gov.cn``; never to be changed.
        data_dir: where its key and its book are; relative to the configuration file.
        every_s: how often it asks the centre.
    """

    listen: Listen = "127.0.0.1:8090"
    name: Annotated[str, Field(pattern=r"^[^\s+]+$")]
    data_dir: Path
    every_s: Annotated[float, Field(gt=0)] = 60.0


class LogSection(Section):
    """``[log]``: the centre's log, as it was told to the witness on paper.

    Attributes:
        url: of the centre.
        authority: file (PEM) of who vouches for that address; empty: those of the system.
        public_keys: with which the log signs or signed, hex.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^/]+$")]
    authority: str = ""
    origin: Annotated[str, Field(pattern=r"^[^\s+]+$")]
    public_keys: Annotated[tuple[PublicKey, ...], Field(min_length=1)]


class WitnessSettings(Section):
    """The whole file."""

    witness: WitnessSection
    log: LogSection


def load(path: Path) -> WitnessSettings:
    """Read the settings; ``data_dir`` and ``authority`` become absolute.

    Raises:
        SettingsError: where in which file, and why.
    """
    settings = parsed(path, WitnessSettings)
    here = path.resolve().parent
    data_dir = here / settings.witness.data_dir.expanduser()
    witness = settings.witness.model_copy(update={"data_dir": data_dir.resolve()})
    authority = str(here / settings.log.authority) if settings.log.authority else ""
    log = settings.log.model_copy(update={"authority": authority})
    return settings.model_copy(update={"witness": witness, "log": log})
