"""Closes lines on which a request's head does not come in time: whoever dawdles holds no place."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S: Final = 10.0
"""So long a request's head may take, from its first byte or the opening of the line."""


class PatientProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP, which waits for heads no longer than :data:`HEAD_S`.

    Uvicorn itself closes only lines that are idle after an answer.
    """

    head_s = HEAD_S
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """Wait no more: the head is there."""
        self._cease()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more: nobody is there."""
        self._cease()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._cease()
        self._late = self.loop.call_later(self.head_s, self.transport.close)

    def _cease(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
