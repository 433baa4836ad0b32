"""The device on which an officer reads his one-time codes (动态口令)."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from station.domain import totp


def secret_of(text: str) -> bytes:
    """Return the secret of an ``otpauth://`` address, or of base32 as people type it."""
    typed = parse_qs(urlsplit(text).query)["secret"][0] if "://" in text else text
    typed = typed.strip().upper()
    return base64.b32decode(typed + "=" * (-len(typed) % 8))


def uri_in(printed: str) -> str:
    """Return the address in what ``officer add`` printed."""
    return next(line for line in printed.splitlines() if line.startswith("otpauth://"))


class Authenticator:
    """Gives each code once, as a server takes it once."""

    def __init__(self, secret: bytes, now: Callable[[], float] = time.time) -> None:
        """Prepare; *now*: seconds since 1970."""
        self._secret = secret
        self._now = now
        self._last = -1

    def code(self) -> str | None:
        """Return the next code that a server takes now; None: every one was given already."""
        step = int(self._now()) // totp.STEP_S
        following = max(self._last + 1, step)
        if following > step + totp.WINDOW:
            return None
        self._last = following
        return totp.code(self._secret, following)
