"""Ed25519 signatures. Another algorithm joins here by its ``alg``."""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from station.domain.errors import BadSignature

ED25519: Final = "ed25519"
ROTATE_TAG: Final = b"zhichao-rotate-v1\0"


def key_id(public_key: bytes) -> str:
    """Return the first 16 hex digits of SHA-256 over the raw public key (32 bytes)."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def fingerprint(public_key: bytes) -> str:
    """Return SHA-256 (hex) over the raw public key in groups of four: read aloud, or from paper.

    The first four groups are the ``key_id``.
    """
    digits = hashlib.sha256(public_key).hexdigest()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


class Ed25519Signer:
    """Signs with a private key (32 raw bytes)."""

    alg = ED25519

    def __init__(self, private_key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self.public_key = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = key_id(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        return self._key.sign(message)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check a signature of this key; see :class:`Ed25519Verifier`."""
        Ed25519Verifier(self.public_key).verify(message, signature)


class Ed25519Verifier:
    """Verifies with a public key (32 raw bytes)."""

    alg = ED25519

    def __init__(self, public_key: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(public_key)
        self.key_id = key_id(public_key)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check *signature*.

        Raises:
            BadSignature: it is not this key's, or not a signature at all.
        """
        try:
            self._key.verify(signature, message)
        except InvalidSignature as exc:
            raise BadSignature(key_id=self.key_id) from exc


def rotation_message(node: str, old_key_id: str, public_key: bytes) -> bytes:
    """Return what a new key signs to show that its holder is there (密钥轮换)."""
    return ROTATE_TAG + f"{node}\n{old_key_id}\n{public_key.hex()}".encode()
