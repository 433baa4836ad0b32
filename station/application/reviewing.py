"""An officer names what the devices could not: plate and vehicle (人工核定). Never the weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from station.application.casework import Casework
from station.application.centre_ports import CentreFacts
from station.application.findings import Judge
from station.application.live import Hub
from station.application.ports import Draft, Ledger, Register, Views
from station.application.views import PassageView, moment, receipt
from station.application.watching import NOBODY, hit
from station.contract.entries import Kind, PassageReview, PlateEvidence
from station.contract.sealing import local_day
from station.domain.clock import Clock
from station.domain.errors import InvalidFacts
from station.domain.officers import Officer, Permission
from station.domain.plates import PlateColour, parse
from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules.drawings import DRAWINGS
from station.rules.records import vehicle_from_record, vehicle_to_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the officer says after looking.

    Attributes:
        drawing: id of a drawing of the 认定标准; None keeps the vehicle already known, by the
            passage or by the register under the plate named.
        registered_gross, approved_load, kerb: from the vehicle licence (行驶证), kg.
    """

    plate: str
    colour: str
    trailer_plate: str | None = None
    drawing: str | None = None
    registered_gross: int | None = None
    approved_load: int | None = None
    kerb: int | None = None


class Reviewing:
    """Reviews of passages."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        views: Views,
        register: Register,
        facts: CentreFacts,
        judge: Judge,
        casework: Casework,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._views = views
        self._register = register
        self._facts = facts
        self._judge = judge
        self._casework = casework
        self._hub = hub
        self._clock = clock

    async def review(self, passage_id: str, named: Named, officer: Officer) -> str:
        """Write the review, with the finding made anew, and return its receipt.

        Raises:
            NotFound: no such passage.
            NotPermitted: not this officer's to do.
            InvalidFacts: no plate or drawing of that kind, or the passage already has its case.
            StoreFull: nothing was done.
        """
        officer.require(
            Permission.REVIEW_PASSAGE, on=date.fromisoformat(local_day(self._clock.now()))
        )
        async with self._casework.lock:
            view = await self._views.passage(passage_id)
            if view.case_no or await self._is_used(view):
                raise InvalidFacts(
                    "a case rests on this passage already", field="passage_id", why="passage_used"
                )
            review = await self._review(view, named, officer)
            weighing = view.passage.weighing
            drafts = [Draft(Kind.PASSAGE_REVIEW, review)]
            opened = await self._casework.opening(
                passage_id, weighing, review.tractor.text, review.verdict, review.recheck_of
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
        case_no = opened.case_no if opened else review.recheck_of
        if case_no:
            self._hub.publish(await self._casework.file(case_no))
        return receipt(entries[0])

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
        finding = self._judge.finding(
            Kg(view.passage.weighing.gross_kg),
            vehicle,
            occurred_on=date.fromisoformat(view.passage.occurred_on),
            recheck=held is not None,
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
