"""Starts, watches and stops the default database: a PostgreSQL of our own.

It listens on a unix socket alone, in a folder that only its own user (and root) may enter, and it
ends when this process ends, even by SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from central.store.binaries import RunAs, find, reachable, run_as
from station.domain.errors import SettingsError, StoreFailed

LONGEST_FOLDER: Final = 80
"""A unix socket's path has less than 107 bytes; the file's own name takes some."""

_LOG: Final = logging.getLogger(__name__)
_LARGEST_LOG: Final = 16 * 1024 * 1024
_PR_SET_PDEATHSIG: Final = 1
_LOCK_S: Final = 20.0  # a killed postmaster's lock file holds until it is reaped
_READY_S: Final = 120.0  # crash recovery replays the log first
_STOP_S: Final = 15.0
_SOCKET_LINE: Final = 4  # of postmaster.pid, counted from 0
_OPTIONS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "max_connections": "50",
    "log_min_messages": "warning",
}
_SUPERUSER: Final = "postgres"
_OWNER: Final = "zhichao"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the database lives.

    Attributes:
        data_dir: holds ``postgres/`` (the cluster) and ``postgres.log``.
        binaries: see :func:`central.store.binaries.find`.
        options: server settings added to ours.
        initdb: arguments added to ours when the cluster is made.
    """

    data_dir: Path
    binaries: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    initdb: tuple[str, ...] = ()

    @property
    def cluster(self) -> Path:
        """Return the cluster's folder."""
        return self.data_dir / "postgres"


@contextlib.asynccontextmanager
async def embedded(place: Place) -> AsyncIterator[EmbeddedPostgres]:
    """Run the database while the block runs; to be entered from the main thread.

    Raises:
        SettingsError: no programs, or a folder that the database's user cannot enter.
        StoreFailed: it does not start.
    """
    server = EmbeddedPostgres(place, run_as())
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


async def running(place: Place) -> str | None:
    """Return the DSN of the database that already runs at *place*, None when none does."""
    try:
        lines = (place.cluster / "postmaster.pid").read_text("utf-8").splitlines()
        dsn = _dsn(lines[_SOCKET_LINE], _OWNER, _OWNER)
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, IndexError, asyncpg.PostgresError):
        return None
    await connection.close()
    return dsn


class EmbeddedPostgres:
    """One running PostgreSQL."""

    def __init__(self, place: Place, user: RunAs) -> None:
        self._place = place
        self._user = user
        self._binaries = Path()
        self._socket = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """Return how to connect as the owner of the tables, who is no superuser."""
        return self.dsn_of(_OWNER, _OWNER)

    def dsn_of(self, user: str, database: str) -> str:
        """Return how to connect as *user* to *database*."""
        return _dsn(str(self._socket), user, database)

    @property
    def pid(self) -> int | None:
        """Return the postmaster's process id, None when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    async def start(self) -> None:
        """Make the cluster if there is none, start, and wait until a connection succeeds."""
        self._place.data_dir.mkdir(parents=True, exist_ok=True)
        found = find(self._place.binaries)
        self._binaries = await asyncio.to_thread(reachable, found, self._user, self._place.data_dir)
        await asyncio.to_thread(self._make_cluster)
        self._socket = self._socket_folder()
        await self._launch()
        await self._make_database()

    async def keep_running(self) -> None:
        """Start the database again whenever it has ended. Never returns.

        Raises:
            StoreFailed: it does not start again.
        """
        while True:
            await asyncio.sleep(0.5)
            if self.pid is None:
                _LOG.error("the database ended and is started again")
                await self._launch()

    async def stop(self) -> None:
        """End the database: first cleanly, then less so. Nothing is left behind."""
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self._process is None or self._process.poll() is not None:
                break
            self._process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, _STOP_S)
        if self._socket.name.startswith("zhichao-"):
            shutil.rmtree(self._socket, ignore_errors=True)

    async def _launch(self) -> None:
        deadline = asyncio.get_running_loop().time() + _LOCK_S
        while True:
            self._process = self._spawn()
            if await self._ready(self._process):
                return
            if asyncio.get_running_loop().time() > deadline:
                raise StoreFailed(self._last_words(), data_dir=str(self._place.data_dir))
            await asyncio.sleep(0.3)

    def _spawn(self) -> subprocess.Popen[bytes]:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("the signal at the parent's death comes when its *thread* ends")
        options = {
            **_OPTIONS,
            "unix_socket_directories": str(self._socket),
            **self._place.options,
        }
        settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with self._log_path.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the program that was found above
                [self._binaries / "postgres", "-D", self._place.cluster, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._user.child_uid,
                group=self._user.child_gid,
                extra_groups=self._user.child_groups,
                start_new_session=True,  # a Ctrl-C at the terminal is for us, not for it
                preexec_fn=_ended_with(os.getpid()),
            )

    async def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until *process* answers; False when it ended before that."""
        async with asyncio.timeout(_READY_S):
            while process.poll() is None:
                # Another postmaster may still be shutting down on the same socket.
                if self._lock_holder() == process.pid and await self._answers():
                    return True
                await asyncio.sleep(0.03)
        return False

    def _lock_holder(self) -> int | None:
        try:
            return int((self._place.cluster / "postmaster.pid").read_text("utf-8").split("\n")[0])
        except (OSError, ValueError):
            return None

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.dsn_of(_SUPERUSER, "postgres"), timeout=5)
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    def _make_cluster(self) -> None:
        if (self._place.cluster / "PG_VERSION").is_file():
            return
        fresh = self._place.data_dir / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, self._user.uid, self._user.gid)
        options = ["-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        more = ["--data-checksums", "--no-instructions", *self._place.initdb]
        done = subprocess.run(  # noqa: S603 - the program that was found above
            [self._binaries / "initdb", "-D", fresh, *options, *more],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_READY_S,
            check=False,
            cwd="/",
            user=self._user.child_uid,
            group=self._user.child_gid,
            extra_groups=self._user.child_groups,
        )
        if done.returncode != 0:
            raise SettingsError(self._why_not(done.stderr), data_dir=str(self._place.data_dir))
        (fresh / "pg_hba.conf").write_text("local all all trust\n", "utf-8")
        fresh.rename(self._place.cluster)

    def _why_not(self, stderr: bytes) -> str:
        shut = first_shut(self._place.data_dir, self._user)
        if shut is not None:
            return f"user {self._user.name}, who runs the database, cannot enter {shut}"
        return stderr.decode(errors="replace").strip()[-500:]

    def _socket_folder(self) -> Path:
        """Return the socket's folder: beside the cluster, elsewhere when that path is long."""
        folder = self._place.data_dir / "socket"
        if len(os.fsencode(folder)) > LONGEST_FOLDER:
            folder = Path(tempfile.mkdtemp(prefix="zhichao-", dir="/tmp"))
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, self._user.uid, self._user.gid)
        folder.chmod(0o700)
        return folder

    async def _make_database(self) -> None:
        connection = await asyncpg.connect(self.dsn_of(_SUPERUSER, "postgres"), timeout=30)
        try:
            with contextlib.suppress(asyncpg.DuplicateObjectError):
                await connection.execute(f"CREATE ROLE {_OWNER} LOGIN")
            with contextlib.suppress(asyncpg.DuplicateDatabaseError):
                await connection.execute(f"CREATE DATABASE {_OWNER} OWNER {_OWNER}")
        finally:
            await connection.close()

    @property
    def _log_path(self) -> Path:
        path = self._place.data_dir / "postgres.log"
        if path.exists() and path.stat().st_size > _LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path

    def _last_words(self) -> str:
        lines = self._log_path.read_text("utf-8", errors="replace").splitlines()
        return " / ".join(lines[-3:])


def first_shut(folder: Path, user: RunAs) -> Path | None:
    """Return the topmost folder on the way to *folder* that *user* may not enter, or None."""
    for place in (*reversed(folder.resolve().parents), folder):
        found = place.stat()
        if user.uid == found.st_uid:
            needed = stat.S_IXUSR
        elif user.gid == found.st_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            return place
    return None


def _dsn(socket: str, user: str, database: str) -> str:
    return f"postgresql://{user}@/{database}?host={quote(socket)}"


def _ended_with(parent: int) -> Callable[[], None]:
    """Return what the child does before it becomes PostgreSQL: tie its life to ours.

    SIGINT is PostgreSQL's fast and clean shutdown. It comes after the change of user, which
    would undo it.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def tie() -> None:
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(126)

    return tie
