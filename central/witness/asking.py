"""Asks over HTTP: the centre for its checkpoints and proofs, a witness for what it keeps."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Final

import httpx
import msgspec

from station.contract.uplink import SealedEntry, unsealed
from station.domain.errors import MalformedEntry, UplinkError
from station.domain.ledger import Entry

TIMEOUT_S: Final = 15.0
WHOLE_S: Final = 60.0
_LONGEST_NOTE: Final = 64 * 1024
_LONGEST_PAGE: Final = 4 * 1024 * 1024
_OK: Final = 200
_NOT_FOUND: Final = 404


class HttpLog:
    """The public side of the centre's log.

    Args:
        url: of the centre, without a path.
        tls: which authorities are trusted; True: those of the system.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | bool) -> None:
        self._client = httpx.AsyncClient(base_url=url, verify=tls, timeout=TIMEOUT_S)

    async def checkpoint(self) -> str | None:
        """Return the newest note, None when there is none yet.

        Raises:
            UplinkError: the centre cannot be reached or does not answer as it should.
        """
        answer = await _answer(self._client, "/api/log/checkpoint", {}, _LONGEST_NOTE)
        return None if answer is None else answer.decode(errors="replace")

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof that one tree is the beginning of another.

        Raises:
            UplinkError: the centre cannot be reached or does not answer.
            MalformedEntry: what it answers is no proof.
        """
        answer = await _answer(
            self._client, "/api/log/consistency", {"from": old, "to": new}, _LONGEST_NOTE
        )
        try:
            found = msgspec.json.decode(answer or b"", type=list[str])
            return tuple(base64.b64decode(one, validate=True) for one in found)
        except (msgspec.MsgspecError, ValueError) as exc:
            raise MalformedEntry("the answer is no proof") from exc

    async def rotations(self) -> tuple[Entry, ...]:
        """Return how the log's key changed, as the centre says; nothing of it is verified.

        Raises:
            UplinkError: the centre cannot be reached or does not answer as it should.
        """
        answer = await _answer(self._client, "/api/log/rotations", {}, _LONGEST_PAGE)
        try:
            found = msgspec.json.decode(answer or b"[]", type=list[SealedEntry])
            return tuple(unsealed(one) for one in found)
        except (msgspec.MsgspecError, MalformedEntry) as exc:
            raise UplinkError(f"/api/log/rotations: {exc}") from exc

    async def hand_back(self, note: str) -> None:
        """Give the centre a cosigned note.

        Raises:
            UplinkError: it cannot be reached, or does not take it.
        """
        try:
            answer = await self._client.post("/api/log/cosignature", content=note.encode())
        except httpx.HTTPError as exc:
            raise UplinkError(f"{type(exc).__name__}: {exc}") from exc
        if not answer.is_success:
            raise UplinkError(f"the centre answered {answer.status_code}")

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()


class _Kept(msgspec.Struct):
    size: int
    note: str


async def notes_at(url: str) -> list[str]:
    """Return all notes that the witness at *url* keeps.

    Raises:
        UplinkError: it cannot be reached, or answers something else.
    """
    found: list[_Kept] = []
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as client:
        try:
            async for page in _pages(client):
                found += page
        except msgspec.MsgspecError as exc:
            raise UplinkError(f"{url}: {exc}") from exc
    return [one.note for one in found]


async def _pages(client: httpx.AsyncClient) -> AsyncIterator[Sequence[_Kept]]:
    after = 0
    while answer := await _answer(client, "/checkpoints", {"after": after}, _LONGEST_PAGE):
        page = [msgspec.json.decode(line, type=_Kept) for line in answer.splitlines()]
        yield page
        if page[-1].size <= after:
            raise UplinkError("/checkpoints does not go on")
        after = page[-1].size


async def _answer(
    client: httpx.AsyncClient, path: str, asked: dict[str, int], longest: int
) -> bytes | None:
    """Return the body, bounded; None for 404."""
    found = bytearray()
    try:
        async with asyncio.timeout(WHOLE_S), client.stream("GET", path, params=asked) as answer:
            if answer.status_code == _NOT_FOUND:
                return None
            if answer.status_code != _OK:
                raise UplinkError(f"{path} answered {answer.status_code}")
            async for piece in answer.aiter_bytes():
                found += piece
                if len(found) > longest:
                    raise UplinkError(f"{path} answered more than {longest} bytes")
    except (httpx.HTTPError, TimeoutError) as exc:
        raise UplinkError(f"{path}: {type(exc).__name__}: {exc}") from exc
    return bytes(found)
