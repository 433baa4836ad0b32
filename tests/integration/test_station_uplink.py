"""The uplink against a real HTTP server that answers as the centre would, or a broken one."""

import asyncio
import functools
import gzip
import json
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from station.contract.entries import Kind, Run
from station.contract.personal import Opening
from station.contract.uplink import (
    DeviceState,
    LaneState,
    batch,
    read_batch,
    read_signed,
    verified_state,
)
from station.domain.errors import (
    BadSignature,
    BrokenChain,
    Fork,
    KeyNotGood,
    MalformedEntry,
    MalformedKept,
    NotEnrolled,
    UplinkError,
)
from station.domain.ledger import Head
from station.uplink.http_centre import HttpCentre
from tests.fakes import FakeClock, sealer, verifier

ENTRY = sealer().seal(Kind.START, Run(program="p", detail=""), Head())
PLAIN = functools.cache(ssl.create_default_context)
"""The servers here speak without TLS; test_mutual_tls.py has those that do."""
DEVICE = DeviceState(code="ok", detail="", since="2026-03-01T04:00:00.000Z")
STATE = LaneState(
    node="linhe",
    at="2026-03-01T04:00:00.000Z",
    gross_kg=48260,
    stable=True,
    occupied=True,
    scale=DEVICE,
    camera=DEVICE,
    waiting=0,
    open_cases=0,
    reviews=0,
)


@asynccontextmanager
async def server(status, answer):
    """Serve one answer; yield a centre to it and what was asked: method and path, and body."""
    asked = []

    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.lower().split("\r\n")
        length = next((int(one[16:]) for one in lines if one.startswith("content-length: ")), 0)
        body = await reader.readexactly(length)
        if "content-encoding: gzip" in lines:
            body = gzip.decompress(body)
        asked.append((head.split(" HTTP")[0], body))
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        start = f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\n\r\n"
        writer.write(start.encode() + content)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    centre = centre_at(f"http://127.0.0.1:{port}")
    try:
        yield centre, asked
    finally:
        await centre.close()
        listening.close()
        await listening.wait_closed()


def centre_at(url, heard=lambda *_: None):
    signer = sealer().signer
    return HttpCentre(url, "linhe", signer, PLAIN, clock=FakeClock(), heard=heard)


RECEIPT = {
    "node": "linhe",
    "seq": 1,
    "digest": ENTRY.digest,
    "leaf_index": 0,
    "log_size": 1,
    "root": "0" * 64,
    "at": "2026-03-01T04:00:00.000Z",
    "key_id": "k",
    "sig": "00",
}
ACKNOWLEDGED = {"receipt": RECEIPT, "accepted": 1, "duplicates": 0}
WANTED = {"watches": [], "at": "2026-03-01T04:00:01.000Z"}
DOWN = {"entries": [], "head": 0, "checkpoint": "", "at": "2026-03-01T04:00:01.000Z"}


def refused(code, **fields):
    return {"code": code, "message": "m", "fields": fields}


async def test_entries_arrive_as_they_were_sealed_with_the_clear_texts_beside_them():
    opening = Opening(field="driver_name", salt="00" * 32, text="张三")
    async with server(200, ACKNOWLEDGED) as (centre, asked):
        answer = await centre.push([ENTRY], {1: (opening,)})
    assert (answer.receipt.seq, answer.accepted) == (1, 1)
    assert asked[0][0] == "POST /api/ingest"
    assert read_batch(asked[0][1]) == ("linhe", (ENTRY,), {1: (opening,)})


async def test_a_batch_of_a_megabyte_arrives_whole():
    long = sealer().seal(Kind.START, Run(program="p", detail="x" * 1_000_000), Head())
    async with server(200, ACKNOWLEDGED) as (centre, asked):
        await centre.push([long], {})
    assert read_batch(asked[0][1])[1] == (long,)


async def test_new_entries_go_ahead_by_a_way_of_their_own():
    async with server(204, b"") as (centre, asked):
        await centre.ahead([ENTRY])
    assert asked[0][0] == "POST /api/ahead"
    assert read_batch(asked[0][1])[1] == (ENTRY,)


async def test_own_entries_come_back_and_those_of_another_node_do_not():
    async with server(200, batch("linhe", [ENTRY])) as (centre, asked):
        page = await centre.own(41)
    assert asked[0][0] == "GET /api/ledger?node=linhe&after=41"
    assert page.entries == (ENTRY,)
    async with server(200, batch("hailiutu", [])) as (centre, _):
        with pytest.raises(UplinkError):
            await centre.own(41)


async def test_a_recording_is_asked_after_and_sent_from_where_it_ends():
    async with server(200, {"held": 7, "complete": False}) as (centre, asked):
        assert (await centre.held("ab")).held == 7
        await centre.send("ab", 7, 9, b"xy")
    assert asked == [("GET /api/media/ab", b""), ("PUT /api/media/ab?offset=7&size=9", b"xy")]


async def test_the_centres_time_is_heard_with_every_answer_that_tells_it():
    heard = []
    for path, answer in [("down", DOWN), ("tell", WANTED)]:
        async with server(200, answer) as (centre, _):
            centre._heard = lambda *told: heard.append(told)
            await (centre.down(3) if path == "down" else centre.tell(STATE))
    at = datetime(2026, 3, 1, 4, 0, 1, tzinfo=UTC)
    assert heard == [(at, 1_000_000_000, 1_000_000_000)] * 2


@pytest.mark.parametrize(
    "answer", [{**ACKNOWLEDGED, "more": 1}, {}, b"<html>ok</html>", b"", {**DOWN, "at": "noon"}]
)
async def test_what_is_no_answer_is_an_uplink_error(answer):
    async with server(200, answer) as (centre, _):
        with pytest.raises(UplinkError):
            await centre.push([ENTRY], {})
        with pytest.raises(UplinkError):
            await centre.down(0)


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (409, refused("evidence.broken_chain", expected=5), BrokenChain),
        (409, refused("evidence.fork", seq=1), Fork),
        (422, refused("evidence.malformed"), MalformedKept),
        (422, refused("evidence.unreadable"), MalformedEntry),
        (422, refused("evidence.bad_signature"), BadSignature),
        (422, refused("evidence.key_not_good"), KeyNotGood),
        (404, refused("not_found"), NotEnrolled),
        (401, refused("access.no_certificate"), NotEnrolled),
        (403, refused("access.certificate_revoked"), NotEnrolled),
        (403, refused("access.other_node"), UplinkError),
        (500, refused("internal"), UplinkError),
        (502, b"Bad Gateway", UplinkError),
    ],
)
async def test_each_refusal_is_its_own_error(status, answer, error):
    async with server(status, answer) as (centre, _):
        with pytest.raises(error) as caught:
            await centre.push([ENTRY], {})
    assert type(caught.value) is error
    if error is BrokenChain:
        assert caught.value.fields["expected"] == 5


async def test_nobody_there_is_an_uplink_error():
    centre = centre_at("http://127.0.0.1:1")
    with pytest.raises(UplinkError):
        await centre.push([ENTRY], {})
    await centre.close()


async def test_the_lane_state_is_signed_by_the_station():
    async with server(200, WANTED) as (centre, asked):
        assert (await centre.tell(STATE)).watches == []
    message = read_signed(asked[0][1])
    assert verified_state(message, verifier()) == STATE
    with pytest.raises(BadSignature):
        verified_state(message, verifier(key=1))


async def test_a_picture_is_brought_to_its_watch():
    async with server(204, b"") as (centre, asked):
        assert await centre.show("a watch/1", b"jpeg")
    assert asked == [("POST /api/camera/a%20watch%2F1", b"jpeg")]


async def test_a_picture_that_nobody_watches_is_no_failure():
    async with server(410, b"") as (centre, _):
        assert not await centre.show("w", b"jpeg")


@pytest.mark.parametrize("status", [403, 413, 503])
async def test_a_picture_that_is_refused_is_a_failure_of_the_line(status):
    async with server(status, {"code": "x", "message": "", "fields": {}}) as (centre, _):
        with pytest.raises(UplinkError):
            await centre.show("w", b"jpeg")
