"""The centre's certificate authority, in a folder of its own: made once, never sent anywhere."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from central.application.register import Issued
from central.store.certificates import Issuer, authority_certificate, server_names
from station.domain.errors import SettingsError
from station.keys.files import PUBLIC, write_durably
from station.keys.tls import tls_key

RENEW_BEFORE: Final = timedelta(days=365)
"""The server's certificate is made anew so long before its end: stations' clocks may be ahead."""


class FileAuthority:
    """Implements :class:`~central.application.register.Authority`; also the server's own side.

    The server's context may be in use: a certificate made anew serves the next connection.
    """

    def __init__(self, folder: Path, at: datetime) -> None:
        """Open the authority in *folder*, making it at the first call.

        Raises:
            SettingsError: a file cannot be used, or the authority's own time is over.
        """
        self._folder = folder
        key = tls_key(folder / "ca.key")
        path = folder / "ca.crt"
        if not path.exists():
            made = authority_certificate(key, at)
            write_durably(path, made.public_bytes(Encoding.PEM), PUBLIC)
        certificate = _certificate(path)
        if certificate.public_key() != key.public_key():
            raise SettingsError("the certificate is not of the key beside it", path=str(path))
        if certificate.not_valid_after_utc <= at:
            raise SettingsError("the authority's certificate has ended", path=str(path))
        self._issuer = Issuer(key, certificate)
        self._context: ssl.SSLContext | None = None

    @property
    def certificate(self) -> str:
        """Return the authority's certificate (PEM)."""
        return self._issuer.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def pin(self) -> str:
        """Return SHA-256 (hex) of the authority's certificate (DER)."""
        return hashlib.sha256(self._issuer.certificate.public_bytes(Encoding.DER)).hexdigest()

    def issue(self, node: str, csr: str, at: datetime) -> Issued:
        """See :class:`~central.application.register.Authority`."""
        made = self._issuer.station(node, csr, at)
        return Issued(
            node=node,
            serial=f"{made.serial_number:x}",
            certificate=made.public_bytes(Encoding.PEM).decode(),
            ends_at=made.not_valid_after_utc,
        )

    def server_context(self, names: Sequence[str], at: datetime) -> ssl.SSLContext:
        """Return what the server speaks TLS with: 1.3 alone, and only our own certificates.

        Raises:
            SettingsError: a file cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=self.certificate)
        # Who is there follows from a handshake each time, never from a ticket of an earlier one.
        context.num_tickets = 0
        self._context = context
        if not self.renew_server(names, at):
            self._load()
        return context

    def renew_server(self, names: Sequence[str], at: datetime) -> bool:
        """Make the server's certificate anew when its end is near; tell whether it was.

        Raises:
            SettingsError: a file cannot be used.
        """
        if self._serves(names, at):
            return False
        key = tls_key(self._folder / "server.key")
        made = self._issuer.server(key.public_key(), names, at)
        write_durably(self._folder / "server.crt", made.encode(), PUBLIC)
        self._load()
        return True

    def _serves(self, names: Sequence[str], at: datetime) -> bool:
        path = self._folder / "server.crt"
        if not path.exists():
            return False
        held = _certificate(path)
        try:
            held.verify_directly_issued_by(self._issuer.certificate)
        except (ValueError, InvalidSignature):
            return False  # of an authority that was here before
        return (
            held.not_valid_after_utc - RENEW_BEFORE > at
            and held.public_key() == tls_key(self._folder / "server.key").public_key()
            and server_names(held) == sorted(names)
        )

    def _load(self) -> None:
        if self._context is not None:
            self._context.load_cert_chain(self._folder / "server.crt", self._folder / "server.key")


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise SettingsError(f"not a certificate: {exc}", path=str(path)) from exc
