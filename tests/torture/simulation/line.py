"""The line between the machines: it loses, doubles, delays, cuts and reorders what is sent."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field, replace

import httpx

from tests.torture.simulation.centre import Answer, Asked, CentreMachine

TIMEOUT_S = 10.0
USUAL_S = 0.08
SLOW_S = 6.0
DOUBLE_AFTER_S = 12.0


@dataclass(slots=True)
class Weather:
    """How bad the line of one machine is; shares of the messages that it happens to."""

    cut: bool = False
    lost: float = 0.0
    answer_lost: float = 0.0
    doubled: float = 0.0
    slow: float = 0.0
    torn: float = 0.0


@dataclass(slots=True, kw_only=True)
class Line:
    """Carries a machine's requests to the centre.

    Attributes:
        peer: the node that the machine's certificate names.
        done: counts what happened to the messages.
        seen: what came through, for whoever sends it again.
    """

    centre: CentreMachine
    peer: str
    chance: random.Random
    weather: Weather = field(default_factory=Weather)
    done: Counter[str] = field(default_factory=Counter)
    seen: list[Asked] = field(default_factory=list)

    async def carry(self, asked: Asked) -> Answer:
        """Bring a request over and its answer back, or neither, or one of them.

        Raises:
            httpx.HTTPError: as the real line would.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._carried(asked)
        except TimeoutError as exc:
            raise httpx.ReadTimeout("no answer") from exc

    async def _carried(self, asked: Asked) -> Answer:
        weather = self.weather
        if weather.cut:
            self.done["cut"] += 1
            await asyncio.sleep(self._chance_of(1.0))
            raise httpx.ConnectError("no way to the host")
        await asyncio.sleep(self._delay())
        if self._happens("lost", weather.lost):
            await asyncio.sleep(2 * TIMEOUT_S)
        asked = replace(asked, body=self._torn(asked.body))
        self.seen.append(asked)
        if self._happens("doubled", weather.doubled):
            self.later(asked)
        answer = await self._answered(asked)
        await asyncio.sleep(self._delay())
        if self._happens("answer_lost", weather.answer_lost):
            await asyncio.sleep(2 * TIMEOUT_S)
        return replace(answer, body=self._torn(answer.body))

    def later(self, asked: Asked) -> None:
        """Bring a request over once more, at some time; nobody waits for the answer."""
        loop = asyncio.get_running_loop()
        loop.call_later(self._chance_of(DOUBLE_AFTER_S), lambda: self.post(asked))

    def post(self, asked: Asked) -> asyncio.Task[Answer] | None:
        """Give a request to the centre; None when nobody listens."""
        centre = self.centre.up
        if centre is None:
            return None
        (task,) = centre.process.start(centre.answer(asked, self.peer))
        return task

    async def _answered(self, asked: Asked) -> Answer:
        """Wait for the answer. The centre goes on even when nobody waits any more."""
        task = self.post(asked)
        if task is None:
            raise httpx.ConnectError("connection refused")
        await asyncio.wait((task,))
        if task.cancelled() or task.exception():
            raise httpx.ReadError("connection reset")
        return task.result()

    def _torn(self, content: bytes) -> bytes:
        if content and self._happens("torn", self.weather.torn):
            return content[: self.chance.randrange(len(content))]
        return content

    def _delay(self) -> float:
        slow = self._happens("slow", self.weather.slow)
        return self._chance_of(SLOW_S if slow else USUAL_S)

    def _chance_of(self, most: float) -> float:
        return self.chance.random() * most

    def _happens(self, name: str, share: float) -> bool:
        happens = share > 0 and self.chance.random() < share
        self.done[name] += happens
        return happens


class Transport(httpx.AsyncBaseTransport):
    """What takes the place of the sockets under the station's own client."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        packed = request.headers.get("content-encoding") == "gzip"
        asked = Asked(
            request.method,
            request.url.path,
            request.content,
            packed=packed,
            query=dict(request.url.params),
        )
        answer = await self._line.carry(asked)
        return httpx.Response(answer.status, content=answer.body)
