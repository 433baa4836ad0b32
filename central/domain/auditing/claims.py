"""Reads what others hold, receipts and checkpoints, and believes only what the centre signed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from central.domain.auditing.roots import OWN
from central.domain.auditing.values import Claim, Discrepancy, Layer, StoredNote
from station.contract.checkpoint import Checkpoint, read_note
from station.contract.signature import Ed25519Verifier, key_id
from station.contract.uplink import Receipt, check_receipt
from station.domain.errors import BadReceipt, BadSignature, MalformedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeys:
    """Whose signature the centre's checkpoints and receipts bear: its name, and its keys."""

    origin: str
    public_keys: tuple[bytes, ...]

    def read(self, note: str) -> Checkpoint:
        """Return a checkpoint of this log.

        Raises:
            MalformedEntry: not a checkpoint, or of another log.
            BadSignature: none of the log's keys signed it.
        """
        checkpoint = read_note(note.encode(), self.public_keys)
        if checkpoint.origin != self.origin:
            raise MalformedEntry("a checkpoint of another log", origin=checkpoint.origin)
        return checkpoint


def own_claims(notes: Iterable[StoredNote], log: LogKeys) -> tuple[list[Claim], list[Discrepancy]]:
    """Return what the centre's kept checkpoints say, by their notes, and which are wrong."""
    claims: list[Claim] = []
    found: list[Discrepancy] = []
    for stored in notes:
        try:
            checkpoint = log.read(stored.note)
        except (MalformedEntry, BadSignature):
            found.append(_wrong(Layer.TREE, f"the log did not sign its own of {stored.size}"))
            continue
        claims.append(_claim(Layer.TREE, OWN, checkpoint))
        if (checkpoint.size, checkpoint.root) != (stored.size, stored.root):
            found.append(_wrong(Layer.TREE, f"columns of {stored.size}, note of {checkpoint.size}"))
    return claims, found


def witnessed_claims(
    notes: Iterable[str], by: str, log: LogKeys
) -> tuple[list[Claim], list[Discrepancy]]:
    """Return what the checkpoints in a witness's hands say, and which the log did not sign.

    Args:
        notes: as the witness has kept them.
        by: the witness's name.
        log: the log's name and keys.
    """
    claims: list[Claim] = []
    found: list[Discrepancy] = []
    for number, note in enumerate(notes, 1):
        try:
            claims.append(_claim(Layer.WITNESS, by, log.read(note)))
        except (MalformedEntry, BadSignature):
            found.append(_wrong(Layer.WITNESS, f"{by}: the log did not sign checkpoint {number}"))
    return claims, found


def good_receipts(
    receipts: Iterable[Receipt], log: LogKeys
) -> tuple[list[Receipt], list[Discrepancy]]:
    """Divide receipts into those that the centre signed, and what is wrong with the others."""
    centre = {key_id(key): Ed25519Verifier(key) for key in log.public_keys}
    good: list[Receipt] = []
    found: list[Discrepancy] = []
    for receipt in receipts:
        key = centre.get(receipt.key_id)
        try:
            if key is None:
                raise BadReceipt("signed by a key that is not the centre's")
            check_receipt(receipt, key)
            bytes.fromhex(receipt.root)
        except (BadReceipt, ValueError):
            found.append(_not_ours(receipt))
        else:
            good.append(receipt)
    return good, found


def claims_of(receipts: Iterable[Receipt]) -> list[Claim]:
    """Return what good receipts say of the tree."""
    return [
        Claim(
            layer=Layer.RECEIPTS,
            by="receipts",
            size=receipt.log_size,
            root=bytes.fromhex(receipt.root),
            node=receipt.node,
            seq=receipt.seq,
        )
        for receipt in receipts
    ]


def _claim(layer: Layer, by: str, checkpoint: Checkpoint) -> Claim:
    return Claim(layer=layer, by=by, size=checkpoint.size, root=checkpoint.root)


def _wrong(layer: Layer, detail: str) -> Discrepancy:
    return Discrepancy(layer=layer, node="", seq=None, code="checkpoint", detail=detail)


def _not_ours(receipt: Receipt) -> Discrepancy:
    return Discrepancy(
        layer=Layer.RECEIPTS,
        node=receipt.node,
        seq=receipt.seq,
        code="not_ours",
        detail="the centre did not sign this receipt",
    )
