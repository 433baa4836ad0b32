"""The register of keys (密钥登记册): as a file for programs, and as a page for signatures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from central.application.register import RegisteredKey, RegisteredNode
from station.contract.messages import message
from station.contract.sealing import local_day
from station.contract.signature import fingerprint

FORMAT: Final = "zhichao-keys-1"
_RULE: Final = "─" * 79


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRegister:
    """Everything that somebody who checks records must know beforehand.

    Attributes:
        origin: name of the log; ``node``: of the centre's own ledger.
        witnesses: name and public key (hex).
    """

    origin: str
    node: str
    nodes: Sequence[RegisteredNode]
    witnesses: Sequence[tuple[str, str]] = ()


def keys_json(register: KeyRegister) -> bytes:
    """Return the register as docs/reference/evidence.md has it."""
    own = [one for node in register.nodes if node.node == register.node for one in node.keys]
    tree = {
        "format": FORMAT,
        "log": {
            "origin": register.origin,
            "node": register.node,
            "keys": [_named(one) for one in own],
        },
        "nodes": [
            {
                "node": node.node,
                "name": node.name,
                "road": node.road,
                "keys": [_placed(one) for one in node.keys],
            }
            for node in register.nodes
        ],
        "witnesses": [{"name": name, "public_key": key} for name, key in register.witnesses],
    }
    return (json.dumps(tree, ensure_ascii=False, indent=1) + "\n").encode()


def keys_paper(register: KeyRegister, at: datetime) -> str:
    """Return a page of text: fingerprints in groups of four, and room for two signatures."""
    lines = [
        _text("title"),
        _text("made", on=local_day(at), origin=register.origin),
        _text("how"),
        _RULE,
    ]
    for node in register.nodes:
        mark = _text("own") if node.node == register.node else node.road
        lines += ["", f"{node.node}  {node.name}  {mark}"]
        lines += [line for one in node.keys for line in _shown(one)] or [_text("no_key")]
    if register.witnesses:
        lines += ["", _text("witnesses")]
        for name, key in register.witnesses:
            lines += [f"  {name}", *_groups(bytes.fromhex(key))]
    lines += ["", _RULE, *(_text("signature") for _ in range(2)), ""]
    return "\n".join(lines)


def _named(one: RegisteredKey) -> dict[str, str]:
    key = one.key
    return {"key_id": key.key_id, "alg": key.alg, "public_key": key.public_key.hex()}


def _placed(one: RegisteredKey) -> dict[str, str | int | None]:
    return {
        **_named(one),
        "from_seq": one.key.from_seq,
        "until_seq": one.key.until_seq,
        "revoked_from_seq": one.key.revoked_from_seq,
        "reason": one.reason,
    }


def _shown(one: RegisteredKey) -> Iterable[str]:
    key = one.key
    if key.until_seq is None:
        yield _text("key_in_use", alg=key.alg, first=key.from_seq)
    else:
        yield _text("key", alg=key.alg, first=key.from_seq, last=key.until_seq)
    yield from _groups(key.public_key)
    if key.revoked_from_seq is not None:
        yield _text("revoked", seq=key.revoked_from_seq, reason=one.reason)


def _groups(public_key: bytes) -> list[str]:
    words = fingerprint(public_key).split()
    return [f"    {'  '.join(words[at : at + 8])}" for at in range(0, len(words), 8)]


def _text(name: str, **fields: str | int) -> str:
    return message(f"keys.{name}", fields)
