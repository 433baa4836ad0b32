"""What enrolment needs of the outside world: the register of keys, and who issues certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate (PEM) of a station, by which it is known on the line. ``serial``: hex."""

    node: str
    serial: str
    certificate: str
    ends_at: datetime


class Authority(Protocol):
    """Whoever issues certificates."""

    @property
    def certificate(self) -> str:
        """Return the authority's own certificate (PEM)."""
        ...

    @property
    def pin(self) -> str:
        """Return SHA-256 (hex) of that certificate (DER)."""
        ...

    def issue(self, node: str, csr: str, at: datetime) -> Issued:
        """Return a certificate that names *node* for the key of a request (PEM).

        Raises:
            KeysNotProven: no request, not signed by its own key, or a key of another kind.
        """
        ...
