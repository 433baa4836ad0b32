"""The audit as it is started, against files that were handed in."""

import asyncio
import json
import sys
from pathlib import Path

import asyncpg
import msgspec
import pytest

from central.bootstrap import opened, own_key
from central.settings import load
from central.store.embedded import Place, running
from station.contract.uplink import sign_receipt
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
    """Give a configuration, its running database, and the receipts of ten entries."""
    station = FakeStation()
    with short_folder() as folder:
        config = folder / "central.toml"
        config.write_text(CONFIG, "utf-8")
        settings = load(config)
        async with opened(settings) as database:
            centre = Headquarters(database, station)
            await centre.archive.enrol([station.enrolment])
            receipts = []
            for number in range(10):
                station.weigh(f"p{number}")
                acknowledged = await centre.accept(station.batch(number + 1))
                receipts.append(sign_receipt(acknowledged.receipt, own_key(settings)))
            path = folder / "receipts.json"
            path.write_bytes(msgspec.json.encode(receipts))
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
    await insider.execute("SET session_replication_role = replica")
    await insider.execute("ALTER TABLE entry_2026_03 DISABLE TRIGGER ALL")
    assert await insider.execute("DELETE FROM entry_2026_03 WHERE seq > 8") == "DELETE 2"
    await insider.close()

    code, out, _ = await audit(config, "--receipts", str(receipts))

    assert code == 1
    assert "audit.receipts: 审计发现linhe的记录与站点持有的回执不符" in out
    assert "linhe#9-10 tail" in out


async def test_a_file_that_is_none_is_said_in_one_line(held):
    config, _, _ = held

    code, _, err = await audit(config, "--receipts", str(config))

    assert code == 1
    assert err.splitlines()[-1].startswith("facts.invalid: ")
