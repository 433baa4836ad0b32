"""What stations deliver and fetch. Their certificates say who they are; no session, no cookie."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from central.api import schemas
from central.api.bodies import Turns, batch_of, body_of
from central.api.parts import parts_of
from central.api.peers import Station, station
from station.domain.errors import MalformedEntry

ROUTER: Final = APIRouter(prefix="/api", tags=["station"], dependencies=[Depends(station)])
_REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    401: {"model": schemas.ErrorOut, "description": "No certificate of the centre's authority."},
    403: {"model": schemas.ErrorOut, "description": "A certificate revoked, or of another node."},
    404: {"model": schemas.ErrorOut, "description": "The node is not enrolled."},
    413: {"model": schemas.ErrorOut, "description": "More than anybody sends."},
    415: {"model": schemas.ErrorOut, "description": "A batch or a state that is not JSON."},
    409: {"model": schemas.ErrorOut, "description": "A gap (fields.expected), or a fork."},
    422: {"model": schemas.ErrorOut, "description": "Malformed, or not the node's signature."},
    503: {"model": schemas.ErrorOut, "description": "Not now; it comes again."},
    507: {"model": schemas.ErrorOut, "description": "No room is left."},
}
_GONE: Final[dict[int | str, dict[str, object]]] = {410: {"description": "Nobody watches."}}
GONE: Final = 410
_PLACE: Final = re.compile(r"[0-9]{1,18}")
Seq = Annotated[int, Query(ge=0, lt=2**63)]


async def turn(request: Request, node: Station) -> AsyncIterator[None]:
    """Bound what one node's batches take of memory, until each is answered."""
    turns: Turns = request.app.state.turns
    async with turns.of(node):
        yield


@ROUTER.post("/ingest", responses=_REFUSALS, dependencies=[Depends(turn)])
async def ingest(request: Request, node: Station) -> Response:
    """Take in a batch (station/contract/uplink.py: Batch) and answer with an Acknowledged."""
    accept = parts_of(request).accept

    async def unread(data: bytes, refusal: MalformedEntry) -> MalformedEntry:
        return await accept.keep_unread(data, node, refusal)

    answer = await accept(await batch_of(request, unread), node)
    return _json(msgspec.json.encode(answer))


@ROUTER.post("/ahead", status_code=204, responses=_REFUSALS, dependencies=[Depends(turn)])
async def ahead(request: Request, node: Station) -> Response:
    """Take in new entries while older ones still wait. They come again in their order."""
    await parts_of(request).take_ahead(await batch_of(request), node)
    return Response(status_code=204)


@ROUTER.post("/lane-state", responses=_REFUSALS)
async def lane_state(request: Request, node: Station) -> Response:
    """Show what a lane shows (Signed LaneState), never stored; answer with a Wanted."""
    parts = parts_of(request)
    await parts.take_state(await body_of(request), node)
    wanted = await parts.cameras.wanted(node)
    again = await parts.asking_again.wanted(node)
    return _json(msgspec.json.encode(msgspec.structs.replace(wanted, recordings=again)))


@ROUTER.post("/camera/{watch_id}", status_code=204, responses=_REFUSALS | _GONE)
async def picture(request: Request, watch_id: str, node: Station) -> Response:
    """Take the newest picture (JPEG) of a watch that a Wanted named. Never stored."""
    jpeg = await body_of(request, kind=None)
    taken = await parts_of(request).cameras.take(node, watch_id, jpeg)
    return Response(status_code=204 if taken else GONE)


@ROUTER.get("/down", responses=_REFUSALS)
async def down(request: Request, node: Station, after: Seq = 0) -> Response:
    """Give the next entries of the centre's own ledger (Down)."""
    return _json(msgspec.json.encode(await parts_of(request).serve.down(after, node)))


@ROUTER.get("/ledger", responses=_REFUSALS)
async def ledger(request: Request, node: Station, after: Seq = 0) -> Response:
    """Give the next of the node's own entries as the centre holds them (Batch)."""
    return _json(await parts_of(request).serve.ledger(node, after))


@ROUTER.get("/proofs", responses=_REFUSALS)
async def proofs(request: Request, node: Station, seqs: str) -> Response:
    """Prove that entries of the node stand in the log (Proofs). ``seqs``: 1,2,3."""
    wanted = [int(one) for one in seqs.split(",") if _PLACE.fullmatch(one)]
    found = await parts_of(request).serve.proofs(node, wanted)
    return _json(msgspec.json.encode(found))


@ROUTER.get("/media/{sha256}", responses=_REFUSALS)
async def media_held(request: Request, node: Station, sha256: str) -> Response:
    """Tell how much of a recording is here (Held)."""
    return _json(msgspec.json.encode(await parts_of(request).recordings.held(node, sha256)))


@ROUTER.put("/media/{sha256}", responses=_REFUSALS)
async def add_media(
    request: Request, node: Station, sha256: str, offset: Seq, size: Seq
) -> Response:
    """Take the bytes of a recording from ``offset`` on (Held)."""
    data = await body_of(request, kind=None)
    held = await parts_of(request).recordings.add(node, sha256, offset, size, data)
    return _json(msgspec.json.encode(held))


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
