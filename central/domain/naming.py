"""Which recordings an entry names (docs/reference/evidence.md). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def digests_in(body: bytes) -> tuple[str, ...]:
    """Return every digest (hex) that stands in the payload of *body*, but not under ``personal``.

    More than the recordings that the kinds of today name: an entry of a kind that this program
    does not know names its own, too. Bytes that cannot be read name none.
    """
    try:
        tree = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ()
    payload = tree.get("payload") if isinstance(tree, dict) else None
    return tuple(dict.fromkeys(_digests(payload)))


def _digests(node: object) -> Iterator[str]:
    if isinstance(node, str):
        if _DIGEST.fullmatch(node):
            yield node
    elif isinstance(node, dict):
        for name, value in node.items():
            if name != "personal":
                yield from _digests(value)
    elif isinstance(node, list):
        for value in node:
            yield from _digests(value)
