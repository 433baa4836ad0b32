"""Passages as stations seal them, the same ones each time, and as a plain service gets them."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from central.application.rows import passage_row
from station.contract.entries import (
    Anchor,
    ClockState,
    Kind,
    Passage,
    Picture,
    PlateEvidence,
    Weighing,
    read,
)
from station.contract.sealing import Sealer, Witnessed, local_day, stamp
from station.contract.signature import Ed25519Signer
from station.domain.ledger import Entry, Head
from station.domain.units import Kg
from station.domain.vehicles import VehicleKind
from station.rules.decide import decide
from station.rules.drawings import DRAWINGS
from station.rules.explain import explain
from station.rules.facts import Facts, Mode
from station.rules.lawbook import lawbook
from station.rules.records import vehicle_to_record
from station.rules.verdict import to_record

NOON: Final = datetime(2026, 3, 1, 4, tzinfo=UTC)
LOG_SIZE: Final = 1_204_331
"""Of the checkpoint that every one of them has seen."""

_SEAL: Final = frozenset({"alg", "anchor", "clock", "key_id", "kind", "prev", "version"})
MAIN: Final = (
    "passage_id",
    "lane",
    "at",
    "occurred_on",
    "plate",
    "plate_colour",
    "trailer_plate",
    "gross_kg",
    "configuration",
    "limit_kg",
    "excess_kg",
    "outcome",
)
"""What headquarters shows of a passage, besides its place."""

_BETWEEN: Final = timedelta(seconds=43)


@dataclass(slots=True)
class StandingClock:
    """A clock that is set."""

    at: datetime = NOON
    passed_ns: int = 0

    def now(self) -> datetime:
        """Return the time that was set."""
        return self.at

    def monotonic_ns(self) -> int:
        """Return nanoseconds that rise with it."""
        return self.passed_ns

    def move(self) -> None:
        """Let the time between two trucks pass."""
        self.at += _BETWEEN
        self.passed_ns += int(_BETWEEN.total_seconds() * 1e9)


class Station:
    """One station, whose trucks come one after the other."""

    def __init__(self, node: str) -> None:
        self.node = node
        self._random = random.Random(node)  # noqa: S311 - not a secret
        signer = Ed25519Signer(self._random.randbytes(32))
        self.public_key = signer.public_key
        self.clock = StandingClock()
        self._head = Head()
        anchor = Anchor(log_size=LOG_SIZE, root=self._digest(), at=stamp(NOON))
        witnessed = Witnessed(
            clock=ClockState(source="centre", offset_ms=12, age_s=7), anchor=anchor
        )
        self.sealer = Sealer(
            node=node,
            signer=signer,
            clock=self.clock,
            boot_id=self._uuid(),
            legal_id=f"sha256:{self._digest()}",
            law_edition=lawbook().edition,
            witnessed=lambda: witnessed,
        )

    def sealed(self, count: int) -> list[Entry]:
        """Return the entries of the next *count* trucks."""
        return [self._next() for _ in range(count)]

    def passage(self) -> Passage:
        """Return the passage of the next truck."""
        self.clock.move()
        draw = self._random
        at, vehicle = self.clock.now(), draw.choice(_VEHICLES)
        weight = draw.randrange(2_000, 9_400, 5) * len(vehicle.axles) // 10 * 10
        on = local_day(at)
        verdict = decide(
            Facts(occurred_on=date.fromisoformat(on), vehicle=vehicle, gross=Kg(weight)), lawbook()
        )
        number = draw.randrange(100_000)
        drawn = vehicle.kind is not VehicleKind.TRUCK
        return Passage(
            passage_id=self._uuid(),
            lane="1",
            occurred_on=on,
            mode=Mode.RESIDENT.value,
            weighing=self._weighing(weight, at),
            tractor=self._plate(f"蒙L{number:05d}"),
            trailer=self._plate(f"蒙L{number // 10:04d}挂") if drawn else None,
            pictures=[
                Picture(
                    sha256=self._digest(),
                    role="scene",
                    media_type="image/jpeg",
                    size=draw.randrange(200_000, 500_000),
                    taken_at=stamp(at),
                )
            ],
            vehicle=vehicle_to_record(vehicle),
            vehicle_origin="register",
            verdict=to_record(verdict),
            explanation=explain(verdict),
            recheck_of=None,
        )

    def _next(self) -> Entry:
        entry = self.sealer.seal(Kind.PASSAGE, self.passage(), self._head)
        self._head = entry.head
        return entry

    def _weighing(self, gross_kg: int, at: datetime) -> Weighing:
        frames = [f"\x02+{gross_kg + shake:06d}0".encode() for shake in (0, 10, 0, -10) * 4]
        return Weighing(
            scale_id="S1",
            protocol="yaohua-continuous",
            gross_kg=gross_kg,
            frames=[(frame + b"1A\x03").hex() for frame in frames],
            spread_kg=20,
            settled_ms=1_600,
            arrived_at=stamp(at - timedelta(seconds=9)),
            settled_at=stamp(at),
            certificate_no="LH-2026-0117",
            certificate_until="2026-12-31",
            evidence=True,
        )

    def _plate(self, text: str) -> PlateEvidence:
        return PlateEvidence(
            text=text,
            colour="yellow",
            origin="camera",
            best_guess=text,
            confidence_permille=self._random.randrange(900, 1000),
            crop=self._digest(),
        )

    def _digest(self) -> str:
        return self._random.randbytes(32).hex()

    def _uuid(self) -> str:
        hexed = self._random.randbytes(16).hex()
        return f"{hexed[:8]}-{hexed[8:12]}-4{hexed[13:16]}-a{hexed[17:20]}-{hexed[20:]}"


_VEHICLES: Final = [drawing.vehicle for drawing in DRAWINGS.values()]


def records(entries: Sequence[Entry]) -> bytes:
    """Return the same passages as plain JSON, without what seals them."""
    return _json([_without(msgspec.json.decode(entry.body)) for entry in entries])


def texts(entries: Sequence[Entry]) -> bytes:
    """Return these fields, and the sealed bytes whole."""
    return _json(
        [
            main_fields(entry)
            | {"body": entry.body.decode(), "sig": b64encode(entry.signature).decode()}
            for entry in entries
        ]
    )


def main_fields(entry: Entry) -> dict[str, object]:
    """Return what headquarters shows of a passage."""
    _, passage = read(entry)
    assert isinstance(passage, Passage)  # noqa: S101 - for the type only
    row = asdict(passage_row(entry, passage))
    return {"node": entry.node, "seq": entry.seq, **{name: row[name] for name in MAIN}}


def _without(tree: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in tree.items() if name not in _SEAL}


def _json(rows: list[dict[str, object]]) -> bytes:
    return msgspec.json.encode({"records": rows})
