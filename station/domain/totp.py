"""One-time codes (动态口令) of the device that an officer carries.

Pure; needs no line to anybody. Source: RFC 6238 (TOTP), RFC 4226 (HOTP), with HMAC-SHA-1, six
digits and 30 seconds, which is what every authenticator knows.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
"""As long as the digest, RFC 4226 section 4."""
WINDOW: Final = 1
"""Steps that the device's clock may be off, either way."""

_LOW_31_BITS: Final = 0x7FFF_FFFF


def step_at(at: datetime) -> int:
    """Return the number of the step that *at* (aware) lies in."""
    return int(at.timestamp()) // STEP_S


def code(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of one step."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & _LOW_31_BITS
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, given: str, at: datetime) -> int | None:
    """Return the step within the window that *given* is the code of; the newest of several."""
    now = step_at(at)
    for step in range(now + WINDOW, now - WINDOW - 1, -1):
        if hmac.compare_digest(code(secret, step).encode(), given.encode()):
            return step
    return None


def is_used(step: int, last_step: int) -> bool:
    """Tell whether a code must not be taken (again): its step, or a later one, was taken before.

    A step that lies further ahead than any code accepted now was taken while the clock was wrong:
    it keeps nobody out.
    """
    return step <= last_step <= newest_used(step)


def newest_used(step: int) -> int:
    """Return the newest step that can have been taken while *step* is good."""
    return step + 2 * WINDOW


def uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return what an authenticator scans (otpauth)."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    query = {"secret": text_of(secret), "issuer": issuer, "digits": DIGITS, "period": STEP_S}
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"


def text_of(secret: bytes) -> str:
    """Return a secret as people type it (base32)."""
    return base64.b32encode(secret).decode().rstrip("=")
