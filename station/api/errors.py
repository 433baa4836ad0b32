"""The only table from errors to HTTP."""

from __future__ import annotations

import logging
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from station.api.schemas import ErrorOut
from station.api.services import note_refusal
from station.contract.messages import message
from station.domain.errors import (
    AccessError,
    DeviceError,
    DomainError,
    EvidenceError,
    IllegalTransition,
    InvalidFacts,
    NotFound,
    NotPermitted,
    StorageError,
    ZhichaoError,
)

log = logging.getLogger(__name__)

NOT_FOUND: Final = 404
UNREADABLE: Final = 400
"""FastAPI's word for a body that is no UTF-8."""

_STATUS: Final[tuple[tuple[type[ZhichaoError], int], ...]] = (
    (NotFound, NOT_FOUND),
    (InvalidFacts, 422),
    (IllegalTransition, 409),
    (DomainError, 409),
    (NotPermitted, 403),
    (AccessError, 401),
    (StorageError, 507),
    (DeviceError, 503),
    (EvidenceError, 409),
)
"""The first that fits counts."""
_MEANT: Final = {
    401: "Nobody is signed in, or the sign-in is refused.",
    403: "Not in the role, or asked by another site.",
    404: "There is no such thing.",
    409: "Not in this state of things.",
    413: "More than anybody sends.",
    422: "Malformed, or not possible.",
    507: "It cannot be stored.",
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
        code = NotFound.code if exc.status_code == NOT_FOUND else "http"
        return _answer(exc.status_code, code, str(exc.detail), {})

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, exc: Exception) -> JSONResponse:
        log.error("unexpected error", exc_info=exc)
        return _answer(500, "internal", "", {})


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the refusals with which a route may answer, for its ``responses``."""
    return {status: {"model": ErrorOut, "description": _MEANT[status]} for status in statuses}


def refusal(exc: ZhichaoError) -> JSONResponse:
    """Return the answer to one of our errors."""
    status = next((status for kind, status in _STATUS if isinstance(exc, kind)), 500)
    return _answer(status, exc.code, exc.detail, exc.fields)


def _answer(status: int, code: str, detail: str, fields: dict[str, str | int]) -> JSONResponse:
    shown = ErrorOut(code=code, message=message(code, {"detail": detail, **fields}), fields=fields)
    return JSONResponse(shown.model_dump(mode="json"), status_code=status)


SEEING: Final = refusals(401, 403, 404, 422, 507)
ACTING: Final = refusals(401, 403, 404, 409, 413, 422, 507)
