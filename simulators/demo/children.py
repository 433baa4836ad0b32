"""Programs that the demo starts, and ends again: only these, and all of these."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

_LEASH: Final = Path(__file__).with_name("leash.py")
_GRACE_S: Final = 20.0
_POLL_S: Final = 0.05
_SERVER_ERROR: Final = 500
_LAST_LINES: Final = 12


class Broken(Exception):
    """The demo cannot go on; the text says why."""


class Child:
    """One program in a session of its own; what it prints goes to a file."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._arguments = tuple(arguments)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Return its process id, None before it was started."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start ``python -m …``; it ends when we do, even when we are killed."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("the signal at the parent's death comes when its *thread* ends")
        leash = [sys.executable, str(_LEASH), str(os.getpid()), str(int(signal.SIGTERM))]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own programs
                [*leash, sys.executable, "-m", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(),
                start_new_session=True,  # Ctrl-C is for the demo, which ends the others in order
            )

    async def answers(self, url: str, timeout_s: float) -> None:
        """Wait until *url* answers.

        Raises:
            Broken: the program ended, or is not there in time.
        """
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
            try:
                async with asyncio.timeout(timeout_s):
                    while not await _answers(http, url):
                        if not self.alive:
                            raise Broken(f"{self.name} ended by itself:\n{self.last_words()}")
                        await asyncio.sleep(_POLL_S * 4)
            except TimeoutError as exc:
                words = self.last_words()
                raise Broken(f"{self.name} does not answer at {url}:\n{words}") from exc

    async def stop(self) -> bool:
        """End it; first politely. Tell whether it went by itself."""
        if self._process is None:
            return True
        polite = True
        for how in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive:
                break
            polite = how is signal.SIGTERM
            self._signal(how)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await self._gone()
        self._signal(signal.SIGKILL)  # whatever it left in its group
        return polite

    async def kill(self) -> None:
        """End it as a power cut would."""
        self._signal(signal.SIGKILL)
        await self._gone()

    def last_words(self) -> str:
        """Return the end of what it printed."""
        return _end_of(self._log.read_text("utf-8", errors="replace"))

    async def _gone(self) -> None:
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)

    def _signal(self, how: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)


def environment() -> dict[str, str]:
    """Return our environment without what would override the demo's configuration files."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ZHICHAO_")}
    return kept | {"PYTHONUNBUFFERED": "1"}


async def finish(arguments: Sequence[str], stdin: str = "") -> str:
    """Run ``python -m …`` to its end and return what it printed.

    Raises:
        Broken: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
    )
    try:
        out, err = await process.communicate(stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        command = " ".join(arguments)
        raise Broken(f"python -m {command} failed:\n{_end_of(err.decode(errors='replace'))}")
    return out.decode()


def _end_of(text: str) -> str:
    return "\n".join(text.splitlines()[-_LAST_LINES:])


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        response = await http.get(url)
    except httpx.TransportError:
        return False
    return response.status_code < _SERVER_ERROR
