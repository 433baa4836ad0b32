"""The program as it is started: by its command line, with its own database, ended by signals."""

import asyncio
import json
import signal
from pathlib import Path

import httpx
import pytest
import websockets

from station.contract.uplink import sign_state
from tests.central_program import (
    CONFIG,
    PASSWORD,
    add_officer,
    authenticator_in,
    command,
    enrolled,
    program,
)
from tests.migration.central_kit import lane_state, short_folder


def children_of(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def exists(pid):
    return Path(f"/proc/{pid}").exists()


@pytest.fixture(scope="module")
def config():
    with short_folder() as folder:
        path = folder / "central.toml"
        path.write_text(CONFIG, "utf-8")
        yield path


@pytest.fixture(scope="module")
async def station(config):
    return await enrolled(config)


async def kinds_until(socket, wanted):
    seen = []
    async with asyncio.timeout(30):
        while wanted - set(seen):
            seen += [one["kind"] for one in json.loads(await socket.recv())["news"]]
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
            code = authenticator_in(out).code()
            who = {"certificate_no": "HQ1", "password": PASSWORD, "code": code}
            cookie = (await client.post("/api/session", json=who)).headers["set-cookie"]
            headers = {"Cookie": cookie.split(";")[0], "Origin": url}
            address = url.replace("http", "ws") + "/api/live"
            async with websockets.connect(address, additional_headers=headers) as socket:
                first = json.loads(await socket.recv())["news"][0]
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


async def test_only_what_may_be_published_is_and_what_cannot_be_read_is_said_in_chinese(
    config, tmp_path
):
    async def publish(kind, path):
        arguments = ("--config", str(config), "--kind", kind, "--in", str(path))
        return await command("publish", *arguments)

    code, out, err = await publish("watch_list", tmp_path / "missing.json")
    assert (code, out) == (1, "")
    assert err.startswith("facts.invalid: 填写内容有误")
    assert err.count("\n") == 1
    assert "missing.json" in err
    bad = tmp_path / "bad.json"
    bad.write_text("{", "utf-8")
    code, out, err = await publish("watch_list", bad)
    assert (code, out) == (1, "")
    assert err.startswith("evidence.unreadable: 内容格式不合规，没有采用。")
    code, out, err = await publish("passage", bad)
    assert (code, out) == (2, "")
    assert "watch_list" in err
    assert "decision_in_force" not in err


async def test_a_token_for_a_station_that_is_not_configured_is_refused(config):
    code, out, err = await command("enrol-token", "--config", str(config), "--node", "ghost")
    assert (code, out) == (1, "")
    assert err.startswith("station.unknown: 配置文件中没有站点ghost")


async def test_an_audit_that_nobody_watches_leaves_nothing_on_standard_error(config):
    code, out, err = await command("audit", "--config", str(config))
    assert (code, err) == (0, "")
    assert "未发现不符" in out


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
