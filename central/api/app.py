"""Makes the web applications: one for people, with page and live stream; one for machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from central.api import (
    administration,
    camera,
    due,
    enrolment,
    errors,
    log,
    machines,
    mismatches,
    watching,
)
from central.api.bodies import Turns
from central.api.guards import Guards
from central.api.parts import Parts, parts_of
from central.api.schemas import ErrorOut, LiveOut, Shape
from station.contract.messages import message
from station.domain.errors import OtherNode

STATIC: Final = Path(__file__).parent / "static"
_REFERENCE: Final = "#/components/schemas/{model}"


def create_app(parts: Parts, static: Path = STATIC) -> FastAPI:
    """Return the application, joined to *parts*, with the page in *static* if it was built."""
    app = interface()
    app.state.parts = parts
    if (static / "index.html").is_file():
        app.mount("/", StaticFiles(directory=static, html=True))
    else:
        app.add_api_route("/", _no_pages, include_in_schema=False)
    return app


def create_machines_app(parts: Parts) -> FastAPI:
    """Return the application that stations meet, joined to *parts*. It trusts the line it is on."""
    app = machines_interface()
    app.state.parts = parts
    app.state.turns = Turns()
    return app


def interface() -> FastAPI:
    """Return the application of people without parts and page: enough to describe it."""
    app = FastAPI(
        title="治超办", version="1", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.include_router(watching.ROUTER)
    app.include_router(due.ROUTER)
    app.include_router(mismatches.ROUTER)
    app.include_router(camera.ROUTER)
    app.include_router(administration.ROUTER)
    app.include_router(log.ROUTER)
    app.add_api_route("/api/health", _health, methods=["GET"], tags=["operation"])
    app.add_middleware(Guards)
    errors.install(app)
    described = app.openapi

    def with_live_messages() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(described())
        return app.openapi_schema

    app.openapi = with_live_messages  # type: ignore[method-assign]
    return app


def machines_interface() -> FastAPI:
    """Return the application of stations without parts: enough to describe it."""
    app = FastAPI(
        title="治超办站点接入", version="1", docs_url=None, redoc_url=None, openapi_url=None
    )
    app.include_router(enrolment.ROUTER)
    app.include_router(machines.ROUTER)
    app.add_middleware(Guards)
    errors.install(app)
    app.add_exception_handler(OtherNode, _other_node)
    return app


async def _other_node(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, OtherNode)  # noqa: S101 - for the type only
    await parts_of(request).admit.alarm(exc)
    return errors.refusal(exc)


async def _health() -> dict[str, str]:
    """Tell that the program answers."""
    return {"code": "ok"}


async def _no_pages() -> PlainTextResponse:
    return PlainTextResponse(message("central.no_pages", {}), status_code=503)


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    """Add what OpenAPI does not see: live messages and the shape of every refusal."""
    shapes = schema["components"]["schemas"]
    shape: type[Shape]
    for shape in (LiveOut, ErrorOut):
        described = shape.model_json_schema(ref_template=_REFERENCE, mode="serialization")
        shapes.update(described.pop("$defs", {}))
        shapes[shape.__name__] = described
    schema["components"]["schemas"] = dict(sorted(shapes.items()))
    return schema
