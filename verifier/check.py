"""The check of a bundle, from its outside to its inside; the first thing that is wrong ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from verifier.archive import opened
from verifier.case import check_case
from verifier.contents import check_law, check_media, check_personal
from verifier.entries import NAME as ENTRIES
from verifier.entries import Entry, entries, newest_seq
from verifier.log import NAME as CHECKPOINT
from verifier.log import Checkpoint, check_proofs, checkpoint
from verifier.manifest import Manifest, check_maker, manifest
from verifier.receipts import NAME as RECEIPTS
from verifier.receipts import check_receipts
from verifier.refusal import Note, Refused, sentences
from verifier.register import Register, register
from verifier.strict import Json
from verifier.times import check_made_at, check_times

PASSED: Final = "passed"
OFFLINE: Final = "passed.offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a check.

    Attributes:
        ok: ``"offline"`` when it passed without proofs of the log.
        code, where: of the first thing that is wrong; ``passed`` and "" when nothing is.
        checked: what was found good, for whoever reads the result; empty when it did not pass.
    """

    ok: bool | Literal["offline"]
    code: str
    where: str
    checked: dict[str, Json]

    @property
    def reason(self) -> str:
        """Return the Chinese sentence for ``code``."""
        return sentences()[self.code]


def check(bundle: bytes, keys: bytes, *, offline: bool = False) -> Result:
    """Check a bundle. Never raises.

    Args:
        bundle: the ZIP file.
        keys: the register, ``keys.json``.
        offline: let entries pass that carry no proof of the log.
    """
    try:
        return _checked(bundle, register(keys), offline)
    except Refused as refused:
        return Result(ok=False, code=refused.code, where=refused.where, checked={})


def _checked(bundle: bytes, known: Register, offline: bool) -> Result:
    made = manifest(opened(bundle), known)
    found = entries(made.files[ENTRIES], known)
    check_maker(made, newest_seq(found, made.made_by))
    check_case(made.case_no, made.node, found)
    top, notes = _log(made, found, known, offline)
    notes += check_times(found, top, known.log_node)
    receipts = check_receipts(made.files[RECEIPTS], found, top, known)
    openings = check_personal(made.files["personal.json"], found)
    media, gone = check_media(made.files, found)
    edition, other = check_law(made.files, found)
    unproved = any(entry.placed is None for entry in found)
    checked = {
        "case_no": made.case_no,
        "node": made.node,
        "made_by": made.made_by,
        "entries": [_shown(entry) for entry in found],
        "checkpoint": None if top is None else _shown_top(top),
        "receipts": receipts,
        "openings": openings,
        "media": media,
        "missing": len(gone),
        "law_edition": edition,
        "notes": [{"code": n.code, "where": n.where} for n in (*notes, *gone, *other)],
    }
    return Result(
        ok="offline" if unproved else True,
        code=OFFLINE if unproved else PASSED,
        where="",
        checked=checked,
    )


def _log(
    made: Manifest, found: tuple[Entry, ...], known: Register, offline: bool
) -> tuple[Checkpoint | None, list[Note]]:
    if not offline:
        for entry in found:
            if entry.placed is None:
                raise Refused("proof.absent", entry.where)
    if CHECKPOINT not in made.files:
        for entry in found:
            if entry.placed is not None:
                raise Refused("checkpoint.absent", CHECKPOINT)
        return None, []
    top = checkpoint(made.files[CHECKPOINT], known)
    check_made_at(made, top)
    check_proofs(found, top)
    notes = [Note("witness.stranger", f"{CHECKPOINT}: {name}") for name in top.strangers]
    return top, notes if top.witnesses else [*notes, Note("witness.none", CHECKPOINT)]


def _shown(entry: Entry) -> dict[str, str | int]:
    return {
        "node": entry.node,
        "seq": entry.seq,
        "kind": entry.kind,
        "digest": entry.digest,
        "key_id": entry.key_id,
    }


def _shown_top(top: Checkpoint) -> dict[str, Json]:
    return {
        "origin": top.origin,
        "size": top.size,
        "root": top.root.hex(),
        "at": top.at_text,
        "witnesses": list(top.witnesses),
    }
