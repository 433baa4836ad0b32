"""Makes certificates (X.509): of the centre's authority, of its server, of the stations."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from station.domain.errors import KeysNotProven
from station.keys.tls import TlsKey

AUTHORITY_LIFE: Final = timedelta(days=20 * 365)
SERVER_LIFE: Final = timedelta(days=2 * 365)
STATION_LIFE: Final = timedelta(days=2 * 365)
EARLIER: Final = timedelta(days=1)
"""A certificate begins so long before it was made: a station's clock may be behind."""


def authority_certificate(key: TlsKey, at: datetime) -> x509.Certificate:
    """Return a certificate by which the centre's authority vouches for itself."""
    name = _name("Zhichao CA")
    return (
        _certificate(name, name, key.public_key(), at, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, SHA256())
    )


class Issuer:
    """Whoever holds the authority's key."""

    def __init__(self, key: TlsKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate

    def server(self, public: ec.EllipticCurvePublicKey, names: Sequence[str], at: datetime) -> str:
        """Return a certificate (PEM) for the centre's own server under *names*."""
        shown = x509.SubjectAlternativeName([_server_name(name) for name in names])
        return (
            self._leaf(
                _certificate(_name(names[0]), self.certificate.subject, public, at, SERVER_LIFE)
                .add_extension(shown, critical=False)
                .add_extension(_for(ExtendedKeyUsageOID.SERVER_AUTH), critical=False)
            )
            .public_bytes(Encoding.PEM)
            .decode()
        )

    def station(self, node: str, csr: str, at: datetime) -> x509.Certificate:
        """Return a certificate that names *node*, for the key of the request (PEM).

        Raises:
            KeysNotProven: it is no request, not signed by its own key, or its key is not P-256.
        """
        try:
            asked = x509.load_pem_x509_csr(csr.encode())
            asked.public_key()
            sound = asked.is_signature_valid
        except (ValueError, InvalidSignature) as exc:
            raise KeysNotProven(f"csr: {exc}") from exc
        public = asked.public_key()
        if not sound or not isinstance(public, ec.EllipticCurvePublicKey):
            raise KeysNotProven("csr: not signed by a key for TLS")
        if not isinstance(public.curve, ec.SECP256R1):
            raise KeysNotProven("csr: the curve is P-256")
        return self._leaf(
            _certificate(
                _name(node), self.certificate.subject, public, at, STATION_LIFE
            ).add_extension(_for(ExtendedKeyUsageOID.CLIENT_AUTH), critical=False)
        )

    def _leaf(self, unsigned: x509.CertificateBuilder) -> x509.Certificate:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            unsigned.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(above, critical=False)
            .sign(self._key, SHA256())
        )


def server_names(certificate: x509.Certificate) -> list[str]:
    """Return the names that a server's certificate is for, sorted."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(str(name.value) for name in names)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    at: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - EARLIER)
        .not_valid_after(at + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _server_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _for(purpose: x509.ObjectIdentifier) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([purpose])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
