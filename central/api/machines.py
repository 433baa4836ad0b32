"""What stations call. Their signatures say who they are; no session, no cookie."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from fastapi import APIRouter, Request, Response

from central.api import schemas
from central.api.parts import parts_of
from station.domain.errors import MalformedEntry

ROUTER: Final = APIRouter(prefix="/api", tags=["station"])
BODY_S: Final = 30.0
_REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    404: {"model": schemas.ErrorOut, "description": "The node is not enrolled."},
    409: {"model": schemas.ErrorOut, "description": "A gap (fields.expected), or a fork."},
    422: {"model": schemas.ErrorOut, "description": "Malformed, or not the node's signature."},
}


@ROUTER.post("/ingest", responses=_REFUSALS)
async def ingest(request: Request) -> Response:
    """Take in a batch of entries (station/contract/uplink.py: Batch) and answer with a Receipt."""
    receipt = await parts_of(request).accept(await _body(request))
    return Response(msgspec.json.encode(receipt), media_type="application/json")


@ROUTER.post("/lane-state", status_code=204, responses=_REFUSALS)
async def lane_state(request: Request) -> Response:
    """Show what a lane shows (station/contract/uplink.py: Signed LaneState). Never stored."""
    parts_of(request).take_state(await _body(request))
    return Response(status_code=204)


async def _body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_S):
            return await request.body()
    except TimeoutError as exc:
        raise MalformedEntry("the body did not arrive in time") from exc
