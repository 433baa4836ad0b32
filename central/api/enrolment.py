"""What stations call to be enrolled, and to have their certificate renewed."""

from __future__ import annotations

from typing import Final

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from central.api import schemas
from central.api.bodies import body_of
from central.api.errors import refusals
from central.api.parts import parts_of
from central.api.peers import Station
from station.contract.enrolling import EnrolRequest, RenewRequest, read_request

ROUTER: Final = APIRouter(prefix="/api", tags=["enrolment"])
_REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    403: {"model": schemas.ErrorOut, "description": "The token, or a proof, is not good."},
    404: {"model": schemas.ErrorOut, "description": "No such station in the configuration."},
    **refusals(401, 413, 415, 422, 503),
    429: {"model": schemas.ErrorOut, "description": "Too many attempts at once."},
}


@ROUTER.get("/ca", response_class=PlainTextResponse)
async def authority(request: Request) -> PlainTextResponse:
    """Give the certificate (PEM) of the centre's authority, which tokens pin. For anybody."""
    return PlainTextResponse(parts_of(request).authority.certificate)


@ROUTER.post("/enrol", responses=_REFUSALS)
async def enrol(request: Request) -> Response:
    """Enrol a station by a token (station/contract/enrolling.py: EnrolRequest → EnrolAnswer)."""
    asked = read_request(await body_of(request), EnrolRequest)
    address = request.client.host if request.client else ""
    answer = await parts_of(request).enrol(asked, address)
    return Response(msgspec.json.encode(answer), media_type="application/json")


@ROUTER.post("/renew", responses=_REFUSALS)
async def renew(request: Request, node: Station) -> Response:
    """Renew the certificate of whoever calls with one (RenewRequest → RenewAnswer)."""
    asked = read_request(await body_of(request), RenewRequest)
    answer = await parts_of(request).renew(node, asked.csr)
    return Response(msgspec.json.encode(answer), media_type="application/json")
