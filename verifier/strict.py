"""Reads what a stranger wrote: JSON, digests, base64 and times, each in its one right form."""

from __future__ import annotations

import json
import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from verifier.refusal import Refused

Json = Any
"""Whatever JSON may hold; :func:`shaped` and :func:`listed` look into it."""
Fields = Mapping[str, tuple[type, ...]]
"""Name to types. ``int`` takes no truth value; ``NoneType`` stands for a null."""

NONE: Final = type(None)
_HEX: Final = re.compile(r"[0-9a-f]*", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_DIGEST: Final = 64
_BITS: Final = 63


def parsed(data: bytes, code: str, where: str) -> Json:
    """Read JSON without fractions and without whole numbers beyond 64 bits."""
    try:
        text = data.decode()
        return json.loads(text, parse_int=_whole, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Refused(code, where) from None


def canonical(data: bytes, code: str, where: str) -> Json:
    """Read canonical JSON: sorted keys, no white space, UTF-8 in NFC, whole numbers only."""
    tree = parsed(data, code, where)
    try:
        # No text composes with the quotation mark before it: the whole is in NFC if each text is.
        if written(tree) == data and unicodedata.is_normalized("NFC", data.decode()):
            return tree
    except (ValueError, RecursionError):
        pass
    raise Refused(code, where)


def written(tree: Json) -> bytes:
    """Return *tree* as JSON with sorted keys and no white space."""
    text = json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def shaped(value: Json, fields: Fields, code: str, where: str) -> dict[str, Json]:
    """Return *value* if it is an object of exactly these fields and types."""
    if not isinstance(value, dict):
        raise Refused(code, where)
    for name in sorted(fields.keys() ^ value.keys()):
        raise Refused(code, f"{where}.{name}")
    for name, types in fields.items():
        if type(value[name]) not in types:
            raise Refused(code, f"{where}.{name}")
    return value


def listed(value: Json, code: str, where: str) -> list[Json]:
    """Return *value* if it is a list."""
    if not isinstance(value, list):
        raise Refused(code, where)
    return value


def from_hex(text: str, size: int, code: str, where: str) -> bytes:
    """Read *size* bytes in lower-case hexadecimal."""
    if len(text) != 2 * size or not _HEX.fullmatch(text):
        raise Refused(code, where)
    return bytes.fromhex(text)


def from_base64(text: Json, size: int, code: str, where: str) -> bytes:
    """Read *size* bytes in base64, padded, with no stray bits."""
    try:
        found = b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        raise Refused(code, where) from None
    if len(found) != size or b64encode(found).decode() != text:
        raise Refused(code, where)
    return found


def is_digest(text: str) -> bool:
    """Tell whether *text* is a SHA-256 in hexadecimal."""
    return len(text) == _DIGEST and _HEX.fullmatch(text) is not None


def moment(text: str, code: str, where: str) -> datetime:
    """Read a time of a record: UTC with milliseconds."""
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(code, where)


def natural(number: int, code: str, where: str, *, least: int = 0) -> int:
    """Return *number* if it is from *least* on and fits 63 bits."""
    if not least <= number < 2**_BITS:
        raise Refused(code, where)
    return number


def digest(data: bytes) -> str:
    """Return SHA-256 in hexadecimal."""
    return sha256(data).hexdigest()


def _whole(text: str) -> int:
    if not -(2**_BITS) <= (number := int(text)) < 2**_BITS:
        raise ValueError(text)
    return number


def _refuse(text: str) -> Json:
    raise ValueError(text)
