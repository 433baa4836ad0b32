"""Values in rows, each behind a digest: a changed bit is an error, never another value.

The pages' checksums (:mod:`station.store.database`) do not reach into the journal of a program that
runs; this does.
"""

from __future__ import annotations

import hashlib
from typing import Final, Generic, TypeVar

import msgspec

from station.domain.errors import StoreCorrupt

T = TypeVar("T")

DIGEST_BYTES: Final = 16
"""Of SHA-256. It guards against decay; people would write another digest, of any length."""


class Sealed(Generic[T]):
    """Writes and reads values of one kind."""

    def __init__(self, kind: type[T], what: str) -> None:
        """Prepare; *what* names such a value in errors."""
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._what = what

    def encode(self, value: T) -> bytes:
        """Return the digest and the value."""
        content = self._encoder.encode(value)
        return _digest(content) + content

    def decode(self, blob: object) -> T:
        """Return the value.

        Raises:
            StoreCorrupt: it is not what was written.
        """
        if not isinstance(blob, bytes):
            raise StoreCorrupt("not even bytes", what=self._what)
        content = blob[DIGEST_BYTES:]
        if blob[:DIGEST_BYTES] != _digest(content):
            raise StoreCorrupt("its digest is another", what=self._what)
        return self._decoder.decode(content)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:DIGEST_BYTES]
