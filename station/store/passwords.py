"""Password hashing with argon2id, in a thread of its own: it is slow on purpose."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """Implements :class:`~station.application.ports.Passwords` with the library's defaults."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        # An unknown account costs as much time as a known one, so nobody learns which exist.
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the encoded hash of a new password."""
        return self._hasher.hash(password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """See :class:`~station.application.ports.Passwords`."""
        right = await asyncio.to_thread(self._verify, password, password_hash or self._nobody)
        return right and password_hash is not None

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
