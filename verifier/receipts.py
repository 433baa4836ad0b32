"""Receipts (回执): the centre's signed word, given at the time, that it holds an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from verifier.entries import Entry
from verifier.log import Checkpoint
from verifier.refusal import Refused
from verifier.register import Register
from verifier.signature import is_signed
from verifier.strict import (
    Json,
    canonical,
    from_hex,
    is_digest,
    listed,
    moment,
    natural,
    shaped,
    written,
)

NAME: Final = "receipts.json"
TAG: Final = b"zhichao-receipt-v1\0"

_MALFORMED: Final = "receipt.malformed"
_SIGNATURE_SIZE: Final = 64
_RECEIPT: Final = {
    "node": (str,),
    "seq": (int,),
    "digest": (str,),
    "leaf_index": (int,),
    "log_size": (int,),
    "root": (str,),
    "at": (str,),
    "key_id": (str,),
    "sig": (str,),
}


def check_receipts(
    data: bytes, found: Sequence[Entry], top: Checkpoint | None, register: Register
) -> int:
    """Check ``receipts.json`` and return how many there are."""
    receipts = listed(canonical(data, _MALFORMED, NAME), _MALFORMED, NAME)
    seen: set[tuple[str, int]] = set()
    for n, item in enumerate(receipts):
        where = f"{NAME}[{n}]"
        receipt = _signed(item, where, register)
        place = (receipt["node"], receipt["seq"])
        if place in seen:
            raise Refused("receipt.duplicate", where)
        seen.add(place)
        same = [entry for entry in found if entry.node == receipt["node"]]
        if not same:
            raise Refused("receipt.foreign", f"{where}.node")
        _check_log(receipt, where, top)
        for entry in same:
            _check_against(receipt, where, entry)
    return len(receipts)


def _signed(item: Json, where: str, register: Register) -> dict[str, Json]:
    receipt = shaped(item, _RECEIPT, _MALFORMED, where)
    for name in ("seq", "leaf_index", "log_size"):
        natural(receipt[name], _MALFORMED, f"{where}.{name}")
    for name in ("digest", "root"):
        if not is_digest(receipt[name]):
            raise Refused(_MALFORMED, f"{where}.{name}")
    moment(receipt["at"], _MALFORMED, f"{where}.at")
    signature = from_hex(receipt["sig"], _SIGNATURE_SIZE, _MALFORMED, f"{where}.sig")
    public_key = register.log_keys.get(receipt["key_id"])
    if public_key is None:
        raise Refused("receipt.key_unknown", f"{where}.key_id")
    if register.is_revoked_log_key(receipt["key_id"]):
        raise Refused("receipt.key_revoked", f"{where}.key_id")
    unsigned = {name: value for name, value in receipt.items() if name != "sig"}
    if not is_signed(public_key, TAG + written(unsigned), signature):
        raise Refused("receipt.signature", f"{where}.sig")
    return receipt


def _check_log(receipt: Mapping[str, Json], where: str, top: Checkpoint | None) -> None:
    """Hold the tree of the receipt against that of the checkpoint, which grew from it."""
    size = receipt["log_size"]
    if receipt["leaf_index"] >= size or (top is not None and size > top.size):
        raise Refused("receipt.log_size", f"{where}.log_size")
    if top is not None and size == top.size and receipt["root"] != top.root.hex():
        raise Refused("receipt.log_size", f"{where}.root")


def _check_against(receipt: Mapping[str, Json], where: str, entry: Entry) -> None:
    if receipt["seq"] == entry.seq and receipt["digest"] != entry.digest:
        raise Refused("receipt.digest", f"{where}.digest")
    if entry.placed is None:
        return
    ahead = entry.seq - receipt["seq"]
    apart = entry.placed.leaf_index - receipt["leaf_index"]
    if (ahead > 0) != (apart > 0) or (ahead < 0) != (apart < 0):
        raise Refused("receipt.place", f"{where}.leaf_index")
