"""What a truck is: its axles, plates and papers. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from station.domain.plates import Plate


@dataclass(frozen=True, slots=True, kw_only=True)
class TruckAxle:
    """One axle, from the front.

    Attributes:
        unit: ``motor`` or ``trailer``.
        tyres: ``single``, ``dual`` or ``wide``.
        to_next_mm: to the next axle, None for the last.
        load_permille: its share of the gross mass.
    """

    unit: str
    group: int
    driven: bool
    tyres: str
    to_next_mm: int | None
    load_permille: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truck:
    """One truck or combination as it really is: the truth that a station has to find.

    Attributes:
        drawing: its name in ``scenarios/fleet.yaml``.
        limit_kg: by the simulators' own table.
        registered_gross_kg, approved_load_kg, kerb_kg: 行驶证总质量, 核定载质量, 整备质量 (of the
            whole combination).
        full_permille: how full it runs when its load is lawful, of the limit.
        in_register: whether the stations' vehicle register knows it.
        plate_hidden: mud or a cloth on the tractor's plate: no camera can read it.
    """

    drawing: str
    configuration: str
    kind: str
    axles: tuple[TruckAxle, ...]
    air_suspension: bool
    length_mm: int
    plate: Plate
    trailer_plate: Plate | None
    registered_gross_kg: int
    approved_load_kg: int
    kerb_kg: int
    limit_kg: int
    full_permille: int
    in_register: bool
    plate_hidden: bool

    def known_to(self, *, in_register: bool, plate_hidden: bool) -> Truck:
        """Return the same truck with what registers and cameras know of it."""
        return replace(self, in_register=in_register, plate_hidden=plate_hidden)

    @property
    def facts(self) -> dict[str, Any]:
        """Return the vehicle as the rules' facts and the vehicle register state it."""
        return {
            "kind": self.kind,
            "axles": [
                {
                    "unit": axle.unit,
                    "group": axle.group,
                    "driven": axle.driven,
                    "tyres": axle.tyres,
                    "weight_kg": None,
                    "to_next_mm": axle.to_next_mm,
                }
                for axle in self.axles
            ],
            "air_suspension": self.air_suspension,
            "registered_gross_kg": self.registered_gross_kg,
            "approved_load_kg": self.approved_load_kg,
            "kerb_kg": self.kerb_kg,
        }

    @property
    def register_line(self) -> dict[str, Any]:
        """Return its line in a station's ``vehicles.jsonl``."""
        return {
            "plate": self.plate.number,
            "colour": self.plate.colour.value,
            "vehicle": self.facts,
        }
