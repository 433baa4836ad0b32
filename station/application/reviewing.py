"""An officer names what the devices could not: plate and vehicle (人工核定). Never the weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from station.application.casework import Casework
from station.application.centre_ports import CentreFacts
from station.application.findings import Judge
from station.application.live import Hub
from station.application.permits import Permits
from station.application.ports import Draft, Ledger, Media, Register, Views
from station.application.views import PassageView, moment, receipt
from station.application.watching import NOBODY, hit
from station.contract.entries import HeldPermit, Kind, PassageReview, Picture, PlateEvidence
from station.contract.messages import message
from station.contract.permits import PAPER
from station.contract.sealing import local_day, stamp
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts
from station.domain.officers import Officer, Pair, Permission
from station.domain.plates import PlateColour, parse
from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules.drawings import DRAWINGS
from station.rules.records import vehicle_from_record, vehicle_to_record
from station.rules.verdict import RECORDED, Outcome

_JPEG_BEGINS: Final = b"\xff\xd8\xff"
_JPEG_ENDS: Final = b"\xff\xd9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A permit (超限运输车辆通行证) that the driver shows on paper, as an officer reads it.

    Attributes:
        gross_kg: the gross mass that it allows; by local days, both included.
        trailer: plate of the trailer that it names, "" where it names none.
        picture: JPEG of the paper.
        second_no: certificate number of who looked at it too.
    """

    permit_no: str
    gross_kg: int
    route: str
    first_on: date
    last_on: date
    trailer: str
    picture: bytes
    second_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the officer says after looking.

    Attributes:
        drawing: id of a drawing of the 认定标准; None keeps the vehicle already known, by the
            passage or by the register under the plate named.
        registered_gross, approved_load, kerb: from the vehicle licence (行驶证), kg.
        paper: a permit that the driver shows; None where none is entered.
    """

    plate: str
    colour: str
    trailer_plate: str | None = None
    drawing: str | None = None
    registered_gross: int | None = None
    approved_load: int | None = None
    kerb: int | None = None
    paper: Paper | None = None


class Reviewing:
    """Reviews of passages."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        views: Views,
        register: Register,
        facts: CentreFacts,
        permits: Permits,
        media: Media,
        judge: Judge,
        casework: Casework,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._views = views
        self._register = register
        self._facts = facts
        self._permits = permits
        self._media = media
        self._judge = judge
        self._casework = casework
        self._hub = hub
        self._clock = clock

    async def review(self, passage_id: str, named: Named, officer: Officer) -> str:
        """Write the review, with the finding made anew, and return its receipt.

        Once a case rests on the passage, only a permit on paper that makes the transport lawful is
        taken; the case is voided with it (作废).

        Raises:
            NotFound: no such passage.
            NotPermitted: not this officer's to do.
            TwoOfficersRequired: nobody else who may has looked at the paper.
            InvalidFacts: no plate or drawing of that kind, or the passage already has its case.
            IllegalTransition: its case is too far to be voided.
            StoreFull: nothing was done.
        """
        officer.require(
            Permission.REVIEW_PASSAGE, on=date.fromisoformat(local_day(self._clock.now()))
        )
        async with self._casework.lock:
            view = await self._views.passage(passage_id)
            pair = None
            if named.paper:
                pair = await self._casework.pair(officer, named.paper.second_no)
            review = await self._review(view, named, officer)
            drafts = [Draft(Kind.PASSAGE_REVIEW, review)]
            opened = None
            if view.case_no or await self._is_used(view):
                drafts.append(await self._voiding(view, review, pair))
            else:
                opened = await self._casework.opening(
                    passage_id,
                    view.passage.weighing,
                    review.tractor.text,
                    review.verdict,
                    review.recheck_of,
                )
            if opened:
                drafts.append(Draft(Kind.CASE_OPENED, opened))
            # Whoever was recognised at the scale was looked for then.
            watched = NOBODY
            if review.tractor.text != view.plate:
                watched = await hit(self._facts, passage_id, review.tractor.text, self._clock.now())
            entries = await self._ledger.append(*drafts, *watched.drafts)
        self._hub.publish(await self._views.passage(passage_id))
        watched.tell(self._hub)
        case_no = opened.case_no if opened else view.case_no or review.recheck_of
        if case_no:
            self._hub.publish(await self._casework.file(case_no))
        return receipt(entries[0])

    async def _voiding(self, view: PassageView, review: PassageReview, pair: Pair | None) -> Draft:
        """Return the act that voids the case of a transport that a permit turns out to cover."""
        permitted = review.verdict["verdict"] == RECORDED[Outcome.PERMITTED]
        permit = review.permits and review.permits.permit
        if not (view.case_no and permitted and pair and permit):
            raise InvalidFacts(
                "a case rests on this passage already", field="passage_id", why="passage_used"
            )
        reason = message("value.void_for_permit", {"permit_no": permit.permit_no})
        return await self._casework.voiding(view.case_no, reason, pair)

    async def _is_used(self, view: PassageView) -> bool:
        """Tell whether a re-check of a case was already taken from this passage."""
        if view.recheck_of is None:
            return False
        case = await self._views.case(view.recheck_of)
        return view.passage.passage_id in case.rechecked_by

    async def _review(self, view: PassageView, named: Named, officer: Officer) -> PassageReview:
        tractor = _named_plate(view.tractor, named.plate, named.colour, trailer=False)
        trailer = view.trailer
        if named.trailer_plate:
            trailer = _named_plate(view.trailer, named.trailer_plate, "yellow", trailer=True)
        vehicle, origin = await self._vehicle(view, named, str(tractor.text))
        weighed_at = moment(view.passage.weighing.settled_at)
        held = await self._views.held_case(str(tractor.text), weighed_at)
        held = None if held and held.passage_id == view.passage.passage_id else held
        paper = await self._held_paper(named.paper, str(tractor.text)) if named.paper else None
        asked = await self._permits.ask(tractor, trailer, weighed_at, paper)
        finding = self._judge.finding(
            Kg(view.passage.weighing.gross_kg),
            vehicle,
            occurred_on=date.fromisoformat(view.passage.occurred_on),
            recheck=held is not None,
            permit=asked.facts,
        )
        return PassageReview(
            passage_id=view.passage.passage_id,
            officer=officer.certificate_no,
            mode=self._judge.mode.value,
            tractor=tractor,
            trailer=trailer,
            vehicle=vehicle_to_record(vehicle),
            vehicle_origin=origin,
            verdict=finding.record,
            explanation=finding.explanation,
            recheck_of=held.case_no if held else None,
            permits=asked.answer,
        )

    async def _held_paper(self, paper: Paper, plate: str) -> HeldPermit:
        _check_paper(paper)
        return HeldPermit(
            origin=PAPER,
            centre_seq=0,
            permit_no=paper.permit_no,
            plate=plate,
            trailer=paper.trailer,
            gross_kg=paper.gross_kg,
            route=paper.route,
            stations=[],
            first_on=paper.first_on.isoformat(),
            last_on=paper.last_on.isoformat(),
            picture=Picture(
                sha256=await self._media.keep(paper.picture),
                role="permit",
                media_type="image/jpeg",
                size=len(paper.picture),
                taken_at=stamp(self._clock.now()),
            ),
            second_officer=paper.second_no,
        )

    async def _vehicle(self, view: PassageView, named: Named, plate: str) -> tuple[Vehicle, str]:
        if named.drawing is not None:
            drawing = DRAWINGS.get(named.drawing)
            if drawing is None:
                raise InvalidFacts("there is no such drawing", field="drawing")
            return _completed(drawing.vehicle, named), "officer"
        registered = await self._register.find(plate)
        if registered:
            return _completed(registered.vehicle, named), "register"
        known = vehicle_from_record(view.vehicle) if view.vehicle else None
        if known is not None:
            return _completed(known, named), view.vehicle_origin
        raise InvalidFacts(
            "the vehicle is not known: choose a drawing", field="drawing", why="no_vehicle"
        )


def _check_paper(paper: Paper) -> None:
    if not paper.gross_kg:
        raise InvalidFacts("a mass is more than nothing", field="gross_kg", why="no_mass")
    if paper.last_on < paper.first_on:
        raise InvalidFacts("the last day is before the first", field="last_on", why="days_reversed")
    plate = parse(paper.trailer) if paper.trailer else None
    if paper.trailer and (plate is None or not plate.is_trailer or plate.number != paper.trailer):
        raise InvalidFacts("not a trailer's number plate", field="trailer", why="bad_trailer")
    if not (paper.picture.startswith(_JPEG_BEGINS) and paper.picture.endswith(_JPEG_ENDS)):
        raise InvalidFacts("not a JPEG picture", field="picture", why="not_jpeg")


def _completed(vehicle: Vehicle, named: Named) -> Vehicle:
    return replace(
        vehicle,
        registered_gross=_mass("registered_gross_kg", named.registered_gross)
        or vehicle.registered_gross,
        approved_load=_mass("approved_load_kg", named.approved_load) or vehicle.approved_load,
        kerb=_mass("kerb_kg", named.kerb) or vehicle.kerb,
    )


def _mass(field: str, value: int | None) -> Kg | None:
    if value is None:
        return None
    if value <= 0:
        raise InvalidFacts("a mass is more than nothing", field=field, why="no_mass")
    return Kg(value)


def _named_plate(
    seen: PlateEvidence | None, text: str, colour: str, *, trailer: bool
) -> PlateEvidence:
    field = "trailer_plate" if trailer else "plate"
    try:
        plate = parse(text, PlateColour(colour))
    except ValueError as exc:
        raise InvalidFacts("there is no such colour", field="colour") from exc
    if plate is None or plate.is_trailer is not trailer:
        raise InvalidFacts("not a number plate", field=field, why="no_plate")
    origin = "camera" if seen and seen.text == plate.number else "officer"
    return PlateEvidence(
        text=plate.number,
        colour=plate.colour.value,
        origin=origin,
        best_guess=seen.best_guess if seen else "",
        confidence_permille=seen.confidence_permille if seen else 0,
        crop=seen.crop if seen else "",
    )
