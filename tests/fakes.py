"""Fakes typed against the ports, and values that many tests need."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from station.application.centre_ports import OwnPage
from station.application.timekeeping import TimeKeeper
from station.contract.checkpoint import Checkpoint, signed_note
from station.contract.enrolling import CentreIdentity
from station.contract.entries import (
    DecisionBarred,
    DecisionInForce,
    Kind,
    Passage,
    Payload,
    PlateEvidence,
    Weighing,
)
from station.contract.personal import Opening
from station.contract.sealing import Sealer, stamp
from station.contract.signature import Ed25519Signer, Ed25519Verifier
from station.contract.uplink import (
    Acknowledged,
    Down,
    EntryProof,
    Held,
    LaneState,
    Openings,
    Proofs,
    Receipt,
    Wanted,
    sealed,
    sign_receipt,
)
from station.domain.ledger import Entry, Head
from station.domain.merkle import EMPTY, inclusion_proof, leaf_hash
from station.domain.officers import Officer, Role
from station.store.database import Database
from station.store.sqlite_store import SqliteStore

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
PUBLIC = Ed25519Signer(bytes(range(32))).public_key


class FakeClock:
    """A clock that moves when it is told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self.ns = 1_000_000_000

    def now(self) -> datetime:
        return self.at

    def monotonic_ns(self) -> int:
        return self.ns

    def move(self, delta: timedelta) -> None:
        self.at += delta
        self.ns += int(delta.total_seconds() * 1e9)


def sealer(clock: FakeClock | None = None, *, node: str = "linhe", key: int = 0) -> Sealer:
    return Sealer(
        node=node,
        signer=Ed25519Signer(bytes(range(key, key + 32))),
        clock=clock or FakeClock(),
        boot_id="boot",
        legal_id="sha256:legal",
        law_edition="sha256:law",
    )


def store_of(database: Database, made: Sealer) -> SqliteStore:
    """Return a store whose entries *made* seals, by the same clock."""
    return SqliteStore(database, made, TimeKeeper(made.clock))


def verifier(key: int = 0) -> Ed25519Verifier:
    return Ed25519Verifier(Ed25519Signer(bytes(range(key, key + 32))).public_key)


NO_CODES: Final[frozenset[Role]] = frozenset()
"""Roles that need a one-time code, where a test is about something else."""


def officer(number: str, role: Role, until: date = date(2026, 12, 31)) -> Officer:
    return Officer(certificate_no=number, name=f"执法员{number}", role=role, valid_until=until)


def plate_evidence(text: str | None = "蒙L12345") -> PlateEvidence:
    return PlateEvidence(
        text=text,
        colour="yellow",
        origin="camera" if text else "none",
        best_guess=text or "蒙L1234",
        confidence_permille=950 if text else 400,
        crop="",
    )


def passage(passage_id: str = "p1", *, verdict: str = "violation", **changed: object) -> Passage:
    values: dict[str, object] = {
        "passage_id": passage_id,
        "lane": "1",
        "occurred_on": "2026-03-01",
        "mode": "resident",
        "weighing": Weighing(
            scale_id="S1",
            protocol="yaohua-continuous",
            gross_kg=61000,
            frames=["02"],
            spread_kg=0,
            settled_ms=1500,
            arrived_at="2026-03-01T04:00:00.000Z",
            settled_at="2026-03-01T04:00:02.000Z",
            certificate_no="C1",
            certificate_until="2026-12-31",
            evidence=True,
        ),
        "tractor": plate_evidence(),
        "trailer": None,
        "pictures": [],
        "vehicle": None,
        "vehicle_origin": "none",
        "verdict": {
            "verdict": verdict,
            "limit_kg": 49000,
            "excess_kg": 12000,
            "police": {"fine_yuan": [500, 2000], "overload_permille": 350, "points": 3},
        },
        "explanation": "超限 12 t",
        "recheck_of": None,
    }
    return Passage(**{**values, **changed})  # type: ignore[arg-type]


class FakeCentre:
    """A centre in memory: it takes entries in order, signs receipts, and tells its own ledger.

    *answers* are raised first, one a push. Typed against
    :class:`station.application.centre_ports.Centre`.
    """

    key = Ed25519Signer(bytes(range(100, 132)))
    node = "centre"
    origin = "test-log"

    def __init__(self, *answers: Exception, at: datetime = NOON) -> None:
        self.answers = list(answers)
        self.at = at
        self.entries: list[Entry] = []
        self.openings: dict[int, tuple[Opening, ...]] = {}
        self.shown: list[int] = []
        self.batches: list[list[int]] = []
        self.leaves = 0
        self.own_entries: list[Entry] = []
        self.note = ""
        self.media: dict[str, bytearray] = {}
        self.sizes: dict[str, int] = {}
        self.chunks: list[tuple[str, int, int]] = []
        self.receipt: dict[str, object] = {}

    @property
    def identity(self) -> CentreIdentity:
        return CentreIdentity(
            node=self.node,
            alg=self.key.alg,
            key_id=self.key.key_id,
            public_key=self.key.public_key.hex(),
            origin=self.origin,
        )

    async def push(self, entries: Sequence[Entry], openings: Openings) -> Acknowledged:
        if self.answers:
            raise self.answers.pop(0)
        self.batches.append([entry.seq for entry in entries])
        new = [entry for entry in entries if entry.seq > len(self.entries)]
        self.entries += new
        self.openings |= {seq: tuple(beside) for seq, beside in openings.items()}
        self.leaves += len(new)
        return Acknowledged(
            receipt=self.receipt_for(self.entries[-1]),
            accepted=len(new),
            duplicates=len(entries) - len(new),
        )

    def receipt_for(self, entry: Entry) -> Receipt:
        values: dict[str, object] = {
            "node": entry.node,
            "seq": entry.seq,
            "digest": entry.digest,
            "leaf_index": entry.seq - 1,
            "log_size": self.leaves,
            "root": EMPTY.extended(self.leaves_of(self.leaves)).root.hex(),
            "at": stamp(self.at),
            "key_id": "",
            "sig": "",
        }
        return sign_receipt(Receipt(**{**values, **self.receipt}), self.key)  # type: ignore[arg-type]

    async def ahead(self, entries: Sequence[Entry]) -> None:
        self.shown += [entry.seq for entry in entries]

    async def show(self, watch_id: str, jpeg: bytes) -> bool:
        return False

    async def tell(self, state: LaneState) -> Wanted:
        return Wanted(watches=[], at=stamp(self.at))

    def publish(self, kind: Kind, payload: Payload, signer: Ed25519Signer | None = None) -> Entry:
        """Write an entry of the centre's own ledger."""
        head = self.own_entries[-1].head if self.own_entries else Head()
        made = replace(sealer(node=self.node), signer=signer or self.key)
        self.own_entries.append(made.seal(kind, payload, head))
        return self.own_entries[-1]

    def confirm(self, case_no: str, node: str = "linhe") -> Entry:
        """Write that a decision takes effect."""
        confirmed = DecisionInForce(
            node=node,
            case_no=case_no,
            violation_id="v",
            plate="蒙L12345",
            occurred_on="2026-03-01",
            decided_at="2026-03-01T04:05:00.000Z",
            kind="fine",
        )
        return self.publish(Kind.DECISION_IN_FORCE, confirmed)

    def bar(self, case_no: str, node: str = "linhe") -> Entry:
        """Write that a decision takes no effect."""
        barred = DecisionBarred(
            node=node,
            case_no=case_no,
            violation_id="v",
            plate="蒙L12345",
            occurred_on="2026-03-01",
            decided_at="2026-03-01T04:05:00.000Z",
            standing_node="hailiutu",
            standing_case_no="C9",
        )
        return self.publish(Kind.DECISION_BARRED, barred)

    async def down(self, after: int) -> Down:
        page = self.own_entries[after : after + 200]
        return Down(
            entries=[sealed(entry) for entry in page],
            head=len(self.own_entries),
            checkpoint=self.note,
            at=stamp(self.at),
        )

    def sign_checkpoint(self, size: int, root: bytes = bytes(32)) -> None:
        point = Checkpoint(origin=self.origin, size=size, root=root, at=stamp(self.at))
        self.note = signed_note(point, self.key).decode()

    async def own(self, after: int) -> OwnPage:
        page = self.entries[after : after + 3]
        return OwnPage(
            entries=tuple(page),
            openings={e.seq: self.openings[e.seq] for e in page if e.seq in self.openings},
        )

    def leaves_of(self, size: int) -> list[bytes]:
        return [
            leaf_hash(entry.body, entry.signature, int(self.at.timestamp() * 1000))
            for entry in self.entries[:size]
        ]

    def cover(self, size: int) -> None:
        """Sign the checkpoint of the first *size* entries."""
        self.sign_checkpoint(size, EMPTY.extended(self.leaves_of(size)).root)

    async def proofs(self, seqs: Sequence[int]) -> Proofs:
        if self.answers:
            raise self.answers.pop(0)
        size = int(self.note.split("\n")[1]) if self.note else 0
        leaves = self.leaves_of(size)
        found = [
            EntryProof(
                seq=seq,
                received_ms=int(self.at.timestamp() * 1000),
                leaf_index=seq - 1,
                proof=[
                    base64.b64encode(part).decode()
                    for part in inclusion_proof(
                        seq - 1, size, lambda lo, hi: EMPTY.extended(leaves[lo:hi]).root
                    )
                ],
            )
            for seq in seqs
            if seq <= size
        ]
        return Proofs(checkpoint=self.note, proofs=found)

    async def held(self, sha256: str) -> Held:
        held = len(self.media.get(sha256, b""))
        return Held(held=held, complete=held > 0 and held == self.sizes.get(sha256))

    async def send(self, sha256: str, offset: int, size: int, chunk: bytes) -> Held:
        if self.answers:
            raise self.answers.pop(0)
        kept = self.media.setdefault(sha256, bytearray())
        self.sizes[sha256] = size
        if offset == len(kept):
            kept += chunk
        self.chunks.append((sha256, offset, len(chunk)))
        return await self.held(sha256)
