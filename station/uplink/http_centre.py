"""The only module that speaks to the centre."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from station.application.centre_ports import OwnPage
from station.contract.uplink import (
    Acknowledged,
    Down,
    Held,
    LaneState,
    Openings,
    Proofs,
    Wanted,
    batch,
    read_batch,
    sign_state,
)
from station.domain.clock import Clock
from station.domain.errors import (
    BadSignature,
    BrokenChain,
    CertificateRevoked,
    Fork,
    KeyNotGood,
    MalformedEntry,
    MalformedKept,
    NoCertificate,
    NotEnrolled,
    NotFound,
    UplinkError,
    ZhichaoError,
)
from station.domain.ledger import Entry, Signer

TIMEOUT_S: Final = 10.0
_REFUSALS: Final = {
    cls.code: cls
    for cls in (BrokenChain, Fork, BadSignature, KeyNotGood, MalformedEntry, MalformedKept)
}
_UNKNOWN: Final = {cls.code for cls in (NotFound, NoCertificate, CertificateRevoked)}
_T = TypeVar("_T")
_LEVEL: Final = 5
_GONE: Final = 410
_INLINE: Final = 64 * 1024
"""What is larger is compressed on a thread: a console must not wait for it."""

Heard = Callable[[datetime, int, int], None]
"""Told what time an answer names, and when (monotonic, ns) it was asked for and came."""


class _Error(msgspec.Struct):
    code: str
    message: str
    fields: dict[str, str | int] = {}


class HttpCentre:
    """Implements :class:`~station.application.centre_ports.Centre` over HTTP."""

    def __init__(
        self,
        url: str,
        node: str,
        signer: Signer,
        tls: Callable[[], ssl.SSLContext],
        *,
        clock: Clock,
        heard: Heard,
    ) -> None:
        """Prepare; *tls* gives the context: another one after the station was enrolled anew."""
        self._url = url
        self._node = node
        self._signer = signer
        self._tls = tls
        self._clock = clock
        self._heard = heard
        self._clients: dict[ssl.SSLContext, httpx.AsyncClient] = {}

    async def push(self, entries: Sequence[Entry], openings: Openings) -> Acknowledged:
        """See :class:`~station.application.centre_ports.Centre`."""
        content = await _compressed(batch(self._node, entries, openings))
        answer = await self._ask("POST", "/api/ingest", content=content, headers=_GZIPPED)
        return _read(answer, Acknowledged)

    async def ahead(self, entries: Sequence[Entry]) -> None:
        """See :class:`~station.application.centre_ports.Centre`."""
        content = await _compressed(batch(self._node, entries))
        await self._ask("POST", "/api/ahead", content=content, headers=_GZIPPED)

    async def tell(self, state: LaneState) -> Wanted:
        """See :class:`~station.application.centre_ports.Centre`."""
        content = sign_state(state, self._signer)
        return await self._timed("POST", "/api/lane-state", Wanted, content)

    async def show(self, watch_id: str, jpeg: bytes) -> bool:
        """See :class:`~station.application.centre_ports.Centre`."""
        path = f"/api/camera/{quote(watch_id, safe='')}"
        answer = await self._send("POST", path, content=jpeg, headers=_JPEG)
        if answer.is_success:
            return True
        if answer.status_code == _GONE:
            return False
        raise _refusal(answer)

    async def down(self, after: int) -> Down:
        """See :class:`~station.application.centre_ports.Centre`."""
        return await self._timed("GET", f"/api/down?after={after}", Down)

    async def own(self, after: int) -> OwnPage:
        """See :class:`~station.application.centre_ports.Centre`."""
        answer = await self._ask("GET", f"/api/ledger?node={self._node}&after={after}")
        try:
            node, entries, openings = read_batch(answer.content)
        except MalformedEntry as exc:
            raise UplinkError(f"not a batch: {exc.detail}") from exc
        if node != self._node:
            raise UplinkError("the ledger of another node")
        return OwnPage(entries=entries, openings=openings)

    async def proofs(self, seqs: Sequence[int]) -> Proofs:
        """See :class:`~station.application.centre_ports.Centre`."""
        asked = ",".join(str(seq) for seq in seqs)
        return _read(await self._ask("GET", f"/api/proofs?seqs={asked}"), Proofs)

    async def held(self, sha256: str) -> Held:
        """See :class:`~station.application.centre_ports.Centre`."""
        return _read(await self._ask("GET", f"/api/media/{sha256}"), Held)

    async def send(self, sha256: str, offset: int, size: int, chunk: bytes) -> Held:
        """See :class:`~station.application.centre_ports.Centre`."""
        path = f"/api/media/{sha256}?offset={offset}&size={size}"
        answer = await self._ask("PUT", path, content=chunk, headers=_BYTES)
        return _read(answer, Held)

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _timed(self, method: str, path: str, shape: type[_T], content: bytes = b"") -> _T:
        asked_ns = self._clock.monotonic_ns()
        answer = _read(await self._ask(method, path, content=content, headers=_JSON), shape)
        came_ns = self._clock.monotonic_ns()
        at = getattr(answer, "at", "")
        try:
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None:
                raise ValueError("a time without its zone")
            self._heard(moment, asked_ns, came_ns)
        except ValueError as exc:
            raise UplinkError(f"not a time: {at}") from exc
        return answer

    async def _ask(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        answer = await self._send(method, path, content, headers)
        if answer.is_success:
            return answer
        raise _refusal(answer)

    async def _send(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str] | None
    ) -> httpx.Response:
        try:
            return await self._line().request(method, path, content=content, headers=headers)
        except httpx.HTTPError as exc:
            raise UplinkError(str(exc) or type(exc).__name__) from exc

    def _line(self) -> httpx.AsyncClient:
        """Return the client, made once the station is enrolled, which may be while it runs."""
        context = self._tls()
        if context not in self._clients:
            self._clients[context] = httpx.AsyncClient(
                base_url=self._url, timeout=TIMEOUT_S, trust_env=False, verify=context
            )
        return self._clients[context]


_JSON: Final = {"content-type": "application/json"}
_GZIPPED: Final = {**_JSON, "content-encoding": "gzip"}
_JPEG: Final = {"content-type": "image/jpeg"}
_BYTES: Final = {"content-type": "application/octet-stream"}


async def _compressed(body: bytes) -> bytes:
    if len(body) <= _INLINE:
        return gzip.compress(body, _LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)


def _read(answer: httpx.Response, shape: type[_T]) -> _T:
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except msgspec.MsgspecError as exc:
        raise UplinkError(f"not a {shape.__name__}: {exc}") from exc


def _refusal(answer: httpx.Response) -> ZhichaoError:
    try:
        error = msgspec.json.decode(answer.content, type=_Error)
    except msgspec.MsgspecError:
        return UplinkError(f"HTTP {answer.status_code}")
    refusal = _REFUSALS.get(error.code)
    if refusal:
        return refusal(error.message, **error.fields)
    if error.code in _UNKNOWN:
        return NotEnrolled(error.message)
    return UplinkError(f"{error.code}: {error.message}")
