"""What a witness shows to anybody: its newest checkpoint, all of them, and how it stands."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from central.witness.book import Book
from central.witness.following import Follow, Witness
from station.contract.messages import message

PAGE: Final = 1000
_NOT_FOUND: Final = 404
_BAD_REQUEST: Final = 400


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How the witness stands.

    Attributes:
        public_key: with which it cosigns, hex.
        status: how the last look ended: ``ok``, ``waiting``, ``refused`` or ``unreachable``.
        size: leaves of the newest checkpoint, 0 for none; ``seen_at``: when it was taken in.
        refusals: how many checkpoints were refused, ever; each is an alarm that a person settles.
    """

    name: str
    origin: str
    public_key: str
    status: str
    looked_at: str
    size: int
    seen_at: str
    refusals: int
    refused_at: str
    refused_code: str
    message: str


def create_app(witness: Witness, book: Book, follow: Follow) -> Starlette:
    """Return the application."""

    async def checkpoint(_request: Request) -> Response:
        if book.newest is None:
            return PlainTextResponse("", _NOT_FOUND)
        return PlainTextResponse(book.newest.note)

    async def checkpoints(request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < len(str(2**63))):
            return PlainTextResponse("", _BAD_REQUEST)
        lines = [msgspec.json.encode(one) + b"\n" for one in book.after(int(after), PAGE)]
        return Response(b"".join(lines), media_type="application/jsonl")

    async def state(_request: Request) -> Response:
        return Response(
            msgspec.json.encode(_state(witness, book, follow)), media_type="application/json"
        )

    return Starlette(
        routes=[
            Route("/checkpoint", checkpoint),
            Route("/checkpoints", checkpoints),
            Route("/state", state),
        ]
    )


def _state(witness: Witness, book: Book, follow: Follow) -> State:
    newest, refusal = book.newest, book.refusal
    return State(
        name=witness.name,
        origin=witness.keys.origin,
        public_key=witness.signer.public_key.hex(),
        status=follow.status.value,
        looked_at=follow.looked_at,
        size=newest.size if newest else 0,
        seen_at=newest.at if newest else "",
        refusals=book.refusals,
        refused_at=refusal.at if refusal else "",
        refused_code=refusal.code if refusal else "",
        message=message(refusal.code, refusal.fields) if refusal else "",
    )
