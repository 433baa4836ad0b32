"""Who we are on the line, and by what we know the centre: certificates on both sides."""

from __future__ import annotations

import ssl
from pathlib import Path

from station.domain.errors import NotEnrolled, UplinkError

Mark = tuple[int, int]


class Identity:
    """The files that enrolment wrote. They may come, or be renewed, while the station runs."""

    def __init__(self, *, key: Path, certificate: Path, authority: Path) -> None:
        """Prepare; *authority* is the certificate by which the centre is known."""
        self._key = key
        self._certificate = certificate
        self._authority = authority
        self._context: ssl.SSLContext | None = None
        self._loaded: tuple[Mark, Mark] | None = None

    def context(self) -> ssl.SSLContext:
        """Return what connections are opened with; a renewed certificate serves the next one.

        Raises:
            NotEnrolled: there is no certificate yet.
            UplinkError: the files cannot be used.
        """
        try:
            marks = _mark(self._certificate), _mark(self._authority)
            if self._context is None or self._loaded is None or self._loaded[1] != marks[1]:
                self._context = trusting(self._authority.read_text("ascii"))
                self._loaded = None
            if self._loaded != marks:
                self._context.load_cert_chain(self._certificate, self._key)
                self._loaded = marks
        except FileNotFoundError as exc:
            raise NotEnrolled("no certificate yet") from exc
        except (OSError, ValueError) as exc:  # ssl's errors are OSErrors
            raise UplinkError(f"the certificate cannot be used: {exc}") from exc
        return self._context


def trusting(authority: str) -> ssl.SSLContext:
    """Return a context that trusts one authority (PEM) and TLS 1.3 alone.

    Raises:
        OSError: it is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authority)
    return context


def _mark(path: Path) -> Mark:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino
