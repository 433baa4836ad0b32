"""Enrolment over the line: look at who answers, hold it against the token, only then speak."""

from __future__ import annotations

import hashlib
import ssl
from typing import Final, TypeVar

import httpx
import msgspec

from station.contract.enrolling import EnrolAnswer, EnrolRequest, RenewAnswer, RenewRequest
from station.domain.errors import (
    CertificateRevoked,
    EnrolError,
    KeysNotProven,
    NoCertificate,
    NotEnrolled,
    NotFound,
    TokenExpired,
    TokenUnknown,
    TokenUsed,
    TooManyAttempts,
    UplinkError,
    WrongCentre,
    ZhichaoError,
)
from station.uplink.identity import trusting

TIMEOUT_S: Final = 20.0
"""The centre holds up whoever was refused before."""
LARGEST: Final = 64 * 1024
"""Bytes of an answer: whoever answers is not known yet."""
_T = TypeVar("_T", EnrolAnswer, RenewAnswer)
_REFUSALS: Final[dict[str, type[ZhichaoError]]] = {
    NotFound.code: NotEnrolled,
    NoCertificate.code: NotEnrolled,
    CertificateRevoked.code: NotEnrolled,
} | {
    refusal.code: refusal
    for refusal in (
        EnrolError,
        TokenUnknown,
        TokenExpired,
        TokenUsed,
        KeysNotProven,
        TooManyAttempts,
    )
}


class _Error(msgspec.Struct):
    code: str
    message: str


async def pinned_authority(url: str, pin: str) -> str:
    """Return the certificate (PEM) of the centre's authority, if it is the one that *pin* names.

    Nothing is sent but the question.

    Args:
        url: of the centre.
        pin: SHA-256 (hex) of the certificate (DER).

    Raises:
        WrongCentre: another authority answers.
        UplinkError: nobody answers, or something else than a certificate.
    """
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    _, content = await _ask(url, anybody, "GET", "/api/ca", b"")
    try:
        shown = content.decode("ascii")
        der = ssl.PEM_cert_to_DER_cert(shown)
    except ValueError as exc:
        raise UplinkError("whoever answers shows no certificate") from exc
    digest = hashlib.sha256(der).hexdigest()
    if digest != pin:
        raise WrongCentre(digest)
    # Never the text that was shown: a second certificate in it would be trusted unseen.
    return ssl.DER_cert_to_PEM_cert(der)


async def enrol(url: str, authority: str, request: EnrolRequest) -> EnrolAnswer:
    """Ask the centre, which shows a certificate of *authority* (PEM), to enrol this station.

    Raises:
        EnrolError: refused; each reason is its own kind.
        NotEnrolled: the centre has no such station in its configuration.
        UplinkError: nobody answers, or with another certificate.
    """
    return await _post(url, trusting(authority), "/api/enrol", request, EnrolAnswer)


async def renew(url: str, context: ssl.SSLContext, request: RenewRequest) -> RenewAnswer:
    """Ask for a new certificate with the one that is in force.

    Raises:
        NotEnrolled: it is no longer, or the centre does not know the station.
        UplinkError: nobody answers.
    """
    return await _post(url, context, "/api/renew", request, RenewAnswer)


async def _post(
    url: str,
    context: ssl.SSLContext,
    path: str,
    request: EnrolRequest | RenewRequest,
    shape: type[_T],
) -> _T:
    status, content = await _ask(url, context, "POST", path, msgspec.json.encode(request))
    try:
        if status == httpx.codes.OK:
            return msgspec.json.decode(content, type=shape)
        error = msgspec.json.decode(content, type=_Error)
    except msgspec.MsgspecError as exc:
        raise UplinkError(f"HTTP {status}: not an answer of the centre") from exc
    raise _REFUSALS.get(error.code, UplinkError)(f"{error.code}: {error.message}")


async def _ask(
    url: str, context: ssl.SSLContext, method: str, path: str, content: bytes
) -> tuple[int, bytes]:
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(
        base_url=url, timeout=TIMEOUT_S, trust_env=False, verify=context
    ) as client:
        try:
            async with client.stream(method, path, content=content, headers=headers) as answer:
                found = b""
                async for part in answer.aiter_bytes():
                    found += part
                    if len(found) > LARGEST:
                        raise UplinkError("the answer is too long")
                return answer.status_code, found
        except httpx.HTTPError as exc:
            raise UplinkError(str(exc) or type(exc).__name__) from exc
