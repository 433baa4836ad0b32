"""Keys and certificates by the commands of both programs, over their real line."""

import asyncio
import contextlib
import json
import shutil
import signal
import sys

import pytest

from central.bootstrap import opened
from central.settings import load
from station.bootstrap.opening import signing_key
from station.contract.entries import Kind, Run
from station.contract.signature import fingerprint
from station.settings import read_settings
from tests.central_program import (
    CONFIG,
    ROOT,
    EnrolledStation,
    add_officer,
    command,
    program,
)
from tests.machines import STATION
from tests.migration.central_kit import short_folder
from verifier.register import register as verifier_register

WITNESS = f"""
[[witnesses]]
name = "police"
public_key = "{"ab" * 32}"
"""
QUIET = 'data_dir = "data"\nlisten = "127.0.0.1:0"'
HAS = "SELECT count(*) > 0 FROM entry WHERE node = 'linhe' AND {}"
SIGNED_BY = "convert_from(body, 'UTF8')::json ->> 'key_id' = '{}'"


@pytest.fixture
def home():
    with short_folder() as folder:
        (folder / "central.toml").write_text(CONFIG, "utf-8")
        (folder / "linhe").mkdir()
        yield folder


async def central(home, name, *arguments, given=""):
    return await command(name, "--config", str(home / "central.toml"), *arguments, given=given)


async def station(home, name, *arguments, given=""):
    config = str(home / "linhe/station.toml")
    return await command(name, "--config", config, *arguments, given=given, name="station")


def configured(home, machines):
    text = STATION.format(node="linhe", url=machines).replace('data_dir = "data"', QUIET)
    (home / "linhe/station.toml").write_text(text, "utf-8")


async def enrolled(home, machines):
    """Enrol by both programs' commands; return the station's settings."""
    path = home / "linhe/station.toml"
    if not path.exists():
        configured(home, machines)
    code, token, err = await central(home, "enrol-token", "--node", "linhe")
    assert (code, err) == (0, ""), err
    code, out, err = await station(home, "enrol", "--token", token.strip())
    assert (code, err) == (0, ""), err
    settings = read_settings(path)
    assert signing_key(settings).key_id in out
    return settings


async def rows(home, sql):
    async with opened(load(home / "central.toml")) as database:
        return [tuple(row) for row in await database.fetch(sql)]


async def until(home, sql, wanted):
    for _ in range(100):
        if await rows(home, sql) == wanted:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{sql}: not {wanted}")


@contextlib.asynccontextmanager
async def centre(home):
    """Run the centre; end it so that its database is gone before its folder is."""
    async with program(home / "central.toml") as (process, _, machines):
        try:
            yield machines
        finally:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                await process.wait()


@contextlib.asynccontextmanager
async def running_station(home):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "station",
        "run",
        "--config",
        str(home / "linhe/station.toml"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            _, err = await process.communicate()
    assert process.returncode == 0, err.decode()


async def test_a_station_is_enrolled_while_it_runs_and_its_key_rotated_between_two_runs(home):
    """The two programs as they are; only devices are missing."""
    async with centre(home) as machines:
        configured(home, machines)
        async with running_station(home):
            await until(home, HAS.format("kind = 'start'"), [(False,)])
            settings = await enrolled(home, machines)
            old = signing_key(settings)
            await until(home, HAS.format("kind = 'outage_end'"), [(True,)])
            alone = (
                "SELECT convert_from(body, 'UTF8')::json -> 'payload' ->> 'code' FROM entry "
                "WHERE kind = 'outage_begin' ORDER BY seq LIMIT 1"
            )
            assert await rows(home, alone) == [("uplink.not_enrolled",)]
            code, _, err = await station(home, "rotate-key")
            assert (code, "another program" in err) == (1, True), err

        code, out, err = await station(home, "rotate-key")
        assert (code, err) == (0, ""), err
        new = signing_key(settings)
        assert new.key_id in out
        async with running_station(home):
            await until(home, HAS.format("kind = 'key_rotate'"), [(True,)])
            keys = "SELECT key_id, until_seq IS NULL FROM node_key WHERE node = 'linhe' ORDER BY 2"
            await until(home, keys, [(old.key_id, False), (new.key_id, True)])
            await until(home, HAS.format(SIGNED_BY.format(new.key_id)), [(True,)])
        check = await station(home, "check")
        assert check[0] == 0, check
        assert await rows(home, "SELECT code FROM alarm WHERE code LIKE 'evidence%'") == []


async def test_a_station_with_an_empty_disk_goes_on_where_the_centre_ends(home):
    async with centre(home) as machines:
        configured(home, machines)
        old = signing_key(await enrolled(home, machines))
        async with running_station(home):
            await until(home, HAS.format("kind = 'start'"), [(True,)])
        async with running_station(home):
            await until(home, HAS.format("kind = 'stop'"), [(True,)])
        ((last,),) = await rows(home, "SELECT last_seq FROM node WHERE node = 'linhe'")

        shutil.rmtree(home / "linhe/data")
        new = signing_key(await enrolled(home, machines))
        async with running_station(home):
            await until(home, HAS.format(SIGNED_BY.format(new.key_id)), [(True,)])

        keys = "SELECT key_id, from_seq, until_seq FROM node_key WHERE node = 'linhe' ORDER BY 2"
        (first, second) = await rows(home, keys)
        ((quarantined,),) = await rows(home, "SELECT quarantined_at FROM node WHERE node = 'linhe'")
        audit = await central(home, "audit", "--json")
        check = await station(home, "check")

    assert (first[0], second[0], quarantined) == (old.key_id, new.key_id, None)
    assert first[2] + 1 == second[1] > last
    assert json.loads(audit[1])["findings"] == [], audit
    assert check[0] == 0, check


async def test_a_key_revoked_from_an_entry_on_is_good_before_it_alone(home):
    async with centre(home) as machines:
        made = EnrolledStation(await enrolled(home, machines))
        for number in range(1, 7):
            made.write(Kind.START, Run(program="p", detail=str(number)))
        for number in (1, 2):
            code, _, err = await add_officer(home / "central.toml", number=f"HQ{number}")
            assert (code, err) == (0, "")
        key_id = made.sealer.signer.key_id
        revoke = ["--node", "linhe", "--key-id", key_id, "--reason", "被盗", "--officers"]
        async with made.line(machines) as line:
            first = await line.post("/api/ingest", content=made.batch(last=3))
            alone = await central(home, "revoke-key", "--from-seq", "5", *revoke, "HQ1", "HQ1")
            stranger = await central(home, "revoke-key", "--from-seq", "5", *revoke, "HQ1", "HQ9")
            done = await central(home, "revoke-key", "--from-seq", "5", *revoke, "HQ1", "HQ2")
            before = await line.post("/api/ingest", content=made.batch(4, 4))
            at = await line.post("/api/ingest", content=made.batch(5, 5))
            after = await line.post("/api/ingest", content=made.batch(5))
            earlier = await central(home, "revoke-key", "--from-seq", "3", *revoke, "HQ1", "HQ2")
            later = await central(home, "revoke-key", "--from-seq", "4", *revoke, "HQ1", "HQ2")

        assert [code for code, _, _ in (alone, stranger)] == [1, 1]
        assert "case.two_officers_required" in alone[2]
        assert (done[0], done[2]) == (0, "")
        assert "此前已收到" not in done[1]
        assert [one.status_code for one in (first, before, at, after)] == [200, 200, 422, 422]
        assert at.json()["code"] == after.json()["code"] == "evidence.key_not_good"
        assert "第3条至第4条此前已收到" in earlier[1]
        assert (later[0], "facts.invalid" in later[2]) == (1, True)
        held = "SELECT seq FROM entry WHERE node = 'linhe' ORDER BY seq"
        assert await rows(home, held) == [(1,), (2,), (3,), (4,)]
        alarms = "SELECT node, seq, code, detail FROM alarm ORDER BY alarm_id"
        assert await rows(home, alarms) == [
            ("linhe", 5, "evidence.key_not_good", key_id),
            ("linhe", 3, "key.revoked_held", f"{key_id} #3–#4"),
        ]
        said = "SELECT kind FROM entry WHERE node = 'centre' ORDER BY seq"
        assert await rows(home, said) == [("enrolment",), ("key_revoked",), ("key_revoked",)]


async def test_a_revoked_certificate_opens_no_line_and_a_new_token_mends_it(home):
    async with centre(home) as machines:
        made = EnrolledStation(await enrolled(home, machines))
        made.write(Kind.START, Run(program="p", detail=""))
        async with made.line(machines) as line:
            assert (await line.post("/api/ingest", content=made.batch())).status_code == 200
            code, out, err = await central(
                home, "revoke-certificate", "--node", "linhe", "--reason", "x"
            )
            refused = await line.post("/api/ingest", content=made.batch())
        await enrolled(home, machines)
        async with made.line(machines) as line:
            again = await line.post("/api/ingest", content=made.batch())

    assert (code, err, "linhe" in out) == (0, "", True)
    assert (refused.status_code, refused.json()["code"]) == (403, "access.certificate_revoked")
    assert again.status_code == 200


async def test_the_register_of_keys_is_a_file_and_a_page(home):
    async with centre(home) as machines:
        key = signing_key(await enrolled(home, machines))
        config = home / "central.toml"
        config.write_text(config.read_text("utf-8") + WITNESS, "utf-8")
        data, page = home / "keys.json", home / "keys.txt"
        code, out, err = await central(home, "keys", "-o", str(data), "--paper", str(page))
        shown = await central(home, "keys")

    assert (code, out, err) == (0, "", "")
    register = json.loads(data.read_text("utf-8"))
    assert shown[1] == data.read_text("utf-8")
    assert register["format"] == "zhichao-keys-1"
    checked = verifier_register(data.read_bytes())  # by the program that shares nothing with ours
    assert checked.key("linhe", key.key_id, 1, "entry", "") == key.public_key
    assert list(checked.witnesses) == ["police"]
    (own,) = register["log"]["keys"]
    assert set(own) == {"key_id", "alg", "public_key"}
    witness = {"name": "police", "public_key": "ab" * 32}
    assert (register["log"]["node"], register["witnesses"]) == ("centre", [witness])
    (linhe,) = [one for one in register["nodes"] if one["node"] == "linhe"]
    assert linhe == {
        "node": "linhe",
        "name": "临河",
        "road": "G6",
        "keys": [
            {
                "key_id": key.key_id,
                "alg": "ed25519",
                "public_key": key.public_key.hex(),
                "from_seq": 1,
                "until_seq": None,
                "revoked_from_seq": None,
                "reason": "",
            }
        ],
    }
    paper = page.read_text("utf-8")
    words = fingerprint(key.public_key).split()
    assert "  ".join(words[:8]) in paper
    assert "  ".join(words[8:]) in paper
    assert paper.count("____") >= 2
    assert paper.count("第1条起 现用") == 2
    assert "条止" not in paper
    assert "  police" in paper
    assert fingerprint(bytes.fromhex(own["public_key"])).split()[0] in paper
    code, out, _ = await station(home, "key")
    assert out.splitlines() == [key.key_id, fingerprint(key.public_key), key.public_key.hex()]


async def test_what_goes_wrong_at_enrolment_is_said_in_chinese(home):
    async with centre(home) as machines:
        path = home / "linhe/station.toml"
        path.write_text(STATION.format(node="linhe", url=machines), "utf-8")
        code, _, err = await central(home, "enrol-token", "--node", "nobody")
        assert (code, err.split(":")[0]) == (1, "station.unknown")
        _, token, _ = await central(home, "enrol-token", "--node", "linhe")
        secret, _, pin = token.strip().partition(".")
        wrong = [
            (f"{secret}.{'0' * 64}", "uplink.wrong_centre"),
            (f"{'a' * 43}.{pin}", "enrol.token_unknown"),
            ("", "enrol.token_unknown"),
        ]
        for text, expected in wrong:
            code, out, err = await station(home, "enrol", "--token-stdin", given=text + "\n")
            assert (code, out) == (1, "")
            assert f"[{expected}" in err
        assert (await station(home, "enrol", "--token-stdin", given=token))[0] == 0
        code, _, err = await station(home, "enrol", "--token-stdin", given=token)
        assert (code, err.count("enrol.token_used")) == (1, 1), err
        assert err.count("登记口令已使用过") == 1
