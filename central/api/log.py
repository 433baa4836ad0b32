"""The log, for anybody who checks it: witnesses, auditors, courts. Nothing in it is personal."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from central.api import schemas
from central.api.bodies import body_of
from central.api.errors import refusals
from central.api.parts import parts_of

ROUTER: Final = APIRouter(prefix="/api/log", tags=["log"])
_REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    404: {"model": schemas.ErrorOut, "description": "No checkpoint of that size."},
    422: {"model": schemas.ErrorOut, "description": "Not of this log, or not the witness's."},
    **refusals(403, 413, 503),
}
_NOTE: Final[dict[int | str, dict[str, object]]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
    **refusals(404, 503),
}
From = Annotated[int, Query(alias="from", ge=0, lt=2**63)]
To = Annotated[int, Query(alias="to", ge=0, lt=2**63)]


@ROUTER.get("/checkpoint", response_class=Response, responses=_NOTE)
async def checkpoint(request: Request) -> PlainTextResponse:
    """Give the newest signed note (C2SP tlog-checkpoint)."""
    return PlainTextResponse(await parts_of(request).serve.checkpoint())


@ROUTER.post("/cosignature", status_code=204, responses=_REFUSALS)
async def cosignature(request: Request) -> Response:
    """Take a checkpoint with a witness's line (C2SP cosignature/v1), which proves itself."""
    await parts_of(request).cosign(await body_of(request, kind=None))
    return Response(status_code=204)


@ROUTER.get("/rotations", response_class=Response, responses=refusals(503))
async def rotations(request: Request) -> Response:
    """Tell how the log's key changed: entries (JSON list of body and sig), the oldest first."""
    found = await parts_of(request).serve.rotations()
    return Response(msgspec.json.encode(found), media_type="application/json")


@ROUTER.get("/consistency", responses=refusals(404, 422, 503))
async def consistency(request: Request, old: From, new: To) -> list[str]:
    """Prove that one checkpoint's tree is the beginning of another's (RFC 6962 2.1.2, base64)."""
    return await parts_of(request).serve.consistency(old, new)
