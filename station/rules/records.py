"""Facts as records: the shape that is sealed and that the command line reads. Strict both ways.

A record holds integers, strings, booleans and None. A key that is not known is an error, and so
is a number that is no integer: what was sealed must give the same verdict again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from station.domain.errors import InvalidFacts
from station.domain.units import Kg, Mm
from station.domain.vehicles import Axle, Tyres, Unit, Vehicle, VehicleKind
from station.rules.facts import Exemption, Facts, Mode, PermitNote
from station.rules.shape import MOST_AXLES

_AXLE_KEYS = frozenset({"unit", "group", "driven", "tyres", "weight_kg", "to_next_mm"})
_VEHICLE_KEYS = frozenset(
    {
        "kind",
        "axles",
        "air_suspension",
        "registered_gross_kg",
        "approved_load_kg",
        "kerb_kg",
    }
)
_FACTS_KEYS = _VEHICLE_KEYS | {
    "occurred_on",
    "decided_on",
    "mode",
    "gross_kg",
    "posted_limit_kg",
    "permit_gross_kg",
    "permit_notes",
    "exempt",
    "height_mm",
    "width_mm",
    "length_mm",
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_Word = TypeVar("_Word", bound=Enum)


def facts_record(facts: Facts) -> dict[str, Any]:
    """Turn *facts* into a record, every key present; see :func:`facts_from_record`."""
    return {
        "occurred_on": facts.occurred_on.isoformat(),
        "decided_on": None if facts.decided_on is None else facts.decided_on.isoformat(),
        "mode": facts.mode.value,
        **vehicle_to_record(facts.vehicle),
        "gross_kg": facts.gross,
        "posted_limit_kg": facts.posted_limit,
        "permit_gross_kg": facts.permit_gross,
        "permit_notes": [note.value for note in facts.permit_notes],
        "exempt": None if facts.exempt is None else facts.exempt.value,
        "height_mm": facts.height,
        "width_mm": facts.width,
        "length_mm": facts.length,
    }


def facts_from_record(record: Mapping[str, object]) -> Facts:
    """Parse a record of facts; optional keys may be left out.

    ``gross_kg`` None is the sum of the axle weights, which must then all be known.

    Raises:
        InvalidFacts: naming the key.
    """
    _known(record, _FACTS_KEYS)
    vehicle = vehicle_from_record(
        {key: value for key, value in record.items() if key in _VEHICLE_KEYS}
    )
    gross = _whole(record, "gross_kg")
    return Facts(
        occurred_on=_day(record, "occurred_on"),
        decided_on=None if record.get("decided_on") is None else _day(record, "decided_on"),
        mode=_word(record, "mode", Mode) or Mode.RESIDENT,
        vehicle=vehicle,
        gross=_summed(vehicle) if gross is None else Kg(gross),
        posted_limit=_kg(record, "posted_limit_kg"),
        permit_gross=_kg(record, "permit_gross_kg"),
        permit_notes=_notes(record),
        exempt=_word(record, "exempt", Exemption),
        height=_mm(record, "height_mm"),
        width=_mm(record, "width_mm"),
        length=_mm(record, "length_mm"),
    )


def vehicle_to_record(vehicle: Vehicle | None) -> dict[str, Any]:
    """Turn a vehicle into a record; a vehicle that is not known is all None."""
    if vehicle is None:
        return dict.fromkeys(sorted(_VEHICLE_KEYS))
    return {
        "kind": vehicle.kind.value,
        "axles": [
            {
                "unit": axle.unit.value,
                "group": axle.group,
                "driven": axle.driven,
                "tyres": None if axle.tyres is None else axle.tyres.value,
                "weight_kg": axle.weight,
                "to_next_mm": axle.to_next,
            }
            for axle in vehicle.axles
        ],
        "air_suspension": vehicle.air_suspension,
        "registered_gross_kg": vehicle.registered_gross,
        "approved_load_kg": vehicle.approved_load,
        "kerb_kg": vehicle.kerb,
    }


def vehicle_from_record(record: Mapping[str, object]) -> Vehicle | None:
    """Parse a vehicle; None when neither its kind nor its axles are told.

    Raises:
        InvalidFacts: naming the key; also a kind without axles and the other way round.
    """
    _known(record, _VEHICLE_KEYS)
    kind, axles = _word(record, "kind", VehicleKind), record.get("axles")
    if kind is None and axles is None:
        for key in sorted(_VEHICLE_KEYS):
            if record.get(key) is not None:
                raise InvalidFacts("told of a vehicle without kind and axles", field=key)
        return None
    if kind is None or not isinstance(axles, list | tuple):
        raise InvalidFacts("a vehicle has a kind and a list of axles", field="kind, axles")
    if len(axles) > MOST_AXLES:
        raise InvalidFacts(f"a vehicle has at most {MOST_AXLES} axles", field="axles")
    return Vehicle(
        kind=kind,
        axles=tuple(_axle(at, axle) for at, axle in enumerate(axles, 1)),
        air_suspension=_flag(record, "air_suspension"),
        registered_gross=_kg(record, "registered_gross_kg"),
        approved_load=_kg(record, "approved_load_kg"),
        kerb=_kg(record, "kerb_kg"),
    )


def _axle(at: int, record: object) -> Axle:
    if not isinstance(record, Mapping):
        raise InvalidFacts("an axle is an object", field=f"axles[{at}]")
    try:
        _known(record, _AXLE_KEYS)
        unit, group = _word(record, "unit", Unit), _whole(record, "group")
        if unit is None or group is None:
            raise InvalidFacts("unit and group are needed", field="unit, group")
        return Axle(
            unit=unit,
            group=group,
            driven=_flag(record, "driven") or False,
            tyres=_word(record, "tyres", Tyres),
            weight=_kg(record, "weight_kg"),
            to_next=_mm(record, "to_next_mm"),
        )
    except InvalidFacts as error:
        raise InvalidFacts(error.detail, **{**error.fields, "axle": at}) from None


def _summed(vehicle: Vehicle | None) -> Kg:
    weights = [axle.weight for axle in vehicle.axles] if vehicle is not None else []
    known = [weight for weight in weights if weight is not None]
    if not known or len(known) != len(weights):
        raise InvalidFacts("neither a gross mass nor the weight of every axle", field="gross_kg")
    return Kg(sum(known))


def _known(record: Mapping[str, object], allowed: frozenset[str]) -> None:
    for key in record:
        if key not in allowed:
            raise InvalidFacts("unknown key", field=str(key))


def _day(record: Mapping[str, object], key: str) -> date:
    text = record.get(key)
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        raise InvalidFacts("a day YYYY-MM-DD is needed", field=key)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidFacts("no such day", field=key) from None


def _whole(record: Mapping[str, object], key: str) -> int | None:
    value = record.get(key)
    if value is not None and type(value) is not int:
        raise InvalidFacts("a whole number is needed", field=key)
    return value


def _kg(record: Mapping[str, object], key: str) -> Kg | None:
    value = _whole(record, key)
    return None if value is None else Kg(value)


def _mm(record: Mapping[str, object], key: str) -> Mm | None:
    value = _whole(record, key)
    return None if value is None else Mm(value)


def _flag(record: Mapping[str, object], key: str) -> bool | None:
    value = record.get(key)
    if value is not None and not isinstance(value, bool):
        raise InvalidFacts("true or false is needed", field=key)
    return value


def _notes(record: Mapping[str, object]) -> tuple[PermitNote, ...]:
    told = record.get("permit_notes")
    if told is None:
        return ()
    if not isinstance(told, list | tuple):
        raise InvalidFacts("a list of words", field="permit_notes")
    try:
        return tuple(PermitNote(one) for one in told)
    except ValueError:
        known = ", ".join(word.value for word in PermitNote)
        raise InvalidFacts(f"must be of {known}", field="permit_notes") from None


def _word(record: Mapping[str, object], key: str, words: type[_Word]) -> _Word | None:
    value = record.get(key)
    if value is None:
        return None
    try:
        return words(value)
    except ValueError:
        known = ", ".join(word.value for word in words)
        raise InvalidFacts(f"must be one of {known}", field=key, value=str(value)[:40]) from None
