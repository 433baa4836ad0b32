"""Shapes of documents, and of what a file must hold."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from station.api.schemas.base import Amount, Asked, Shape, Text, Word


class DocumentOut(Shape):
    """A document that was issued. ``act``: what it is about; ``prints``: how often printed."""

    number: str
    kind: str
    title: str
    act: str
    officer: str
    issued_at: datetime
    sha256: str
    prints: int
    receipt: str


class DueDocumentOut(Shape):
    """A document that can be issued now, by officers of which authority, in how many copies."""

    kind: str
    title: str
    act: str
    authority: str
    copies: int


class DocumentsOut(Shape):
    """``GET /api/cases/{no}/documents``. ``act`` is an act's name, or ``opened``."""

    issued: list[DocumentOut]
    due: list[DueDocumentOut]


class DocumentIn(Asked):
    """``POST /api/cases/{no}/documents``: issue a document of a kind that is due."""

    kind: Word


class ChecklistItemOut(Shape):
    """One thing that the file of a case must hold.

    ``need``: document, signature, recheck, service or recording; ``name``: kind of the document, or
    the act; ``seq``: of the entry that it is about; ``standing``: there, excused or missing;
    ``blocks``: the case cannot be closed for it.
    """

    need: str
    name: str
    title: str
    number: str
    seq: int
    standing: str
    blocks: bool


class ChecklistOut(Shape):
    """``GET /api/cases/{no}/closing``. ``ready``: nothing stands in the way of closing."""

    ready: bool
    items: list[ChecklistItemOut]


class SignatureIn(Asked):
    """``POST /api/documents/{number}/signature``: how the party took it.

    ``manner``: signed, fingerprint, refused or absent; the last two demand a ``note``.
    """

    manner: Word
    note: Annotated[str, Field(max_length=500)] = ""
    second_officer: Word


class ExcuseIn(Asked):
    """``POST /api/cases/{no}/excuses``: why there is no recording of the act of an entry."""

    act_seq: Amount
    reason: Text
    second_officer: Word
