"""What each authority may impose for one violation, and by which procedure."""

from __future__ import annotations

from typing import NamedTuple

from station.domain.units import Kg
from station.domain.vehicles import Vehicle
from station.rules import review_codes
from station.rules.dimensions import road_admin_band
from station.rules.facts import Facts
from station.rules.in_force import InForce, Points
from station.rules.overload import Overloads, overloads_of, points_for
from station.rules.verdict import Outcome, Police, RoadAdmin, Yuan

POLICE = "police"
ROAD_ADMIN = "road_admin"
_NO_ROAD_ADMIN = RoadAdmin()
_OVERLOADED = (review_codes.OVERLOAD_NOT_OVER_LIMIT,)


class Penalties(NamedTuple):
    """What both authorities may impose, and the codes of what keeps them from more."""

    police: Police
    road_admin: RoadAdmin
    notes: tuple[str, ...]


def penalties_for(
    facts: Facts, law: InForce, outcome: Outcome, firm: Kg | None, dimensioned: bool
) -> Penalties:
    """Return what may be imposed under *law*.

    Args:
        facts: of the passage.
        law: of the day.
        outcome: what follows from the mass alone.
        firm: the limit without numbers that are only recalled; fines rest on no other.
        dimensioned: a dimension exceeds its limit.

    Source: 令2016年第62号第四十三条; 《道路交通安全法》第九十条, 第九十二条;
    巴政办发〔2018〕52号六(三).
    """
    overloads = overloads_of(facts.gross, facts.vehicle)
    over = outcome is Outcome.VIOLATION
    if not over and not dimensioned:
        return _findings_alone(overloads, lawful=outcome is Outcome.RELEASE)
    authority = law.authority[facts.mode_word]
    by_police = authority == POLICE
    notes: tuple[str, ...] = ()
    if over and by_police and facts.vehicle is not None:
        notes = _police_notes(overloads, facts.vehicle, law)
    police = _police(overloads, law, over, by_police)
    if dimensioned and by_police:
        notes = (*notes, review_codes.DIMENSION_OF_LOAD_OR_BODY)
        police = Police(*police[:-2], law.load_dimension, law.load_dimension_points)
    fine = road_admin_fine(facts.gross - firm, law) if over and firm is not None else None
    band = road_admin_band(facts, law) if dimensioned else None
    return Penalties(police, _road_admin(fine, band, authority == ROAD_ADMIN), notes)


def road_admin_fine(excess: int, law: InForce) -> int | None:
    """Return the road administration's fine in yuan for *excess* kg; None where it only warns.

    Source: 《超限运输车辆行驶公路管理规定》第四十三条第一款第(二)项. Part-tonnes: U6.
    """
    if excess <= law.tolerance_kg:
        return None
    steps = excess // 1000 if law.road_floor else -(-excess // 1000)
    return min(steps * law.per_1000kg, law.road_cap)


def _findings_alone(overloads: Overloads, *, lawful: bool) -> Penalties:
    """Nothing is imposed; overload without over-limit (U17) is told to the police."""
    if not overloads.known:
        return _NOTHING
    police = Police(overloads.load_permille, overloads.gross_permille)
    overloaded = overloads.load_excess or overloads.gross_excess
    return Penalties(police, _NO_ROAD_ADMIN, _OVERLOADED if lawful and overloaded else ())


def _police(overloads: Overloads, law: InForce, over: bool, competent: bool) -> Police:
    """Band, points and procedure; 道路交通安全法 arts 92, 107, 行政处罚法 art 63, 记分管理办法."""
    band = _band(overloads, law) if over else None
    fine = band if competent else None
    return Police(
        overloads.load_permille,
        overloads.gross_permille,
        fine,
        None if competent else band,
        _points(overloads, law.points) if over and competent else None,
        None if fine is None else fine[1] > law.simple_max,
        None if fine is None else fine[1] >= law.hearing_from,
    )


def _points(overloads: Overloads, points: Points) -> int | None:
    load, load_basis, gross, gross_basis = overloads
    if points.by_registered_gross:
        return None if gross is None else points_for(gross, gross_basis, points)
    return None if load is None else points_for(load, load_basis, points)


def _police_notes(overloads: Overloads, vehicle: Vehicle, law: InForce) -> tuple[str, ...]:
    """Codes of what is missing; over the road's limit but not overloaded (U17) has no band."""
    notes = []
    if vehicle.approved_load is None:
        notes.append(review_codes.APPROVED_LOAD_UNKNOWN)
    if vehicle.kerb is None:
        notes.append(review_codes.KERB_UNKNOWN)
    if overloads.load_excess == 0:
        notes.append(review_codes.OVER_LIMIT_NOT_OVERLOAD)
    if overloads.gross_excess is None and law.points.by_registered_gross:
        notes.append(review_codes.POINTS_BASIS_UNKNOWN)
    return tuple(notes)


def _band(overloads: Overloads, law: InForce) -> Yuan | None:
    excess = overloads.load_excess
    if not excess:
        return None
    over = excess * 1000 > law.overload_boundary * overloads.load_basis
    return law.overload_upper if over else law.overload_lower


def _road_admin(fine: int | None, band: Yuan | None, competent: bool) -> RoadAdmin:
    """Put the amounts where they count: as fines, or as references where it may not fine."""
    if fine is None and band is None:
        return _NO_ROAD_ADMIN
    if competent:
        return RoadAdmin(fine, None, band, None)
    return RoadAdmin(None, fine, None, band)


_NOTHING = Penalties(Police(), _NO_ROAD_ADMIN, ())
