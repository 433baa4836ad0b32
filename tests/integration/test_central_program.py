"""The program as it is started: by its command line, with its own database, ended by signals."""

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

import httpx
import pytest
import websockets

from station.bootstrap.opening import signing_key
from station.contract.uplink import sign_state
from station.keys.tls import TlsFiles
from station.settings import read_settings
from tests.machines import STATION, identity_of
from tests.migration.central_kit import FakeStation, lane_state, short_folder

ROOT = Path(__file__).parents[2]
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


def children_of(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def exists(pid):
    return Path(f"/proc/{pid}").exists()


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


@pytest.fixture(scope="module")
def config():
    with short_folder() as folder:
        path = folder / "central.toml"
        path.write_text(CONFIG, "utf-8")
        yield path


class EnrolledStation(FakeStation):
    """A station of the kit whose keys came about as those of a real one."""

    def __init__(self, settings):
        super().__init__(signer=signing_key(settings))
        self.identity = identity_of(TlsFiles(settings.station.data_dir))

    def line(self, url):
        context = self.identity.context()
        return httpx.AsyncClient(base_url=url, verify=context, trust_env=False)


@pytest.fixture(scope="module")
async def station(config):
    """Enrolled by the two programs' own commands."""
    home = config.parent / "linhe"
    home.mkdir()
    async with program(config) as (_, _, machines):
        (home / "station.toml").write_text(STATION.format(node="linhe", url=machines), "utf-8")
        code, token, err = await command("enrol-token", "--config", str(config), "--node", "linhe")
        assert (code, err) == (0, ""), err
        where = ["--config", str(home / "station.toml")]
        code, out, err = await command(
            "enrol", *where, "--token-stdin", given=token, name="station"
        )
        assert (code, err) == (0, ""), err
    made = EnrolledStation(read_settings(home / "station.toml"))
    assert made.sealer.signer.key_id in out
    return made


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


async def kinds_until(socket, wanted):
    seen = []
    async with asyncio.timeout(30):
        while wanted - set(seen):
            seen.append(json.loads(await socket.recv())["kind"])
    return seen


async def test_it_runs_shows_live_news_and_leaves_nothing_behind(config, station):
    async with program(config) as (process, url, machines), station.line(machines) as line:
        database = int((config.parent / "data/postgres/postmaster.pid").read_text().split()[0])
        children = [database, *children_of(database)]
        assert len(children) > 3
        code, out, err = await add_officer(config)  # while it runs, on the same database
        assert (code, err) == (0, ""), err
        assert "HQ1" in out
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            who = {"certificate_no": "HQ1", "password": PASSWORD}
            cookie = (await client.post("/api/session", json=who)).headers["set-cookie"]
            headers = {"Cookie": cookie.split(";")[0], "Origin": url}
            address = url.replace("http", "ws") + "/api/live"
            async with websockets.connect(address, additional_headers=headers) as socket:
                first = json.loads(await socket.recv())
                station.decided_case(1)
                await line.post("/api/ingest", content=station.batch())
                data = sign_state(lane_state(), station.sealer.signer)
                await line.post("/api/lane-state", content=data)
                seen = await kinds_until(socket, {"passage", "case", "station"})
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(20):
                    await socket.wait_closed()
                    code = await process.wait()

    assert (first["kind"], first["data"]["node"]) == ("station", "linhe")
    assert seen.count("passage") == 1
    assert code == 0
    assert [pid for pid in children if exists(pid)] == []


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.test"}], ids=["nobody", "foreign"])
async def test_the_stream_is_for_officers_of_this_site(config, headers):
    async with program(config) as (process, url, _):
        with pytest.raises(websockets.InvalidStatus, match="403"):
            await websockets.connect(
                url.replace("http", "ws") + "/api/live", additional_headers=headers
            )
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0


async def test_what_was_accepted_is_there_after_a_kill_and_a_restart(config, station):
    async with program(config) as (process, _, machines):
        station.weigh("kill")
        async with station.line(machines) as client:
            receipt = (await client.post("/api/ingest", content=station.batch())).json()
        process.kill()
        await process.wait()
    async with program(config) as (_, _, machines), station.line(machines) as client:
        again = (await client.post("/api/ingest", content=station.batch())).json()

    first, second = receipt["receipt"], again["receipt"]
    assert first["seq"] == len(station.entries)
    assert (second["seq"], second["digest"]) == (first["seq"], first["digest"])
    assert again["duplicates"] == len(station.entries)


async def test_an_account_is_added_once_and_changed_only_when_asked(config):
    assert (await add_officer(config, number="HQ2"))[0] == 0
    code, _, err = await add_officer(config, number="HQ2")
    assert (code, err.split(":")[0]) == (1, "facts.invalid")
    assert (await add_officer(config, "--replace", number="HQ2"))[0] == 0


async def test_a_short_password_is_refused(config):
    who = ["--certificate", "HQ3", "--name", "李四", "--role", "hq", "--valid-until", "2099-12-31"]
    code, _, err = await command(
        "officer", "add", "--config", str(config), *who, "--password-stdin", given="short\n"
    )

    assert (code, err.split(":")[0]) == (1, "facts.invalid")


async def test_rebuild_and_export_work_while_nothing_runs(config, tmp_path):
    code, out, err = await command("rebuild", "--config", str(config))
    assert (code, err) == (0, "")
    assert "重建" in out

    target = tmp_path / "list.csv"
    arguments = ["--config", str(config), "--out", str(target), "--as-of", "2026-03-01"]
    code, _, err = await command("export-repeat-vehicles", *arguments)
    assert (code, err) == (0, "")
    assert target.read_bytes().startswith("\ufeff号牌号码".encode())


async def test_a_wrong_file_is_one_line_in_chinese(tmp_path):
    path = tmp_path / "central.toml"
    path.write_text("[central]\nname = 'x'\n")

    code, out, err = await command("run", "--config", str(path))

    assert (code, out) == (1, "")
    assert err.startswith("settings: 配置文件不能使用：")
    assert "[central] data_dir" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("section", ["central", "machines"])
async def test_a_port_that_is_taken_is_known_before_the_database_starts(tmp_path, section):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    path = tmp_path / "central.toml"
    other = "machines" if section == "central" else "central"
    path.write_text(
        f"{section}.listen = '127.0.0.1:{port}'\n{other}.listen = '127.0.0.1:0'\n"
        "central.name = 'x'\ncentral.data_dir = 'data'\n"
    )

    code, _, err = await command("run", "--config", str(path))
    server.close()
    await server.wait_closed()

    assert (code, err.split(":")[0]) == (1, "settings")
    assert str(port) in err
    assert not (tmp_path / "data").exists()


async def test_a_database_that_cannot_be_reached_is_one_line_too(tmp_path):
    path = tmp_path / "central.toml"
    path.write_text(
        "[central]\nname = 'x'\ndata_dir = 'data'\nlisten = '127.0.0.1:0'\n"
        "[machines]\nlisten = '127.0.0.1:0'\n[database]\ndsn = 'postgresql://x@127.0.0.1:9/x'\n"
    )

    code, _, err = await command("run", "--config", str(path))

    assert (code, err.split(":")[0]) == (1, "store.failed")
