"""Requests about documents of cases (文书): issue, read, print."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Response

from station.api import schemas
from station.api.errors import ACTING, SEEING
from station.api.services import Acting, Serving, watching
from station.application.issuing import CaseDocuments
from station.application.views import DocumentView, moment

seeing = APIRouter(prefix="/api", dependencies=[Depends(watching)], responses=SEEING)
acting = APIRouter(prefix="/api", responses=ACTING)

PDF: Final = "application/pdf"
PDF_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}
_KEPT: Final = {"cache-control": "private, max-age=86400, immutable"}
_ONCE: Final = {"cache-control": "no-store"}
"""A print has names in it and is written down: asked for again, it is another one."""


@seeing.get("/cases/{case_no}/documents")
async def documents(case_no: str, services: Serving) -> schemas.DocumentsOut:
    """List the documents of a case, and those that can be issued now."""
    return _documents_out(await services.issuing.of_case(case_no))


@acting.post("/cases/{case_no}/documents")
async def issue(
    case_no: str, asked: schemas.DocumentIn, services: Serving, officer: Acting
) -> schemas.DocumentOut:
    """Issue a document."""
    return _document_out(await services.issuing.issue(case_no, asked.kind, officer))


@seeing.get("/documents/{number}.pdf", response_class=Response, responses=PDF_ANSWER)
async def kept(number: str, services: Serving) -> Response:
    """Give a document as it is kept: always the same bytes, without names."""
    return Response(await services.issuing.kept(number), media_type=PDF, headers=_KEPT)


@acting.post("/documents/{number}/prints", response_class=Response, responses=PDF_ANSWER)
async def printed(number: str, services: Serving, officer: Acting) -> Response:
    """Print a document for the party, with names; from the second time on it says so."""
    made, print_no = await services.issuing.printed(number, officer)
    return Response(made, media_type=PDF, headers={**_ONCE, "x-print-no": str(print_no)})


def _documents_out(found: CaseDocuments) -> schemas.DocumentsOut:
    return schemas.DocumentsOut(
        issued=[_document_out(view) for view in found.issued],
        due=[
            schemas.DueDocumentOut(
                kind=due.form.kind,
                title=due.form.title,
                act=due.step.name,
                authority=due.issuer.value,
                copies=due.form.copies,
            )
            for due in found.due
        ],
    )


def _document_out(view: DocumentView) -> schemas.DocumentOut:
    issued = view.issued
    return schemas.DocumentOut(
        number=issued.number,
        kind=issued.document,
        title=issued.title,
        act=issued.act,
        officer=issued.officer,
        issued_at=moment(issued.issued_at),
        sha256=issued.sha256,
        prints=view.prints,
        receipt=view.receipt,
    )
