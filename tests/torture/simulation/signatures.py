"""Signatures that were found to be good are not checked a second time: a world has many copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from unittest.mock import patch

from station.contract import signature
from station.contract.signature import Ed25519Verifier

_KEYS = SimpleNamespace(from_public_bytes=cache(signature.Ed25519PublicKey.from_public_bytes))


@contextmanager
def remembered() -> Iterator[None]:
    """Remember good signatures while the block lasts; bad ones are checked each time."""
    good: set[tuple[str, bytes, bytes]] = set()

    def verify(self: Ed25519Verifier, message: bytes, signature: bytes) -> None:
        seen = (self.key_id, message, signature)
        if seen not in good:
            right(self, message, signature)
            good.add(seen)

    right = Ed25519Verifier.verify
    with (
        patch.object(signature, "Ed25519PublicKey", _KEYS),
        patch.object(Ed25519Verifier, "verify", verify),
    ):
        yield
