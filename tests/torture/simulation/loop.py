"""An event loop whose time is counted, not waited for, and programs on it that can be killed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

SHARE_OF_PAUSES = 0.25
"""So often somebody else comes in between two steps of a program."""
LONGEST_PAUSE_S = 0.05


class Loop(asyncio.BaseEventLoop):
    """No sockets, no signals, no threads: what is sent to a thread is done at once."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self
        self._now = 0.0
        self.set_task_factory(_task)

    def time(self) -> float:
        """Return the seconds since the beginning."""
        return self._now

    def select(self, timeout: float | None) -> list[object]:
        """Let the time pass until something is due."""
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self._now += timeout
        return []

    def run_in_executor(
        self, _executor: object, func: Callable[..., Any], *arguments: Any
    ) -> asyncio.Future[Any]:
        """Do at once what would have gone to a thread."""
        future = self.create_future()
        try:
            future.set_result(func(*arguments))
        except Exception as exc:  # noqa: BLE001 - as an executor does
            future.set_exception(exc)
        return future

    def _process_events(self, _events: list[object]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class Process:
    """A program that runs. Killed, it does nothing more, whatever it was doing."""

    def __init__(
        self, name: str, chance: random.Random, failed: Callable[[str, BaseException], None]
    ) -> None:
        """Prepare; *failed* is told of a task that ended in an error by itself."""
        self.name = name
        self.dead = False
        self._chance = chance
        self._failed = failed
        self._tasks: list[asyncio.Task[Any]] = []
        self._steps_left: int | None = None
        self._on_kill: Callable[[], None] = lambda: None

    def start(self, *work: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
        """Begin *work*, and count as this program's whatever it begins."""
        token = _CURRENT.set(self)
        tasks = [asyncio.get_running_loop().create_task(one) for one in work]
        _CURRENT.reset(token)
        for task in tasks:
            task.add_done_callback(self._ended)
        return tasks

    def belongs(self, task: asyncio.Task[Any]) -> None:
        """Count *task* as this program's."""
        self._tasks.append(task)

    def kill(self) -> None:
        """End it now."""
        if self.dead:
            return
        self.dead = True
        for task in self._tasks:
            task.cancel()
        self._on_kill()

    def kill_after(self, steps: int, then: Callable[[], None]) -> None:
        """End it at one of the next steps that it takes, and call *then*."""
        self._steps_left, self._on_kill = steps, then

    async def step(self) -> None:
        """Stand between two effects: here it can be killed, here others come in between."""
        self.living()
        if self._steps_left is not None:
            self._steps_left -= 1
            if self._steps_left <= 0:
                self.kill()
        self.living()
        if self._chance.random() < SHARE_OF_PAUSES:
            await asyncio.sleep(self._chance.random() * LONGEST_PAUSE_S)
            self.living()

    def living(self) -> None:
        """Go no further when killed."""
        if self.dead:
            raise asyncio.CancelledError

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and not self.dead and (exc := task.exception()) is not None:
            self._failed(self.name, exc)


_CURRENT: ContextVar[Process | None] = ContextVar("process", default=None)


def _task(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(work, loop=loop, **more)
    process = _CURRENT.get()
    if process is not None:
        process.belongs(task)
    return task


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run *main* on a loop of its own, and leave nothing behind."""
    loop = Loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        loop.run_until_complete(main())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
