"""What headquarters' page calls."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response, WebSocket

from central.api import schemas
from central.api.errors import ACTING, SEEING, refusals
from central.api.parts import parts_of
from central.api.security import (
    check_origin,
    give_cookie,
    note_refusal,
    permitted,
    signed_in,
    take_cookie,
    token_of,
)
from central.api.shaping import (
    alarm_out,
    case_out,
    counts_out,
    officer_out,
    passage_out,
    station_out,
)
from central.application.news import Viewer
from central.application.ports import Session
from central.application.views import together
from central.domain.access import ALL
from central.domain.counting import more_than, repeat_vehicles, window
from central.domain.days import local_day
from station.domain.errors import AccessError, NotPermitted
from station.domain.officers import Permission
from station.rules.lawbook import lawbook

ROUTER: Final = APIRouter(prefix="/api", tags=["headquarters"])
MOST_ROWS: Final = 500
_POLICY_VIOLATION: Final = 1008

Watching = Annotated[Session, Depends(permitted(Permission.WATCH))]
SeeingDevices = Annotated[Session, Depends(permitted(Permission.SEE_DEVICES))]
Exporting = Annotated[Session, Depends(permitted(Permission.EXPORT_LISTS))]
Lifting = Annotated[Session, Depends(permitted(Permission.LIFT_QUARANTINE))]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]


@ROUTER.post("/session", responses=refusals(401, 403, 413, 422, 503))
async def sign_in(request: Request, response: Response, who: schemas.SignIn) -> schemas.OfficerOut:
    """Sign in; the answer sets the cookie."""
    sessions = parts_of(request).sessions
    peer = request.client.host if request.client else ""
    token, officer = await sessions.sign_in(
        who.certificate_no, who.password, who.code.strip(), peer=peer
    )
    give_cookie(request, response, token)
    return officer_out(officer)


@ROUTER.get("/session", responses=refusals(401, 503))
async def session(request: Request) -> schemas.OfficerOut:
    """Tell who is signed in."""
    return officer_out((await signed_in(request)).officer)


@ROUTER.delete("/session", status_code=204, responses=refusals(401, 403, 503))
async def sign_out(request: Request) -> Response:
    """Sign out."""
    await parts_of(request).sessions.sign_out(token_of(request))
    response = Response(status_code=204)
    take_cookie(request, response)
    return response


@ROUTER.get("/stations", responses=SEEING)
async def stations(request: Request, session: SeeingDevices) -> list[schemas.StationOut]:
    """List the enrolled stations within the officer's scope; so do all the lists below."""
    found = await parts_of(request).stations.all(session.scope)
    return [station_out(station) for station in found]


@ROUTER.post("/stations/{node}/release", responses=ACTING)
async def release(
    request: Request, node: str, why: schemas.ReleaseIn, session: Lifting
) -> schemas.ReleaseOut:
    """Propose to let a node deliver again, or confirm another officer's proposal."""
    session.scope.require(node)
    released = await parts_of(request).release(node, session.officer.certificate_no, why.reason)
    return schemas.ReleaseOut(released=released)


@ROUTER.get("/passages", responses=SEEING)
async def passages(
    request: Request, session: Watching, limit: Limit = 50, node: schemas.NodeName = None
) -> list[schemas.PassageOut]:
    """List the newest passages, newest first; those that came before their order too."""
    reading = parts_of(request).reading
    scope = session.scope if node is None else session.scope.narrowed(node)
    ahead = await reading.ahead(scope, limit)
    found = [*ahead, *await reading.passages(scope, limit=limit)]
    found.sort(key=lambda passage: passage.at, reverse=True)
    return [passage_out(passage) for passage in found[:limit]]


@ROUTER.get("/cases", responses=SEEING)
async def cases(
    request: Request,
    session: Watching,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    limit: Limit = 100,
) -> list[schemas.CaseOut]:
    """List cases, newest first; all, the open ones or the closed ones."""
    closed = None if is_open is None else not is_open
    found = await parts_of(request).reading.cases(session.scope, closed=closed, limit=limit)
    return [case_out(case) for case in found]


@ROUTER.get("/alarms", responses=SEEING)
async def alarms(request: Request, session: Watching, limit: Limit = 50) -> list[schemas.AlarmOut]:
    """List the newest alarms, newest first."""
    found = await parts_of(request).reading.alarms(session.scope, limit=limit)
    return [alarm_out(alarm) for alarm in found]


@ROUTER.get("/counts", responses=SEEING)
async def counts(
    request: Request, session: Watching, on: date | None = None
) -> list[schemas.CountsOut]:
    """Count a local day (default today): the sum first, under node "", then each station."""
    parts = parts_of(request)
    day = on or local_day(parts.clock.now())
    found = await parts.reading.counts(session.scope, day)
    return [counts_out(one) for one in (together(found, day), *found)]


@ROUTER.get(
    "/export/repeat-vehicles.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **SEEING, **refusals(409)},
)
async def repeat_vehicles_csv(
    request: Request, session: Exporting, as_of: date | None = None
) -> Response:
    """Export the vehicles with more than three violations in the twelve months up to a day.

    It counts over all stations: who is limited to some may not have it.
    """
    parts = parts_of(request)
    if session.scope != ALL:
        raise NotPermitted("limited to some stations", permission=Permission.EXPORT_LISTS.value)
    day = as_of or local_day(parts.clock.now())
    days = window(day)
    threshold = more_than(lawbook(), day)
    decisions = await parts.reading.decisions(days.first, days.last, threshold)
    content = parts.repeat_csv(repeat_vehicles(decisions, days, threshold), days, threshold)
    disposition = f"attachment; filename*=UTF-8''{quote(parts.repeat_file_name(day))}"
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": disposition},
    )


@ROUTER.websocket("/live")
async def live(
    socket: WebSocket, after: Annotated[int | None, Query(ge=0, lt=2**63)] = None
) -> None:
    """Stream frames (LiveOut) to whoever may watch; *after*: the token that the page holds."""
    try:
        check_origin(socket)
        session = await signed_in(socket, Permission.WATCH)
    except AccessError as exc:
        note_refusal(socket, exc)
        await socket.close(_POLICY_VIOLATION)
        return
    await parts_of(socket).live(socket, Viewer(session.token_digest, session.scope), after)
