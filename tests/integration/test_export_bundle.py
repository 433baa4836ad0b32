"""The bundle of a case, by both programs' own commands, and what the stand-alone verifier says."""

import asyncio
import io
import json
import sys
import zipfile
from datetime import datetime

import pytest

from station.bootstrap.opening import SystemClock, open_store, open_to_read
from station.contract.bundle import zipped
from tests.case_files import ABOUT, AGAIN, CASE, CROP, SCENE, named, write_case
from tests.central_program import CONFIG, ROOT
from tests.integration.test_key_commands import (
    central,
    centre,
    enrolled,
    rows,
    running_station,
    station,
    until,
)
from tests.migration.central_kit import short_folder

QUICK = CONFIG.replace('name = "治超办"', 'name = "治超办"\ncheckpoint_every_s = 0.2')
COVERED = "SELECT coalesce(max(log_size), 0) >= (SELECT size FROM log) FROM checkpoint"
OWN = "SELECT count(*) FROM entry WHERE node = 'centre' AND kind IN ({})"
SEEN = "'unloading_form', 'decision_in_force'"


@pytest.fixture
def home():
    with short_folder() as folder:
        (folder / "central.toml").write_text(QUICK, "utf-8")
        (folder / "linhe").mkdir()
        yield folder


async def written(settings):
    stored = open_store(settings)
    try:
        return await write_case(stored, SystemClock())
    finally:
        stored.close()


async def begun(settings):
    """Wait until the station that runs has written its start."""
    for _ in range(300):
        stored = open_to_read(settings)
        try:
            entries = await stored.ledger.entries_after(0, 1000)
        finally:
            stored.close()
        if entries[-1].kind != "case_act":
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the station did not start")


async def verify(path, keys, *more):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "verifier",
        str(path),
        "--register",
        str(keys),
        *more,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def keys(home):
    code, _, err = await central(home, "keys", "-o", str(home / "keys.json"))
    assert (code, err) == (0, ""), err
    return home / "keys.json"


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def altered(data, name):
    """Change one bit of a file: as it lies in the archive, and packed anew as it should be."""
    files = members(io.BytesIO(data))
    content = files[name]
    place = data.index(content) + len(content) // 2
    yield "archive.form", data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    middle = len(content) // 2
    files[name] = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    made_at = datetime.fromisoformat(json.loads(files["manifest.json"])["made_at"])
    yield "manifest.digest", zipped(files, made_at)


async def test_both_ends_export_what_the_verifier_passes(home):
    station_zip, central_zip = home / "linhe.zip", home / "centre.zip"
    async with centre(home) as machines:
        settings = await enrolled(home, machines)
        seq = await written(settings)
        async with running_station(home):
            await until(home, f"SELECT last_seq > {seq} FROM node WHERE node = 'linhe'", [(True,)])
            await until(home, OWN.format(SEEN), [(2,)])
            # The station has taken the centre's answer into the case, and delivered that, too.
            await until(home, "SELECT penalty FROM joint_case", [("in_force",)])
            await until(home, COVERED, [(True,)])
            await pictures(home)
            code, out, err = await station(
                home, "export-bundle", "--case", CASE, "-o", str(station_zip)
            )
            assert (code, err) == (0, ""), err
            about = ABOUT + 1
            assert f"记录{about}条（{about}条有公证日志证明），影像3件" in out
            again = await station(home, "export-bundle", "--case", CASE, "-o", str(station_zip))
            assert (again[0], "bundle.exists" in again[2]) == (1, True)
        code, _, err = await central(home, "export-bundle", "--case", "NO", "-o", str(central_zip))
        assert (code, err) == (1, "bundle.case_unknown: 没有案件NO，请核对案件编号。\n")
        code, out, err = await central(
            home, "export-bundle", "--case", CASE, "--node", "linhe", "-o", str(central_zip)
        )
        assert (code, err) == (0, ""), err
        assert f"记录{about + 2}条（{about + 2}条有公证日志证明），影像3件" in out

    # The centre is stopped, and another key signs for it: what the old one signed still counts.
    later_zip = home / "later.zip"
    code, _, err = await central(home, "rotate-key")
    assert (code, err) == (0, ""), err
    code, _, err = await central(home, "export-bundle", "--case", CASE, "-o", str(later_zip))
    assert (code, err) == (0, ""), err
    register = await keys(home)
    for path in (station_zip, central_zip, later_zip):
        code, out = await verify(path, register)
        assert (code, out.splitlines()[0]) == (0, "通过"), out
        found = members(path)
        assert {name for name in found if name.startswith("media/")} == {
            f"media/{named(data)}" for data in (SCENE, CROP, AGAIN)
        }
        assert len(json.loads(found["personal.json"])) == 2
        assert found["cover.pdf"].startswith(b"%PDF")
    spoilt = home / "spoilt.zip"
    for name in (f"media/{named(SCENE)}", "entries.jsonl", "receipts.json", "cover.pdf"):
        for code, data in altered(station_zip.read_bytes(), name):
            spoilt.write_bytes(data)
            verdict, said = await verify(spoilt, register)
            assert (verdict, said.splitlines()[0], code in said) == (1, "不通过", True), said


async def pictures(home):
    for _ in range(100):
        kept = [one for one in (home / "data/recordings").rglob("*") if one.suffix != ".part"]
        if sum(one.is_file() for one in kept) >= 4:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the pictures did not come")


async def test_nobody_but_the_station_at_three_in_the_morning(home):
    async with centre(home) as machines:
        settings = await enrolled(home, machines)
        register = await keys(home)
    await written(settings)
    out = home / "night.zip"
    async with running_station(home):
        await begun(settings)
        code, said, err = await station(home, "export-bundle", "--case", CASE, "-o", str(out))
    assert (code, err) == (0, ""), err
    assert "治超办中心暂不可达，未附公证日志证明" in said
    assert "checkpoint.txt" not in members(out)
    assert (await verify(out, register))[0] == 1
    code, verdict = await verify(out, register, "--offline")
    assert (code, verdict.splitlines()[0]) == (0, "通过（未经公证日志证明）")
    assert await rows(home, "SELECT count(*) FROM entry WHERE node = 'linhe'") == [(0,)]
