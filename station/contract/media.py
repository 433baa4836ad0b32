"""Which recordings (pictures, crops of plates) an entry names, by their digest."""

from __future__ import annotations

import re
from typing import Final

from station.contract.entries import Payload, RecordingImported, tree

MOST_SENT: Final = 64 * 1024 * 1024
"""Bytes of a recording that the centre takes; a larger one stays at its station."""

_FIELDS: Final = ("sha256", "crop")
_MORE: Final = (dict, list)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def media_of(payload: Payload) -> tuple[str, ...]:
    """Return the SHA-256 (hex) of each recording that *payload* names, each once, in order.

    It names one by a field ``sha256`` or ``crop``, however deep, but not under ``personal``: the
    rule by which whoever checks a bundle looks for them, too.
    """
    found: dict[str, None] = {}
    _collect(tree(payload), found)
    return tuple(found)


def sent_of(payload: Payload) -> tuple[str, ...]:
    """Return those that go to the centre: no clip that is no case's, and none too large."""
    if isinstance(payload, RecordingImported) and (not payload.acts or payload.size > MOST_SENT):
        return ()
    return media_of(payload)


def _collect(node: object, found: dict[str, None]) -> None:
    if isinstance(node, dict):
        for name in _FIELDS:
            text = node.get(name)
            if isinstance(text, str) and _DIGEST.fullmatch(text):
                found[text] = None
        for name, value in node.items():
            if isinstance(value, _MORE) and name != "personal":
                _collect(value, found)
    elif isinstance(node, list):
        for item in node:
            if isinstance(item, _MORE):
                _collect(item, found)
