"""What headquarters' page calls."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response, WebSocket

from central.api import schemas
from central.api.parts import parts_of
from central.api.security import (
    check_origin,
    give_cookie,
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
from central.application.views import together
from central.domain.counting import more_than, repeat_vehicles, window
from central.domain.days import local_day
from station.domain.errors import AccessError
from station.domain.officers import Officer, Permission
from station.rules.lawbook import lawbook

ROUTER: Final = APIRouter(prefix="/api", tags=["headquarters"])
MOST_ROWS: Final = 500
_POLICY_VIOLATION: Final = 1008

Watching = Annotated[Officer, Depends(permitted(Permission.WATCH))]
Exporting = Annotated[Officer, Depends(permitted(Permission.EXPORT_LISTS))]
Lifting = Annotated[Officer, Depends(permitted(Permission.LIFT_QUARANTINE))]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]


@ROUTER.post("/session")
async def sign_in(request: Request, response: Response, who: schemas.SignIn) -> schemas.OfficerOut:
    """Sign in; the answer sets the cookie."""
    check_origin(request)
    sessions = parts_of(request).sessions
    token, officer = await sessions.sign_in(who.certificate_no, who.password)
    give_cookie(response, token, secure=request.url.scheme == "https")
    return officer_out(officer)


@ROUTER.get("/session")
async def session(request: Request) -> schemas.OfficerOut:
    """Tell who is signed in."""
    return officer_out(await signed_in(request))


@ROUTER.delete("/session", status_code=204)
async def sign_out(request: Request) -> Response:
    """Sign out."""
    check_origin(request)
    await parts_of(request).sessions.sign_out(token_of(request))
    response = Response(status_code=204)
    take_cookie(response)
    return response


@ROUTER.get("/stations")
async def stations(request: Request, _officer: Watching) -> list[schemas.StationOut]:
    """List the enrolled stations."""
    return [station_out(station) for station in await parts_of(request).stations.all()]


@ROUTER.post("/stations/{node}/release")
async def release(
    request: Request, node: str, why: schemas.ReleaseIn, officer: Lifting
) -> schemas.ReleaseOut:
    """Propose to let a node deliver again, or confirm another officer's proposal."""
    check_origin(request)
    released = await parts_of(request).release(node, officer.certificate_no, why.reason)
    return schemas.ReleaseOut(released=released)


@ROUTER.get("/passages")
async def passages(
    request: Request, _officer: Watching, limit: Limit = 50, node: str | None = None
) -> list[schemas.PassageOut]:
    """List the newest passages, newest first."""
    found = await parts_of(request).reading.passages(limit=limit, node=node)
    return [passage_out(passage) for passage in found]


@ROUTER.get("/cases")
async def cases(
    request: Request,
    _officer: Watching,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    limit: Limit = 100,
) -> list[schemas.CaseOut]:
    """List cases, newest first; all, the open ones or the closed ones."""
    closed = None if is_open is None else not is_open
    found = await parts_of(request).reading.cases(closed=closed, limit=limit)
    return [case_out(case) for case in found]


@ROUTER.get("/alarms")
async def alarms(request: Request, _officer: Watching, limit: Limit = 50) -> list[schemas.AlarmOut]:
    """List the newest alarms, newest first."""
    return [alarm_out(alarm) for alarm in await parts_of(request).reading.alarms(limit=limit)]


@ROUTER.get("/counts")
async def counts(
    request: Request, _officer: Watching, on: date | None = None
) -> list[schemas.CountsOut]:
    """Count a local day (default today): the sum first, under node "", then each station."""
    parts = parts_of(request)
    day = on or local_day(parts.clock.now())
    found = await parts.reading.counts(day)
    return [counts_out(one) for one in (together(found, day), *found)]


@ROUTER.get(
    "/export/repeat-vehicles.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def repeat_vehicles_csv(
    request: Request, _officer: Exporting, as_of: date | None = None
) -> Response:
    """Export the vehicles with more than three violations in the twelve months up to a day."""
    parts = parts_of(request)
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
async def live(socket: WebSocket) -> None:
    """Stream live messages (LiveOut) to whoever may watch."""
    parts = parts_of(socket)
    try:
        check_origin(socket)
        await signed_in(socket, Permission.WATCH)
        token = token_of(socket)
    except AccessError:
        await socket.close(_POLICY_VIOLATION)
        return
    await parts.live(socket, lambda: parts.sessions.lasts(token))
