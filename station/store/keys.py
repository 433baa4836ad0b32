"""The station's own signing key: made here, kept in a file that only its user can read."""

from __future__ import annotations

import os
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


def signer(path: Path) -> Ed25519Signer:
    """Return the signer whose key is in *path*, making the key at the first call.

    Raises:
        SettingsError: the file holds something else, or others can read it.
    """
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise SettingsError("the key can be read by others: chmod 600", path=str(path))
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as exc:
        raise SettingsError(f"not a private key: {exc}", path=str(path)) from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError("not an Ed25519 key", path=str(path))
    return Ed25519Signer(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
