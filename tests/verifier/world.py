"""A small world that writes evidence as the programs do: stations, a centre, its log, witnesses.

Everything follows from one seed. Entries are sealed by the project's own code; the verifier that is
tested shares none of it.
"""

from __future__ import annotations

import json
import random
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from station.contract.checkpoint import Checkpoint, cosigned_note, signed_note
from station.contract.entries import Anchor, ClockState, KeyRotate, Kind, Payload
from station.contract.sealing import Sealer, Witnessed, stamp
from station.contract.signature import ED25519, Ed25519Signer, rotation_message
from station.contract.uplink import EntryProof, Receipt, sign_receipt
from station.domain.ledger import Entry, Head
from station.domain.merkle import EMPTY, inclusion_proof, leaf_hash
from tests.fakes import FakeClock

ORIGIN = "zhichao.example/bayannur"
CENTRE = "bayannur-hq"
WITNESSES = ("police.example/w", "inspection.example/w")


def signer(rng: random.Random) -> Ed25519Signer:
    return Ed25519Signer(rng.randbytes(32))


class Log:
    """The centre's tree, kept as its leaves."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.places: dict[str, tuple[int, int]] = {}

    def append(self, entry: Entry, received_ms: int) -> None:
        self.places[entry.digest] = (len(self.leaves), received_ms)
        self.leaves.append(leaf_hash(entry.body, entry.signature, received_ms))

    def root(self, size: int) -> bytes:
        return EMPTY.extended(self.leaves[:size]).root

    def proof(self, entry: Entry, size: int) -> EntryProof:
        index, received_ms = self.places[entry.digest]
        path = inclusion_proof(index, size, lambda lo, hi: EMPTY.extended(self.leaves[lo:hi]).root)
        return EntryProof(
            seq=entry.seq,
            received_ms=received_ms,
            leaf_index=index,
            proof=[b64encode(part).decode() for part in path],
        )


@dataclass
class RegisteredKey:
    signer: Ed25519Signer
    from_seq: int
    until_seq: int | None = None
    revoked_from_seq: int | None = None

    def tree(self) -> dict[str, object]:
        return {
            "key_id": self.signer.key_id,
            "alg": ED25519,
            "public_key": self.signer.public_key.hex(),
            "from_seq": self.from_seq,
            "until_seq": self.until_seq,
            "revoked_from_seq": self.revoked_from_seq,
            "reason": None if self.revoked_from_seq is None else "遗失",
        }


@dataclass
class Node:
    """A ledger and the keys that sign it."""

    name: str
    sealer: Sealer
    keys: list[RegisteredKey]
    head: Head = field(default_factory=Head)

    @property
    def signer(self) -> Ed25519Signer:
        return self.keys[-1].signer


class World:
    """Stations, the centre, the log and the time."""

    def __init__(self, seed: int, *, law_edition: str, stations: int = 2) -> None:
        self.rng = random.Random(seed)
        self.clock = FakeClock(
            datetime(2026, 3, 1, tzinfo=UTC)
            + timedelta(milliseconds=self.rng.randrange(200 * 86_400_000))
        )
        self.log = Log()
        self.witnesses = {name: signer(self.rng) for name in WITNESSES}
        self.stranger = signer(self.rng)
        self.anchor: Anchor | None = None
        self.clock_verified = self.rng.random() < 0.8
        names = [CENTRE, *(f"station-{n}" for n in range(1, stations + 1))]
        self.nodes = {name: self._node(name, law_edition) for name in names}

    @property
    def centre(self) -> Node:
        return self.nodes[CENTRE]

    def write(self, node: Node, kind: Kind, payload: Payload) -> Entry:
        """Seal an entry, and let the centre take it in a moment later."""
        self.pass_time()
        entry = node.sealer.seal(kind, payload, node.head)
        node.head = entry.head
        received = self.clock.at + timedelta(milliseconds=self.rng.randrange(3000))
        self.log.append(entry, int(received.timestamp() * 1000))
        return entry

    def pass_time(self) -> None:
        self.clock.move(timedelta(milliseconds=self.rng.randrange(1, 90_000)))

    def rotate(self, node: Node) -> None:
        """Give the node another key, by an entry that the old one signs."""
        old, new = node.signer, signer(self.rng)
        proof = new.sign(rotation_message(node.name, old.key_id, new.public_key))
        payload = KeyRotate(
            alg=ED25519, key_id=new.key_id, public_key=new.public_key.hex(), proof=proof.hex()
        )
        entry = self.write(node, Kind.KEY_ROTATE, payload)
        node.keys[-1].until_seq = entry.seq
        node.keys.append(RegisteredKey(new, from_seq=entry.seq + 1))
        node.sealer = replace(node.sealer, signer=new)

    def checkpoint(self) -> Checkpoint:
        """Return the state of the log now; nodes may see it as their anchor from here on."""
        size = len(self.log.leaves)
        found = Checkpoint(
            origin=ORIGIN, size=size, root=self.log.root(size), at=stamp(self.clock.at)
        )
        self.anchor = Anchor(log_size=size, root=found.root.hex(), at=found.at)
        return found

    def note(self, checkpoint: Checkpoint) -> str:
        """Sign a checkpoint, with some of the witnesses and now and then a stranger."""
        note = signed_note(checkpoint, self.centre.signer)
        for name, witness in self.witnesses.items():
            if self.rng.random() < 0.6:
                note = cosigned_note(note, name, witness, self.clock.at)
        if self.rng.random() < 0.1:
            note = cosigned_note(note, "stranger.example", self.stranger, self.clock.at)
        return note.decode()

    def receipt(self, entry: Entry) -> Receipt:
        """Sign a receipt as of now."""
        index, _ = self.log.places[entry.digest]
        size = len(self.log.leaves)
        unsigned = Receipt(
            node=entry.node,
            seq=entry.seq,
            digest=entry.digest,
            leaf_index=index,
            log_size=size,
            root=self.log.root(size).hex(),
            at=stamp(self.clock.at),
            key_id="",
            sig="",
        )
        return sign_receipt(unsigned, self.centre.signer)

    def register(self) -> dict[str, object]:
        """Return the register of keys as a tree."""
        return {
            "format": "zhichao-keys-1",
            "log": {
                "origin": ORIGIN,
                "node": CENTRE,
                "keys": [
                    {k: v for k, v in key.tree().items() if k in {"key_id", "alg", "public_key"}}
                    for key in self.centre.keys
                ],
            },
            "nodes": [
                {
                    "node": node.name,
                    "name": f"{node.name}超限检测站",
                    "road": "G6",
                    "keys": [key.tree() for key in node.keys],
                }
                for node in self.nodes.values()
            ],
            "witnesses": [
                {"name": name, "public_key": witness.public_key.hex()}
                for name, witness in self.witnesses.items()
            ],
        }

    def keys_json(self) -> bytes:
        return json.dumps(self.register(), ensure_ascii=False, indent=1).encode()

    def _node(self, name: str, law_edition: str) -> Node:
        key = RegisteredKey(signer(self.rng), from_seq=1)
        sealer = Sealer(
            node=name,
            signer=key.signer,
            clock=self.clock,
            boot_id=self.rng.randbytes(8).hex(),
            legal_id=f"sha256:{self.rng.randbytes(32).hex()}",
            law_edition=law_edition,
            witnessed=self._witnessed,
        )
        return Node(name, sealer, [key])

    def _witnessed(self) -> Witnessed:
        if not self.clock_verified:
            return Witnessed(clock=ClockState(source="system"), anchor=self.anchor)
        state = ClockState(source="centre", offset_ms=self.rng.randrange(-900, 900), age_s=7)
        return Witnessed(clock=state, anchor=self.anchor)
