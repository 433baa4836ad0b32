"""Whatever a station's line brings: a clear refusal, an alarm where one is due, and life goes on.

Over real TLS, with the certificate of a station: nobody else gets this far.
"""

import asyncio
import contextlib
import gzip
import hashlib
import json
import signal
import zlib
from datetime import timedelta
from pathlib import Path

import pytest

from central.api.bodies import BATCH_BYTES as UNPACKED_BYTES
from central.api.guards import BATCH_BYTES, MEDIA_BYTES, OTHER_BYTES, PICTURE_BYTES
from central.domain.access import ALL
from station.bootstrap.opening import signing_key
from station.contract.entries import Kind, Run
from station.contract.uplink import batch, sign_state
from tests.central_program import CONFIG, enrolled, program
from tests.integration.test_central_enrolment import line, site
from tests.migration.central_kit import FakeStation, lane_state, short_folder

pytest_plugins = ["tests.migration.central_database"]

__all__ = ["site"]

GZIP = {"content-encoding": "gzip"}
PLACES = "SELECT node, seq, code FROM alarm ORDER BY alarm_id"
KEPT = "SELECT node, seq, reason, body FROM quarantine ORDER BY quarantine_id"


@pytest.fixture
async def settings(site):
    return await site.enrolled()


@pytest.fixture
def linhe(settings):
    return FakeStation(signer=signing_key(settings))


@pytest.fixture
async def wire(settings, site):
    async with line(settings, site.url) as client:
        yield client


def note(station, count=1):
    for number in range(count):
        station.write(Kind.START, Run(program="x", detail=str(number)))


def refused(answer):
    body = answer.json()
    assert set(body) == {"code", "message", "fields"}, body
    assert any("\u4e00" <= letter <= "\u9fff" for letter in body["message"]), body
    return answer.status_code, body["code"]


async def projected(site):
    while await site.centre.projector.step():
        pass


async def goes_on(wire, station):
    """The next good batch is accepted."""
    note(station)
    answer = await wire.post("/api/ingest", content=station.batch(len(station.entries)))
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1), answer.text


def cut(data):
    return data[: len(data) // 2]


def bomb(unpacked):
    """Zeros without end, packed a thousand times smaller."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = bytes(1024 * 1024)
    parts = [packer.compress(block) for _ in range(unpacked // len(block))]
    return b"".join([*parts, packer.flush()])


GOOD = batch("linhe", [])
UNREAD = {
    "truncated gzip": (cut(gzip.compress(bytes(range(256)) * 9)), GZIP),
    "not gzip": (GOOD, GZIP),
    "gzip followed by something": (gzip.compress(GOOD) + b"x", GZIP),
    "a gzip bomb": (bomb(UNPACKED_BYTES + 2**20), GZIP),
    "an unknown encoding": (GOOD, {"content-encoding": "br"}),
    "an empty body": (b"", {}),
    "no JSON": (b"\xff\xfe<xml/>", {}),
    "a truncated batch": (cut(batch("linhe", [])), {}),
    "JSON that is no batch": (b'{"hello": [1, 2, 3]}', {}),
    "JSON without end": (b"[" * 100_000, {}),
    "nested too deep": (b'{"node":"linhe","entries":' + b"[" * 50_000, {}),
    "an entry nested too deep": (
        b'{"node":"linhe","entries":[{"body":%s,"sig":""}]}' % (b"[" * 50_000 + b"]" * 50_000),
        {},
    ),
    "a lone surrogate": (b'{"node":"linhe","entries":[{"body":"\\ud800","sig":""}]}', {}),
    "an entry that is no text": (b'{"node":"linhe","entries":[{"body":7,"sig":""}]}', {}),
    "an absurd number": (b'{"node":"linhe","entries":[%d]}' % 10**400, {}),
    "a number that is none": (b'{"node":"linhe","entries":[NaN]}', {}),
}


@pytest.mark.parametrize(("data", "headers"), UNREAD.values(), ids=UNREAD)
async def test_what_is_no_batch_is_refused_kept_as_it_came_and_alarmed_once(
    site, wire, linhe, data, headers
):
    for _ in range(2):
        answer = await wire.post("/api/ingest", content=data, headers=headers)
        assert refused(answer) == (422, "evidence.malformed")

    assert await site.rows(KEPT) == [("linhe", None, "malformed", data)]
    assert await site.rows(PLACES) == [("linhe", None, "evidence.malformed")]
    await goes_on(wire, linhe)


async def test_a_batch_that_was_cut_between_entries_leaves_a_gap_and_names_it(wire, linhe):
    note(linhe, 3)

    answer = await wire.post("/api/ingest", content=linhe.batch(first=2))

    assert refused(answer) == (409, "evidence.broken_chain")
    assert answer.json()["fields"] == {"node": "linhe", "seq": 2, "expected": 1}
    assert (await wire.post("/api/ingest", content=linhe.batch())).json()["accepted"] == 3


async def test_a_wrong_signature_is_named_kept_and_mended_by_the_right_one(site, wire, linhe):
    note(linhe, 2)
    second = linhe.entries[1]
    forged = json.loads(linhe.batch())
    forged["entries"][1]["sig"] = forged["entries"][0]["sig"]

    answer = await wire.post("/api/ingest", json=forged)

    assert refused(answer) == (422, "evidence.bad_signature")
    assert await site.rows(KEPT) == [("linhe", 2, "bad_signature", second.body)]
    assert await site.rows(PLACES) == [("linhe", 2, "evidence.bad_signature")]
    again = (await wire.post("/api/ingest", content=linhe.batch())).json()
    assert (again["accepted"], again["duplicates"]) == (1, 1)


UNKNOWN = {
    "a kind": {"kind": "dream"},
    "a version": {"version": 99},
    "a number beyond all": {"payload": {"program": 2**63, "detail": ""}},
}


@pytest.mark.parametrize("changed", UNKNOWN.values(), ids=UNKNOWN)
async def test_what_nobody_can_read_keeps_its_place_is_alarmed_and_blocks_nothing(
    site, wire, linhe, changed
):
    note(linhe, 2)
    linhe.rewrite(**changed)

    answer = await wire.post("/api/ingest", content=linhe.batch())
    await projected(site)

    assert answer.json()["accepted"] == 2
    assert await site.rows(PLACES) == [("linhe", 2, "evidence.malformed")]
    await goes_on(wire, linhe)


async def test_a_replayed_request_changes_nothing(site, wire, linhe):
    note(linhe, 2)
    data = linhe.batch()
    await wire.post("/api/ingest", content=data)
    for _ in range(3):
        answer = (await wire.post("/api/ingest", content=data)).json()
        assert (answer["accepted"], answer["duplicates"]) == (0, 2)

    assert await site.rows("SELECT count(*) FROM entry WHERE node = 'linhe'") == [(2,)]
    assert await site.rows(PLACES) == []
    await goes_on(wire, linhe)


async def test_a_replayed_lane_state_is_not_shown_as_the_present(site, wire, linhe):
    older = sign_state(lane_state(site.clock.now(), gross_kg=1000), linhe.sealer.signer)
    later = site.clock.now() + timedelta(seconds=1)
    newer = sign_state(lane_state(later, gross_kg=2000), linhe.sealer.signer)
    for data in (newer, older):
        assert (await wire.post("/api/lane-state", content=data)).status_code == 200

    shown = {one.node.node: one.lane for one in await site.parts.stations.all(ALL)}
    assert shown["linhe"].gross_kg == 2000


HUGE = {
    "a batch": ("POST", "/api/ingest", BATCH_BYTES),
    "what is sent ahead": ("POST", "/api/ahead", BATCH_BYTES),
    "a lane state": ("POST", "/api/lane-state", OTHER_BYTES),
    "a piece of a recording": ("PUT", f"/api/media/{'0' * 64}?offset=0&size=9", MEDIA_BYTES),
    "a picture": ("POST", "/api/camera/x", PICTURE_BYTES),
    "an enrolment": ("POST", "/api/enrol", OTHER_BYTES),
}


@pytest.mark.parametrize("what", HUGE)
async def test_a_huge_body_is_refused_before_it_is_read(site, wire, linhe, what):
    method, path, most = HUGE[what]

    async def stream():
        for _ in range(most // 4096 + 1):
            yield bytes(4096)

    answer = await wire.request(method, path, content=stream())

    assert refused(answer) == (413, "http.too_large")
    assert await site.rows(KEPT) == []
    await goes_on(wire, linhe)


@pytest.mark.parametrize("kind", ["text/html", "application/jsonp; charset=utf-8"])
@pytest.mark.parametrize("path", ["/api/ingest", "/api/lane-state"])
async def test_another_type_than_json_is_refused(site, wire, linhe, path, kind):
    answer = await wire.post(path, content=GOOD, headers={"content-type": kind})

    assert refused(answer) == (415, "http.content_type")
    assert await site.rows(KEPT) == []
    await goes_on(wire, linhe)


async def test_json_may_name_its_alphabet(wire):
    named = {"content-type": "application/json; charset=utf-8"}
    assert (await wire.post("/api/ingest", content=GOOD, headers=named)).status_code == 200


ABSURD = [
    ("GET", "/api/down?after=99999999999999999999"),
    ("GET", "/api/down?after=-1"),
    ("GET", "/api/ledger?after=1e400"),
    ("PUT", f"/api/media/{'0' * 64}?offset=-1&size=1"),
    ("PUT", f"/api/media/{'0' * 64}?offset=0&size={2**63}"),
    ("PUT", f"/api/media/{'0' * 64}?offset=0"),
]


@pytest.mark.parametrize(("method", "path"), ABSURD)
async def test_an_absurd_number_in_an_address_is_refused(wire, method, path):
    assert refused(await wire.request(method, path)) == (422, "facts.invalid")


async def test_absurd_places_of_proofs_are_left_out(site, wire):
    await site.centre.checkpointer.step()
    asked = ",".join(["9" * 5000, "-1", "1.5", "x", str(2**63), ""])

    answer = await wire.get("/api/proofs", params={"seqs": asked})

    assert answer.status_code in (200, 404), answer.text


@pytest.mark.parametrize("gross_kg", [2**70, 10**400, -(2**70)])
async def test_an_absurd_weight_on_a_lane_is_malformed(wire, linhe, gross_kg):
    state = json.loads(json.loads(sign_state(lane_state(), linhe.sealer.signer))["body"])
    state["gross_kg"] = gross_kg
    body = json.dumps(state)
    data = json.dumps({"node": "linhe", "body": body, "sig": "AAAA"})

    answer = await wire.post("/api/lane-state", content=data)

    assert refused(answer) == (422, "evidence.bad_signature")


def path_of(sha256, data, offset=0):
    return f"/api/media/{sha256}?offset={offset}&size={len(data)}"


def name(station, data, place="details"):
    """Write an entry that names a recording; return its digest."""
    sha256 = hashlib.sha256(data).hexdigest()
    station.weigh()
    picture = {place: [{"sha256": sha256}]}
    station.rewrite(kind="dream", payload=picture)
    return sha256


async def test_only_a_recording_that_an_entry_of_the_node_names_is_taken(site, wire, linhe):
    data = b"picture"
    note(linhe)
    sha256 = name(linhe, data)
    hidden = name(linhe, b"hidden", place="personal")
    early = await wire.put(path_of(sha256, data), content=data)
    await wire.post("/api/ingest", content=linhe.batch())
    taken = await wire.put(path_of(sha256, data), content=data)
    never = await wire.put(path_of(hidden, b"hidden"), content=b"hidden")
    async with line(await site.enrolled("hailiutu"), site.url) as other:
        foreign = await other.put(path_of(sha256, data), content=data)

    for answer in (early, never, foreign):
        assert refused(answer) == (409, "media.unnamed")
    assert taken.json() == {"held": len(data), "complete": True}
    assert await site.rows("SELECT seq FROM recording WHERE node = 'linhe'") == [(2,)]


async def test_a_recording_with_a_wrong_digest_is_refused_and_alarmed_once(site, wire, linhe):
    good, wrong = b"picture", b"another"
    sha256 = name(linhe, good)
    await wire.post("/api/ingest", content=linhe.batch())
    for _ in range(2):
        answer = await wire.put(path_of(sha256, wrong), content=wrong)
        assert refused(answer) == (422, "media.wrong_digest")

    assert await site.rows(PLACES) == [("linhe", 1, "media.wrong_digest")]
    assert (await wire.put(path_of(sha256, good), content=good)).json()["complete"]


async def test_a_picture_that_is_missing_is_said_to_be(wire, linhe):
    """Its entry is evidence without it; what is missing shows whenever it is asked for."""
    linhe.weigh()
    assert (await wire.post("/api/ingest", content=linhe.batch())).json()["accepted"] == 1

    held = await wire.get(f"/api/media/{'0' * 64}")

    assert held.json() == {"held": 0, "complete": False}
    assert refused(await wire.get("/api/media/x")) == (404, "not_found")


async def test_a_line_that_breaks_off_in_a_body_is_no_error_of_ours(site, settings, linhe, caplog):
    with contextlib.suppress(Exception):
        async with line(settings, site.url) as client, asyncio.timeout(0.5):

            async def stream():
                yield b'{"node":'
                await asyncio.sleep(5)

            await client.post("/api/ingest", content=stream())

    async with line(settings, site.url) as client:
        await goes_on(client, linhe)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    assert await site.rows(PLACES) == []


async def test_a_websocket_at_the_machines_port_is_not_found_and_advises_nobody(wire, caplog):
    asked = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    answer = await wire.get("/api/live", headers=asked)
    assert refused(answer) == (404, "not_found")
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []


async def test_what_is_not_kept_is_not_said_to_be(site, wire, linhe):
    answer = await wire.post("/api/ahead", content=b"\xff")
    assert refused(answer) == (422, "evidence.unreadable")
    assert "留存" not in answer.json()["message"]
    assert await site.rows(KEPT) == []


def peak_kb(pid):
    """The most memory that a process ever held, beside what it shares."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(row for row in status.splitlines() if row.startswith("VmHWM")).split()[1])


async def test_memory_stays_flat_whatever_is_sent_and_the_rest_goes_on():
    """Bombs of a gigabyte, and bodies of the largest size, many more at a time than come in."""
    packed, large = bomb(2**30), b"[" * BATCH_BYTES
    with short_folder() as folder:
        config = folder / "central.toml"
        config.write_text(CONFIG, "utf-8")
        made = await enrolled(config)
        async with program(config) as (process, _, machines), made.line(machines) as client:
            client.timeout = 120
            await goes_on(client, made)
            before = peak_kb(process.pid)

            async def send(data, headers):
                return (await client.post("/api/ingest", content=data, headers=headers)).status_code

            codes = await asyncio.gather(*(send(packed, GZIP) for _ in range(32)))
            codes += await asyncio.gather(*(send(large, {}) for _ in range(32)))
            grown_mb = (peak_kb(process.pid) - before) // 1024
            await goes_on(client, made)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0

    assert codes == [422] * 64
    assert grown_mb < 300
