"""Reads the bodies of machines: in time, and unpacked within a bound (解压上限)."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from station.domain.errors import MalformedEntry, StoreFailed

BODY_S: Final = 30.0
BATCH_BYTES: Final = 16 * 1024 * 1024
"""What a batch may unpack to; a station sends a megabyte and one entry at most."""
SMALL_BYTES: Final = 64 * 1024
JSON: Final = "application/json"
_UNSUPPORTED: Final = 415
_GZIP: Final = 16 + zlib.MAX_WBITS

MOST_AT_ONCE: Final = 8
"""Batches of one node that are in memory at a time; a station sends one or two."""

Unread = Callable[[bytes, MalformedEntry], Awaitable[MalformedEntry]]


class Turns:
    """Lets so many batches of each node come in at a time; the others are not read yet."""

    def __init__(self) -> None:
        self._of: dict[str, asyncio.Semaphore] = {}

    @contextlib.asynccontextmanager
    async def of(self, node: str) -> AsyncIterator[None]:
        """Take a turn of *node*, which has a certificate, while the block runs.

        Raises:
            StoreFailed: those before it did not end in time; it comes again.
        """
        turn = self._of.setdefault(node, asyncio.Semaphore(MOST_AT_ONCE))
        try:
            async with asyncio.timeout(BODY_S):
                await turn.acquire()
        except TimeoutError as exc:
            raise StoreFailed("too many deliveries of the node at once") from exc
        try:
            yield
        finally:
            turn.release()


async def body_of(request: Request, kind: str | None = JSON) -> bytes:
    """Return a small body, unpacked where it came packed.

    Args:
        request: whose body.
        kind: its media type, where it names one; None: any.

    Raises:
        HTTPException: 415, it is of another type.
        MalformedEntry: it did not arrive in time, is cut, or unpacks to more than anybody sends.
    """
    return await _unpacked(request, await _received(request, kind), SMALL_BYTES)


async def batch_of(request: Request, unread: Unread | None = None) -> bytes:
    """Return the body of a batch; *unread* gets the bytes of one that cannot be unpacked.

    Raises:
        HTTPException, MalformedEntry: as in :func:`body_of`.
    """
    data = await _received(request, JSON)
    try:
        return await _unpacked(request, data, BATCH_BYTES)
    except MalformedEntry as refusal:
        if unread is not None:
            raise await unread(data, refusal) from refusal
        raise


def unpacked(data: bytes, most: int) -> bytes:
    """Unpack one gzip member of at most *most* bytes.

    Raises:
        MalformedEntry: it is none, is cut, is followed by something, or is larger.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        found = unpacker.decompress(data, most + 1)
    except zlib.error as exc:
        raise MalformedEntry("the body is not gzip") from exc
    if len(found) > most:
        raise MalformedEntry("the body unpacks to too much", most=most)
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedEntry("the body is cut, or followed by something")
    return found


async def _received(request: Request, kind: str | None) -> bytes:
    named = request.headers.get("content-type", kind or "").partition(";")[0].strip().lower()
    if kind is not None and named != kind:
        raise HTTPException(_UNSUPPORTED, f"{named}: not {kind}")
    try:
        async with asyncio.timeout(BODY_S):
            return await request.body()
    except TimeoutError as exc:
        raise MalformedEntry("the body did not arrive in time") from exc
    except ClientDisconnect as exc:
        raise MalformedEntry("the line broke off") from exc


async def _unpacked(request: Request, data: bytes, most: int) -> bytes:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding == "identity":
        return data
    if encoding != "gzip":
        raise MalformedEntry("unknown content-encoding", encoding=encoding)
    return await asyncio.to_thread(unpacked, data, most)
