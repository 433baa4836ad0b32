"""The only module that speaks to the centre."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Final

import httpx
import msgspec

from station.contract.uplink import Acknowledged, LaneState, batch, sign_state
from station.domain.errors import (
    BadSignature,
    BrokenChain,
    CertificateRevoked,
    Fork,
    MalformedEntry,
    NoCertificate,
    NotEnrolled,
    NotFound,
    UplinkError,
    ZhichaoError,
)
from station.domain.ledger import Entry, Signer

TIMEOUT_S: Final = 10.0
_REFUSALS: Final = {cls.code: cls for cls in (BrokenChain, Fork, BadSignature, MalformedEntry)}
_UNKNOWN: Final = {cls.code for cls in (NotFound, NoCertificate, CertificateRevoked)}


class _Error(msgspec.Struct):
    code: str
    message: str
    fields: dict[str, str | int] = {}


class HttpCentre:
    """Implements :class:`~station.application.ports.Centre` over HTTP."""

    def __init__(
        self, url: str, node: str, signer: Signer, tls: Callable[[], ssl.SSLContext]
    ) -> None:
        """Prepare; *tls* gives the context: another one after the station was enrolled anew."""
        self._url = url
        self._node = node
        self._signer = signer
        self._tls = tls
        self._clients: dict[ssl.SSLContext, httpx.AsyncClient] = {}

    async def push(self, entries: Sequence[Entry]) -> int:
        """See :class:`~station.application.ports.Centre`."""
        answer = await self._post("/api/ingest", batch(self._node, entries))
        try:
            receipt = msgspec.json.decode(answer.content, type=Acknowledged).receipt
        except msgspec.MsgspecError as exc:
            raise UplinkError(f"not a receipt: {exc}") from exc
        last = entries[-1]
        if receipt is None or receipt.node != self._node or receipt.seq < last.seq:
            raise UplinkError("the receipt is for something else")
        if receipt.seq == last.seq and receipt.digest != last.digest:
            raise UplinkError("the receipt is for something else")
        return last.seq

    async def tell(self, state: LaneState) -> None:
        """Show the centre what the lane shows. Lost when the line is down: it is no evidence.

        Raises:
            UplinkError: it did not arrive.
        """
        await self._post("/api/lane-state", sign_state(state, self._signer))

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _post(self, path: str, content: bytes) -> httpx.Response:
        headers = {"content-type": "application/json"}
        try:
            answer = await self._line().post(path, content=content, headers=headers)
        except httpx.HTTPError as exc:
            raise UplinkError(str(exc) or type(exc).__name__) from exc
        if answer.is_success:
            return answer
        raise _refusal(answer)

    def _line(self) -> httpx.AsyncClient:
        """Return the client, made once the station is enrolled, which may be while it runs."""
        context = self._tls()
        if context not in self._clients:
            self._clients[context] = httpx.AsyncClient(
                base_url=self._url, timeout=TIMEOUT_S, trust_env=False, verify=context
            )
        return self._clients[context]


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
