"""The only table from errors to HTTP."""

from __future__ import annotations

import logging
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from central.api.schemas import ErrorOut
from central.api.security import note_refusal
from station.contract.messages import message
from station.domain.errors import (
    AccessError,
    BadSignature,
    CertificateRevoked,
    DomainError,
    EnrolError,
    EvidenceError,
    InvalidFacts,
    KeyNotGood,
    MalformedEntry,
    NotFound,
    NotPermitted,
    OtherNode,
    StorageError,
    StoreFull,
    TooManyAttempts,
    WrongRecording,
    ZhichaoError,
)

NOT_FOUND: Final = 404
UNREADABLE: Final = 400
"""FastAPI's word for a body that is no UTF-8."""
INTERNAL: Final = 500

_HTTP_CODES: Final = {
    NOT_FOUND: NotFound.code,
    413: "http.too_large",
    415: "http.content_type",
}

_LOG: Final = logging.getLogger(__name__)
_STATUS: Final[tuple[tuple[type[ZhichaoError] | tuple[type[ZhichaoError], ...], int], ...]] = (
    (NotFound, NOT_FOUND),
    (InvalidFacts, 422),
    (DomainError, 409),
    (TooManyAttempts, 429),
    ((NotPermitted, EnrolError, CertificateRevoked, OtherNode), 403),
    (AccessError, 401),
    ((MalformedEntry, BadSignature, KeyNotGood, WrongRecording), 422),
    (EvidenceError, 409),
    (StoreFull, 507),
    (StorageError, 503),
)
"""The first that fits counts; for the rest it is our own fault."""
_MEANT: Final = {
    401: "Nobody is signed in, or the sign-in is refused.",
    403: "Not in the role, not in the scope, or asked by another site.",
    404: "There is no such thing.",
    409: "Not in this state of things.",
    413: "More than anybody sends.",
    415: "Of another media type.",
    422: "Malformed, or not possible.",
    503: "The database does not answer; ask again.",
}


def install(app: FastAPI) -> None:
    """Answer every error in one shape."""

    @app.exception_handler(ZhichaoError)
    async def ours(request: Request, exc: ZhichaoError) -> JSONResponse:
        if isinstance(exc, AccessError):
            note_refusal(request, exc)
        return refusal(exc)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, exc: RequestValidationError) -> JSONResponse:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return refusal(InvalidFacts(f"{where}: {first['msg']}", field=where))

    @app.exception_handler(HTTPException)
    async def plain(_request: Request, exc: HTTPException) -> JSONResponse:
        if exc.status_code == UNREADABLE:
            return refusal(InvalidFacts(str(exc.detail), field="body"))
        code = _HTTP_CODES.get(exc.status_code, "http")
        return _answer(exc.status_code, code, str(exc.detail), {})

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, exc: Exception) -> JSONResponse:
        _LOG.error("unexpected error", exc_info=exc)
        return _answer(INTERNAL, "internal", "", {})


def status_of(exc: ZhichaoError) -> int:
    """Return the HTTP status of one of our errors."""
    return next((status for kind, status in _STATUS if isinstance(exc, kind)), INTERNAL)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the refusals with which a route may answer, for its ``responses``."""
    return {status: {"model": ErrorOut, "description": _MEANT[status]} for status in statuses}


def refusal(exc: ZhichaoError) -> JSONResponse:
    """Return the answer to one of our errors."""
    answer = _answer(status_of(exc), exc.code, exc.detail, exc.fields)
    if isinstance(exc, CertificateRevoked):
        answer.headers["connection"] = "close"  # so that another certificate can be shown
    return answer


def _answer(status: int, code: str, detail: str, fields: dict[str, str | int]) -> JSONResponse:
    shown = ErrorOut(code=code, message=message(code, {"detail": detail, **fields}), fields=fields)
    return JSONResponse(shown.model_dump(mode="json"), status_code=status)


SEEING: Final = refusals(401, 403, 404, 422, 503)
ACTING: Final = refusals(401, 403, 404, 409, 413, 422, 503)
