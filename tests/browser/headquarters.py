"""A stand-in for headquarters: the recorded shapes, through the models of its own interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import FastAPI, Query, Response, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.websockets import WebSocketDisconnect

from central.api import due, mismatches, schemas
from central.api.app import STATIC
from central.api.camera import Mjpeg
from central.domain.days import local_day

PLACES = {
    "dashucheng": ("大顺城超限检测站", "G6 京藏高速连接线"),
    "hailiutu": ("海流图超限检测站", "S212 省道"),
    "linhe": ("临河超限检测站", "G110 京青线"),
}
NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = local_day(NOW)
OK = schemas.DeviceOut(code="ok", message="", since=NOW)


class Headquarters:
    """What the page asks, with answers that a test can change."""

    def __init__(self) -> None:
        self.signed_in = False
        self.role = "hq"
        self.stations = {node: self.station(node) for node in PLACES}
        self.passages: list[schemas.PassageOut] = []
        self.cases: list[schemas.CaseOut] = []
        self.alarms: list[schemas.AlarmOut] = []
        self.accounts: list[schemas.AccountOut] = []
        self.due: list[due.DueClockOut] = []
        self.evasions: list[due.EvasionOut] = []
        self.mismatches: list[mismatches.MismatchOut] = []
        self.asked_as_of: list[date] = []
        self.lists_asked = 0
        self.lists_may_go = asyncio.Event()
        self.lists_may_go.set()
        self.came_back_with: list[int | None] = []
        self.watches: list[str] = []
        self.watches_ended: list[str] = []
        self.busy = False
        self.reasons: list[str] = []
        self.refuse_release = False
        self._streams: dict[str, asyncio.Queue[bytes | None]] = {}
        self._turn = 0
        self._told: list[tuple[int, schemas.NewsOut]] = []
        self._watchers: set[asyncio.Queue[str | None]] = set()
        self.app = self._app()

    def station(self, node: str, gross_kg: int | None = 0, **changed) -> schemas.StationOut:
        name, road = PLACES[node]
        lane = schemas.LaneOut(
            at=NOW,
            gross_kg=gross_kg,
            stable=True,
            occupied=bool(gross_kg),
            scale=OK,
            camera=OK,
            waiting=0,
            open_cases=0,
            reviews=0,
        )
        values = {
            "link": OK,
            "lane": lane,
            "last_seq": 1,
            "last_entry_at": NOW,
            "proposal": None,
            **changed,
        }
        return schemas.StationOut(node=node, name=name, road=road, **values)

    def passage(self, number: int, node: str, outcome: str = "lawful", **changed):
        values = {
            "passage_id": f"{node}-{number}",
            "node": node,
            "receipt": f"{node}-{number}-0123456789",
            "lane": "1",
            "occurred_on": NOW.date(),
            "at": NOW + timedelta(seconds=number),
            "plate": f"蒙L{number:05d}",
            "plate_colour": "yellow",
            "trailer_plate": None,
            "gross_kg": 48000,
            "configuration": "TR-06-A",
            "limit_kg": 49000,
            "excess_kg": 0,
            "outcome": outcome,
            "reviewed": False,
            "recheck_of": None,
            "case_no": None,
            "touched": self._turn,
            "ahead": False,
        }
        return schemas.PassageOut(**{**values, **changed})

    def tell(self, kind: str, data) -> None:
        """Tell a row as it stands after another turn."""
        self._turn += 1
        if kind in ("passage", "case") and not getattr(data, "ahead", False):
            data = data.model_copy(update={"touched": self._turn})
        news = schemas.NewsOut(kind=kind, data=data)
        self._told.append((self._turn, news))
        self._send_all(self._tick([news]))

    def reload(self) -> None:
        """Say that too much has happened to tell it."""
        self._turn += 1
        self._send_all(schemas.LiveOut(type="reload", token=str(self._turn)))

    def _tick(self, news: list[schemas.NewsOut]) -> schemas.LiveOut:
        return schemas.LiveOut(type="tick", token=str(self._turn), news=news)

    def _send_all(self, frame: schemas.LiveOut) -> None:
        for watcher in self._watchers:
            watcher.put_nowait(frame.model_dump_json())

    def hang_up(self) -> None:
        """Close every live connection, as a restarting server does."""
        for watcher in self._watchers:
            watcher.put_nowait(None)

    def show(self, jpeg: bytes | None) -> None:
        """Send a picture to whoever looks through a camera; None ends the streams."""
        for stream in self._streams.values():
            stream.put_nowait(jpeg)

    @property
    def looking(self) -> int:
        """Tell how many streams are open."""
        return len(self._streams)

    async def _pictures(self, watch_id: str) -> AsyncIterator[bytes]:
        stream = self._streams[watch_id] = asyncio.Queue()
        try:
            while (jpeg := await stream.get()) is not None:
                yield jpeg
        finally:
            del self._streams[watch_id]

    def counts(self, node: str) -> schemas.CountsOut:
        mine = [item for item in self.passages if node in ("", item.node)]
        over = [item for item in mine if item.outcome in ("warning", "violation")]
        return schemas.CountsOut(
            node=node,
            on=NOW.date(),
            passages=len(mine),
            released=len(mine) - len(over),
            warnings=0,
            violations=len(over),
            reviews_open=0,
            unweighed=0,
            cases_opened=len(over),
            cases_closed=0,
            unloaded_kg=12_340 * len(over),
            over_limit_permille=1000 * len(over) // max(len(mine), 1),
        )

    def _app(self) -> FastAPI:
        app = FastAPI()
        self._add_session(app)

        @app.get("/api/stations")
        async def stations() -> list[schemas.StationOut]:
            return list(self.stations.values())

        @app.get("/api/passages")
        async def passages(limit: int, node: str | None = None) -> list[schemas.PassageOut]:
            self.lists_asked += 1
            found = [item for item in self.passages if node in (None, item.node)][:limit]
            await self.lists_may_go.wait()
            return found

        @app.get("/api/cases")
        async def cases() -> list[schemas.CaseOut]:
            return self.cases

        @app.get("/api/alarms")
        async def alarms(limit: int) -> list[schemas.AlarmOut]:
            return self.alarms[:limit]

        @app.get("/api/counts")
        async def counts(on: date) -> list[schemas.CountsOut]:
            return [self.counts(node) for node in ("", *PLACES)]

        @app.get("/api/export/repeat-vehicles.csv")
        async def export(as_of: date) -> PlainTextResponse:
            self.asked_as_of.append(as_of)
            named = "attachment; filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"
            return PlainTextResponse("plate\n", headers={"content-disposition": named})

        self._add_camera(app)
        self._add_release(app)
        self._add_lists(app)
        self._add_accounts(app)

        @app.websocket("/api/live")
        async def live(socket: WebSocket, after: int | None = None) -> None:
            self.came_back_with.append(after)
            await self._live(socket, after)

        app.mount("/", StaticFiles(directory=STATIC, html=True, check_dir=False))
        return app

    def quarantined(self, node: str, proposal: schemas.ProposalOut | None = None, **changed):
        link = schemas.DeviceOut(
            code="station.quarantined",
            message="已隔离，不再接收该站数据：证据链分叉或签名无效，请立即核查。",
            since=NOW,
        )
        return self.station(node, link=link, proposal=proposal, **changed)

    @staticmethod
    def proposal(by: str = "HQ2", name: str = "王建国", reason: str = "旧备份误上线，已换回"):
        return schemas.ProposalOut(
            reason=reason,
            proposed_by=by,
            name=name,
            proposed_at=NOW,
            lasts_until=NOW + timedelta(hours=24),
        )

    def _add_release(self, app: FastAPI) -> None:
        """As the centre does: the first one proposes, another one confirms."""

        @app.post("/api/stations/{node}/release", response_model=None)
        async def release(node: str, why: schemas.ReleaseIn) -> schemas.ReleaseOut | JSONResponse:
            self.reasons.append(why.reason)
            if self.refuse_release:
                said = {"code": "not_found", "message": "没有找到所查内容。", "fields": {}}
                return JSONResponse(said, status_code=404)
            released = self.stations[node].proposal is not None
            mine = self.proposal("HQ1", "值班员", why.reason)
            self.stations[node] = self.station(node) if released else self.quarantined(node, mine)
            return schemas.ReleaseOut(released=released)

    def _add_accounts(self, app: FastAPI) -> None:
        @app.get("/api/accounts")
        async def accounts() -> list[schemas.AccountOut]:
            return self.accounts

        @app.post("/api/accounts/{number}/confirmation", status_code=204)
        async def confirm(number: str) -> Response:
            self.accounts = [
                one.model_copy(update={"unconfirmed": one.certificate_no != number})
                for one in self.accounts
            ]
            return Response(status_code=204)

    @staticmethod
    def clock(number: int, pressing: str = "running", **changed) -> due.DueClockOut:
        values = {
            "node": "linhe",
            "case_no": f"LH2026{number:04d}",
            "plate": f"蒙L{number:05d}",
            "actor": "police",
            "pressing": pressing,
            "key": "deadline.service",
            "title": "处罚决定书送达期限",
            "source": "《行政处罚法》第六十一条",
            "confidence": "seen",
            "unit": "working_day",
            "began_on": TODAY,
            "due_on": TODAY + timedelta(days=number),
            "due_at": None,
            "missing_year": None,
        }
        return due.DueClockOut(**{**values, **changed})

    @staticmethod
    def evasion(number: int, **changed) -> due.EvasionOut:
        values = {
            "node": "linhe",
            "evasion_no": f"LHT20260301{number:04d}",
            "deed": "barrier",
            "plate": f"蒙L{number:05d}",
            "place": "站前匝道",
            "occurred_at": NOW,
            "opened_at": NOW,
            "stage": "open",
            "held": False,
            "fine_fen": None,
            "criterion": None,
            "closed": False,
            "acted_at": None,
            "transfer": None,
        }
        return due.EvasionOut(**{**values, **changed})

    def _add_lists(self, app: FastAPI) -> None:
        @app.get("/api/clocks")
        async def clocks(
            offset: int,
            limit: int,
            node: str | None = None,
            actor: str | None = None,
            pressing: str | None = None,
        ) -> due.DueOut:
            seen = [
                one for one in self.due if node in (None, one.node) and actor in (None, one.actor)
            ]
            names = due.DueCountsOut.model_fields
            counts = {name: sum(one.pressing == name for one in seen) for name in names}
            wanted = [one for one in seen if pressing in (None, one.pressing)]
            return due.DueOut(
                at=NOW,
                counts=due.DueCountsOut(**counts),
                total=len(wanted),
                missing_years=sorted({one.missing_year for one in seen} - {None}),
                clocks=wanted[offset : offset + limit],
            )

        @app.get("/api/evasions")
        async def evasions(
            is_open: Annotated[bool | None, Query(alias="open")] = None, node: str | None = None
        ) -> list[due.EvasionOut]:
            return [
                one
                for one in self.evasions
                if node in (None, one.node) and is_open in (None, not one.closed)
            ]

        @app.get("/api/vehicle-mismatches")
        async def listed(
            copied: bool | None = None, node: str | None = None
        ) -> list[mismatches.MismatchOut]:
            return [
                one
                for one in self.mismatches
                if node in (None, one.node) and copied in (None, one.copied_at is not None)
            ]

        @app.post("/api/vehicle-mismatches/copies", status_code=204)
        async def copies(asked: mismatches.CopiedIn) -> None:
            named = {(one.node, one.seq) for one in asked.mismatches}
            told = {"letter_no": asked.letter_no, "copied_at": NOW}
            self.mismatches = [
                one.model_copy(update=told) if (one.node, one.seq) in named else one
                for one in self.mismatches
            ]

    @staticmethod
    def mismatch(number: int, **changed) -> mismatches.MismatchOut:
        values = {
            "node": "linhe",
            "seq": number,
            "passage_id": f"p{number}",
            "case_no": "",
            "subject": "tractor",
            "plate": f"冀B{number:05d}",
            "home": "冀B",
            "kinds": ["licence", "standard"],
            "facts": "车厢加高约40厘米，与行驶证照片不符",
            "noted_at": NOW,
            "noted_on": TODAY,
            "letter_no": None,
            "copied_at": None,
        }
        return mismatches.MismatchOut(**{**values, **changed})

    def _add_camera(self, app: FastAPI) -> None:
        path = "/api/stations/{node}/camera"

        @app.post(path, status_code=201, response_model=None)
        async def begin(node: str) -> schemas.CameraWatchOut | JSONResponse:
            if self.busy:
                said = {"code": "camera.busy", "message": "已有3人正在调看", "fields": {}}
                return JSONResponse(said, status_code=409)
            self.watches.append(node)
            return schemas.CameraWatchOut(watch_id=f"{node}{len(self.watches)}")

        @app.get(path + "/{watch_id}.mjpeg")
        async def pictures(node: str, watch_id: str) -> Response:
            return Mjpeg(self._pictures(watch_id))

        @app.delete(path + "/{watch_id}", status_code=204)
        async def end(node: str, watch_id: str) -> Response:
            self.watches_ended.append(watch_id)
            return Response(status_code=204)

    def _add_session(self, app: FastAPI) -> None:
        def refused() -> JSONResponse:
            error = schemas.ErrorOut(code="access.not_signed_in", message="请先登录", fields={})
            return JSONResponse(error.model_dump(), status_code=401)

        def officer() -> schemas.OfficerOut:
            return schemas.OfficerOut(
                certificate_no="HQ1", name="值班员", role=self.role, valid_until=date(2099, 1, 1)
            )

        @app.post("/api/session")
        async def sign_in(_who: schemas.SignIn) -> schemas.OfficerOut:
            self.signed_in = True
            return officer()

        @app.get("/api/session", response_model=None)
        async def session() -> schemas.OfficerOut | JSONResponse:
            return officer() if self.signed_in else refused()

        @app.delete("/api/session", status_code=204)
        async def sign_out() -> Response:
            self.signed_in = False
            return Response(status_code=204)

    async def _live(self, socket: WebSocket, after: int | None) -> None:
        await socket.accept()
        frames: asyncio.Queue[str | None] = asyncio.Queue()
        first = [schemas.NewsOut(kind="station", data=one) for one in self.stations.values()]
        if after is not None:
            first += [news for turn, news in self._told if turn > after]
        frames.put_nowait(self._tick(first).model_dump_json())
        self._watchers.add(frames)
        sending = asyncio.create_task(self._send(socket, frames))
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            self._watchers.discard(frames)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    @staticmethod
    async def _send(socket: WebSocket, frames: asyncio.Queue[str | None]) -> None:
        while (frame := await frames.get()) is not None:
            await socket.send_text(frame)
        await socket.close(1012)
