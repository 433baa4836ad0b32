"""The cover of an evidence bundle (证据包封面): for people; nothing follows from it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from station.contract.bundle import Bundle, Collected, bundle_files
from station.contract.checkpoint import Checkpoint
from station.contract.entries import CaseAct, Kind, read
from station.contract.messages import templates
from station.contract.signature import fingerprint
from station.documents.typesetting import pdf
from station.domain.clock import CHINA
from station.domain.ledger import Entry

_SHORT: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who exports. ``name``: for people; ``node``: as in the register of keys."""

    node: str
    name: str


def covered(
    collected: Collected,
    *,
    station: str,
    maker: Maker,
    keys: Sequence[tuple[str, bytes]],
    witnesses: Sequence[str] = (),
) -> Bundle:
    """Return the bundle with its cover.

    Args:
        collected: the bundle without it.
        maker: who exports it.
        station: name of the station that opened the case, for people.
        keys: node and public key, for each that signed something in the bundle.
        witnesses: names of those that cosigned the checkpoint.
    """
    bundle = collected.bundle
    entries = sorted((one.entry for one in bundle.entries), key=_when)
    digest = hashlib.sha256(bundle_files(bundle)["entries.jsonl"]).hexdigest()
    data: dict[str, object] = {
        "case_no": bundle.case_no,
        "station": station,
        "node": bundle.node,
        "made_at": local(bundle.made_at),
        "maker": {"node": maker.node, "name": maker.name},
        "entries": [_row(entry) for entry in entries],
        "proved": sum(one.place is not None for one in bundle.entries),
        "receipts": len(bundle.receipts),
        "openings": sum(len(one.openings) for one in bundle.entries),
        "media": len(bundle.media),
        "missing": [{"sha256": name, "why": why} for name, why in sorted(bundle.missing.items())],
        "law_editions": sorted({read(entry)[0].law_edition for entry in entries}),
        "entries_sha256": digest,
        "keys": [{"node": node, "fingerprint": fingerprint(key)} for node, key in keys],
        "checkpoint": _state(collected.checkpoint),
        "witnesses": list(witnesses),
        "remarks": [remark.text for remark in collected.remarks],
    }
    return replace(bundle, cover=pdf("cover", data, bundle.made_at))


def local(moment: datetime) -> str:
    """Return a moment as people read it, in Beijing time."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def slip_number(entry: Entry) -> str:
    """Return what a driver's slip says of an entry: node, seq and the digest's beginning."""
    return f"{entry.node}-{entry.seq}-{entry.digest[:_SHORT]}"


def _when(entry: Entry) -> tuple[str, str, int]:
    return read(entry)[0].wall_utc, entry.node, entry.seq


def _row(entry: Entry) -> dict[str, str]:
    envelope, payload = read(entry)
    words = templates()
    kind = words[f"value.kind.{envelope.kind.value}"]
    if isinstance(payload, CaseAct):
        kind = f"{kind}：{words.get(f'value.act.{payload.act}', payload.act)}"
    if envelope.kind is Kind.PASSAGE and getattr(payload, "recheck_of", None) is not None:
        kind = words["value.kind.recheck"]
    at = local(datetime.fromisoformat(envelope.wall_utc))
    return {"receipt": slip_number(entry), "kind": kind, "at": at}


def _state(checkpoint: Checkpoint | None) -> dict[str, object] | None:
    if checkpoint is None:
        return None
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "at": local(datetime.fromisoformat(checkpoint.at)),
    }
