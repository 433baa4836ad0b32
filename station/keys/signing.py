"""A node's signing key: one Ed25519 key in one file."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from station.contract.signature import Ed25519Signer
from station.domain.errors import SettingsError
from station.keys.files import create_durably, read_secret


def signer(path: Path) -> Ed25519Signer:
    """Return the signer whose key is in *path*, making the key at the first call.

    Raises:
        SettingsError: the file holds something else, or others can read it.
    """
    if not path.exists():
        create_durably(path, new_private_key())
    return existing_signer(path)


def existing_signer(path: Path) -> Ed25519Signer:
    """Return the signer whose key is in *path*.

    Raises:
        SettingsError: the file is not there, holds something else, or others can read it.
    """
    try:
        key = load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError) as exc:
        raise SettingsError(f"not a private key: {exc}", path=str(path)) from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError("not an Ed25519 key", path=str(path))
    return Ed25519Signer(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def new_private_key() -> bytes:
    """Return a new key as it stands in a file (PEM)."""
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
