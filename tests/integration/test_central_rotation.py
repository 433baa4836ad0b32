"""The centre changes its own key; stations, witness, audit and verifier go on without a stop."""

import asyncio
import json
import socket

import httpx
import pytest

from central.bootstrap import _prepare, opened
from central.bootstrap.own import key_place, own_key
from central.settings import load
from central.store.claim import alone, working
from central.store.own_key import FORMER, NAME, NEXT
from simulators.demo.ledgers import station_entries
from station.contract.entries import Kind
from station.contract.signature import Ed25519Verifier
from station.contract.uplink import Receipt, check_receipt
from station.domain.errors import SettingsError
from station.settings import read_settings
from tests.central_program import CONFIG
from tests.integration.test_key_commands import (
    central,
    centre,
    enrolled,
    rows,
    running_station,
    station,
    until,
)
from tests.integration.test_witness_program import (
    PUBLIC,
    WITNESS_CONFIG,
    address_in,
    program,
)
from tests.migration.central_kit import short_folder
from tests.witnesses import key_file
from verifier.register import register as verifier_register

SEQ = "SELECT last_seq FROM node WHERE node = 'linhe'"
MORE = "SELECT last_seq > {} FROM node WHERE node = 'linhe'"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def home():
    """A centre whose addresses stay when it starts again."""
    with short_folder() as folder:
        people, machines = free_port(), free_port()
        text = CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{people}", 1)
        text = text.replace("127.0.0.1:0", f"127.0.0.1:{machines}", 1)
        text = text.replace('data_dir = "data"', 'data_dir = "data"\ncheckpoint_every_s = 0.2', 1)
        text += f'[[witnesses]]\nname = "discipline"\npublic_key = "{PUBLIC.hex()}"\n'
        (folder / "central.toml").write_text(text, "utf-8")
        (folder / "linhe").mkdir()
        (folder / "people").write_text(f"http://127.0.0.1:{people}")
        yield folder


async def witnessed(url, size):
    """Wait until the witness has taken in a log of more than *size* leaves; return its size."""
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while True:
            state = (await client.get(f"{url}/state")).json()
            assert state["refusals"] == 0, state
            if state["status"] == "ok" and state["size"] > size:
                return state["size"]
            await asyncio.sleep(0.1)


async def receipts_by(home, key):
    """Wait until the station holds a receipt by *key*; return all of them, as text too."""
    async with asyncio.timeout(60):
        while True:
            code, text, err = await station(home, "receipts")
            assert (code, err) == (0, ""), err
            found = [Receipt(**json.loads(line)) for line in text.splitlines()]
            if found and found[-1].key_id == key.key_id:
                return text, found
            await asyncio.sleep(0.2)


async def outage_noticed(home):
    """Wait until the station has written down that the centre is away."""
    store = read_settings(home / "linhe/station.toml").station.data_dir / "station.sqlite"
    for _ in range(300):
        if any(one.kind == Kind.OUTAGE_BEGIN.value for one in station_entries(store)):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("no outage is written")


async def test_everybody_follows_a_new_key_and_what_the_old_one_signed_stands(home):
    settings = load(home / "central.toml")
    async with centre(home) as machines:
        await enrolled(home, machines)
        old = own_key(settings)
        busy = await central(home, "rotate-key")
        config = home / "witness.toml"
        text = WITNESS_CONFIG.format(url=(home / "people").read_text(), key=old.public_key.hex())
        config.write_text(text)
        key_file(home / "book/witness.key")
    async with (
        program("witness", "--config", config) as (_, line),
        running_station(home),
    ):
        async with centre(home):
            await until(home, MORE.format(0), [(True,)])
            size = await witnessed(address_in(line), 0)
            ((seq,),) = await rows(home, SEQ)
            before = await receipts_by(home, old)
        await outage_noticed(home)
        code, out, err = await central(home, "rotate-key")
        new = own_key(settings)
        async with centre(home):
            await until(home, MORE.format(seq), [(True,)])  # the outage, told with a new receipt
            await witnessed(address_in(line), size + 1)
            after = await receipts_by(home, new)
    assert (busy[0], "settings" in busy[2]) == (1, True)
    assert (code, err) == (0, ""), err
    assert new.key_id != old.key_id
    assert new.key_id in out

    for (_, receipts), key in ((before, old), (after, new)):
        check_receipt(receipts[-1], Ed25519Verifier(key.public_key))
    (home / "receipts.jsonl").write_text(before[0] + after[0], "utf-8")
    found = await central(
        home,
        "audit",
        "--json",
        "--receipts",
        str(home / "receipts.jsonl"),
        "--witness",
        str(home / "book/checkpoints.jsonl"),
    )
    assert (found[0], json.loads(found[1])["findings"]) == (0, []), found
    assert (await central(home, "keys", "-o", str(home / "keys.json")))[0] == 0
    known = verifier_register((home / "keys.json").read_bytes())
    assert list(known.log_keys) == [old.key_id, new.key_id]
    alarms = "SELECT code FROM alarm WHERE code LIKE 'evidence%' OR code LIKE 'audit%'"
    assert await rows(home, alarms) == []


async def test_a_rotation_that_a_power_cut_halved_is_completed_at_the_next_start(home):
    """The entry is durable, and the new key still lies beside the old one."""
    settings, folder = load(home / "central.toml"), home / "data"
    assert (await central(home, "rotate-key"))[0] == 0
    first = (folder / FORMER).read_text()
    before = own_key(settings)
    place = key_place(settings)
    aside = (folder / NAME).read_bytes()
    code, _, err = await central(home, "rotate-key")
    assert (code, err) == (0, ""), err
    after = own_key(settings)
    (folder / NEXT).write_bytes((folder / NAME).read_bytes())
    (folder / NAME).write_bytes(aside)
    for path in (folder / NAME, folder / NEXT):
        path.chmod(0o600)
    (folder / FORMER).write_text(first)
    assert own_key(settings).key_id == before.key_id

    async with opened(settings) as database:
        await _prepare(settings, database)

    assert own_key(settings).key_id == after.key_id
    assert place.former()[-1] == before.public_key
    assert len(place.former()) == 2
    assert not (folder / NEXT).exists()
    assert (await central(home, "audit", "--json"))[0] == 0


async def test_a_centre_whose_key_is_gone_says_so_and_signs_nothing(home):
    folder = home / "data"
    async with opened(load(home / "central.toml")):
        aside = (folder / NAME).read_bytes()
    assert (await central(home, "rotate-key"))[0] == 0
    (folder / NAME).write_bytes(aside)

    code, _, err = await central(home, "enrol-token", "--node", "linhe")

    assert (code, err.split(":")[0]) == (1, "settings")
    assert "is not here" in err


def test_nobody_works_beside_a_rotation_nor_a_rotation_beside_somebody(tmp_path):
    with working(tmp_path), working(tmp_path), pytest.raises(SettingsError), alone(tmp_path):
        pass
    with alone(tmp_path):
        for claim in (working, alone):
            with pytest.raises(SettingsError), claim(tmp_path):
                pass
    with working(tmp_path):
        pass


@pytest.mark.parametrize("text", ["zz", "00", "ä"])
def test_a_list_of_old_keys_that_is_none_is_refused(home, text):
    settings = load(home / "central.toml")
    (home / "data").mkdir()
    (home / "data" / FORMER).write_text(text, "utf-8")
    with pytest.raises(SettingsError):
        key_place(settings).former()
