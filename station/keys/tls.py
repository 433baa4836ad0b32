"""A station's TLS identity: a key of its own for the line, and the certificate that came for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from station.domain.errors import SettingsError, UplinkError
from station.keys.files import PUBLIC, create_durably, read_secret, write_durably

TlsKey = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of one station, in its data folder."""

    folder: Path

    @property
    def key(self) -> Path:
        """Return where the private key stands; it signs no entry."""
        return self.folder / "station-tls.key"

    @property
    def certificate(self) -> Path:
        """Return where the certificate stands that the centre gave."""
        return self.folder / "station-tls.crt"

    @property
    def authority(self) -> Path:
        """Return where the certificate stands by which the centre is known."""
        return self.folder / "centre-ca.crt"

    def request(self, node: str) -> str:
        """Return a request (PKCS#10, PEM) for a certificate, making the key at the first call.

        Raises:
            SettingsError: the file holds something else, or others can read it.
        """
        key = tls_key(self.key)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node)])
        asked = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
        return asked.public_bytes(Encoding.PEM).decode()

    def keep(self, certificate: str) -> None:
        """Put a certificate that the centre gave in the place of the one before.

        Raises:
            UplinkError: it is not for our key.
            SettingsError: it cannot be written.
        """
        try:
            given = x509.load_pem_x509_certificate(certificate.encode())
        except ValueError as exc:
            raise UplinkError(f"not a certificate: {exc}") from exc
        if given.public_key() != tls_key(self.key).public_key():
            raise UplinkError("the certificate is for another key")
        write_durably(self.certificate, certificate.encode(), PUBLIC)

    def ends_at(self) -> datetime | None:
        """Return when the certificate ends; None when there is none.

        Raises:
            SettingsError: the file holds something else.
        """
        try:
            held = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as exc:
            raise SettingsError(f"not a certificate: {exc}", path=str(self.certificate)) from exc
        return held.not_valid_after_utc


def tls_key(path: Path) -> TlsKey:
    """Return the key in *path*, making it at the first call.

    Raises:
        SettingsError: the file holds something else, or others can read it.
    """
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        create_durably(path, pem)
    try:
        key = load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError) as exc:
        raise SettingsError(f"not a private key: {exc}", path=str(path)) from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SettingsError("not a key for TLS", path=str(path))
    return key
