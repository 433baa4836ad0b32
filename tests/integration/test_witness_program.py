"""A witness and a centre, each as it is started: the line between them, and an inside job."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from central.bootstrap import opened
from central.settings import load
from central.store.embedded import Place, running
from station.contract.checkpoint import cosignatures, read_note
from station.contract.signature import Ed25519Signer
from station.domain.merkle import EMPTY
from tests.migration.audit_kit import Audited, settle
from tests.migration.central_kit import CENTRE, short_folder
from tests.witnesses import WITNESS_KEY, key_file

ROOT = Path(__file__).parents[2]
PUBLIC = Ed25519Signer(WITNESS_KEY).public_key
CENTRE_CONFIG = f"""
[central]
listen = "127.0.0.1:0"
name = "治超办"
data_dir = "data"
checkpoint_every_s = 0.1
[machines]
listen = "127.0.0.1:0"
[[witnesses]]
name = "discipline"
public_key = "{PUBLIC.hex()}"
"""
WITNESS_CONFIG = """
[witness]
listen = "127.0.0.1:0"
name = "discipline"
data_dir = "book"
every_s = 0.1
[log]
url = "{url}"
origin = "zhichao-centre"
public_keys = ["{key}"]
"""


@contextlib.asynccontextmanager
async def program(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "central",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(120):
            yield process, (await process.stdout.readline()).decode()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def address_in(line):
    return next(word for word in line.split() if word.startswith("http://"))


async def until(url, holds):
    async with asyncio.timeout(30), httpx.AsyncClient(timeout=10) as client:
        while True:
            answer = await client.get(url)
            if answer.is_success and holds(answer):
                return answer
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def both():
    """Give the centre's address and data, a running witness with its address, and its folder."""
    with short_folder() as folder:
        centre = settle(folder, CENTRE_CONFIG)
        async with opened(load(centre)) as database:
            audited = Audited(database)
            await audited.enrol()
            await audited.deliver(5)
        async with program("run", "--config", centre) as (_, line):
            url = address_in(line)
            config = folder / "witness.toml"
            key = CENTRE.signer.public_key.hex()
            config.write_text(WITNESS_CONFIG.format(url=url, key=key), "utf-8")
            key_file(folder / "book/witness.key")
            async with program("witness", "--config", config) as (witness, line):
                assert PUBLIC.hex() in line
                yield url, folder, witness, address_in(line)


async def test_it_takes_in_a_checkpoint_cosigns_it_and_the_centre_carries_the_line(both):
    url, folder, _, witness = both

    shown = await until(f"{witness}/checkpoint", lambda answer: True)
    carried = await until(f"{url}/api/log/checkpoint", lambda a: "— discipline" in a.text)

    assert read_note(shown.content, [CENTRE.signer.public_key]).size > 0
    for note in (shown, carried):
        assert cosignatures(note.content, {"discipline": PUBLIC}).keys() == {"discipline"}
    state = (await until(f"{witness}/state", lambda answer: True)).json()
    assert (state["status"], state["refusals"], state["message"]) == ("ok", 0, "")
    lines = (await until(f"{witness}/checkpoints?after=0", lambda answer: True)).content
    assert lines == (folder / "book/checkpoints.jsonl").read_bytes()
    async with httpx.AsyncClient(base_url=witness) as client:
        for after in ("-1", "x", str(2**63)):
            answer = await client.get("/checkpoints", params={"after": after})
            assert answer.status_code == 400


async def test_what_nobody_known_has_signed_is_not_taken_by_the_centre(both):
    url, _, _, _ = both
    async with httpx.AsyncClient(base_url=f"{url}/api/log") as client:
        note = (await client.get("/checkpoint")).content
        moved = note.replace(b"zhichao-centre", b"zhichao-other")
        for body, status in ((b"nothing", 422), (b"\xff", 422), (moved, 422), (note, 204)):
            answer = await client.post("/cosignature", content=body)
            assert answer.status_code == status
        assert (await client.get("/checkpoint")).content == note


async def test_a_log_that_a_superuser_has_taken_back_is_refused_with_an_alarm(both):
    """The rows go, the heads fit, the centre's own key signs: only the witness can know."""
    _, folder, program, witness = both
    dsn = await running(Place(data_dir=folder / "data"))
    insider = await asyncpg.connect(dsn.replace("zhichao@", "postgres@"))
    other = EMPTY.extended(bytes([number]) * 32 for number in range(3))
    async with insider.transaction():
        await insider.execute("UPDATE log SET size = $1, peaks = $2", 3, list(other.peaks))
        await insider.execute("DELETE FROM checkpoint")
    await insider.close()

    state = (await until(f"{witness}/state", lambda a: a.json()["refusals"] > 0)).json()
    line = (await asyncio.wait_for(program.stderr.readline(), 30)).decode()

    assert (state["status"], state["refused_code"]) == ("refused", "witness.shrunk")
    assert f"原有{state['size']}条，现称3条" in state["message"]
    assert line == f"witness.shrunk: {state['message']}\n"
    assert (folder / "book/refused.jsonl").stat().st_size > 0


async def test_it_ends_by_a_signal_and_gives_its_book_free(both):
    _, _, program, _ = both
    program.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(program.wait(), 30) == 0
