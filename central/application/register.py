"""What enrolment needs of the outside world: the register of keys, and who issues certificates."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from central.application.ledger_ports import Desk
from station.contract.keyring import NodeKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate (PEM) of a station, by which it is known on the line. ``serial``: hex."""

    node: str
    serial: str
    certificate: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredKey:
    """A key of a node; ``reason``: why it was revoked, "" when it was not."""

    key: NodeKey
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredNode:
    """A node and every key that it ever had."""

    node: str
    name: str
    road: str
    keys: tuple[RegisteredKey, ...]


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


class EnrolmentDesk(Desk, Protocol):
    """One transaction on the register."""

    async def add_token(self, digest: bytes, node: str, at: datetime, expires_at: datetime) -> None:
        """Write a token that may be used until *expires_at*."""
        ...

    async def use_token(self, digest: bytes, node: str, at: datetime) -> None:
        """Use a token: of all who try, one succeeds.

        Raises:
            TokenUnknown, TokenUsed, TokenExpired: and nothing has changed.
        """
        ...

    async def add_certificate(self, issued: Issued, at: datetime) -> None:
        """Write that a certificate was issued."""
        ...

    async def revoke_certificates(
        self, node: str, serial: str | None, at: datetime, reason: str
    ) -> list[str]:
        """Revoke a node's certificate, or all of them; return the serials of those that were not.

        A certificate that has ended needs no revocation.
        """
        ...

    async def revoke_key(self, node: str, key_id: str, from_seq: int, reason: str) -> bool:
        """Let a key be good for nothing from *from_seq* on; False when that changes nothing."""
        ...


class Register(Protocol):
    """Where tokens, keys and certificates are kept."""

    def desk(self) -> AbstractAsyncContextManager[EnrolmentDesk]:
        """Open a transaction; it is durable when the block has ended without an error."""
        ...

    async def revoked(self, serial: str) -> bool:
        """Tell whether a certificate was revoked."""
        ...

    async def nodes(self) -> list[RegisteredNode]:
        """Return every node with its keys, in order."""
        ...
