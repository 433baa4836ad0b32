"""What each authority may impose for one violation, and by which procedure."""

from __future__ import annotations

from typing import NamedTuple

from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules import review_codes
from station.rules.dimensions import road_admin_band
from station.rules.facts import Facts
from station.rules.in_force import InForce
from station.rules.overload import Above, above_approved_load, above_registered_gross, points_for
from station.rules.verdict import Outcome, Police, RoadAdmin, Yuan

POLICE = "police"
ROAD_ADMIN = "road_admin"
_NO_POLICE = Police()
_NO_ROAD_ADMIN = RoadAdmin()


class Penalties(NamedTuple):
    """What both authorities may impose, and the codes of what keeps them from more."""

    police: Police
    road_admin: RoadAdmin
    notes: list[str]


def penalties_for(
    facts: Facts, law: InForce, outcome: Outcome, firm: Kg | None, *, dimensions: bool
) -> Penalties:
    """Return what may be imposed under *law*.

    Args:
        facts: of the passage.
        law: of the day.
        outcome: what follows from the mass alone.
        firm: the limit without numbers that are only recalled; fines rest on no other.
        dimensions: a dimension exceeds its limit.

    Source: 令2016年第62号第四十三条; 《道路交通安全法》第九十条, 第九十二条;
    巴政办发〔2018〕52号六(三).
    """
    authority = law.authority[facts.mode.value]
    police, notes = _police(facts, law, outcome, competent=authority == POLICE)
    if dimensions and authority == POLICE:
        notes.append(review_codes.DIMENSION_OF_LOAD_OR_BODY)
        police = police._replace(
            dimension_yuan=law.load_dimension, dimension_points=law.load_dimension_points
        )
    fine = None
    if outcome is Outcome.VIOLATION and firm is not None:
        fine = road_admin_fine(Kg(facts.gross - firm), law)
    band = road_admin_band(facts, law) if dimensions else None
    road_admin = _road_admin(fine, band, competent=authority == ROAD_ADMIN)
    return Penalties(police, road_admin, notes)


def road_admin_fine(excess: Kg, law: InForce) -> int | None:
    """Return the road administration's fine in yuan; None up to the tolerance, which is warned.

    Source: 《超限运输车辆行驶公路管理规定》第四十三条第一款第(二)项. Part-tonnes: U6.
    """
    if excess <= law.tolerance_kg:
        return None
    steps = excess // 1000 if law.road_floor else -(-excess // 1000)
    return min(steps * law.per_1000kg, law.road_cap)


def _police(
    facts: Facts, law: InForce, outcome: Outcome, *, competent: bool
) -> tuple[Police, list[str]]:
    vehicle = facts.vehicle
    if vehicle is None:
        return _NO_POLICE, []
    load = above_approved_load(facts.gross, vehicle)
    gross = above_registered_gross(facts.gross, vehicle)
    found = _NO_POLICE
    if load is not None or gross is not None:
        found = Police(
            overload_permille=None if load is None else load.permille,
            gross_permille=None if gross is None else gross.permille,
        )
    if outcome is Outcome.VIOLATION:
        if not competent:
            return found._replace(reference_yuan=_band(load, law)), []
        basis = gross if law.points.by_registered_gross else load
        return _police_penalty(found, load, basis, law), _police_notes(load, gross, vehicle, law)
    overloaded = (load is not None and load.excess) or (gross is not None and gross.excess)
    lawful = outcome is Outcome.RELEASE
    return found, [review_codes.OVERLOAD_NOT_OVER_LIMIT] if lawful and overloaded else []


def _police_penalty(found: Police, load: Above | None, basis: Above | None, law: InForce) -> Police:
    """Band, points and procedure; 道路交通安全法 arts 92, 107, 行政处罚法 art 63, 记分管理办法."""
    band = _band(load, law)
    return found._replace(
        fine_yuan=band,
        points=None if basis is None else points_for(basis, law.points),
        general_procedure=None if band is None else band[1] > law.simple_max,
        hearing_notice=None if band is None else band[1] >= law.hearing_from,
    )


def _police_notes(
    load: Above | None, gross: Above | None, vehicle: Vehicle, law: InForce
) -> list[str]:
    """Codes of what is missing; over the road's limit but not overloaded (U17) has no band."""
    notes = []
    if vehicle.approved_load is None:
        notes.append(review_codes.APPROVED_LOAD_UNKNOWN)
    if vehicle.kerb is None:
        notes.append(review_codes.KERB_UNKNOWN)
    if load is not None and load.excess == 0:
        notes.append(review_codes.OVER_LIMIT_NOT_OVERLOAD)
    if gross is None and law.points.by_registered_gross:
        notes.append(review_codes.POINTS_BASIS_UNKNOWN)
    return notes


def _band(load: Above | None, law: InForce) -> Yuan | None:
    if load is None or load.excess == 0:
        return None
    over = load.exceeds(law.overload_boundary, at_boundary=False)
    return law.overload_upper if over else law.overload_lower


def _road_admin(fine: int | None, band: Yuan | None, *, competent: bool) -> RoadAdmin:
    """Put the amounts where they count: as fines, or as references where it may not fine."""
    if fine is None and band is None:
        return _NO_ROAD_ADMIN
    if competent:
        return RoadAdmin(fine_yuan=fine, dimension_yuan=band)
    return RoadAdmin(reference_yuan=fine, reference_dimension_yuan=band)
