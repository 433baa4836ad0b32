"""Which recordings (pictures, crops of plates) an entry names, by their digest, and what one is."""

from __future__ import annotations

import re
from typing import Final

from station.contract.entries import Payload, RecordingImported, tree

MOST_SENT: Final = 64 * 1024 * 1024
"""Bytes of a recording that the centre takes; a larger one stays at its station."""

UNKNOWN: Final = "application/octet-stream"
HEAD_BYTES: Final = 16
"""So many bytes say what a recording is."""

_FIELDS: Final = ("sha256", "crop")
_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
)
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


def type_of(head: bytes) -> str:
    """Return the media type of a recording by its first bytes, never by a name.

    Only what a station keeps is known; everything else is :data:`UNKNOWN`: saved, not shown.
    """
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head[:4] == b"RIFF":
        return {b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}.get(head[8:12], UNKNOWN)
    return next((name for magic, name in _MAGIC if head.startswith(magic)), UNKNOWN)


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
