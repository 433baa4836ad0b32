"""Reads the bodies of machines: in time, and unpacked within a bound (解压上限)."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from fastapi import Request

from station.domain.errors import MalformedEntry

BODY_S: Final = 30.0
BATCH_BYTES: Final = 64 * 1024 * 1024
"""What a batch may unpack to; only a station with a certificate sends one."""
SMALL_BYTES: Final = 64 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


async def body_of(request: Request, most: int = SMALL_BYTES) -> bytes:
    """Return the body, unpacked where it came packed, to at most *most* bytes.

    Raises:
        MalformedEntry: it did not arrive in time, is cut, or unpacks to more than anybody sends.
    """
    try:
        async with asyncio.timeout(BODY_S):
            data = await request.body()
    except TimeoutError as exc:
        raise MalformedEntry("the body did not arrive in time") from exc
    encoding = request.headers.get("content-encoding", "identity")
    if encoding == "identity":
        return data
    if encoding != "gzip":
        raise MalformedEntry("unknown content-encoding", encoding=encoding)
    return await asyncio.to_thread(unpacked, data, most)


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
