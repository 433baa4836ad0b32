"""What a witness (见证方) demands of each new checkpoint: that it continues the ones before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from station.contract.checkpoint import Checkpoint, cosignatures
from station.contract.keyring import KeyRing
from station.domain.errors import BadProof, EvidenceError, LogForked, LogShrunk
from station.domain.ledger import Entry
from station.domain.merkle import verify_consistency


def check_next(held: Checkpoint, offered: Checkpoint, proof: Sequence[bytes]) -> None:
    """Check that the log that was *held* is the beginning of the one that is *offered*.

    Args:
        held: the newest checkpoint that the witness has taken in.
        offered: signed by the same log, which is checked before.
        proof: of consistency, from the log; not believed.

    Raises:
        LogShrunk: it has fewer leaves: somebody took the log back to an earlier state.
        LogForked: the proof does not lead from one to the other: the log tells two stories.
    """
    sizes = {"held": held.size, "offered": offered.size}
    if offered.size < held.size:
        raise LogShrunk(**sizes)
    try:
        verify_consistency(held.size, held.root, offered.size, offered.root, proof)
    except BadProof as exc:
        raise LogForked(**sizes) from exc


def rotated(ring: KeyRing, rotations: Iterable[Entry]) -> tuple[KeyRing, list[Entry]]:
    """Return the log's keys after *rotations*, and those of them that changed a key.

    Each must be signed by a key that is in force at its place, and prove the key that follows;
    whatever does not is passed over: it changes nothing.
    """
    taken: list[Entry] = []
    for entry in rotations:
        try:
            ring.verify_entry(entry)
        except EvidenceError:
            continue
        longer = ring.after(entry)
        new = longer.keys[-1]
        if not any((key.key_id, key.from_seq) == (new.key_id, new.from_seq) for key in ring.keys):
            ring = longer
            taken.append(entry)
    return ring, taken


def bare(note: str) -> str:
    """Return a note that was read with the log's own line alone, without those of witnesses."""
    text, gap, signatures = note.rpartition("\n\n")
    own, end, _ = signatures.partition("\n")
    return text + gap + own + end


def merged(stored: str, offered: str, witnesses: Mapping[str, bytes]) -> str:
    """Return a note with what another copy of it bears of *witnesses* besides; others' is left out.

    Args:
        stored: a note of the log's.
        offered: a note that a witness has handed in.
        witnesses: public keys (32 bytes) by name.

    Raises:
        MalformedEntry: *offered* is not a checkpoint.
        BadSignature: a line bears a witness's name and key, and has not signed *stored*.
    """
    cosignatures(offered.encode(), {})
    have = set(cosignatures(stored.encode(), witnesses))
    for line in offered.rpartition("\n\n")[2].splitlines(keepends=True)[1:]:
        name = line.removeprefix("— ").partition(" ")[0]
        if name in have or name not in witnesses:
            continue
        longer = stored + line
        if cosignatures(longer.encode(), {name: witnesses[name]}):
            stored, have = longer, have | {name}
    return stored
