"""What lies beside the entries: clear texts, recordings, and the law, each bound to an entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

from verifier.entries import Entry
from verifier.refusal import Note, Refused
from verifier.strict import Json, canonical, digest, from_hex, is_digest, listed, shaped

PERSONAL: Final = "personal.json"
MISSING: Final = "missing.json"
MEDIA: Final = "media/"
LAW: Final = "law/"
TAG: Final = b"zhichao-personal-v1\0"

_SALT_SIZE: Final = 32
_OPENING: Final = {
    "node": (str,),
    "seq": (int,),
    "field": (str,),
    "salt": (str,),
    "text": (str,),
}
_GONE: Final = {"sha256": (str,), "reason": (str,)}
_RECORDING_FIELDS: Final = frozenset({"sha256", "crop"})


def check_personal(data: bytes, found: Sequence[Entry]) -> int:
    """Check every opening against the commitment in its entry; return how many there are."""
    code = "personal.malformed"
    openings = listed(canonical(data, code, PERSONAL), code, PERSONAL)
    commitments = {(entry.node, entry.seq): _commitments(entry) for entry in found}
    seen: set[tuple[str, int, str]] = set()
    for n, item in enumerate(openings):
        where = f"{PERSONAL}[{n}]"
        opening = shaped(item, _OPENING, code, where)
        place, field = (opening["node"], opening["seq"]), opening["field"]
        salt = from_hex(opening["salt"], _SALT_SIZE, code, f"{where}.salt")
        if place not in commitments or field not in commitments[place]:
            raise Refused("personal.foreign", f"{where}.field")
        if (*place, field) in seen:
            raise Refused("personal.foreign", f"{where}.field")
        seen.add((*place, field))
        message = TAG + salt + field.encode() + b"\0" + opening["text"].encode()
        if digest(message) != commitments[place][field]:
            raise Refused("personal.commitment", f"{where}.text")
    return len(openings)


def check_media(files: Mapping[str, bytes], found: Sequence[Entry]) -> tuple[int, list[Note]]:
    """Check that each recording that an entry names is there, or is said to be gone.

    Returns:
        How many are there, and a note for each that is gone.
    """
    named = {name: entry.where for entry in found for name in recordings(entry.payload)}
    held = {name.removeprefix(MEDIA) for name in files if name.startswith(MEDIA)}
    for name in sorted(held):
        if digest(files[MEDIA + name]) != name:
            raise Refused("media.digest", MEDIA + name)
        if name not in named:
            raise Refused("media.foreign", MEDIA + name)
    gone = _gone(files[MISSING])
    for name, where in gone.items():
        if name in held:
            raise Refused("missing.held", where)
        if name not in named:
            raise Refused("missing.foreign", where)
    for name, where in named.items():
        if name not in held and name not in gone:
            raise Refused("media.absent", f"{where}: {name}")
    return len(held), [Note("media.missing", f"{named[name]}: {name}") for name in gone]


def check_law(files: Mapping[str, bytes], found: Sequence[Entry]) -> tuple[str, list[Note]]:
    """Check that the law files are those by which a finding was made.

    Returns:
        The edition, and a note for each entry of another one.
    """
    law = {name.removeprefix(LAW): data for name, data in files.items() if name.startswith(LAW)}
    if not law:
        raise Refused("law.absent", LAW)
    total = sha256()
    for name in sorted(law):
        total.update(f"{name}\0{len(law[name])}\0".encode())
        total.update(law[name])
    edition = f"sha256:{total.hexdigest()}"
    findings = [entry for entry in found if "verdict" in entry.payload] or found
    if all(entry.law_edition != edition for entry in findings):
        raise Refused("law.edition", LAW)
    others = [entry for entry in findings if entry.law_edition != edition]
    return edition, [Note("law.other_edition", entry.where) for entry in others]


def recordings(payload: Json) -> Iterator[str]:
    """Yield the digest of every recording that a payload names, however deep."""
    rest = [payload]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            named = [node[name] for name in _RECORDING_FIELDS & node.keys()]
            yield from (text for text in named if isinstance(text, str) and is_digest(text))
            rest += [value for name, value in node.items() if name != "personal"]
        elif isinstance(node, list):
            rest += node


def _commitments(entry: Entry) -> dict[str, Json]:
    found = entry.payload.get("personal", {})
    return found if isinstance(found, dict) else {}


def _gone(data: bytes) -> dict[str, str]:
    code = "missing.malformed"
    found: dict[str, str] = {}
    for n, item in enumerate(listed(canonical(data, code, MISSING), code, MISSING)):
        where = f"{MISSING}[{n}]"
        line = shaped(item, _GONE, code, where)
        if not is_digest(line["sha256"]) or not line["reason"] or line["sha256"] in found:
            raise Refused(code, where)
        found[line["sha256"]] = where
    return found
