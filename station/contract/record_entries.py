"""Payloads of the whole-process record (执法全过程记录): signatures, and recordings by officers."""

from __future__ import annotations

from station.contract.part import Part


class DocumentSigned(Part, frozen=True, kw_only=True):
    """The party signed a document, or did not, and two officers saw it (签名、捺印或拒签注明).

    Attributes:
        manner: of :class:`station.domain.closing.Manner`.
        note: what the officers state where nobody signed; no name of a person.
        officers: certificate numbers, the acting officer's first.
    """

    case_no: str
    number: str
    manner: str
    note: str
    officers: list[str]
    signed_at: str


class RecordedAct(Part, frozen=True, kw_only=True):
    """An act, or the entry that is that act, that a recording covers."""

    case_no: str
    act: str
    act_seq: int


class RecordingImported(Part, frozen=True, kw_only=True):
    """A clip of a body camera or of the station was taken in (导入录音录像).

    Attributes:
        officer: certificate number of who wore the camera; "" for a camera of the station.
        device: the camera as the file names it, "" where it does not.
        began_at, ended_at: of the clip; ``timed_by`` says from what: ``sidecar``, ``name`` or
            ``container``.
        source: name of the file as it came.
        acts: what it covers, see :func:`station.domain.closing.covers`.
    """

    officer: str
    device: str
    began_at: str
    ended_at: str
    timed_by: str
    source: str
    sha256: str
    size: int
    media_type: str
    imported_at: str
    acts: list[RecordedAct]


class RecordingExcused(Part, frozen=True, kw_only=True):
    """Two officers state why there is no recording of an act, and never will be (录像缺失说明)."""

    case_no: str
    act: str
    act_seq: int
    reason: str
    officers: list[str]
    excused_at: str
