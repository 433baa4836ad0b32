"""What opens a driver's page (当事人查询码): 128 random bits on one print of a weighing slip. Pure.

They stand on paper alone. The ledger holds their digest, so that nobody who reads it, or a bundle,
or the database of the centre, can open the page.
"""

from __future__ import annotations

import hashlib
from typing import Final

TAG: Final = b"zhichao-page-v1\0"
TOKEN_BYTES: Final = 16
CODE_LETTERS: Final = 26

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without I, L, O and U, which are misread."""
_MISREAD: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})
_GROUP: Final = 5
_LETTER_BITS: Final = 5


def page_code(token: bytes) -> str:
    """Return the 26 letters that stand for a token of :data:`TOKEN_BYTES`."""
    number = int.from_bytes(token)
    places = range(CODE_LETTERS - 1, -1, -1)
    return "".join(_LETTERS[(number >> _LETTER_BITS * place) % len(_LETTERS)] for place in places)


def grouped(code: str) -> str:
    """Return a code as people read it."""
    return "-".join(code[first : first + _GROUP] for first in range(0, len(code), _GROUP))


def page_token(typed: str) -> bytes | None:
    """Return the token of a code as somebody typed it, None when it is none."""
    code = typed.strip().upper().translate(_MISREAD)
    if len(code) != CODE_LETTERS or not set(code) <= set(_LETTERS):
        return None
    number = 0
    for letter in code:
        number = number << _LETTER_BITS | _LETTERS.index(letter)
    return None if number >> 8 * TOKEN_BYTES else number.to_bytes(TOKEN_BYTES)


def page_digest(token: bytes) -> str:
    """Return what the ledger holds of a token, hex."""
    return hashlib.sha256(TAG + token).hexdigest()
