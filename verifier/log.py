"""The log (公证日志): its signed checkpoint, its witnesses, and the proofs that lead to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import Final

from verifier.entries import Entry, Placed
from verifier.refusal import Refused
from verifier.register import Register
from verifier.signature import is_signed
from verifier.strict import from_base64, moment

NAME: Final = "checkpoint.txt"

_MALFORMED: Final = "checkpoint.malformed"
_DASH: Final = "— "
_DIGEST_SIZE: Final = 32
_HASH_SIZE: Final = 4
_SIGNATURE_SIZE: Final = 64
_SEAL_SIZE: Final = _HASH_SIZE + _SIGNATURE_SIZE
_COSEAL_SIZE: Final = _HASH_SIZE + 8 + _SIGNATURE_SIZE
_ED25519: Final = b"\x01"
_COSIGNATURE: Final = b"\x04"
_TEXT_LINES: Final = 4
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of the log that the bundle's proofs lead to. ``witnesses``: names that signed."""

    origin: str
    size: int
    root: bytes
    at: datetime
    at_text: str
    witnesses: tuple[str, ...]
    strangers: tuple[str, ...]


def checkpoint(data: bytes, register: Register) -> Checkpoint:
    """Read ``checkpoint.txt``, and check the log's signature and those of known witnesses."""
    try:
        text, _, signatures = data.decode().rpartition("\n\n")
    except UnicodeDecodeError:
        raise Refused(_MALFORMED, NAME) from None
    lines = text.split("\n")
    first, *others = _signature_lines(signatures)
    if len(lines) != _TEXT_LINES:
        raise Refused(_MALFORMED, NAME)
    origin, size, root, at = lines
    if origin != register.origin or first[0] != origin:
        raise Refused("checkpoint.origin", f"{NAME}:1")
    if not _SIZE.fullmatch(size) or not at.startswith("at "):
        raise Refused(_MALFORMED, f"{NAME}:2")
    signed = f"{text}\n".encode()
    _check_log_signature(first, signed, register)
    known = tuple(name for name, seal in others if _is_cosigned(name, seal, signed, register))
    return Checkpoint(
        origin=origin,
        size=int(size),
        root=from_base64(root, _DIGEST_SIZE, _MALFORMED, f"{NAME}:3"),
        at=moment(at.removeprefix("at "), _MALFORMED, f"{NAME}:4"),
        at_text=at.removeprefix("at "),
        witnesses=known,
        strangers=tuple(name for name, _ in others if name not in known),
    )


def check_proofs(found: Sequence[Entry], top: Checkpoint) -> None:
    """Check that each entry that is placed stands in the log, and in the order of its ledger."""
    for entry in found:
        if entry.placed is not None and not _leads_to(entry.leaf, entry.placed, top):
            raise Refused("proof.inclusion", f"{entry.where}.proof")
    placed = [(entry, entry.placed) for entry in found if entry.placed is not None]
    for (before, earlier), (entry, later) in pairwise(placed):
        if before.node == entry.node and earlier.leaf_index >= later.leaf_index:
            raise Refused("proof.order", f"{entry.where}.leaf_index")


def _leads_to(leaf: bytes, placed: Placed, top: Checkpoint) -> bool:
    """RFC 9162 section 2.1.3.2."""
    place, last = placed.leaf_index, top.size - 1
    if place > last:
        return False
    node = leaf
    for sibling in placed.proof:
        if last == 0:
            return False
        if place % 2 == 1 or place == last:
            node = sha256(b"\x01" + sibling + node).digest()
            while place % 2 == 0:
                place, last = place // 2, last // 2
        else:
            node = sha256(b"\x01" + node + sibling).digest()
        place, last = place // 2, last // 2
    return last == 0 and node == top.root


def _signature_lines(signatures: str) -> list[tuple[str, str]]:
    *lines, rest = signatures.split("\n")
    if rest or not lines:
        raise Refused(_MALFORMED, NAME)
    found: list[tuple[str, str]] = []
    for line in lines:
        dash, _, after = line.partition(" ")
        name, _, encoded = after.partition(" ")
        if f"{dash} " != _DASH or not name or not encoded:
            raise Refused(_MALFORMED, NAME)
        found.append((name, encoded))
    if len(set(found)) != len(found):
        raise Refused(_MALFORMED, NAME)
    return found


def _check_log_signature(line: tuple[str, str], signed: bytes, register: Register) -> None:
    name, encoded = line
    seal = from_base64(encoded, _SEAL_SIZE, _MALFORMED, f"{NAME}: {name}")
    for key_id, public_key in register.log_keys.items():
        if seal[:_HASH_SIZE] != _key_hash(name, _ED25519, public_key):
            continue
        if register.is_revoked_log_key(key_id):
            raise Refused("checkpoint.key_revoked", f"{NAME}: {name}")
        if is_signed(public_key, signed, seal[_HASH_SIZE:]):
            return
    raise Refused("checkpoint.signature", f"{NAME}: {name}")


def _is_cosigned(name: str, encoded: str, signed: bytes, register: Register) -> bool:
    """Tell whether the line is of a known witness; one that bears its key must be right."""
    public_key = register.witnesses.get(name)
    if public_key is None:
        return False
    where = f"{NAME}: {name}"
    seal = from_base64(encoded, _COSEAL_SIZE, "checkpoint.cosignature", where)
    if seal[:_HASH_SIZE] != _key_hash(name, _COSIGNATURE, public_key):
        return False
    seconds = int.from_bytes(seal[_HASH_SIZE:-_SIGNATURE_SIZE], "big")
    message = f"cosignature/v1\ntime {seconds}\n".encode() + signed
    if not is_signed(public_key, message, seal[-_SIGNATURE_SIZE:]):
        raise Refused("checkpoint.cosignature", where)
    return True


def _key_hash(name: str, kind: bytes, public_key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + kind + public_key).digest()[:_HASH_SIZE]
