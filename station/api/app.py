"""The console's HTTP interface and page."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema

from station.api import administration, clocks, evasions, filing, live, papers, requests, routes
from station.api.errors import install
from station.api.guards import Guards
from station.api.schemas import ErrorOut, LiveOut
from station.api.services import Services
from station.contract.messages import message


def create_app(services: Services) -> FastAPI:
    """Build the application with its page."""
    app = interface()
    app.state.services = services
    static = Path(str(files("station.api"))) / "static"
    if (static / "index.html").is_file():
        app.mount("/", StaticFiles(directory=static, html=True))
    else:
        app.add_api_route("/", _page_missing, include_in_schema=False)
    return app


def interface() -> FastAPI:
    """Return the application without services and page: enough to describe it."""
    app = FastAPI(
        title="治超站控制台",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    install(app)
    app.add_middleware(Guards)
    for router in (
        routes.public,
        routes.seeing,
        routes.acting,
        papers.seeing,
        papers.acting,
        evasions.seeing,
        evasions.acting,
        filing.seeing,
        filing.acting,
        administration.router,
        clocks.seeing,
        requests.seeing,
        requests.acting,
        live.router,
    ):
        app.include_router(router)
    return app


def description() -> dict[str, object]:
    """Return the OpenAPI description, live messages and refusals included."""
    schema = interface().openapi()
    _, extra = models_json_schema(
        [(LiveOut, "serialization"), (ErrorOut, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    schema["components"]["schemas"].update(extra["$defs"])
    return schema


async def _page_missing() -> Response:
    return Response(message("central.no_pages", {}), media_type="text/plain; charset=utf-8")
