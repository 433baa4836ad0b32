"""The console's requests: signing in, what there is to see, and what officers do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from station.api import schemas, shaping
from station.api.errors import ACTING, SEEING, refusals
from station.api.services import Acting, Naming, OfRoad, Serving, SignedIn, watching
from station.application.known import known_of
from station.application.mismatching import Seen
from station.application.reviewing import Named
from station.contract.media import UNKNOWN

public = APIRouter(prefix="/api")
seeing = APIRouter(prefix="/api", dependencies=[Depends(watching)], responses=SEEING)
acting = APIRouter(prefix="/api", responses=ACTING)

Limit = Annotated[int, Query(ge=1, le=500)]


@public.get("/station")
async def station(services: Serving) -> schemas.StationOut:
    """Tell which station this is."""
    return services.station


@public.post("/session", responses=refusals(401, 403, 413, 422, 507))
async def sign_in(
    asked: schemas.SignIn, services: Serving, request: Request, response: Response
) -> schemas.OfficerOut:
    """Sign in; the session is a cookie."""
    peer = request.client.host if request.client else ""
    token, officer = await services.duty.sign_in(
        asked.certificate_no, asked.password, asked.code.strip(), peer=peer
    )
    secure = request.url.scheme == "https"
    response.set_cookie(
        services.cookie, token, httponly=True, samesite="strict", secure=secure, path="/"
    )
    return shaping.officer_out(officer)


@public.get("/session", responses=refusals(401, 403, 507))
async def session(officer: SignedIn) -> schemas.OfficerOut:
    """Tell who is signed in."""
    return shaping.officer_out(officer)


@public.delete("/session", status_code=204, responses=refusals(403, 507))
async def sign_out(services: Serving, request: Request, response: Response) -> None:
    """End the session."""
    token = request.cookies.get(services.cookie)
    if token:
        await services.duty.sign_out(token)
    response.delete_cookie(services.cookie, path="/")


@seeing.get("/officers")
async def officers(services: Serving) -> list[schemas.OfficerOut]:
    """List who is on duty."""
    return [shaping.officer_out(officer) for officer in await services.duty.all_on_duty()]


@seeing.get("/lane")
async def lane(services: Serving) -> schemas.LaneOut:
    """Show the lane as it is now."""
    return shaping.lane_out(services.lane())


@seeing.get("/drawings")
async def drawings(services: Serving) -> Sequence[schemas.DrawingOut]:
    """List the drawings that an officer can choose."""
    return services.drawings


@seeing.get("/passages")
async def passages(services: Serving, limit: Limit = 50) -> list[schemas.PassageOut]:
    """List the newest passages."""
    return [shaping.passage_out(view) for view in await services.views.passages(limit)]


@seeing.get("/passages/{passage_id}")
async def passage(services: Serving, passage_id: str) -> schemas.PassageOut:
    """Show one passage."""
    return shaping.passage_out(await services.views.passage(passage_id))


@seeing.get("/passages/{passage_id}/known")
async def known(services: Serving, passage_id: str) -> schemas.KnownOut:
    """Show what the centre knows of the passage's truck."""
    view = await services.views.passage(passage_id)
    return shaping.known_out(await known_of(services.facts, view, services.law))


@seeing.get("/cases")
async def cases(
    services: Serving, *, is_open: Annotated[bool, Query(alias="open")] = True, limit: Limit = 100
) -> list[schemas.CaseOut]:
    """List the newest cases that are open, or closed."""
    found = await services.views.cases(closed=not is_open, limit=limit)
    return [shaping.case_out(await services.casework.complete(case)) for case in found]


@seeing.get("/cases/{case_no}")
async def case(services: Serving, case_no: str) -> schemas.CaseOut:
    """Show one case."""
    return shaping.case_out(await services.casework.file(case_no))


@seeing.get("/alarms")
async def alarms(services: Serving, limit: Limit = 50) -> list[schemas.AlarmOut]:
    """List the newest alarms."""
    return [shaping.alarm_out(alarm) for alarm in await services.views.alarms(limit)]


_RECORDING: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The recording.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    206: {"description": "The part of it that was asked for (Range)."},
}


@seeing.get("/media/{sha256}", response_class=FileResponse, responses=_RECORDING)
async def media(services: Serving, sha256: str) -> FileResponse:
    """Give a picture or clip, whole or in parts; it is verified first, and never changes."""
    path, kind = await services.media.place(sha256)
    headers = {
        "cache-control": "private, max-age=86400, immutable",
        "x-content-type-options": "nosniff",
        "etag": f'"{sha256}"',
    }
    if kind == UNKNOWN:
        headers["content-disposition"] = "attachment"
    return FileResponse(path, media_type=kind, headers=headers)


@acting.post("/passages/{passage_id}/review")
async def review(
    passage_id: str, asked: schemas.ReviewIn, services: Serving, officer: Naming
) -> schemas.Saved:
    """Name plate and vehicle of a passage."""
    named = Named(
        plate=asked.plate,
        colour=asked.colour,
        trailer_plate=asked.trailer_plate,
        drawing=asked.drawing,
        registered_gross=asked.registered_gross_kg,
        approved_load=asked.approved_load_kg,
        kerb=asked.kerb_kg,
        paper=shaping.paper(asked.permit) if asked.permit else None,
    )
    return schemas.Saved(receipt=await services.reviewing.review(passage_id, named, officer))


@acting.post("/passages/{passage_id}/mismatches")
async def mismatch(
    passage_id: str, asked: schemas.MismatchIn, services: Serving, officer: OfRoad
) -> schemas.Saved:
    """Write down a vehicle that is not as it should be."""
    seen = Seen(subject=asked.subject, kinds=asked.kinds, facts=asked.facts)
    receipt = await services.mismatching.record(
        passage_id, seen, officer=officer, second_no=asked.second_officer
    )
    return schemas.Saved(receipt=receipt)


@acting.post("/cases/{case_no}/acts")
async def act(
    case_no: str, asked: schemas.ActIn, services: Serving, officer: Acting
) -> schemas.Saved:
    """Do one act on a case."""
    receipt = await services.casework.act(
        case_no,
        asked.act,
        asked.details,
        officer=officer,
        second_no=asked.second_officer,
        personal=asked.personal,
    )
    return schemas.Saved(receipt=receipt)
