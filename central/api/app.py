"""Makes the web application: interface, live stream and page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles

from central.api import errors, log, machines, watching
from central.api.guards import Guards
from central.api.parts import Parts
from central.api.schemas import ErrorOut, LiveOut, Shape
from station.contract.messages import message

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


def interface() -> FastAPI:
    """Return the application without parts and page: enough to describe it."""
    app = FastAPI(
        title="治超办", version="1", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.include_router(machines.ROUTER)
    app.include_router(watching.ROUTER)
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
