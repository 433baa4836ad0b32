"""Hears what other processes tell over the database (LISTEN), on a connection of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from central.store.pool import Connection, wrapped
from central.store.sqlfile import load
from station.domain.errors import StorageError

PAUSE_S: Final = 1.0
LOOK_EVERY_S: Final = 5.0
ANSWER_S: Final = 5.0
"""A connection that does not answer for so long is taken for dead: a cable tells nothing."""

_SQL: Final = load("listening")
_LOG: Final = logging.getLogger(__name__)

Heard = Callable[[str], None]


class Listener:
    """One task; it connects again for ever."""

    def __init__(self, dsn: str, heard: Mapping[str, Heard], connected: Callable[[], None]) -> None:
        """Prepare.

        Args:
            dsn: of the database.
            heard: by channel, what to call with what was told; it must not block.
            connected: called after each connecting: something may have been missed before it.
        """
        self._dsn = dsn
        self._heard = heard
        self._connected = connected

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            try:
                await self._listen()
            except StorageError as exc:
                _LOG.warning("other processes are not heard", extra={"code": exc.code})
            await asyncio.sleep(PAUSE_S)

    async def _listen(self) -> None:
        with wrapped():
            connection = await asyncpg.connect(
                self._dsn, timeout=ANSWER_S, command_timeout=ANSWER_S
            )
            try:
                for channel in self._heard:
                    await connection.add_listener(channel, self._take)
                self._connected()
                while True:
                    await asyncio.sleep(LOOK_EVERY_S)
                    await connection.execute(_SQL["alive"])
            finally:
                connection.terminate()

    def _take(self, _connection: Connection, _process: int, channel: str, payload: object) -> None:
        self._heard[channel](str(payload))
