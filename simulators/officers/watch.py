"""What a console shows: passages and cases, kept up to date over the live WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import websockets
from pydantic import TypeAdapter, ValidationError

from simulators.officers.console import Away, Console, Refused
from station.api.schemas import AlarmOut, CaseOut, LaneOut, LiveOut, PassageOut, Saved

AGAIN_S: Final = 0.5
REFRESH_S: Final = 4.0
"""So often everything is fetched again, whatever the live stream said."""

_PASSAGES: Final = TypeAdapter(list[PassageOut])
_CASES: Final = TypeAdapter(list[CaseOut])


class Watch:
    """Passages and cases of one station, as its console tells them.

    Attributes:
        passages, cases: by id and number, as told last.
        problems: what could not be understood, by its text.
        receipts: of everything that was said to be durable.
    """

    def __init__(self, console: Console, live_url: str) -> None:
        self._console = console
        self._live_url = live_url
        self._listeners: set[asyncio.Event] = set()
        self.passages: dict[str, PassageOut] = {}
        self.cases: dict[str, CaseOut] = {}
        self.alarms: list[AlarmOut] = []
        self.lane: LaneOut | None = None
        self.problems: list[str] = []
        self.receipts: set[str] = set()

    def listen(self) -> asyncio.Event:
        """Return an event that is set whenever something is new."""
        event = asyncio.Event()
        self._listeners.add(event)
        return event

    def acknowledged(self, answer: bytes) -> None:
        """Remember the receipt of something that an officer did."""
        self.receipts.add(Saved.model_validate_json(answer).receipt)

    async def run(self) -> None:
        """Follow the station until cancelled, through its restarts."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._refresh())

    async def fetch(self) -> None:
        """Fetch the newest passages and the open cases.

        Raises:
            Refused: by the station.
            Away: the station does not answer.
        """
        for passage in _PASSAGES.validate_json(await self._console.get("/api/passages")):
            self._take_passage(passage)
        cases = _CASES.validate_json(await self._console.get("/api/cases?open=true"))
        listed = {case.case_no for case in cases}
        for case_no in [no for no, case in self.cases.items() if not case.closed]:
            if case_no not in listed:
                await self.fetch_case(case_no)
        for case in cases:
            self._take_case(case)
        self._tell()

    async def fetch_case(self, case_no: str) -> CaseOut:
        """Fetch one case.

        Raises:
            Refused: by the station.
            Away: the station does not answer.
        """
        case = CaseOut.model_validate_json(await self._console.get(f"/api/cases/{case_no}"))
        self._take_case(case)
        return self.cases[case_no]

    async def _refresh(self) -> None:
        while True:
            try:
                await self.fetch()
                await asyncio.sleep(REFRESH_S)
            except (Refused, Away):
                await asyncio.sleep(AGAIN_S)
            except ValidationError as exc:
                self.problems.append(str(exc))
                await asyncio.sleep(REFRESH_S)

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(Refused, Away, OSError, websockets.WebSocketException):
                cookie = await self._console.cookie()
                async with websockets.connect(
                    self._live_url, additional_headers={"Cookie": cookie}, proxy=None
                ) as live:
                    async for message in live:
                        self._take(message)
            await asyncio.sleep(AGAIN_S)

    def _take(self, message: str | bytes) -> None:
        try:
            data = LiveOut.model_validate_json(message).data
        except ValidationError as exc:
            self.problems.append(str(exc))
            return
        match data:
            case LaneOut():
                self.lane = data
                return
            case PassageOut():
                self._take_passage(data)
            case CaseOut():
                self._take_case(data)
            case AlarmOut():
                self.alarms.append(data)
        self._tell()

    def _take_passage(self, passage: PassageOut) -> None:
        """Keep *passage*; an older state that comes late must not undo a review."""
        self.receipts.add(passage.receipt)
        known = self.passages.get(passage.passage_id)
        if known is None or known.reviewed_by is None or passage.reviewed_by is not None:
            self.passages[passage.passage_id] = passage

    def _take_case(self, case: CaseOut) -> None:
        """Keep *case*; an answer that was overtaken by an act must not undo it."""
        known = self.cases.get(case.case_no)
        if known is None or len(case.history) >= len(known.history):
            self.cases[case.case_no] = case

    def _tell(self) -> None:
        for event in self._listeners:
            event.set()
