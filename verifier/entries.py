"""The entries: bytes, signatures, and the order in which they stand in their nodes' ledgers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import Final

from verifier.refusal import Refused
from verifier.register import Register
from verifier.signature import is_signed
from verifier.strict import NONE, Json, canonical, from_base64, is_digest, moment, natural, shaped

NAME: Final = "entries.jsonl"
TAG: Final = b"zhichao-entry-v1\0"
GENESIS: Final = "0" * 64

_MALFORMED: Final = "entry.malformed"
_DIGEST_SIZE: Final = 32
_SIGNATURE_SIZE: Final = 64
_LONGEST_PROOF: Final = 64
_VERSION: Final = 1
_LINE: Final = {
    "node": (str,),
    "seq": (int,),
    "body": (str,),
    "sig": (str,),
    "received_ms": (int, NONE),
    "leaf_index": (int, NONE),
    "proof": (list, NONE),
}
_BODY: Final = {
    "alg": (str,),
    "key_id": (str,),
    "node": (str,),
    "boot_id": (str,),
    "seq": (int,),
    "prev": (str,),
    "kind": (str,),
    "version": (int,),
    "wall_utc": (str,),
    "mono_ns": (int,),
    "clock": (dict,),
    "anchor": (dict, NONE),
    "legal_id": (str,),
    "law_edition": (str,),
    "payload": (dict,),
}
_CLOCK: Final = {"source": (str,), "offset_ms": (int, NONE), "age_s": (int, NONE)}
_ANCHOR: Final = {"log_size": (int,), "root": (str,), "at": (str,)}


@dataclass(frozen=True, slots=True)
class Anchor:
    """The newest checkpoint that the node had seen: the entry is not older than that."""

    log_size: int
    root: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the centre says that the entry stands in the log."""

    received_ms: int
    leaf_index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. ``where``: its line, for whoever reads the result."""

    where: str
    node: str
    seq: int
    prev: str
    digest: str
    body: bytes
    signature: bytes
    key_id: str
    kind: str
    boot_id: str
    mono_ns: int
    wall_utc: datetime
    clock_verified: bool
    anchor: Anchor | None
    law_edition: str
    payload: dict[str, Json]
    placed: Placed | None

    @property
    def leaf(self) -> bytes:
        """Return the entry's leaf in the log; it must be placed."""
        if self.placed is None:
            raise Refused("proof.absent", self.where)
        received = self.placed.received_ms.to_bytes(8, "big")
        return sha256(b"\x00" + self.body + self.signature + received).digest()


def entries(data: bytes, register: Register) -> tuple[Entry, ...]:
    """Read ``entries.jsonl`` and check every entry, and each against its neighbour."""
    *lines, rest = data.split(b"\n")
    if rest or not lines:
        raise Refused(_MALFORMED, NAME)
    found = tuple(_entry(line, f"{NAME}:{n}") for n, line in enumerate(lines, 1))
    for before, entry in pairwise(found):
        if (before.node, before.seq) >= (entry.node, entry.seq):
            raise Refused("entry.order", f"{entry.where}.seq")
    for entry in found:
        _check_signature(entry, register)
    for before, entry in pairwise(found):
        if before.node == entry.node:
            _check_neighbours(before, entry)
    return found


def newest_seq(found: Iterable[Entry], node: str) -> int:
    """Return the highest seq of *node*, 0 when it has none."""
    return max((entry.seq for entry in found if entry.node == node), default=0)


def _entry(data: bytes, where: str) -> Entry:
    line = shaped(canonical(data, _MALFORMED, where), _LINE, _MALFORMED, where)
    body = line["body"].encode()
    tree = shaped(canonical(body, "entry.not_canonical", f"{where}.body"), _BODY, _MALFORMED, where)
    for name in ("node", "seq"):
        if tree[name] != line[name]:
            raise Refused("entry.mismatch", f"{where}.{name}")
    if tree["version"] != _VERSION or tree["alg"] != "ed25519":
        raise Refused("entry.version", f"{where}.version")
    natural(tree["seq"], _MALFORMED, f"{where}.seq", least=1)
    if not is_digest(tree["prev"]) or (tree["seq"] == 1) != (tree["prev"] == GENESIS):
        raise Refused("entry.chain", f"{where}.prev")
    return Entry(
        where=where,
        node=tree["node"],
        seq=tree["seq"],
        prev=tree["prev"],
        digest=sha256(TAG + body).hexdigest(),
        body=body,
        signature=from_base64(line["sig"], _SIGNATURE_SIZE, _MALFORMED, f"{where}.sig"),
        key_id=tree["key_id"],
        kind=tree["kind"],
        boot_id=tree["boot_id"],
        mono_ns=tree["mono_ns"],
        wall_utc=moment(tree["wall_utc"], _MALFORMED, f"{where}.wall_utc"),
        clock_verified=_clock_verified(tree["clock"], f"{where}.clock"),
        anchor=_anchor(tree["anchor"], f"{where}.anchor"),
        law_edition=tree["law_edition"],
        payload=tree["payload"],
        placed=_placed(line, where),
    )


def _clock_verified(clock: Json, where: str) -> bool:
    source = shaped(clock, _CLOCK, _MALFORMED, where)["source"]
    return source == "centre" and clock["offset_ms"] is not None


def _anchor(tree: Json, where: str) -> Anchor | None:
    if tree is None:
        return None
    shaped(tree, _ANCHOR, _MALFORMED, where)
    if not is_digest(tree["root"]):
        raise Refused(_MALFORMED, f"{where}.root")
    return Anchor(
        log_size=natural(tree["log_size"], _MALFORMED, f"{where}.log_size"),
        root=tree["root"],
        at=moment(tree["at"], _MALFORMED, f"{where}.at"),
    )


def _placed(line: dict[str, Json], where: str) -> Placed | None:
    given = [line[name] is not None for name in ("received_ms", "leaf_index", "proof")]
    if not any(given):
        return None
    if not all(given) or len(line["proof"]) > _LONGEST_PROOF:
        raise Refused(_MALFORMED, f"{where}.proof")
    at = f"{where}.proof"
    return Placed(
        received_ms=natural(line["received_ms"], _MALFORMED, f"{where}.received_ms"),
        leaf_index=natural(line["leaf_index"], _MALFORMED, f"{where}.leaf_index"),
        proof=tuple(from_base64(item, _DIGEST_SIZE, _MALFORMED, at) for item in line["proof"]),
    )


def _check_signature(entry: Entry, register: Register) -> None:
    if entry.node not in register.nodes:
        raise Refused("entry.node_unknown", f"{entry.where}.node")
    at = f"{entry.where}.key_id"
    public_key = register.key(entry.node, entry.key_id, entry.seq, "entry", at)
    if not is_signed(public_key, TAG + entry.body, entry.signature):
        raise Refused("entry.signature", f"{entry.where}.sig")


def _check_neighbours(before: Entry, entry: Entry) -> None:
    if entry.seq == before.seq + 1 and entry.prev != before.digest:
        raise Refused("entry.chain", f"{entry.where}.prev")
    if entry.boot_id == before.boot_id and entry.mono_ns < before.mono_ns:
        raise Refused("time.order", f"{entry.where}.mono_ns")
