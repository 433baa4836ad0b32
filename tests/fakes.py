"""Fakes typed against the ports, and values that many tests need."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from station.contract.entries import Passage, PlateEvidence, Weighing
from station.contract.sealing import Sealer
from station.contract.signature import Ed25519Signer, Ed25519Verifier
from station.domain.officers import Officer, Role

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


def verifier(key: int = 0) -> Ed25519Verifier:
    return Ed25519Verifier(Ed25519Signer(bytes(range(key, key + 32))).public_key)


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
