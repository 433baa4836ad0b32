"""The audit as it is started, against files that were handed in."""

import asyncio
import hashlib
import json
import sys
from pathlib import Path

import asyncpg
import msgspec
import pytest

from central.bootstrap import opened
from central.settings import load
from central.store.embedded import Place, running
from central.store.pool import pool
from station.contract.entries import Picture
from tests.migration.audit_kit import Audited, free_hand, settle
from tests.migration.central_kit import FakeStation, Headquarters, short_folder

ROOT = Path(__file__).parents[2]
CONFIG = """
[central]
listen = "127.0.0.1:0"
name = "治超办"
data_dir = "data"
[[stations]]
node = "linhe"
name = "临河"
road = "G6"
"""


async def audit(config, *arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "central",
        "audit",
        "--config",
        str(config),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.fixture(scope="module")
async def held():
    """Give a configuration, the folder of its running database, and receipts of ten entries."""
    station = FakeStation()
    with short_folder() as folder:
        config = settle(folder, CONFIG)
        settings = load(config)
        async with opened(settings) as database:
            audited = Audited(database, station)
            await audited.enrol()
            for number in range(10):
                station.weigh(f"p{number}")
                await audited.send(station, number + 1)
            path = folder / "receipts.json"
            path.write_bytes(msgspec.json.encode(audited.receipts))
            yield config, settings.central.data_dir, path


async def test_an_honest_centre_passes_with_its_stations_receipts(held):
    config, _, receipts = held

    code, out, err = await audit(config, "--receipts", str(receipts), "--json")

    report = json.loads(out)
    assert (code, report["findings"]) == (0, []), err
    assert report["receipts"] == 10
    assert report["entries"] >= 10
    assert report["walk_per_s"] > 0


async def test_a_cut_off_tail_is_named_and_the_program_ends_with_one(held):
    config, data_dir, receipts = held
    dsn = await running(Place(data_dir=data_dir))
    insider = await asyncpg.connect(dsn.replace("zhichao@", "postgres@"))
    await free_hand(insider)
    assert await insider.execute("DELETE FROM entry WHERE node = 'linhe' AND seq > 8") == "DELETE 2"
    await insider.close()

    code, out, _ = await audit(config, "--receipts", str(receipts))

    assert code == 1
    assert "audit.receipts: 审计发现linhe的记录与站点持有的回执不符" in out
    assert "linhe#9-10 tail" in out


async def test_a_shown_weight_that_was_changed_is_named_though_the_entry_was_not(held):
    config, data_dir, _ = held
    dsn = await running(Place(data_dir=data_dir))
    insider = await asyncpg.connect(dsn.replace("zhichao@", "postgres@"))
    await free_hand(insider)
    changed = "UPDATE passage SET gross_kg = 48000 WHERE passage_id = 'p3'"
    assert await insider.execute(changed) == "UPDATE 1"
    await insider.close()

    code, out, _ = await audit(config)

    assert code == 1
    assert "audit.views: 审计发现linhe的展示数据与记录不符" in out
    assert "linhe#4 passage p3" in out


async def test_a_recording_that_was_changed_is_named_with_its_entry(held):
    config, data_dir, _ = held
    dsn = await running(Place(data_dir=data_dir))
    data = b"picture"
    sha256 = hashlib.sha256(data).hexdigest()
    shown = Picture(sha256=sha256, role="scene", media_type="image/jpeg", size=7, taken_at="x")
    station = FakeStation("wuhai", key=9)
    station.weigh(pictures=[shown])
    async with pool(dsn) as database:
        await Audited(database, station).enrol()
        await Headquarters(database, station).accept(station.batch())
    path = data_dir / "recordings" / sha256[:2] / sha256
    path.parent.mkdir(parents=True)
    path.write_bytes(b"another")

    code, out, _ = await audit(config)

    assert code == 1
    assert "audit.media: 审计发现wuhai的记录所指的影像在中心缺失或被改动" in out
    assert f"wuhai#1 changed {sha256}" in out


async def test_a_file_that_is_none_is_said_in_one_line(held):
    config, _, _ = held

    code, _, err = await audit(config, "--receipts", str(config))

    assert code == 1
    assert err.splitlines()[-1].startswith("facts.invalid: ")
