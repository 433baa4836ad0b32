"""Checkpoints (检查点) of the log: C2SP signed notes, and the cosignatures of witnesses on them."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from station.contract.signature import Ed25519Signer, Ed25519Verifier
from station.domain.errors import BadSignature, MalformedEntry
from station.domain.merkle import EMPTY_ROOT

_ED25519: Final = b"\x01"
_COSIGNATURE: Final = b"\x04"
_DIGEST_SIZE: Final = 32
_HASH_SIZE: Final = 4
_SIGNATURE_SIZE: Final = 64
_TIME_SIZE: Final = 8
_LARGEST: Final = 2**63 - 1
_LONGEST_NOTE: Final = 64 * 1024
_NAME: Final = re.compile(r"[^\s+\x00-\x20\x7f]+")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_AT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_DASH: Final = "— "


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a log.

    Attributes:
        origin: the log's name, as a URL without its scheme, ``zhichao.example/bayannur``.
        size: number of leaves.
        root: root of the tree, 32 bytes.
        at: when it was signed, as in a record.

    Raises:
        MalformedEntry: a field cannot stand in a note.
    """

    origin: str
    size: int
    root: bytes
    at: str

    def __post_init__(self) -> None:
        _check_name(self.origin)
        if not 0 <= self.size <= _LARGEST:
            raise MalformedEntry("a log of impossible size", size=self.size)
        if len(self.root) != _DIGEST_SIZE or (self.size == 0 and self.root != EMPTY_ROOT):
            raise MalformedEntry("not a root of a log of that size", size=self.size)
        _check_time(self.at)

    @property
    def moment(self) -> datetime:
        """Return when it was signed."""
        return datetime.fromisoformat(self.at)

    @property
    def text(self) -> bytes:
        """Return the text that is signed."""
        root = b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\nat {self.at}\n".encode()


def signed_note(checkpoint: Checkpoint, signer: Ed25519Signer) -> bytes:
    """Return the checkpoint as a note, signed by the log's key."""
    seal = _key_hash(checkpoint.origin, _ED25519, signer.public_key) + signer.sign(checkpoint.text)
    return checkpoint.text + b"\n" + _line(checkpoint.origin, seal)


def read_note(note: bytes, log_keys: Iterable[bytes]) -> Checkpoint:
    """Return the checkpoint in *note*.

    Args:
        note: the log's own signature comes first, those of witnesses after it.
        log_keys: public keys (32 bytes) with which the log signs or signed.

    Raises:
        MalformedEntry: not a checkpoint, byte for byte as :func:`signed_note` writes it.
        BadSignature: the first signature is none of the log's.
    """
    checkpoint, seals = _parsed(note)
    name, seal = seals[0]
    for public_key in log_keys:
        if name == checkpoint.origin and _is_by(name, _ED25519, public_key, seal):
            Ed25519Verifier(public_key).verify(checkpoint.text, seal[_HASH_SIZE:])
            return checkpoint
    raise BadSignature("the checkpoint is not signed by the log")


def cosigners(note: bytes) -> tuple[str, ...]:
    """Return whose lines follow the log's own; nothing is verified.

    Raises:
        MalformedEntry: not a checkpoint.
    """
    return tuple(name for name, _ in _parsed(note)[1][1:])


def checkpoint_time(note: bytes) -> str:
    """Return when the checkpoint in *note* was signed, as in a record; nothing is verified.

    Raises:
        MalformedEntry: not a checkpoint.
    """
    return _parsed(note)[0].at


def cosigned_note(note: bytes, witness: str, signer: Ed25519Signer, at: datetime) -> bytes:
    """Return *note* with the witness's cosignature of that moment added.

    Raises:
        MalformedEntry: *note* is not a checkpoint, or carries this witness's line already.
    """
    _check_name(witness)
    checkpoint, _ = _parsed(note)
    seconds = int(at.timestamp())
    seal = _key_hash(witness, _COSIGNATURE, signer.public_key)
    seal += seconds.to_bytes(_TIME_SIZE, "big")
    seal += signer.sign(_cosigned_text(checkpoint, seconds))
    longer = note + _line(witness, seal)
    _parsed(longer)
    return longer


def cosignatures(note: bytes, witnesses: Mapping[str, bytes]) -> dict[str, int]:
    """Return which of *witnesses* (name to public key) signed, and when (seconds since 1970).

    Lines of others are passed over, as the format demands.

    Raises:
        MalformedEntry: not a checkpoint.
        BadSignature: a line bears a witness's name and key, and another signature.
    """
    checkpoint, seals = _parsed(note)
    found: dict[str, int] = {}
    for name, seal in seals[1:]:
        public_key = witnesses.get(name)
        if public_key is None or not _is_by(name, _COSIGNATURE, public_key, seal):
            continue
        time, signature = seal[_HASH_SIZE:-_SIGNATURE_SIZE], seal[-_SIGNATURE_SIZE:]
        if len(time) != _TIME_SIZE:
            raise MalformedEntry("a cosignature of another length", witness=name)
        seconds = int.from_bytes(time, "big")
        Ed25519Verifier(public_key).verify(_cosigned_text(checkpoint, seconds), signature)
        found[name] = seconds
    return found


def _parsed(note: bytes) -> tuple[Checkpoint, list[tuple[str, bytes]]]:
    if len(note) > _LONGEST_NOTE:
        raise MalformedEntry("the checkpoint is too long", size=len(note))
    try:
        text, _, signatures = note.decode().rpartition("\n\n")
    except UnicodeDecodeError as exc:
        raise MalformedEntry("the checkpoint is not UTF-8") from exc
    lines = text.split("\n")
    if len(lines) != len(("origin", "size", "root", "at")):
        raise MalformedEntry("the checkpoint has other lines")
    origin, size, root, at = lines
    if not _SIZE.fullmatch(size) or not at.startswith("at "):
        raise MalformedEntry("the checkpoint's size or time is not written as it should be")
    checkpoint = Checkpoint(
        origin=origin, size=int(size), root=_bytes_of(root), at=at.removeprefix("at ")
    )
    return checkpoint, list(_seals(signatures))


def _seals(signatures: str) -> Iterator[tuple[str, bytes]]:
    *lines, rest = signatures.split("\n")
    if rest or not lines:
        raise MalformedEntry("the checkpoint does not end with a signature")
    seen: set[tuple[str, bytes]] = set()
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH):
            raise MalformedEntry("a line of the checkpoint is no signature")
        _check_name(name)
        seal = _bytes_of(encoded)
        if len(seal) <= _HASH_SIZE or (name, seal[:_HASH_SIZE]) in seen:
            raise MalformedEntry("a signature that is empty or comes twice", name=name)
        seen.add((name, seal[:_HASH_SIZE]))
        yield name, seal


def _bytes_of(encoded: str) -> bytes:
    """Read base64 that is written in the one right way."""
    try:
        found = b64decode(encoded, validate=True)
    except ValueError as exc:
        raise MalformedEntry("not base64") from exc
    if b64encode(found).decode() != encoded:
        raise MalformedEntry("not base64 as it should be written")
    return found


def _line(name: str, seal: bytes) -> bytes:
    return f"{_DASH}{name} {b64encode(seal).decode()}\n".encode()


def _key_hash(name: str, kind: bytes, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + kind + public_key).digest()[:_HASH_SIZE]


def _is_by(name: str, kind: bytes, public_key: bytes, seal: bytes) -> bool:
    return seal.startswith(_key_hash(name, kind, public_key))


def _cosigned_text(checkpoint: Checkpoint, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n".encode() + checkpoint.text


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise MalformedEntry("a name with a space, a plus or nothing in it", name=name)


def _check_time(at: str) -> None:
    try:
        if not _AT.fullmatch(at):
            raise MalformedEntry("a time is not written as in a record", at=at)
        datetime.fromisoformat(at)
    except ValueError as exc:
        raise MalformedEntry("there is no such time", at=at) from exc
