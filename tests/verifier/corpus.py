"""Good bundles, each from a seed: cases of every length, with what may stand beside them."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace

from station.contract.bundle import Bundle, Bundled, bundle_zip
from station.contract.entries import (
    CaseAct,
    CaseOpened,
    DecisionInForce,
    Kind,
    Outage,
    PassageReview,
    Picture,
    read,
)
from station.contract.media import media_of
from station.contract.personal import Opening
from station.contract.sealing import stamp
from station.contract.uplink import Receipt
from station.domain.ledger import Entry
from station.rules.lawbook import edition
from tests.fakes import passage, plate_evidence
from tests.verifier.world import Node, World

LAW = {
    "limit/gross/two_axles.yaml": "title: 二轴货车限值\nhistory: {2016-09-21: 18000}\n".encode(),
    "penalty/per_tonne.yaml": "title: 每超限一吨罚款\nhistory: {2021-07-20: 50000}\n".encode(),
}
ACTS = ("order_to_correct", "begin_unloading", "release", "hand_over", "notify", "decide")
GONE = "超过保存期限，已依规销毁"


@dataclass(frozen=True, slots=True)
class Made:
    """A good bundle, and all that an insider could take to forge it."""

    world: World
    station: Node
    maker: Node
    bundle: Bundle
    others: tuple[Entry, ...]

    @property
    def zip(self) -> bytes:
        return bundle_zip(self.bundle, self.maker.name, self.maker.signer)

    @property
    def keys(self) -> bytes:
        return self.world.keys_json()


class Story:
    """One case from the weighing to wherever it has come, while other trucks pass."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed ^ 0x5EED)
        self.world = World(seed, law_edition=edition(LAW), stations=self.rng.randint(1, 3))
        self.case_no = f"内蒙临河超字〔2026〕{self.rng.randrange(10_000):04d}号"
        stations = [n for name, n in self.world.nodes.items() if name != self.world.centre.name]
        self.station = self.rng.choice(stations)
        self.stations = stations
        self.entries: list[tuple[Entry, tuple[Opening, ...]]] = []
        self.others: list[Entry] = []
        self.receipts: list[Receipt] = []
        self.kept: dict[str, bytes] = {}

    def told(self) -> Made:
        """Let it happen, and export it."""
        self._bustle()
        weighed = self._weigh("p1", None)
        if self.rng.random() < 0.3:
            self._review(weighed)
        self._open(weighed)
        for act in ACTS[: self.rng.randint(0, len(ACTS))]:
            self._act(act)
            if act == "begin_unloading":
                self._weigh("p2", self.case_no)
        if self.rng.random() < 0.4:
            self._take_effect()
        self._bustle()
        if self.rng.random() < 0.2:
            self._revoke()
        return self._exported()

    def _bustle(self) -> None:
        """Other entries of all stations, a checkpoint, a new key: whatever happens in a day."""
        for _ in range(self.rng.randrange(4)):
            node = self.rng.choice(self.stations)
            if self.rng.random() < 0.3:
                outage = Outage(code="uplink", waiting=self.rng.randrange(9))
                self.others.append(self.world.write(node, Kind.OUTAGE_BEGIN, outage))
            else:
                other = passage(f"o{self.rng.randrange(10**6)}", pictures=[self._picture()[0]])
                self.others.append(self.world.write(node, Kind.PASSAGE, other))
        if self.rng.random() < 0.3:
            self.world.checkpoint()
        if self.rng.random() < 0.15:
            self.world.rotate(self.rng.choice((self.station, self.world.centre)))

    def _happened(self, node: Node, kind: Kind, payload, openings=()) -> None:  # type: ignore[no-untyped-def]
        entry = self.world.write(node, kind, payload)
        self.entries.append((entry, tuple(openings)))
        if self.rng.random() < 0.5:
            self.receipts.append(self.world.receipt(entry))
        self._bustle()

    def _picture(self) -> tuple[Picture, bytes]:
        data = self.rng.randbytes(self.rng.randint(1, 300))
        picture = Picture(
            sha256=hashlib.sha256(data).hexdigest(),
            role="front",
            media_type="image/jpeg",
            size=len(data),
            taken_at=stamp(self.world.clock.at),
        )
        return picture, data

    def _weigh(self, passage_id: str, recheck_of: str | None) -> str:
        pictures = [self._picture() for _ in range(self.rng.randrange(4))]
        crop, crop_data = self._picture()
        self.kept |= {picture.sha256: data for picture, data in [*pictures, (crop, crop_data)]}
        tractor = plate_evidence()
        seen = passage(
            passage_id,
            pictures=[picture for picture, _ in pictures],
            tractor=type(tractor)(
                text=tractor.text,
                colour="yellow",
                origin="camera",
                best_guess=tractor.best_guess,
                confidence_permille=self.rng.randrange(900, 1000),
                crop=crop.sha256,
            ),
            recheck_of=recheck_of,
        )
        self._happened(self.station, Kind.PASSAGE, seen)
        return passage_id

    def _review(self, passage_id: str) -> None:
        seen = passage(passage_id)
        review = PassageReview(
            passage_id=passage_id,
            officer="1508001",
            mode=seen.mode,
            tractor=seen.tractor,
            trailer=None,
            vehicle={"axles": 2},
            vehicle_origin="officer",
            verdict=seen.verdict,
            explanation=seen.explanation,
            recheck_of=None,
        )
        self._happened(self.station, Kind.PASSAGE_REVIEW, review)

    def _open(self, passage_id: str) -> None:
        opened = CaseOpened(
            case_no=self.case_no,
            violation_id="v1",
            passage_id=passage_id,
            plate="蒙L12345",
            occurred_on="2026-03-01",
            opened_at=stamp(self.world.clock.at),
            gross_kg=61_000,
            limit_kg=49_000,
            excess_kg=12_000,
        )
        self._happened(self.station, Kind.CASE_OPENED, opened)

    def _act(self, act: str) -> None:
        clear = {"driver_name": "张三", "driver_id": "150802199001011234", "phone": "13800000000"}
        named = self.rng.sample(sorted(clear), self.rng.randrange(4))
        openings = [
            Opening(field=name, salt=self.rng.randbytes(32).hex(), text=clear[name])
            for name in named
        ]
        done = CaseAct(
            case_no=self.case_no,
            act=act,
            authority="road",
            officers=["1508001", "1508002"],
            at=stamp(self.world.clock.at),
            details={"note": "无"},
            stage="measured",
            plate="蒙L12345",
            violation_id="v1",
            personal={opening.field: opening.commitment for opening in openings},
        )
        left = [opening for opening in openings if self.rng.random() < 0.8]
        self._happened(self.station, Kind.CASE_ACT, done, left)

    def _take_effect(self) -> None:
        decided = DecisionInForce(
            node=self.station.name,
            case_no=self.case_no,
            violation_id="v1",
            plate="蒙L12345",
            occurred_on="2026-03-01",
            decided_at=stamp(self.world.clock.at),
            kind="fine",
        )
        self._happened(self.world.centre, Kind.DECISION_IN_FORCE, decided)

    def _revoke(self) -> None:
        """The station's key is stolen after the case: its own bundles no longer count."""
        self.station.keys[-1].revoked_from_seq = self.station.head.seq + 1

    def _exported(self) -> Made:
        world = self.world
        world.pass_time()
        top = world.checkpoint()
        note = world.note(top)
        world.pass_time()
        revoked = self.station.keys[-1].revoked_from_seq is not None
        maker = world.centre if revoked or self.rng.random() < 0.5 else self.station
        named = {name for entry, _ in self.entries for name in media_of(read(entry)[1])}
        gone = {name for name in sorted(named) if self.rng.random() < 0.1}
        bundle = Bundle(
            case_no=self.case_no,
            node=self.station.name,
            made_at=world.clock.at,
            entries=tuple(
                Bundled(entry=entry, place=world.log.proof(entry, top.size), openings=openings)
                for entry, openings in self.entries
            ),
            note=note,
            receipts=tuple(self.receipts),
            media={name: self.kept[name] for name in named - gone},
            missing=dict.fromkeys(gone, GONE),
            law=LAW,
            cover=b"%PDF-1.7 " + self.rng.randbytes(40),
        )
        return Made(world, self.station, maker, bundle, tuple(self.others))


def made(seed: int) -> Made:
    """Return the good bundle of a seed."""
    return Story(seed).told()


def offline(good: Made) -> Made:
    """Return the same as a station exports it that cannot reach the centre."""
    bare = tuple(replace(one, place=None) for one in good.bundle.entries)
    return replace(good, bundle=replace(good.bundle, entries=bare, note=""))
