"""The console's HTTP interface and page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

from fastapi import Cookie, Depends, FastAPI, Query, Request, Response, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.websockets import WebSocketDisconnect

from station.api import schemas, shaping
from station.api.errors import install, refusal
from station.api.feed import Feed, Watcher
from station.api.security import foreign
from station.application.casework import Casework
from station.application.duty import Duty
from station.application.live import LaneView
from station.application.ports import Media, Views
from station.application.reviewing import Named, Reviewing
from station.contract.sealing import local_day
from station.domain.clock import Clock
from station.domain.errors import AccessError, NotPermitted
from station.domain.officers import Officer, Permission

SESSION_LOOK_S: Final = 5.0
"""A live socket is closed within this time after its session ended."""
_REFUSED, _TRY_LATER = 4401, 1013


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the interface stands on."""

    station: schemas.StationOut
    drawings: Sequence[schemas.DrawingOut]
    views: Views
    media: Media
    duty: Duty
    casework: Casework
    reviewing: Reviewing
    lane: Callable[[], LaneView]
    feed: Feed
    clock: Clock


def create_app(services: Services) -> FastAPI:
    """Build the application."""
    app = FastAPI(title="治超站控制台", version="1", openapi_url="/api/openapi.json", docs_url=None)
    install(app)
    cookie = f"zhichao_{services.station.node}"

    @app.middleware("http")
    async def own_pages_only(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if request.method not in ("GET", "HEAD", "OPTIONS") and foreign(request.headers):
            return refusal(NotPermitted("the request comes from another site", permission="origin"))
        return await call_next(request)

    async def signed_in(token: Annotated[str | None, Cookie(alias=cookie)] = None) -> Officer:
        return await services.duty.officer(token)

    async def watcher(officer: Annotated[Officer, Depends(signed_in)]) -> Officer:
        today = date.fromisoformat(local_day(services.clock.now()))
        officer.require(Permission.WATCH, on=today)
        return officer

    _add_sessions(app, services, cookie, signed_in)
    _add_views(app, services, watcher)
    _add_acts(app, services, watcher)
    _add_live(app, services, cookie)
    static = Path(str(files("station.api"))) / "static"
    if static.is_dir() and (static / "index.html").is_file():
        app.mount("/", StaticFiles(directory=static, html=True))
    else:
        app.add_api_route("/", _page_missing, include_in_schema=False)
    return app


SignedIn = Callable[..., Awaitable[Officer]]


def _add_sessions(app: FastAPI, services: Services, cookie: str, signed_in: SignedIn) -> None:
    @app.post("/api/session")
    async def sign_in(asked: schemas.SignIn, response: Response) -> schemas.OfficerOut:
        token, officer = await services.duty.sign_in(asked.certificate_no, asked.password)
        response.set_cookie(cookie, token, httponly=True, samesite="strict", path="/")
        return shaping.officer_out(officer)

    @app.get("/api/session")
    async def session(officer: Annotated[Officer, Depends(signed_in)]) -> schemas.OfficerOut:
        return shaping.officer_out(officer)

    @app.delete("/api/session", status_code=204)
    async def sign_out(
        response: Response, token: Annotated[str | None, Cookie(alias=cookie)] = None
    ) -> None:
        if token:
            await services.duty.sign_out(token)
        response.delete_cookie(cookie, path="/")

    @app.get("/api/station")
    async def station() -> schemas.StationOut:
        return services.station


def _add_views(app: FastAPI, services: Services, watcher: SignedIn) -> None:
    allowed = [Depends(watcher)]
    views = services.views

    @app.get("/api/officers", dependencies=allowed)
    async def officers() -> list[schemas.OfficerOut]:
        return [shaping.officer_out(officer) for officer in await services.duty.all_on_duty()]

    @app.get("/api/lane", dependencies=allowed)
    async def lane() -> schemas.LaneOut:
        return shaping.lane_out(services.lane())

    @app.get("/api/drawings", dependencies=allowed)
    async def drawings() -> Sequence[schemas.DrawingOut]:
        return services.drawings

    @app.get("/api/passages", dependencies=allowed)
    async def passages(
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[schemas.PassageOut]:
        return [shaping.passage_out(view) for view in await views.passages(limit)]

    @app.get("/api/passages/{passage_id}", dependencies=allowed)
    async def passage(passage_id: str) -> schemas.PassageOut:
        return shaping.passage_out(await views.passage(passage_id))

    @app.get("/api/cases", dependencies=allowed)
    async def cases(
        *, open: bool = True, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> list[schemas.CaseOut]:
        found = await views.cases(closed=not open, limit=limit)
        return [shaping.case_out(await services.casework.complete(case)) for case in found]

    @app.get("/api/cases/{case_no}", dependencies=allowed)
    async def case(case_no: str) -> schemas.CaseOut:
        return shaping.case_out(await services.casework.file(case_no))

    @app.get("/api/alarms", dependencies=allowed)
    async def alarms(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[schemas.AlarmOut]:
        return [shaping.alarm_out(alarm) for alarm in await views.alarms(limit)]

    @app.get("/api/media/{sha256}", dependencies=allowed)
    async def media(sha256: str) -> Response:
        headers = {"cache-control": "private, max-age=86400, immutable"}
        data = await services.media.fetch(sha256)
        return Response(data, media_type="image/jpeg", headers=headers)


def _add_acts(app: FastAPI, services: Services, watcher: SignedIn) -> None:
    @app.post("/api/passages/{passage_id}/review")
    async def review(
        passage_id: str,
        asked: schemas.ReviewIn,
        officer: Annotated[Officer, Depends(watcher)],
    ) -> schemas.Saved:
        named = Named(
            plate=asked.plate,
            colour=asked.colour,
            trailer_plate=asked.trailer_plate,
            drawing=asked.drawing,
            registered_gross=asked.registered_gross_kg,
            approved_load=asked.approved_load_kg,
            kerb=asked.kerb_kg,
        )
        receipt = await services.reviewing.review(passage_id, named, officer)
        return schemas.Saved(receipt=receipt)

    @app.post("/api/cases/{case_no}/acts")
    async def act(
        case_no: str, asked: schemas.ActIn, officer: Annotated[Officer, Depends(watcher)]
    ) -> schemas.Saved:
        receipt = await services.casework.act(
            case_no, asked.act, asked.details, officer=officer, second_no=asked.second_officer
        )
        return schemas.Saved(receipt=receipt)


def _add_live(app: FastAPI, services: Services, cookie: str) -> None:
    @app.websocket("/api/live")
    async def live(socket: WebSocket) -> None:
        token = socket.cookies.get(cookie)
        try:
            if foreign(socket.headers):
                raise NotPermitted("the socket comes from another site", permission="origin")
            await services.duty.officer(token)
        except AccessError as exc:
            await socket.accept()
            await socket.close(_REFUSED, exc.code)
            return
        await socket.accept()
        watcher = services.feed.join(services.lane())
        try:
            await _serve(socket, watcher, lambda: services.duty.is_alive(token))
        finally:
            services.feed.leave(watcher)


async def _serve(
    socket: WebSocket, watcher: Watcher, is_alive: Callable[[], Awaitable[bool]]
) -> None:
    """Send frames until the console leaves, its session ends, or it is too slow."""
    # A handler that only waits for frames would never notice that its console has gone.
    jobs = {
        asyncio.create_task(_until_gone(socket)),
        asyncio.create_task(_send(socket, watcher)),
        asyncio.create_task(_until_signed_out(socket, is_alive)),
    }
    try:
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _send(socket: WebSocket, watcher: Watcher) -> None:
    try:
        while (frame := await watcher.frames.get()) is not None:
            await socket.send_text(frame)
        await socket.close(_TRY_LATER, "slow")
    except (WebSocketDisconnect, RuntimeError):
        # Starlette's ways of saying that the other side has gone.
        return


async def _until_signed_out(socket: WebSocket, is_alive: Callable[[], Awaitable[bool]]) -> None:
    while await is_alive():  # noqa: ASYNC110 - a session ends by time, which sets no event
        await asyncio.sleep(SESSION_LOOK_S)
    await socket.close(_REFUSED, "access.not_signed_in")


async def _page_missing() -> Response:
    return Response("控制台页面尚未生成:请先运行 make web", media_type="text/plain; charset=utf-8")
