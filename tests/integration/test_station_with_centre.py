"""Both programs as they are: old disks, forks, published lists, pictures, a case to its end."""

import asyncio
import contextlib
import hashlib
import json
import shutil
from datetime import UTC, date, datetime
from urllib.parse import quote

import httpx
import msgspec
import pytest

from simulators.demo.installation import calendar
from simulators.demo.ports import ReservedPorts
from station.application.ports import Draft
from station.bootstrap.opening import open_store
from station.contract.entries import Kind, Picture, Watched, WatchList, read
from station.contract.sealing import local_day
from station.domain.procedure import Act
from tests.central_program import PASSWORD, authenticator_in, command
from tests.fakes import passage
from tests.integration.test_central_program import CONFIG
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
from tests.torture.node import Author

LAST = "SELECT last_seq FROM node WHERE node = 'linhe'"
PICTURE = bytes(range(256)) * 1000


async def write(settings, *passages):
    """Write to the store of a station that does not run, without asking the centre."""
    stored = open_store(settings)
    try:
        picture = Picture(
            sha256=await stored.media.keep(PICTURE),
            role="scene",
            media_type="image/jpeg",
            size=len(PICTURE),
            taken_at="2026-03-01T04:00:00.000Z",
        )
        made = [passage(one, pictures=[picture]) for one in passages]
        await stored.ledger.append(*(Draft(Kind.PASSAGE, one) for one in made))
        return (await stored.ledger.head()).seq
    finally:
        stored.close()


async def ledger(settings):
    stored = open_store(settings)
    try:
        return await stored.ledger.entries_after(0, 1000)
    finally:
        stored.close()


async def deliver(home, seq):
    """Run the station until the centre has *seq* and whatever it writes at its start."""
    async with running_station(home):
        await until(home, f"SELECT last_seq > {seq} FROM node WHERE node = 'linhe'", [(True,)])


async def arrived(stored, seq):
    """Tell whether the pictures are at the centre, and its ledger is here."""
    return await stored.outbox.media_sent() >= seq and (await stored.centre.head()).seq > 0


async def eventually(ask):
    for _ in range(300):
        if await ask():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("never")


@pytest.fixture
async def running():
    with short_folder() as home:
        (home / "central.toml").write_text(CONFIG, "utf-8")
        (home / "linhe").mkdir()
        async with centre(home) as machines:
            yield home, await enrolled(home, machines)


async def test_a_disk_from_a_backup_goes_on_without_a_fork(running):
    home, settings = running
    data, backup = home / "linhe/data", home / "backup"
    await deliver(home, await write(settings, "p1"))
    shutil.copytree(data, backup)
    await deliver(home, await write(settings, "p2", "p3"))
    before = await ledger(settings)
    shutil.rmtree(data)
    shutil.copytree(backup, data)

    code, _, err = await station(home, "retain")  # a command that may write asks first, too
    assert (code, "came back" in err) == (0, True)
    after = await ledger(settings)
    assert len(after) >= len(before) - 1  # but the stop entry, which may not have been delivered
    assert [one.digest for one in after] == [one.digest for one in before][: len(after)]
    await deliver(home, len(after))
    assert await rows(home, "SELECT quarantined_at FROM node WHERE node = 'linhe'") == [(None,)]
    assert (await station(home, "check"))[0] == 0


async def test_a_forked_station_works_on_and_rejoins_by_command(running):
    home, settings = running
    data, backup = home / "linhe/data", home / "backup"
    await deliver(home, await write(settings, "p1"))
    shutil.copytree(data, backup)
    await deliver(home, await write(settings, "p2"))
    shutil.rmtree(data)
    shutil.copytree(backup, data)
    await write(settings, "ours")  # past every check: the disk writes on from the backup

    async with running_station(home):
        fork = "SELECT quarantined_at IS NOT NULL FROM node WHERE node = 'linhe'"
        await until(home, fork, [(True,)])
    ours = await ledger(settings)
    assert ours[-1].kind == "stop"  # it went on to its end
    code, out, err = await station(home, "rejoin", "--reason", "旧备份上线")
    assert (code, err) == (0, ""), err
    assert "另存" in out
    now = await ledger(settings)
    rejoin = read(now[-1])[1]
    assert rejoin.reason == "旧备份上线"
    assert set(rejoin.set_aside) <= {one.digest for one in ours}
    held = await rows(home, "SELECT seq, body FROM entry WHERE node = 'linhe' ORDER BY seq")
    assert held == [(one.seq, one.body) for one in now[:-1]]
    code, _, err = await station(home, "rejoin", "--reason", "x")
    assert (code, "evidence.no_fork" in err) == (1, True)


async def test_pictures_follow_their_entries_and_a_published_list_comes_down(running):
    home, settings = running
    seq = await write(settings, "p1", "p2")
    listed = WatchList(watched=[Watched(plate="蒙L12345", reason="x", until="2099-12-31")])
    (home / "list.json").write_bytes(msgspec.json.encode(listed))
    code, _, err = await central(
        home, "publish", "--kind", "watch_list", "--in", str(home / "list.json")
    )
    assert (code, err) == (0, "")
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    async with running_station(home):
        stored = open_store(settings)
        try:
            await eventually(lambda: arrived(stored, seq))
        finally:
            stored.close()
    kept = [path for path in (home / "data/recordings").rglob("*") if path.name.startswith(sha256)]
    assert [path.read_bytes() for path in kept] == [PICTURE]
    code, receipts, _ = await station(home, "receipts")
    assert code == 0
    (home / "receipts.jsonl").write_text(receipts, "utf-8")
    code, out, _ = await central(
        home, "audit", "--json", "--receipts", str(home / "receipts.jsonl")
    )
    assert (code, json.loads(out)["findings"]) == (0, [])
    stored = open_store(settings)
    try:
        assert await stored.outbox.receipts(seq, seq + 9) != []
        assert await stored.centre.watched("蒙L12345", date(2026, 3, 1)) == listed.watched[0]
    finally:
        stored.close()


async def copy(source, target):
    """Copy a folder with owners and rights: a database is its own user's."""
    process = await asyncio.create_subprocess_exec("cp", "-a", str(source), str(target))
    assert await process.wait() == 0


async def test_a_centre_from_a_backup_gets_everything_again_and_the_contradiction_stands(tmp_path):
    with short_folder() as home:
        (home / "central.toml").write_text(CONFIG, "utf-8")
        (home / "linhe").mkdir()
        async with centre(home) as machines:
            port = machines.rpartition(":")[2]
            settings = await enrolled(home, machines)
            await deliver(home, await write(settings, "p0"))
        await copy(home / "data", tmp_path / "backup")
        listening = CONFIG.replace(
            '[machines]\nlisten = "127.0.0.1:0"', f'[machines]\nlisten = "127.0.0.1:{port}"'
        )
        (home / "central.toml").write_text(listening, "utf-8")
        async with centre(home):
            await deliver(home, await write(settings, *(f"p{n}" for n in range(1, 51))))
        (_, receipts, _) = await station(home, "receipts")
        shutil.rmtree(home / "data")
        await copy(tmp_path / "backup", home / "data")
        async with centre(home):
            seq = await write(settings, "last")
            await deliver(home, seq + 2)  # its start, and what it writes of the contradiction
            ours = await ledger(settings)
            held = await rows(home, "SELECT seq, body FROM entry WHERE node = 'linhe' ORDER BY seq")
            assert held == [(one.seq, one.body) for one in ours[: len(held)]]
            told = [read(e)[1] for e in ours if e.kind == Kind.CENTRE_CONTRADICTION.value]
            whats = [one.what for one in told]
            # Whether a checkpoint was signed, and seen, in between is a matter of time.
            assert sorted(set(whats) - {"checkpoint"}) == ["asked_again"]
            alarm = "SELECT count(*) > 0 FROM alarm WHERE code = 'evidence.centre_contradicts'"
            await until(home, alarm, [(True,)])
            assert await rows(home, "SELECT quarantined_at FROM node WHERE node = 'linhe'") == [
                (None,)
            ]
            (home / "receipts.jsonl").write_text(receipts, "utf-8")
            code, out, _ = await central(
                home, "audit", "--json", "--receipts", str(home / "receipts.jsonl")
            )
            layers = {one["layer"] for one in json.loads(out)["findings"]}
            assert (code, layers) == (1, {"receipts"}), out


FINE = {"kind": "fine", "fine_fen": 60000, "points": 3}
ON = local_day(datetime.now(UTC))
POLICE_ACTS = {
    "handed_over": ("accept", {}),
    "accepted": ("notify", {"facts": "超限", "rights_told": "已告知", **FINE}),
    "notified": ("waive", {"statement": "放弃"}),
    "heard": ("decide", {**FINE, "reason": "事实清楚"}),
    "in_force": ("serve", {"method": "direct", "received": "签收", "served_on": ON}),
    "served": ("pay", {"receipt_no": "1", "amount_fen": FINE["fine_fen"], "paid_on": ON}),
    "paid": ("close", {}),
}
"""What the police do next; where a decision waits for the centre, nothing."""


async def write_until_hand_over(settings):
    """Write what the lane and road administration do; return the number of the case."""
    author = Author("linhe")
    author.found_case(1)
    drafts = author.taken()
    acts = [getattr(one.payload, "act", "") for one in drafts]
    author.act(Act.RELEASE)
    drafts = [*drafts[: acts.index(Act.ACCEPT.value)], *author.taken()]
    # Documents are made from the weighings: that of the re-check must be there, too.
    drafts.insert(0, Draft(Kind.PASSAGE, passage("again", recheck_of="C1")))
    stored = open_store(settings)
    try:
        await stored.ledger.append(*drafts)
    finally:
        stored.close()
    return "C1"


@pytest.fixture
def ports():
    reserved = ReservedPorts()
    yield reserved
    reserved.release()


@contextlib.asynccontextmanager
async def signed_in(url, number, device):
    asked = {"certificate_no": number, "password": PASSWORD, "code": device.code()}
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:

        async def up():
            with contextlib.suppress(httpx.TransportError):
                assert (await client.post("/api/session", json=asked)).status_code == 200
                return True

        await eventually(up)
        yield client


async def paperwork(officer, case_no, second):
    """Issue what this officer may, and record that the party signed."""
    path = f"/api/cases/{case_no}/documents"
    for due in (await officer.get(path)).json()["due"]:
        answer = await officer.post(path, json={"kind": due["kind"]})
        if answer.status_code == 200:
            where = f"/api/documents/{quote(answer.json()['number'])}/signature"
            signed = await officer.post(where, json={"manner": "signed", "second_officer": second})
            assert signed.status_code == 200, signed.text
        else:
            assert answer.json()["code"] in ("case.wrong_authority", "document.issued_before")


async def excuses(officer, case_no, second):
    """Account for every recording that is missing and this officer's to account for."""
    path = f"/api/cases/{case_no}"
    for one in (await officer.get(f"{path}/closing")).json()["items"]:
        if (one["need"], one["standing"]) == ("recording", "missing"):
            asked = {"act_seq": one["seq"], "reason": "记录仪损坏", "second_officer": second}
            answer = await officer.post(f"{path}/excuses", json=asked)
            assert answer.status_code == 200 or answer.json()["code"] == "case.wrong_authority", (
                answer.text
            )


async def test_a_fine_is_decided_confirmed_served_paid_and_closed_and_the_centre_says_the_same(
    running, ports
):
    home, settings = running
    case_no = await write_until_hand_over(settings)
    config = home / "linhe/station.toml"
    devices = []
    for number in ("P1", "P2", "R1", "R2"):
        role = "police" if number.startswith("P") else "road"
        account = ("--certificate", number, "--name", "甲", "--role", role)
        where = ("--config", str(config), "--valid-until", "2999-12-31", "--password-stdin")
        code, out, err = await command(
            "officer", "add", *account, *where, given=PASSWORD, name="station"
        )
        assert (code, err) == (0, ""), err
        devices.append(authenticator_in(out))
    port, seen = ports.take([0])[0], []
    listen = f'listen = "127.0.0.1:{port}"'
    text = config.read_text("utf-8").replace('listen = "127.0.0.1:0"', listen)
    config.write_text(text + '\n[calendar]\nfile = "calendar.yaml"\n', "utf-8")
    (config.parent / "calendar.yaml").write_text(calendar(int(ON[:4])), "utf-8")

    async with (
        running_station(home),
        signed_in(f"http://127.0.0.1:{port}", "P1", devices[0]) as police,
        signed_in(f"http://127.0.0.1:{port}", "P2", devices[1]),
        signed_in(f"http://127.0.0.1:{port}", "R1", devices[2]) as road,
        signed_in(f"http://127.0.0.1:{port}", "R2", devices[3]),
    ):

        async def step():
            case = (await police.get(f"/api/cases/{case_no}")).json()
            if seen[-1:] != [case["penalty"]]:
                seen.append(case["penalty"])
            if case["closed"] or case["penalty"] not in POLICE_ACTS:
                return case["closed"]
            await paperwork(police, case_no, "P2")
            act, details = POLICE_ACTS[case["penalty"]]
            asked = {"act": act, "second_officer": "P2", "details": details}
            if act == "close":  # road administration has issued nothing yet
                answer = await police.post(f"/api/cases/{case_no}/acts", json=asked)
                assert (answer.status_code, answer.json()["code"]) == (409, "case.incomplete")
                await paperwork(road, case_no, "R2")
                await excuses(road, case_no, "R2")
                await excuses(police, case_no, "P2")
            answer = await police.post(f"/api/cases/{case_no}/acts", json=asked)
            assert answer.status_code == 200, answer.text
            return False

        await eventually(step)
        closed = "SELECT closed_on IS NOT NULL FROM joint_case"
        await until(home, closed, [(True,)])

    assert [one for one in seen if one != "decided"] == list(POLICE_ACTS)
    tracks = "SELECT removal, penalty, custody, fine_fen, points FROM joint_case"
    assert await rows(home, tracks) == [("clear", "paid", "released", 60000, 3)]
    decided = "SELECT case_no, effective, kind, fine_fen FROM decision"
    assert await rows(home, decided) == [(case_no, True, "fine", 60000)]
    assert await rows(home, "SELECT code FROM alarm WHERE code LIKE 'case.%'") == []
    held = [read(one)[1] for one in await ledger(settings) if one.kind == Kind.CASE_ACT.value]
    assert [one.act for one in held][-7:] == [
        "notify",
        "waive",
        "decide",
        "take_effect",
        "serve",
        "pay",
        "close",
    ]
