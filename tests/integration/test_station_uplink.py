"""The uplink against a real HTTP server that answers as the centre would, or a broken one."""

import asyncio
import functools
import json
import ssl
from contextlib import asynccontextmanager

import pytest

from station.contract.entries import Kind, Run
from station.contract.uplink import DeviceState, LaneState, read_batch, read_signed, verified_state
from station.domain.errors import (
    BadSignature,
    BrokenChain,
    Fork,
    MalformedEntry,
    NotEnrolled,
    UplinkError,
)
from station.domain.ledger import Head
from station.uplink.http_centre import HttpCentre
from tests.fakes import sealer, verifier

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
    """Serve one answer; yield a centre to it and the bodies received."""
    bodies = []

    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        bodies.append(await reader.readexactly(length))
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n" % (status, len(body)) + body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    centre = HttpCentre(f"http://127.0.0.1:{port}", "linhe", sealer().signer, PLAIN)
    try:
        yield centre, bodies
    finally:
        await centre.close()
        listening.close()
        await listening.wait_closed()


def receipt(**changed):
    good = {
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
    return {"receipt": {**good, **changed}, "accepted": 1, "duplicates": 0}


def refused(code, **fields):
    return {"code": code, "message": "m", "fields": fields}


async def test_entries_arrive_as_they_were_sealed():
    async with server(200, receipt()) as (centre, bodies):
        assert await centre.push([ENTRY]) == 1
    assert read_batch(bodies[0]) == ("linhe", (ENTRY,), {})


async def test_a_centre_that_holds_more_acknowledges_what_was_sent():
    async with server(200, receipt(seq=9, digest="f" * 64)) as (centre, _):
        assert await centre.push([ENTRY]) == 1


@pytest.mark.parametrize(
    "answer",
    [
        receipt(node="other"),
        receipt(seq=0),
        receipt(digest="0" * 64),
        receipt(more=1),
        b"<html>ok</html>",
        b"",
    ],
)
async def test_only_a_receipt_for_these_entries_acknowledges_them(answer):
    async with server(200, answer) as (centre, _):
        with pytest.raises(UplinkError):
            await centre.push([ENTRY])


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (409, refused("evidence.broken_chain", expected=5), BrokenChain),
        (409, refused("evidence.fork", seq=1), Fork),
        (422, refused("evidence.malformed"), MalformedEntry),
        (422, refused("evidence.bad_signature"), BadSignature),
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
            await centre.push([ENTRY])
    assert type(caught.value) is error
    if error is BrokenChain:
        assert caught.value.fields["expected"] == 5


async def test_nobody_there_is_an_uplink_error():
    centre = HttpCentre("http://127.0.0.1:1", "linhe", sealer().signer, PLAIN)
    with pytest.raises(UplinkError):
        await centre.push([ENTRY])
    await centre.close()


async def test_the_lane_state_is_signed_by_the_station():
    async with server(200, {}) as (centre, bodies):
        await centre.tell(STATE)
    message = read_signed(bodies[0])
    assert verified_state(message, verifier()) == STATE
    with pytest.raises(BadSignature):
        verified_state(message, verifier(key=1))
