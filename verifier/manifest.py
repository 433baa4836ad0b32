"""The manifest: who made the bundle, of which case, and the digest of every file in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from verifier.archive import Archive, dos_time
from verifier.refusal import Refused
from verifier.register import Key, Register
from verifier.signature import is_signed
from verifier.strict import Json, canonical, digest, moment, shaped

NAME: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
TAG: Final = b"zhichao-bundle-v1\0"

_MALFORMED: Final = "manifest.malformed"
_TOP: Final = {
    "format": (str,),
    "case_no": (str,),
    "node": (str,),
    "made_at": (str,),
    "made_by": (str,),
    "key_id": (str,),
    "alg": (str,),
    "files": (dict,),
}
_FILE: Final = {"sha256": (str,), "size": (int,)}
_KNOWN: Final = re.compile(
    r"entries\.jsonl|checkpoint\.txt|receipts\.json|personal\.json|missing\.json|cover\.pdf"
    r"|media/[0-9a-f]{64}|law/.+",
    re.ASCII,
)
_REQUIRED: Final = frozenset({"entries.jsonl", "receipts.json", "personal.json", "missing.json"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """The statement of whoever made the bundle. ``files``: content by name, digests checked."""

    case_no: str
    node: str
    made_at: datetime
    made_by: str
    key: Key
    files: Mapping[str, bytes]


def manifest(archive: Archive, register: Register) -> Manifest:
    """Read the manifest, and check its signature and every file against it."""
    for name in (NAME, SIGNATURE):
        if name not in archive.members:
            raise Refused("manifest.absent", name)
    data = archive.members[NAME]
    tree = _tree(data)
    key = register.maker(tree["made_by"], tree["key_id"], f"{NAME}.key_id")
    if not is_signed(key.public_key, TAG + data, archive.members[SIGNATURE]):
        raise Refused("manifest.signature", SIGNATURE)
    made_at = moment(tree["made_at"], _MALFORMED, f"{NAME}.made_at")
    if dos_time(made_at) != archive.time:
        raise Refused("archive.form", f"{NAME}.made_at")
    files = {n: data for n, data in archive.members.items() if n not in {NAME, SIGNATURE}}
    _check_files(tree["files"], files)
    return Manifest(
        case_no=tree["case_no"],
        node=tree["node"],
        made_at=made_at,
        made_by=tree["made_by"],
        key=key,
        files=files,
    )


def check_maker(found: Manifest, newest_seq: int) -> None:
    """Refuse a key that had ended before the maker's own newest entry (*newest_seq*) in it."""
    if found.key.until_seq is not None and newest_seq > found.key.until_seq:
        raise Refused("manifest.key_expired", f"{NAME}.key_id")


def _tree(data: bytes) -> dict[str, Json]:
    tree = shaped(canonical(data, _MALFORMED, NAME), _TOP, _MALFORMED, NAME)
    if tree["format"] != "zhichao-bundle-1":
        raise Refused("manifest.format", f"{NAME}.format")
    if tree["alg"] != "ed25519":
        raise Refused("manifest.format", f"{NAME}.alg")
    return tree


def _check_files(stated: Mapping[str, Json], files: Mapping[str, bytes]) -> None:
    for name in sorted(stated.keys() | files.keys() | _REQUIRED):
        if name not in files:
            raise Refused("manifest.file_absent", name)
        if name not in stated:
            raise Refused("manifest.unlisted", name)
        if not _KNOWN.fullmatch(name):
            raise Refused("manifest.unknown_file", name)
        line = shaped(stated[name], _FILE, _MALFORMED, f"{NAME}.files.{name}")
        if line["size"] != len(files[name]):
            raise Refused("manifest.size", name)
        if line["sha256"] != digest(files[name]):
            raise Refused("manifest.digest", name)
