"""Asks the centre where entries stand in its log (公证日志), and believes nothing unchecked."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Sequence
from typing import Final, Protocol

from station.application.centre_keys import CentreKeys
from station.contract.bundle import Remark
from station.contract.checkpoint import Checkpoint
from station.contract.uplink import EntryProof, Proofs
from station.domain.errors import BadProof, EvidenceError, UplinkError
from station.domain.ledger import Entry
from station.domain.merkle import leaf_hash, verify_inclusion

ANSWER_S: Final = 10.0
"""An officer waits so long for the centre, then he gets his bundle without proofs."""
MOST_ASKED: Final = 200
"""Proofs in one answer of the centre."""
_LAST_MS: Final = 2**63 - 1


class ProofSource(Protocol):
    """The centre's log."""

    async def proofs(self, seqs: Sequence[int]) -> Proofs:
        """Return where own entries stand in the log, not checked yet.

        Raises:
            UplinkError: the centre is not reached, or refuses.
        """
        ...


class LogPlaces:
    """What the log says of some entries, checked.

    Attributes:
        note: the signed checkpoint that the proofs lead to, "" without any proof.
        checkpoint: the same, read.
        places: by seq.
        remarks: why there is no proof at all.
    """

    def __init__(self, *why: str) -> None:
        self.note = ""
        self.checkpoint: Checkpoint | None = None
        self.places: dict[int, EntryProof] = {}
        self.remarks = tuple(Remark(code) for code in why)

    @classmethod
    async def asked(
        cls, entries: Sequence[Entry], centre: ProofSource | None, keys: CentreKeys | None
    ) -> LogPlaces:
        """Ask the centre; whatever goes wrong with that is a remark and no error."""
        if centre is None or keys is None:
            return cls("bundle.no_centre")
        log = cls()
        seqs = [one.seq for one in entries]
        try:
            async with asyncio.timeout(ANSWER_S):
                for at in range(0, len(seqs), MOST_ASKED):
                    log.take(await centre.proofs(seqs[at : at + MOST_ASKED]), entries, keys)
        except (UplinkError, TimeoutError):
            return cls("bundle.unreachable")
        except BadProof:
            return cls("bundle.proofs_refused")
        except EvidenceError:
            return cls("bundle.checkpoint_refused")
        # A checkpoint to which nothing leads would prove nothing.
        return log if log.places else cls("bundle.unreached")

    def take(self, found: Proofs, entries: Sequence[Entry], keys: CentreKeys) -> None:
        """Take an answer that leads to the same checkpoint as the first one.

        Raises:
            EvidenceError: the checkpoint is not the centre's, or an entry is not in its tree.
        """
        if self.checkpoint is None:
            self.note, self.checkpoint = (
                found.checkpoint,
                keys.read_note(found.checkpoint, kept=True),
            )
        elif found.checkpoint != self.note:
            return
        own = {one.seq: one for one in entries}
        for place in found.proofs:
            if place.seq in own:
                _check(own[place.seq], place, self.checkpoint)
                self.places[place.seq] = place


def _check(entry: Entry, place: EntryProof, checkpoint: Checkpoint) -> None:
    if not 0 <= place.received_ms <= _LAST_MS:
        raise BadProof("it came at no time", seq=entry.seq)
    try:
        proof = [b64decode(one, validate=True) for one in place.proof]
    except ValueError as exc:
        raise BadProof("not base64", seq=entry.seq) from exc
    leaf = leaf_hash(entry.body, entry.signature, place.received_ms)
    verify_inclusion(leaf, place.leaf_index, checkpoint.size, proof, checkpoint.root)
