"""Hashes passwords with argon2, off the event loop."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE: Final = 2  # each takes 64 MiB and a core


class Argon2Passwords:
    """Argon2id with the library's own parameters."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """Return the encoded hash of *password*."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the password is right; takes as long for an unknown account (None)."""
        if password_hash is None:
            self._nobody = self._nobody or await self.hashed("nobody")
            await self._matches(password, self._nobody)
            return False
        return await self._matches(password, password_hash)

    async def _matches(self, password: str, password_hash: str) -> bool:
        async with self._slots:
            try:
                return await asyncio.to_thread(self._hasher.verify, password_hash, password)
            except (VerificationError, InvalidHashError):
                return False
