"""The key of the tests' witness."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from station.keys.files import create_durably

WITNESS_KEY = b"\5" * 32


def key_file(path, private_key=WITNESS_KEY):
    """Put a key where a program looks for it."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    create_durably(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
