"""The whole process of a case (执法全过程), read from its entries. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from station.contract.entries import (
    CaseAct,
    CaseOpened,
    DocumentIssued,
    DocumentPrinted,
    DocumentSigned,
    DriverAnswer,
    Passage,
    Payload,
    RecordingExcused,
    RecordingImported,
    read,
)
from station.contract.media import media_of
from station.domain.ledger import Entry

RECEIPT_DIGITS: Final = 10


def receipt(entry: Entry) -> str:
    """Return the receipt that stands on the slip: ``node-seq-digest[:10]``."""
    return f"{entry.node}-{entry.seq}-{entry.digest[:RECEIPT_DIGITS]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened in a case, by its entry.

    Attributes:
        kind: of the entry.
        name: what exactly: the act, the kind of a document, how it was taken, by what a recording
            was timed.
        title: of a document, as it stands on it; the file's name of a recording; else "".
        at, until: when; ``until`` is the end of a recording, elsewhere ``at``.
        officers: certificate numbers.
        number: of a document, "" elsewhere.
        note: what was noted beside it.
        media: SHA-256 of each picture or clip that it names.
        about: the entries that it is about: of a document, a recording, an excuse.
    """

    seq: int
    receipt: str
    kind: str
    name: str
    at: datetime
    until: datetime
    title: str = ""
    officers: tuple[str, ...] = ()
    number: str = ""
    note: str = ""
    media: tuple[str, ...] = ()
    about: tuple[int, ...] = ()


def timeline(case_no: str, entries: Iterable[Entry]) -> tuple[Moment, ...]:
    """Return what happened in a case, in the order of time.

    Args:
        case_no: of the case; a recording may cover acts of others too.
        entries: about it, in the order of the ledger; what is none of a case is left out.
    """
    read_out = ((entry, read(entry)[1]) for entry in entries)
    made = (_moment(case_no, entry, payload) for entry, payload in read_out)
    found = [one for one in made if one is not None]
    titles = {one.number: one.title for one in found if one.number and one.title}
    titled = (replace(one, title=one.title or titles.get(one.number, "")) for one in found)
    return tuple(sorted(titled, key=lambda one: (one.at, one.seq)))


def _moment(case_no: str, entry: Entry, payload: Payload) -> Moment | None:
    match payload:
        case Passage():
            name = "passage" if payload.recheck_of is None else "recheck"
            return _bare(entry, name, payload.weighing.settled_at, media=media_of(payload))
        case CaseOpened():
            return _bare(entry, "case_opened", payload.opened_at)
        case CaseAct() | DriverAnswer():
            return _of_officers(entry, payload)
        case DocumentIssued() | DocumentPrinted() | DocumentSigned():
            return _of_document(entry, payload)
        case RecordingImported() | RecordingExcused():
            return _of_recording(case_no, entry, payload)
        case _:
            return None


def _bare(
    entry: Entry, name: str, at: str, officers: Sequence[str] = (), media: tuple[str, ...] = ()
) -> Moment:
    when = datetime.fromisoformat(at)
    return Moment(
        seq=entry.seq,
        receipt=receipt(entry),
        kind=entry.kind,
        name=name,
        at=when,
        until=when,
        officers=tuple(officers),
        media=media,
    )


def _of_officers(entry: Entry, done: CaseAct | DriverAnswer) -> Moment:
    if isinstance(done, CaseAct):
        return _bare(entry, done.act, done.at, done.officers)
    made = _bare(entry, f"answer_{done.what}", done.at, done.officers)
    return replace(made, note=done.text)


def _of_document(entry: Entry, paper: DocumentIssued | DocumentPrinted | DocumentSigned) -> Moment:
    match paper:
        case DocumentIssued():
            made = _bare(entry, paper.document, paper.issued_at, [paper.officer])
            made = replace(made, title=paper.title, about=(paper.act_seq,))
        case DocumentPrinted():
            made = _bare(entry, "document_printed", paper.printed_at, [paper.officer])
            made = replace(made, note=str(paper.print_no))
        case DocumentSigned():
            made = _bare(entry, paper.manner, paper.signed_at, paper.officers)
            made = replace(made, note=paper.note)
    return replace(made, number=paper.number)


def _of_recording(
    case_no: str, entry: Entry, recording: RecordingImported | RecordingExcused
) -> Moment:
    if isinstance(recording, RecordingExcused):
        made = _bare(entry, recording.act, recording.excused_at, recording.officers)
        return replace(made, note=recording.reason, about=(recording.act_seq,))
    worn_by = [recording.officer] if recording.officer else []
    made = _bare(entry, recording.timed_by, recording.began_at, worn_by, media_of(recording))
    return replace(
        made,
        until=datetime.fromisoformat(recording.ended_at),
        title=recording.source,
        about=tuple(one.act_seq for one in recording.acts if one.case_no == case_no),
    )
