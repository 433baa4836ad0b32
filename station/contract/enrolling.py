"""How a station is enrolled (站点登记): what it sends with its token, and what the centre answers.

``GET /api/ca`` gives the centre's certificate authority (PEM). A token pins that certificate, so a
station can tell the centre from an impostor before it sends anything. ``POST /api/enrol`` carries
an :class:`EnrolRequest` and is answered by an :class:`EnrolAnswer`, or by an error ``enrol.…``.
``POST /api/renew``, over a connection that a certificate of the station's opened, carries a
:class:`RenewRequest` and is answered by a :class:`RenewAnswer`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec

from station.domain.errors import InvalidFacts, TokenUnknown

TAG: Final = b"zhichao-enrol-v1\0"
_TOKEN: Final = re.compile(r"^([A-Za-z0-9_-]{20,128})\.([0-9a-f]{64})$")
Node = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
_T = TypeVar("_T", bound="EnrolRequest | RenewRequest")


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the messages."""


class EnrolRequest(Message, frozen=True, kw_only=True):
    """What a station brings.

    Attributes:
        public_key, proof: hex.
        after_seq: the last own entry that another key has signed, 0 for none. The centre may not
            have it yet.
        csr: a PKCS#10 request (PEM) for the TLS key.
    """

    token: str
    node: Node
    alg: str
    public_key: str
    after_seq: int
    proof: str
    csr: str


class CentreIdentity(Message, frozen=True, kw_only=True):
    """Who signs receipts and checkpoints. ``public_key``: hex; ``origin``: name of the log."""

    node: str
    alg: str
    key_id: str
    public_key: str
    origin: str


class EnrolAnswer(Message, frozen=True, kw_only=True):
    """``certificate``, ``ca``: PEM; ``from_seq``: the first entry that the key is good for."""

    certificate: str
    ca: str
    from_seq: int
    centre: CentreIdentity


class RenewRequest(Message, frozen=True, kw_only=True):
    """``csr``: as at enrolment."""

    csr: str


class RenewAnswer(Message, frozen=True, kw_only=True):
    """``certificate``: PEM."""

    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A single-use permission to enrol one node.

    Attributes:
        secret: known to whoever was given the token; the centre keeps its digest alone.
        pin: SHA-256 (hex) of the certificate authority's certificate (DER).
    """

    secret: str
    pin: str

    @property
    def digest(self) -> bytes:
        """Return what the centre keeps: SHA-256 of the secret."""
        return token_digest(self.secret)

    def __str__(self) -> str:
        return f"{self.secret}.{self.pin}"


def token_digest(secret: str) -> bytes:
    """Return the 32 bytes by which a token is known."""
    return hashlib.sha256(secret.encode()).digest()


def read_token(text: str) -> Token:
    """Parse a token as it was printed.

    Raises:
        TokenUnknown: it is none.
    """
    match = _TOKEN.match(text.strip())
    if match is None:
        raise TokenUnknown("not a whole token")
    return Token(secret=match[1], pin=match[2])


def proof_message(digest: bytes, node: str, csr: str) -> bytes:
    """Return what the new signing key signs: its holder is here, with this token, for this node.

    ``digest``: of the token. ``csr``: the request for the TLS key, which nobody can then exchange.
    """
    bound = hashlib.sha256(csr.encode()).hexdigest()
    return TAG + f"{digest.hex()}\n{node}\n{bound}".encode()


def read_request(data: bytes, shape: type[_T]) -> _T:
    """Parse what a station sends.

    Raises:
        InvalidFacts: not such a message.
    """
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.MsgspecError as exc:
        raise InvalidFacts(str(exc), field="body") from exc
