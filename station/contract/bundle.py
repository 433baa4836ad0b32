"""The evidence bundle (证据包) of a case, as bytes: docs/reference/evidence.md has its files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import msgspec

from station.contract.checkpoint import Checkpoint
from station.contract.messages import message
from station.contract.personal import Opening
from station.contract.sealing import stamp
from station.contract.uplink import EntryProof, Receipt
from station.domain.errors import BundleTooLarge
from station.domain.ledger import Entry, Signer, canonical

FORMAT: Final = "zhichao-bundle-1"
TAG: Final = b"zhichao-bundle-v1\0"
MOST_BYTES: Final = 1 << 30
"""Of a whole bundle; whoever checks one refuses more."""

_UNIX: Final = 3
_PLAIN_FILE: Final = 0o100644 << 16
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """An entry with what travels beside it. ``place`` is None where the centre gave no proof."""

    entry: Entry
    place: EntryProof | None = None
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle says.

    Attributes:
        node: the one that opened the case.
        entries: all that are about the case, of every node.
        note: the signed checkpoint that the proofs lead to, "" when there are none.
        media: recordings by digest.
        missing: why a recording is not there, by digest.
        law: files of the law edition of the finding, by their path under ``law/``.
        cover: a PDF.
    """

    case_no: str
    node: str
    made_at: datetime
    entries: tuple[Bundled, ...]
    note: str
    receipts: tuple[Receipt, ...]
    media: Mapping[str, bytes]
    missing: Mapping[str, str]
    law: Mapping[str, bytes]
    cover: bytes


@dataclass(frozen=True, slots=True)
class Remark:
    """What a bundle lacks, by its code in ``messages.zh.yaml``; ``count``: of what lacks."""

    code: str
    count: int = 0

    @property
    def text(self) -> str:
        """Return the sentence."""
        return message(self.code, {"count": self.count})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A bundle that wants only its cover, and what is to be said of it.

    ``checkpoint``: the one of the bundle's ``note``, read; None when there is none.
    """

    bundle: Bundle
    checkpoint: Checkpoint | None
    remarks: tuple[Remark, ...]

    def said(self, path: str) -> tuple[str, ...]:
        """Return what to tell whoever had it written to *path*, a line each."""
        bundle = self.bundle
        counts = {
            "entries": len(bundle.entries),
            "proved": sum(one.place is not None for one in bundle.entries),
            "media": len(bundle.media),
            "receipts": len(bundle.receipts),
        }
        written = message("done.bundle_written", {"path": path, **counts})
        gone = (f"  {name} {why}" for name, why in sorted(bundle.missing.items()))
        return (written, *(remark.text for remark in self.remarks), *gone)


def remarks_on(bundle: Bundle, *, spoilt: int, personal: bool) -> tuple[Remark, ...]:
    """Return what anybody must know of a bundle.

    Args:
        bundle: all of it but its cover.
        spoilt: entries whose clear texts are not what they commit to, and were left out.
        personal: False when clear texts were left out on purpose.
    """
    unproved = sum(one.place is None for one in bundle.entries) if bundle.note else 0
    counted = (
        Remark("bundle.unproved", unproved),
        Remark("bundle.media_missing", len(bundle.missing)),
        Remark("bundle.openings_spoilt", spoilt),
    )
    found = tuple(remark for remark in counted if remark.count)
    return found if personal else (*found, Remark("bundle.personal_left_out"))


def bundle_zip(bundle: Bundle, made_by: str, signer: Signer) -> bytes:
    """Return ``bundle.zip``, signed by the node *made_by*: the same bytes for the same bundle.

    Raises:
        BundleTooLarge: more than :data:`MOST_BYTES`.
    """
    files = bundle_files(bundle)
    require_room(files)
    manifest = canonical(
        {
            "format": FORMAT,
            "case_no": bundle.case_no,
            "node": bundle.node,
            "made_at": stamp(bundle.made_at),
            "made_by": made_by,
            "key_id": signer.key_id,
            "alg": signer.alg,
            "files": {
                name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                for name, data in files.items()
            },
        }
    )
    sealed = {"manifest.json": manifest, "manifest.sig": signer.sign(TAG + manifest)}
    return zipped({**files, **sealed}, bundle.made_at)


def require_room(files: Mapping[str, bytes]) -> None:
    """Check that *files* leave room for the others: also while they are being read.

    Raises:
        BundleTooLarge: they do not.
    """
    size = sum(len(data) for data in files.values()) + _MEGABYTE  # names, manifest
    if size > MOST_BYTES:
        limits = {"megabytes": size // _MEGABYTE, "most_megabytes": MOST_BYTES // _MEGABYTE}
        raise BundleTooLarge("", **limits)


def bundle_files(bundle: Bundle) -> dict[str, bytes]:
    """Return every file by its name, but the manifest and its signature."""
    ordered = sorted(bundle.entries, key=lambda one: (one.entry.node, one.entry.seq))
    files = {
        "entries.jsonl": b"".join(canonical(_line(one)) + b"\n" for one in ordered),
        "receipts.json": _array(
            msgspec.to_builtins(one)
            for one in sorted(bundle.receipts, key=lambda one: (one.node, one.seq))
        ),
        "personal.json": _array(
            {"node": one.entry.node, "seq": one.entry.seq, **msgspec.to_builtins(opening)}
            for one in ordered
            for opening in sorted(one.openings, key=lambda opening: opening.field)
        ),
        "missing.json": _array(
            {"sha256": name, "reason": reason} for name, reason in sorted(bundle.missing.items())
        ),
        "cover.pdf": bundle.cover,
        **{f"media/{name}": data for name, data in bundle.media.items()},
        **{f"law/{name}": data for name, data in bundle.law.items()},
    }
    if bundle.note:
        files["checkpoint.txt"] = bundle.note.encode()
    return files


def zipped(files: Mapping[str, bytes], at: datetime) -> bytes:
    """Return a ZIP in its plainest form: stored, in the order of names, all of one time (UTC)."""
    moment = at.astimezone(UTC)
    time = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        for name in sorted(files):
            info = ZipInfo(name, time)
            info.create_system = _UNIX
            info.external_attr = _PLAIN_FILE
            archive.writestr(info, files[name])
    return out.getvalue()


def _line(one: Bundled) -> dict[str, object]:
    place = one.place
    return {
        "node": one.entry.node,
        "seq": one.entry.seq,
        "body": one.entry.body.decode(),
        "sig": base64.b64encode(one.entry.signature).decode(),
        "received_ms": place.received_ms if place else None,
        "leaf_index": place.leaf_index if place else None,
        "proof": place.proof if place else None,
    }


def _array(items: Iterable[Mapping[str, object]]) -> bytes:
    return b"[" + b",".join(canonical(item) for item in items) + b"]"
