"""The ledger (证据链): entries in one order, each carrying the digest of the one before.

An entry is a *body*, which is canonical JSON, and a signature over it. What follows from the bytes
is computed from the bytes, never from a stored column.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from station.domain.errors import BrokenChain, Fork, MalformedEntry

TAG: Final = b"zhichao-entry-v1\0"
GENESIS: Final = "0" * 64

Tree = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a ledger ends. ``seq`` 0 and the digest ``GENESIS``: nothing was written yet."""

    seq: int = 0
    digest: str = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sealed entry.

    Attributes:
        digest: SHA-256 (hex) of the tag and the body, which the next entry carries as ``prev``;
            always computed from the bytes.
        key_id: which of the node's keys signed.
    """

    node: str
    seq: int
    prev: str
    kind: str
    key_id: str
    body: bytes
    signature: bytes
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest(self.body))

    @property
    def head(self) -> Head:
        """Return the ledger's head once this entry stands in it."""
        return Head(seq=self.seq, digest=self.digest)


class Verifier(Protocol):
    """Whoever knows a node's public key."""

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raise :exc:`~station.domain.errors.BadSignature` unless the signature is the node's."""
        ...


class Signer(Verifier, Protocol):
    """Whoever holds a node's private key."""

    alg: str
    key_id: str

    def sign(self, message: bytes) -> bytes:
        """Sign *message*."""
        ...


def canonical(tree: Tree) -> bytes:
    """Serialise so that equal records give equal bytes: sorted keys, UTF-8 in NFC, no floats.

    Raises:
        TypeError: for a float, a whole number beyond 64 bits (:data:`LEAST`, :data:`MOST`), or a
            value JSON does not know; masses and money are integers here.
    """
    body, _ = _written(tree)
    return body


def digest(body: bytes) -> str:
    """Return SHA-256 (hex) over the tag and *body*."""
    return hashlib.sha256(TAG + body).hexdigest()


def seal(tree: Tree, signer: Signer) -> Entry:
    """Sign *tree*, which must hold node, seq, prev and kind among the other fields."""
    body, written = _written({**tree, "alg": signer.alg, "key_id": signer.key_id})
    return _entry(written, body, signer.sign(TAG + body))


def parse(body: bytes, signature: bytes) -> Entry:
    """Read an entry from its bytes.

    Raises:
        MalformedEntry: not JSON, not in canonical form, or one of the five fields is missing.
    """
    try:
        tree = _DECODER.decode(body)
        if not isinstance(tree, dict) or _ENCODER.encode(tree) != body or not in_nfc(body):
            raise MalformedEntry("the bytes are not in canonical form")
        _check_numbers(tree, body)
    except (ValueError, TypeError, OverflowError, RecursionError) as exc:
        raise MalformedEntry("the bytes are not canonical JSON") from exc
    return _entry(tree, body, signature)


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    """What the chain needs of a body."""

    node: str
    seq: int
    prev: str
    kind: str
    key_id: str


def glance(body: bytes, signature: bytes) -> Entry:
    """Read of an entry's bytes what the chain needs; that they are canonical is not proven.

    Raises:
        MalformedEntry: not JSON, or one of the five fields is missing or has the wrong type.
    """
    try:
        seen = _GLANCE.decode(body)
    except (ValueError, RecursionError) as exc:
        raise MalformedEntry(str(exc)) from exc
    return Entry(
        node=seen.node,
        seq=seen.seq,
        prev=seen.prev,
        kind=seen.kind,
        key_id=seen.key_id,
        body=body,
        signature=signature,
    )


def in_nfc(text: bytes) -> bool:
    """Tell whether JSON in UTF-8 is in NFC.

    No text can compose across a quotation mark: the whole is in NFC when each text is. Where no
    character can compose with one before it, that needs no look at the ASCII between.
    """
    rest = text.translate(None, _ASCII).decode()
    return _ALONE.fullmatch(rest) is not None or unicodedata.is_normalized("NFC", text.decode())


def check(entry: Entry, head: Head, verifier: Verifier) -> None:
    """Check that *entry* is the one that comes after *head*, and was signed by its node.

    Raises:
        BrokenChain: it does not follow; ``expected`` is the sequence number that would.
        Fork: it stands at the head's own place, with other bytes.
        BadSignature: see :class:`Verifier`.
    """
    _check_place(entry, head)
    verifier.verify(TAG + entry.body, entry.signature)
    _check_past(entry, head)


def follows(entry: Entry, head: Head) -> None:
    """Check that *entry* is the one that comes after *head*, whoever signed it.

    Raises:
        BrokenChain, Fork: as in :func:`check`.
    """
    _check_place(entry, head)
    _check_past(entry, head)


def _entry(tree: Mapping[str, Any], body: bytes, signature: bytes) -> Entry:
    """Return the entry whose *body* holds *tree*."""
    try:
        node, seq, prev, kind = tree["node"], tree["seq"], tree["prev"], tree["kind"]
        key_id = tree["key_id"]
    except KeyError as exc:
        raise MalformedEntry(f"field {exc} is missing") from exc
    texts = (node, prev, kind, key_id)
    if type(seq) is not int or not all(isinstance(text, str) for text in texts):
        raise MalformedEntry("node, seq, prev, kind or key_id has the wrong type")
    return Entry(
        node=node, seq=seq, prev=prev, kind=kind, key_id=key_id, body=body, signature=signature
    )


def _check_place(entry: Entry, head: Head) -> None:
    if entry.seq == head.seq and entry.digest != head.digest:
        raise Fork(node=entry.node, seq=entry.seq)
    if entry.seq != head.seq + 1:
        raise BrokenChain(node=entry.node, seq=entry.seq, expected=head.seq + 1)


def _check_past(entry: Entry, head: Head) -> None:
    if entry.prev != head.digest:
        raise Fork("it does not name the entry before it", node=entry.node, seq=entry.seq)


def _no_float(text: str) -> float:
    raise ValueError(f"{text} is no whole number")


LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1
"""What a whole number of an entry may be: what databases and other languages hold exactly."""
_LONG: Final = tuple(before + b"0" * len(str(MOST)) for before in (b":", b",", b"[", b"-"))
"""A long number in JSON once its digits are zeros; a text begins with a quotation mark."""
_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_DECODER: Final = msgspec.json.Decoder(float_hook=_no_float)
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_GLANCE: Final = msgspec.json.Decoder(_Envelope)
_ASCII: Final = bytes(range(128))
ALONE: Final = (
    "\u00a1-\u017f\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u3001-\u3029\u3030-\u303f\u4e00-\u9fff"
    "\uff01-\uff60"
)
"""Letters, Chinese and its punctuation: each is in NFC and composes with nothing before it."""
_ALONE: Final = re.compile(f"[{ALONE}]*")


def _written(tree: Tree) -> tuple[bytes, Mapping[str, Any]]:
    """Return canonical bytes, and what they hold; raises as :func:`canonical`.

    Bytes that read back as the same values are canonical already, which is quickly seen: most are.
    """
    # What is wrong with the values, if anything, is said below.
    with contextlib.suppress(ValueError, TypeError, OverflowError, RecursionError):
        body = _ENCODER.encode(tree)
        read = _DECODER.decode(body)
        _check_numbers(read, body)
        if read == tree and in_nfc(body):
            return body, read
    plain: Any = _plain(tree)
    return _ENCODER.encode(plain), plain


def _check_numbers(tree: object, body: bytes) -> None:
    """Raise TypeError for a whole number beyond 64 bits. Most *body* cannot hold one."""
    zeros = body.translate(_AS_ZEROS)
    if any(long in zeros for long in _LONG):
        _plain(tree)


def _plain(node: object) -> object:
    if isinstance(node, str):
        return unicodedata.normalize("NFC", node)
    if node is None or (isinstance(node, int) and LEAST <= node <= MOST):
        return node
    if isinstance(node, Mapping):
        if not all(isinstance(key, str) for key in node):
            raise TypeError("keys of a sealed record are text")
        return {unicodedata.normalize("NFC", key): _plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(item) for item in node]
    if isinstance(node, int):
        raise TypeError("a whole number beyond 64 bits")
    raise TypeError(f"{type(node).__name__} may not enter a sealed record")
