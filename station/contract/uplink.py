"""What travels between a station and the centre, besides the entries themselves.

Both show certificates of the centre's authority (TLS 1.3, see :mod:`station.contract.enrolling`).
Without one: 401 ``access.no_certificate``. Revoked: 403 ``access.certificate_revoked``. For another
node than the certificate names: 403 ``access.other_node``.

Up, as JSON (``content-encoding: gzip`` where it pays):

* ``POST /api/ingest``: a :class:`Batch`, answered by an :class:`Acknowledged`, or by an error
  ``{"code", "message", "fields"}``: 409 ``evidence.broken_chain`` with ``fields.expected`` (send
  again from there), 409 ``evidence.fork``, 422 ``evidence.malformed``, ``evidence.bad_signature``
  or ``evidence.key_not_good``, 404 ``not_found`` for a node that is not enrolled.
* ``POST /api/ahead``: a :class:`Batch` of new entries while older ones still wait: seen at
  headquarters at once, kept, and acknowledged by nothing but 204. They come again in their order.
* ``POST /api/lane-state``: a :class:`Signed` :class:`LaneState`, which is no evidence and is never
  stored; answered by :class:`Wanted`.
* ``GET /api/media/{sha256}`` → :class:`Held`; ``PUT /api/media/{sha256}?offset=&size=`` with the
  bytes from ``offset`` on → :class:`Held`. 409 ``media.unnamed``: no entry of the node that the
  centre holds names it; 422 ``media.wrong_digest``: it is whole, and another one.
* ``POST /api/camera/{watch_id}``: one JPEG; 204, or 410 when nobody watches any more.

Down:

* ``GET /api/down?after=SEQ``: :class:`Down`, entries of the centre's own ledger.
* ``GET /api/ledger?after=SEQ``: a :class:`Batch` of the node's own entries as the centre holds
  them: a disk that was restored from a backup is brought up to date before anything is written.
* ``GET /api/proofs?seqs=1,2,3``: :class:`Proofs` for entries of the node, by a checkpoint that
  covers them and that as many witnesses as possible have signed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from station.contract.personal import Opening
from station.domain.errors import BadReceipt, BadSignature, MalformedEntry
from station.domain.ledger import Entry, Signer, Verifier, canonical, glance, parse

LIVE_TAG: Final = b"zhichao-live-v1\0"
RECEIPT_TAG: Final = b"zhichao-receipt-v1\0"

Openings = Mapping[int, Sequence[Opening]]
"""Clear text of personal fields, by the seq of the entry that commits to it."""
NONE: Final[Openings] = MappingProxyType({})


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the messages."""


class SealedEntry(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """An entry on its way: ``body`` is the canonical JSON itself, byte for byte, ``sig`` base64."""

    body: msgspec.Raw
    sig: str
    personal: tuple[Opening, ...] = ()


class Batch(Wire, frozen=True, kw_only=True):
    """Entries of one node, in order, without gaps."""

    node: str
    entries: list[SealedEntry]


class Receipt(Wire, frozen=True, kw_only=True):
    """The centre holds, durably, every entry of the node up to ``seq`` (回执).

    Entry ``seq`` stands at ``leaf_index`` of the tree of ``log_size`` leaves with ``root`` (hex);
    ``sig``: hex, see docs/reference/evidence.md.
    """

    node: str
    seq: int
    digest: str
    leaf_index: int
    log_size: int
    root: str
    at: str
    key_id: str
    sig: str


class Acknowledged(Wire, frozen=True, kw_only=True):
    """The answer to a batch. ``receipt``: for the newest entry held of the node, None for none."""

    receipt: Receipt | None
    accepted: int
    duplicates: int


class Held(Wire, frozen=True, kw_only=True):
    """How many bytes of a recording the centre holds; ``complete`` when its digest is right."""

    held: int
    complete: bool


class Down(Wire, frozen=True, kw_only=True):
    """Entries of the centre's ledger.

    Attributes:
        head: seq of the newest one; more to fetch when it is beyond the last of ``entries``.
        checkpoint: the newest signed note, "" before the first.
        at: the centre's time when it answered.
    """

    entries: list[SealedEntry]
    head: int
    checkpoint: str
    at: str


class EntryProof(Wire, frozen=True, kw_only=True):
    """Where an entry stands in the log. ``proof``: base64, see RFC 6962 section 2.1.1."""

    seq: int
    received_ms: int
    leaf_index: int
    proof: list[str]


class Proofs(Wire, frozen=True, kw_only=True):
    """Proofs of inclusion in the tree of ``checkpoint``, a signed note."""

    checkpoint: str
    proofs: list[EntryProof]


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


class Watch(Wire, frozen=True, kw_only=True):
    """Somebody at headquarters looks through the station's camera. ``officer``: certificate no."""

    watch_id: str
    officer: str


class Wanted(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """What the centre asks of the station now. A watch that is no longer named has ended.

    ``recordings``: digests of recordings that it lost, to be sent again.
    """

    watches: list[Watch]
    at: str
    recordings: list[str] = []


class Signed(Wire, frozen=True, kw_only=True):
    """A live message with its node's signature."""

    node: str
    body: str
    sig: str


def sealed(entry: Entry, personal: Sequence[Opening] = ()) -> SealedEntry:
    """Return an entry as it travels."""
    signature = base64.b64encode(entry.signature).decode()
    return SealedEntry(body=msgspec.Raw(entry.body), sig=signature, personal=tuple(personal))


def batch(node: str, entries: Sequence[Entry], openings: Openings | None = None) -> bytes:
    """Serialise *entries* for the wire, with the clear texts beside them."""
    beside = openings or {}
    carried = [sealed(entry, beside.get(entry.seq, ())) for entry in entries]
    return msgspec.json.encode(Batch(node=node, entries=carried))


_BATCH: Final = msgspec.json.Decoder(Batch)


def read_batch(data: bytes) -> tuple[str, tuple[Entry, ...], dict[int, tuple[Opening, ...]]]:
    """Parse a batch; neither that its bodies are canonical nor the openings are checked yet.

    Raises:
        MalformedEntry: not a batch, or an entry names no place, or another node's.
    """
    try:
        message = _BATCH.decode(data)
    except (msgspec.MsgspecError, RecursionError) as exc:
        raise MalformedEntry(str(exc)) from exc
    entries = _opened(message.entries, message.node, glance)
    pairs = zip(entries, message.entries, strict=True)
    return message.node, entries, {e.seq: item.personal for e, item in pairs if item.personal}


def opened(carried: Sequence[SealedEntry], node: str) -> tuple[Entry, ...]:
    """Parse the entries of *node* that a message carries.

    Raises:
        MalformedEntry: an entry's bytes are not canonical, or of another node.
    """
    return _opened(carried, node, parse)


Read = Callable[[bytes, bytes], Entry]


def _opened(carried: Sequence[SealedEntry], node: str, read: Read) -> tuple[Entry, ...]:
    entries = tuple(_unsealed(item, read) for item in carried)
    for entry in entries:
        if entry.node != node:
            raise MalformedEntry("an entry of another node", node=entry.node, seq=entry.seq)
    return entries


def unsealed(carried: SealedEntry) -> Entry:
    """Parse an entry that came over a line; nothing of it is verified.

    Raises:
        MalformedEntry: its bytes are not canonical.
    """
    return _unsealed(carried, parse)


def _unsealed(carried: SealedEntry, read: Read) -> Entry:
    try:
        signature = base64.b64decode(carried.sig, validate=True)
    except ValueError as exc:
        raise MalformedEntry("the signature is not base64") from exc
    return read(bytes(carried.body), signature)


def sign_receipt(unsigned: Receipt, signer: Signer) -> Receipt:
    """Return the receipt with its key and signature."""
    named = msgspec.structs.replace(unsigned, key_id=signer.key_id)
    return msgspec.structs.replace(named, sig=signer.sign(_receipt_message(named)).hex())


def check_receipt(receipt: Receipt, centre: Verifier) -> None:
    """Check that the centre signed *receipt*.

    Raises:
        BadReceipt: it did not.
    """
    try:
        centre.verify(_receipt_message(receipt), bytes.fromhex(receipt.sig))
    except (BadSignature, ValueError) as exc:
        raise BadReceipt("the signature is not the centre's", node=receipt.node) from exc


def _receipt_message(receipt: Receipt) -> bytes:
    tree = msgspec.to_builtins(receipt)
    del tree["sig"]
    return RECEIPT_TAG + canonical(tree)


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
