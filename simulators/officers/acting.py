"""How an officer acts: one thing after another, patient with a console that says no."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from simulators.officers.console import Away, Console, Refused
from simulators.officers.post import Post
from station.api.schemas import CaseOut
from station.domain.procedure import Act

_ABSENCE_S: Final = 1.0
_REFUSAL_S: Final = 2.0
_LONGEST_REFUSAL_S: Final = 30.0


class Desk:
    """One authority's place at the console."""

    def __init__(self, post: Post, console: Console, second: str) -> None:
        """Sit down; *second* is the certificate number of the officer who acts along."""
        self.post = post
        self.console = console
        self._second = second
        self._wait: dict[str, tuple[float, float]] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        news = self.post.watch.listen()
        while True:
            try:
                await self.work()
            except Away:
                await asyncio.sleep(_ABSENCE_S)
            await self.post.nap(news)

    async def work(self) -> None:
        """Do whatever there is to do now.

        Raises:
            Away: the station does not answer.
        """
        raise NotImplementedError

    async def attempt(self, subject: str, doing: Coroutine[Any, Any, None]) -> None:
        """Try to do something about *subject*; what was refused is tried again later.

        Raises:
            Away: the station does not answer.
        """
        not_before, wait_s = self._wait.get(subject, (0.0, _REFUSAL_S))
        if self.post.now() < not_before:
            doing.close()
            return
        try:
            await doing
        except Refused as exc:
            self.post.errors.append(f"{subject}: {exc}")
            later = min(wait_s * 2, _LONGEST_REFUSAL_S)
            self._wait[subject] = (self.post.now() + wait_s, later)
        else:
            self._wait.pop(subject, None)

    async def act(
        self, case: CaseOut, act: Act | str, details: Mapping[str, str | int]
    ) -> CaseOut | None:
        """Do one act on a case; return the case after it, None when it is not there to be done.

        Raises:
            Refused: by the station.
            Away: the station does not answer.
        """
        name = act.value if isinstance(act, Act) else act
        await self.post.pause(name)
        body = {"act": name, "second_officer": self._second, "details": dict(details)}
        answer = await self.console.post(f"/api/cases/{case.case_no}/acts", body)
        self.post.watch.acknowledged(answer)
        self.post.acts[name] += 1
        return await self.post.watch.fetch_case(case.case_no)
