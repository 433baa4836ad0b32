"""The register of keys (密钥登记册): what whoever checks a bundle must have from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from verifier.refusal import Refused
from verifier.strict import NONE, Json, from_hex, listed, natural, parsed, shaped
from verifier.strict import digest as sha256_hex

_MALFORMED: Final = "register.malformed"
_KEY_SIZE: Final = 32
_ALG: Final = "ed25519"
_TOP: Final = {"format": (str,), "log": (dict,), "nodes": (list,), "witnesses": (list,)}
_LOG: Final = {"origin": (str,), "node": (str,), "keys": (list,)}
_LOG_KEY: Final = {"key_id": (str,), "alg": (str,), "public_key": (str,)}
_NODE: Final = {"node": (str,), "name": (str,), "road": (str,), "keys": (list,)}
_NODE_KEY: Final = {
    **_LOG_KEY,
    "from_seq": (int,),
    "until_seq": (int, NONE),
    "revoked_from_seq": (int, NONE),
    "reason": (str, NONE),
}
_WITNESS: Final = {"name": (str,), "public_key": (str,)}


@dataclass(frozen=True, slots=True)
class Key:
    """A node's key and the part of the ledger that it may have signed."""

    key_id: str
    public_key: bytes
    from_seq: int
    until_seq: int | None
    revoked_from_seq: int | None

    def fault_at(self, seq: int) -> str:
        """Return what keeps the key from having signed entry *seq*, "" for nothing."""
        if self.revoked_from_seq is not None and seq >= self.revoked_from_seq:
            return "key_revoked"
        if self.until_seq is not None and seq > self.until_seq:
            return "key_expired"
        return "key_early" if seq < self.from_seq else ""


@dataclass(frozen=True, slots=True)
class Register:
    """All keys.

    Attributes:
        origin: name of the log; ``log_node``: of the centre's own ledger.
        log_keys: public keys by key_id that signed checkpoints and receipts.
        nodes: keys of each node, in the order of the register.
        witnesses: public key by name.
    """

    origin: str
    log_node: str
    log_keys: Mapping[str, bytes]
    nodes: Mapping[str, tuple[Key, ...]]
    witnesses: Mapping[str, bytes]

    def key(self, node: str, key_id: str, seq: int, prefix: str, where: str) -> bytes:
        """Return the node's key of that name if it is good at *seq*; refuse by *prefix* if not."""
        named = [key for key in self.nodes.get(node, ()) if key.key_id == key_id]
        faults = [key.fault_at(seq) for key in named]
        for key, fault in zip(named, faults, strict=True):
            if not fault:
                return key.public_key
        raise Refused(f"{prefix}.{faults[-1] if faults else 'key_unknown'}", where)

    def maker(self, node: str, key_id: str, where: str) -> Key:
        """Return a key that may sign bundles: the node's, and never revoked."""
        named = [key for key in self.nodes.get(node, ()) if key.key_id == key_id]
        if not named:
            raise Refused("manifest.key_unknown", where)
        if any(key.revoked_from_seq is not None for key in named):
            raise Refused("manifest.key_revoked", where)
        return named[-1]

    def is_revoked_log_key(self, key_id: str) -> bool:
        """Tell whether the centre's own key was revoked: it signs in no order of seq."""
        return any(
            key.key_id == key_id and key.revoked_from_seq is not None
            for key in self.nodes.get(self.log_node, ())
        )


def register(data: bytes) -> Register:
    """Read ``keys.json``."""
    where = "keys.json"
    top = shaped(parsed(data, _MALFORMED, where), _TOP, _MALFORMED, where)
    if top["format"] != "zhichao-keys-1":
        raise Refused(_MALFORMED, f"{where}.format")
    log = shaped(top["log"], _LOG, _MALFORMED, f"{where}.log")
    nodes: dict[str, tuple[Key, ...]] = {}
    for place, item in enumerate(top["nodes"]):
        at = f"{where}.nodes[{place}]"
        node = shaped(item, _NODE, _MALFORMED, at)
        if node["node"] in nodes:
            raise Refused(_MALFORMED, f"{at}.node")
        nodes[node["node"]] = tuple(
            _node_key(one, f"{at}.keys[{n}]") for n, one in enumerate(node["keys"])
        )
    return Register(
        origin=log["origin"],
        log_node=log["node"],
        log_keys=_log_keys(log["keys"], f"{where}.log.keys"),
        nodes=nodes,
        witnesses=_witnesses(top["witnesses"], f"{where}.witnesses"),
    )


def _log_keys(items: list[Json], where: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for place, item in enumerate(listed(items, _MALFORMED, where)):
        at = f"{where}[{place}]"
        key = shaped(item, _LOG_KEY, _MALFORMED, at)
        found[key["key_id"]] = _public_key(key, at)
    return found


def _node_key(item: Json, where: str) -> Key:
    key = shaped(item, _NODE_KEY, _MALFORMED, where)
    for name in ("from_seq", "until_seq", "revoked_from_seq"):
        if key[name] is not None:
            natural(key[name], _MALFORMED, f"{where}.{name}")
    return Key(
        key_id=key["key_id"],
        public_key=_public_key(key, where),
        from_seq=key["from_seq"],
        until_seq=key["until_seq"],
        revoked_from_seq=key["revoked_from_seq"],
    )


def _public_key(key: Mapping[str, str], where: str) -> bytes:
    found = from_hex(key["public_key"], _KEY_SIZE, _MALFORMED, f"{where}.public_key")
    if key["alg"] != _ALG:
        raise Refused(_MALFORMED, f"{where}.alg")
    if sha256_hex(found)[: len("0123456789abcdef")] != key["key_id"]:
        raise Refused("register.key_id", f"{where}.key_id")
    return found


def _witnesses(items: list[Json], where: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for place, item in enumerate(items):
        at = f"{where}[{place}]"
        witness = shaped(item, _WITNESS, _MALFORMED, at)
        found[witness["name"]] = from_hex(
            witness["public_key"], _KEY_SIZE, _MALFORMED, f"{at}.public_key"
        )
    return found
