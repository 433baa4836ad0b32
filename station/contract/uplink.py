"""What travels between a station and the centre, besides the entries themselves.

``POST /api/ingest`` carries a :class:`Batch` and is answered by a :class:`Receipt`, or by an error
``{"code", "message", "fields"}``: 409 ``evidence.broken_chain`` with ``fields.expected`` (send
again from there), 409 ``evidence.fork``, 422 ``evidence.malformed`` or ``evidence.bad_signature``,
404 ``not_found`` for a node that is not enrolled. ``POST /api/lane-state`` carries a
:class:`Signed` :class:`LaneState`, which is not evidence and is never stored.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

import msgspec

from station.domain.errors import MalformedEntry
from station.domain.ledger import Entry, Signer, Verifier, parse

LIVE_TAG: Final = b"zhichao-live-v1\0"


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the messages."""


class SealedEntry(Wire, frozen=True, kw_only=True):
    """An entry on its way: ``body`` is the canonical text, ``sig`` base64."""

    body: str
    sig: str


class Batch(Wire, frozen=True, kw_only=True):
    """Entries of one node, in order, without gaps."""

    node: str
    entries: list[SealedEntry]


class Receipt(Wire, frozen=True, kw_only=True):
    """The centre holds, durably, every entry of the node up to ``seq``."""

    node: str
    seq: int
    digest: str
    accepted: int
    duplicates: int


class DeviceState(Wire, frozen=True, kw_only=True):
    """``code`` is ``ok`` or a stable error code; ``since`` is UTC."""

    code: str
    detail: str
    since: str


class LaneState(Wire, frozen=True, kw_only=True):
    """What a lane shows right now. ``gross_kg`` is None whenever there is no present weight."""

    node: str
    at: str
    gross_kg: int | None
    stable: bool
    occupied: bool
    scale: DeviceState
    camera: DeviceState
    waiting: int
    open_cases: int
    reviews: int


class Signed(Wire, frozen=True, kw_only=True):
    """A live message with its node's signature."""

    node: str
    body: str
    sig: str


def batch(node: str, entries: Sequence[Entry]) -> bytes:
    """Serialise *entries* for the wire."""
    sealed = [
        SealedEntry(body=entry.body.decode(), sig=base64.b64encode(entry.signature).decode())
        for entry in entries
    ]
    return msgspec.json.encode(Batch(node=node, entries=sealed))


def read_batch(data: bytes) -> tuple[str, tuple[Entry, ...]]:
    """Parse a batch.

    Raises:
        MalformedEntry: not a batch, or an entry's bytes are not canonical, or of another node.
    """
    try:
        message = msgspec.json.decode(data, type=Batch)
        entries = tuple(
            parse(item.body.encode(), base64.b64decode(item.sig, validate=True))
            for item in message.entries
        )
    except ValueError as exc:  # msgspec's errors and base64's are ValueErrors
        raise MalformedEntry(str(exc)) from exc
    for entry in entries:
        if entry.node != message.node:
            raise MalformedEntry("an entry of another node", node=entry.node, seq=entry.seq)
    return message.node, entries


def sign_state(state: LaneState, signer: Signer) -> bytes:
    """Serialise and sign a lane state."""
    body = msgspec.json.encode(state)
    signature = base64.b64encode(signer.sign(LIVE_TAG + body)).decode()
    return msgspec.json.encode(Signed(node=state.node, body=body.decode(), sig=signature))


def read_signed(data: bytes) -> Signed:
    """Parse a signed message; it is not verified yet.

    Raises:
        MalformedEntry: not such a message.
    """
    try:
        return msgspec.json.decode(data, type=Signed)
    except msgspec.MsgspecError as exc:
        raise MalformedEntry(str(exc)) from exc


def verified_state(message: Signed, verifier: Verifier) -> LaneState:
    """Return the lane state that *message* carries.

    Raises:
        BadSignature: not signed by the node's key.
        MalformedEntry: signed, but not a lane state of that node.
    """
    try:
        signature = base64.b64decode(message.sig, validate=True)
    except ValueError as exc:
        raise MalformedEntry("the signature is not base64") from exc
    verifier.verify(LIVE_TAG + message.body.encode(), signature)
    try:
        state = msgspec.json.decode(message.body, type=LaneState)
    except msgspec.MsgspecError as exc:
        raise MalformedEntry(str(exc)) from exc
    if state.node != message.node:
        raise MalformedEntry("a lane state of another node", node=state.node)
    return state
