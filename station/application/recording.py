"""Writes down what happened on the lane: durable first, then told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from station.application.casework import Casework
from station.application.centre_ports import CentreFacts
from station.application.findings import Judge
from station.application.lane import Outcome, Unweighed, Weighed
from station.application.live import Hub
from station.application.measuring import Changed, Settled
from station.application.permits import Permits
from station.application.ports import Draft, Ledger, Media, Register, Views
from station.application.watching import hit
from station.contract.entries import (
    CaseOpened,
    Kind,
    Passage,
    Picture,
    PlateEvidence,
    UnweighedPass,
    Weighing,
    WeightChanged,
)
from station.contract.sealing import local_day, stamp
from station.domain.clock import Clock
from station.domain.plates import PlateColour, PlateReading, Sighting
from station.domain.plates import Settled as PlateVote
from station.rules.records import vehicle_to_record

NOBODY = PlateEvidence(
    text=None,
    colour=PlateColour.UNKNOWN.value,
    origin="none",
    best_guess="",
    confidence_permille=0,
    crop="",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The certified scale that weighs here (检定证书)."""

    lane: str
    scale_id: str
    protocol: str
    certificate_no: str
    certificate_until: date


class Recorder:
    """Turns outcomes of the lane into entries. One at a time, in order."""

    def __init__(
        self,
        *,
        scale: Scale,
        ledger: Ledger,
        views: Views,
        media: Media,
        register: Register,
        facts: CentreFacts,
        permits: Permits,
        judge: Judge,
        casework: Casework,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._scale = scale
        self._ledger = ledger
        self._views = views
        self._media = media
        self._register = register
        self._facts = facts
        self._permits = permits
        self._judge = judge
        self._casework = casework
        self._hub = hub
        self._clock = clock
        self._newest: str | None = None

    async def record(self, outcome: Outcome) -> None:
        """Write *outcome* down and tell the watchers.

        Raises:
            StoreFull: nothing was written; the caller keeps the outcome and tries again.
            StoreFailed: the process must end.
        """
        match outcome:
            case Weighed():
                await self._weighed(outcome)
            case Unweighed():
                await self._unweighed(outcome)
            case Changed():
                await self._changed(outcome)

    async def _weighed(self, weighed: Weighed) -> None:
        tractor = await self._evidence(weighed.plates.tractor, weighed.sightings)
        trailer = await self._evidence(weighed.plates.trailer, weighed.sightings)
        pictures = await self._pictures(weighed.plates.tractor.reading, weighed.sightings)
        async with self._casework.lock:
            passage = await self._passage(weighed, tractor, trailer, pictures)
            drafts = [Draft(Kind.PASSAGE, passage)]
            opened = await self._casework.opening(
                passage.passage_id,
                passage.weighing,
                tractor.text,
                passage.verdict,
                passage.recheck_of,
            )
            if opened:
                drafts.append(Draft(Kind.CASE_OPENED, opened))
            watched = await hit(self._facts, passage.passage_id, tractor.text, self._clock.now())
            drafts += watched.drafts
            await self._ledger.append(*drafts)
        self._newest = passage.passage_id
        await self._tell(passage, opened)
        watched.tell(self._hub)

    async def _passage(
        self,
        weighed: Weighed,
        tractor: PlateEvidence,
        trailer: PlateEvidence | None,
        pictures: list[Picture],
    ) -> Passage:
        settled = weighed.settled
        settled_at = self._wall(settled.at_ns)
        occurred_on = local_day(settled_at)
        registered = await self._register.find(tractor.text) if tractor.text else None
        vehicle = registered.vehicle if registered else None
        held = await self._views.held_case(tractor.text, settled_at) if tractor.text else None
        asked = await self._permits.ask(tractor, trailer, settled_at)
        finding = self._judge.finding(
            settled.gross,
            vehicle,
            occurred_on=date.fromisoformat(occurred_on),
            recheck=held is not None,
            permit=asked.facts,
        )
        return Passage(
            passage_id=str(uuid4()),
            lane=self._scale.lane,
            occurred_on=occurred_on,
            mode=self._judge.mode.value,
            weighing=self._weighing(settled, settled_at, occurred_on),
            tractor=tractor,
            trailer=None if trailer == NOBODY else trailer,
            pictures=pictures,
            vehicle=vehicle_to_record(vehicle) if vehicle else None,
            vehicle_origin="register" if vehicle else "none",
            verdict=finding.record,
            explanation=finding.explanation,
            recheck_of=held.case_no if held else None,
            permits=asked.answer,
        )

    def _weighing(self, settled: Settled, settled_at: datetime, occurred_on: str) -> Weighing:
        until = self._scale.certificate_until
        return Weighing(
            scale_id=self._scale.scale_id,
            protocol=self._scale.protocol,
            gross_kg=settled.gross,
            frames=[frame.hex() for frame in settled.frames],
            spread_kg=settled.spread,
            settled_ms=settled.settled_ms,
            arrived_at=stamp(self._wall(settled.arrived_ns)),
            settled_at=stamp(settled_at),
            certificate_no=self._scale.certificate_no,
            certificate_until=until.isoformat(),
            evidence=date.fromisoformat(occurred_on) <= until,
        )

    async def _tell(self, passage: Passage, opened: CaseOpened | None) -> None:
        self._hub.publish(await self._views.passage(passage.passage_id))
        case_no = opened.case_no if opened else passage.recheck_of
        if case_no:
            self._hub.publish(await self._casework.file(case_no))

    async def _unweighed(self, unweighed: Unweighed) -> None:
        began_at = self._wall(unweighed.began_ns)
        payload = UnweighedPass(
            pass_id=str(uuid4()),
            lane=self._scale.lane,
            reason=unweighed.reason,
            began_at=stamp(began_at),
            plate=unweighed.plate,
            highest_kg=unweighed.highest,
            pictures=await self._pictures(None, unweighed.sightings),
        )
        await self._ledger.append(Draft(Kind.UNWEIGHED_PASS, payload))
        self._hub.publish((await self._views.alarms(1))[0])

    async def _changed(self, changed: Changed) -> None:
        if self._newest is None:
            return
        view = await self._views.passage(self._newest)
        payload = WeightChanged(
            passage_id=self._newest,
            recorded_kg=view.passage.weighing.gross_kg,
            later_kg=changed.again.gross,
            frames=[frame.hex() for frame in changed.again.frames],
        )
        await self._ledger.append(Draft(Kind.WEIGHT_CHANGED, payload))
        self._hub.publish((await self._views.alarms(1))[0])

    async def _evidence(self, vote: PlateVote, sightings: Sequence[Sighting]) -> PlateEvidence:
        reading = vote.reading or _best_guess(vote.candidates, sightings)
        if reading is None:
            return NOBODY
        crop = _crop(reading, sightings)
        return PlateEvidence(
            text=vote.reading.text if vote.reading else None,
            colour=reading.colour.value,
            origin="camera" if vote.reading else "none",
            best_guess=reading.best_guess,
            confidence_permille=reading.confidence_permille,
            crop=await self._media.keep(crop) if crop else "",
        )

    async def _pictures(
        self, reading: PlateReading | None, sightings: Sequence[Sighting]
    ) -> list[Picture]:
        """Keep one picture of the whole scene: where the plate was read best, else the last."""
        showing = [s for s in sightings if reading and reading in s.readings] or sightings[-1:]
        return [
            Picture(
                sha256=await self._media.keep(sighting.picture_jpeg),
                role="scene",
                media_type="image/jpeg",
                size=len(sighting.picture_jpeg),
                taken_at=stamp(sighting.at),
            )
            for sighting in showing[:1]
        ]

    def _wall(self, at_ns: int) -> datetime:
        """Return the wall time of a moment on the monotonic clock."""
        ago_us = (self._clock.monotonic_ns() - at_ns) // 1000
        return self._clock.now() - timedelta(microseconds=ago_us)


def _best_guess(candidates: Sequence[str], sightings: Sequence[Sighting]) -> PlateReading | None:
    """Return the reading that an officer should compare with the picture first."""
    readings = [r for s in sightings for r in s.readings if r.best_guess in candidates]
    return max(readings, key=lambda r: r.confidence_permille, default=None)


def _crop(reading: PlateReading, sightings: Sequence[Sighting]) -> bytes:
    for sighting in sightings:
        for seen, crop in zip(sighting.readings, sighting.crops_jpeg, strict=True):
            if seen == reading:
                return crop
    return b""
