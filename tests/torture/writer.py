"""A station's store at work, without devices: ``python -m tests.torture.writer FOLDER …``.

Everything but what is written is real: the store is opened as the station opens it, entries are
sealed, pictures kept. One line of JSON on standard output for each acknowledgement, after it:
``{"entries": [[seq, digest, signature], …], "pictures": […]}`` or ``{"delivered": seq}``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from station.application.ports import Draft
from station.bootstrap.opening import Stored, open_store
from station.contract.case_file import acted_case, opened_case
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    DeviceEvent,
    Kind,
    PassageReview,
    Picture,
    UnweighedPass,
)
from station.contract.uplink import Receipt
from station.domain.case import Case
from station.domain.ledger import Entry
from station.domain.procedure import Act
from station.domain.said import FIELDS
from station.domain.stages import Penalty
from station.settings import Settings
from tests.acts import PAIRS, role_of
from tests.fakes import passage, plate_evidence

AT = "2026-03-01T04:00:00.000Z"
PICTURE_BYTES = (2_000, 40_000)
ANSWERS = (Act.TAKE_EFFECT, Act.BAR)


def settings(folder: Path) -> Settings:
    """Return the configuration of a station whose store is *folder*."""
    return Settings(
        station={"node": "linhe", "name": "临河", "road": "G110", "data_dir": folder},
        scale={
            "url": "capture:///dev/null",
            "protocol": "yaohua-continuous",
            "scale_id": "S1",
            "certificate_no": "C1",
            "certificate_until": "2099-12-31",
        },
        camera={"url": "folder:///dev/null"},
    )


class Day:
    """Invents what happens at a station. The same seed gives the same day."""

    def __init__(self, seed: int, first: int) -> None:
        self._random = random.Random(seed)
        self._number = first
        self._passages: list[str] = []
        self._cases: dict[str, Case] = {}

    def pictures(self) -> list[bytes]:
        """Return what the camera saw."""
        count = self._random.choice((0, 1, 1, 2))
        return [self._random.randbytes(self._random.randint(*PICTURE_BYTES)) for _ in range(count)]

    def drafts(self, kept: list[tuple[str, int]]) -> list[Draft]:
        """Return what is written next; *kept*: digest and size of its pictures."""
        self._number += 1
        pictures = [
            Picture(sha256=sha, role="scene", media_type="image/jpeg", size=size, taken_at=AT)
            for sha, size in kept
        ]
        roll = self._random.random()
        if pictures or not self._passages:
            return self._passage(pictures) if roll < 0.9 else self._unweighed(pictures)
        if roll < 0.3:
            return [Draft(Kind.PASSAGE_REVIEW, self._review())]
        if roll < 0.6 and any(not case.closed for case in self._cases.values()):
            return [Draft(Kind.CASE_ACT, self._act())]
        if roll < 0.7:
            event = DeviceEvent(device="scale", code="device.silent", detail="", since=AT)
            return [Draft(Kind.DEVICE_FAULT, event)]
        return self._passage(pictures)

    def _passage(self, pictures: list[Picture]) -> list[Draft]:
        passage_id = f"p{self._number}"
        self._passages.append(passage_id)
        gross = self._random.randint(49_000, 99_000)
        weighing = passage().weighing.__class__(
            **{**_fields(passage().weighing), "gross_kg": gross, "frames": ["02" * 36] * 12}
        )
        plate = f"蒙L{self._random.randint(10_000, 99_999)}"
        made = passage(
            passage_id, weighing=weighing, tractor=plate_evidence(plate), pictures=pictures
        )
        drafts = [Draft(Kind.PASSAGE, made)]
        if self._random.random() < 0.4:
            case_no = f"LINHE20260301{self._number:05d}"
            opened = CaseOpened(
                case_no=case_no,
                violation_id=passage_id,
                passage_id=passage_id,
                plate=plate,
                occurred_on="2026-03-01",
                opened_at=AT,
                gross_kg=gross,
                limit_kg=49_000,
                excess_kg=gross - 49_000,
            )
            self._cases[case_no] = opened_case(opened)
            drafts.append(Draft(Kind.CASE_OPENED, opened))
        return drafts

    def _unweighed(self, pictures: list[Picture]) -> list[Draft]:
        gone = UnweighedPass(
            pass_id=f"u{self._number}",
            lane="1",
            reason="not_settled",
            began_at=AT,
            plate=None,
            highest_kg=self._random.randint(1, 99_000),
            pictures=pictures,
        )
        return [Draft(Kind.UNWEIGHED_PASS, gone)]

    def _review(self) -> PassageReview:
        return PassageReview(
            passage_id=self._random.choice(self._passages),
            officer="R1",
            mode="resident",
            tractor=plate_evidence(f"蒙L{self._random.randint(10_000, 99_999)}"),
            trailer=None,
            vehicle={},
            vehicle_origin="officer",
            verdict={"verdict": "lawful", "excess_kg": 0},
            explanation="未超限",
            recheck_of=None,
        )

    def _act(self) -> CaseAct:
        case = self._random.choice([case for case in self._cases.values() if not case.closed])
        waits = case.state.penalty is Penalty.DECIDED
        act = self._random.choice(ANSWERS if waits else [act for act, _ in case.next_acts])
        details = {
            name: self._random.randint(1, 99_000) if kind is int else f"蒙L{len(case.history):05d}"
            for name, kind in FIELDS[act].items()
        }
        made = CaseAct(
            case_no=case.case_no,
            act=act.value,
            authority=role_of(act).value,
            officers=PAIRS[role_of(act)],
            at=AT,
            details=details,
            stage=str(case.state),
            plate=case.plate,
            violation_id=case.violation_id,
        )
        self._cases[case.case_no] = acted_case(case, made)
        return made


async def write(stored: Stored, day: Day, steps: int, deliver_every: int) -> None:
    """Do *steps* things, one after the other, and acknowledge each."""
    for step in range(steps):
        pictures = day.pictures()
        kept = [(await stored.media.keep(data), len(data)) for data in pictures]
        entries = await stored.ledger.append(*day.drafts(kept))
        acknowledge(
            entries=[(one.seq, one.digest, one.signature.hex()) for one in entries],
            pictures=[sha for sha, _ in kept],
        )
        if step % deliver_every == 0:
            await stored.outbox.note_receipt(receipt(entries[-1]))
            acknowledge(delivered=entries[-1].seq)


def receipt(entry: Entry) -> Receipt:
    """Return what a centre would say of *entry* that has no other station."""
    return Receipt(
        node=entry.node,
        seq=entry.seq,
        digest=entry.digest,
        leaf_index=entry.seq - 1,
        log_size=entry.seq,
        root=f"{entry.seq:064x}",
        at=AT,
        key_id="centre",
        sig="00" * 64,
    )


def acknowledge(**facts: object) -> None:
    """Say that something is saved, in one system call."""
    os.write(1, json.dumps(facts).encode() + b"\n")


def _fields(struct: object) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}  # type: ignore[attr-defined]


def sessions(text: str) -> Iterator[int]:
    """Read ``120+80``: so many steps, then the store is closed and opened again."""
    return (int(part) for part in text.split("+"))


def main() -> None:
    """Write; at the end leave without closing, as a killed program does, with ``--abandon``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", default="100", help="Sessions, 120+80.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="Numbers begin after it.")
    parser.add_argument("--deliver-every", type=int, default=7, help="Steps between receipts.")
    parser.add_argument("--abandon", action="store_true")
    options = parser.parse_args()
    first = options.first
    for steps in sessions(options.steps):
        stored = open_store(settings(options.folder))
        day = Day(options.seed + first, first)
        asyncio.run(write(stored, day, steps, options.deliver_every))
        first += steps
        if options.abandon and first == options.first + sum(sessions(options.steps)):
            os._exit(0)
        stored.close()


if __name__ == "__main__":
    main()
