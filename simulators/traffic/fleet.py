"""Makes trucks: a drawing of the 认定标准, a lorry record that fits it, plates and papers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Final

from simulators.traffic.limits import Limits
from simulators.traffic.platemaker import PlateMaker
from simulators.traffic.records import Record, full_kg
from simulators.traffic.scenario import DRIVEN, STEERING, TYRES, Drawing, Scenario
from simulators.traffic.trucks import Truck, TruckAxle

_TWIN_STEER_MM: Final = (1800, 2100)
_TANDEM_MM: Final = (1300, 1400)
_TRIDEM_MM: Final = (1310, 1400)
_GAP_MM: Final = (2200, 9000)
"""Spacings of the drawn groups (GB 1589), so that the sum of the axle limits never binds."""
_TRIDEM: Final = 3

_KERB_OF_100: Final = (30, 38)
_LIGHT_KG: Final = 4500
_ELECTRIC_OF_100: Final = 6


@dataclass(frozen=True)
class FleetMaker:
    """Gives trucks one after another; equal seeds give equal fleets."""

    scenario: Scenario
    limits: Limits
    records: Sequence[Record]

    def fleet(self, seed: int) -> tuple[Truck, ...]:
        """Return ``fleet_size`` trucks, shuffled: each drawing by its share, none left out."""
        rng = random.Random(f"fleet {seed}")
        size = self.scenario.traffic.fleet_size
        drawings = list(self.scenario.drawings)
        shares = [drawing.share for drawing in drawings]
        drawn = drawings + rng.choices(drawings, weights=shares, k=size - len(drawings))
        rng.shuffle(drawn)
        plates = PlateMaker(rng, self.scenario.plate_regions)
        full = full_kg(self.records)
        return tuple(self.truck(drawing, rng, plates, full) for drawing in drawn)

    @cached_property
    def fitting(self) -> dict[str, list[Record]]:
        """Return the records that fit each drawing, by the drawing's id."""
        return {
            drawing.id: [
                record
                for record in self.records
                if "-".join(map(str, record.groups)) in drawing.records
                and (record.rigid or not drawing.rigid)
            ]
            for drawing in self.scenario.drawings
        }

    def truck(
        self,
        drawing: Drawing,
        rng: random.Random,
        plates: PlateMaker,
        full: Mapping[int, int],
    ) -> Truck:
        """Return one truck of *drawing* with the habits of a record that fits it."""
        record = rng.choice(self.fitting[drawing.id])
        traffic = self.scenario.traffic
        registered = self._registered_gross(drawing, rng)
        limit = self.limits.limit_kg(
            drawing.configuration,
            air_suspension=drawing.air,
            drive_axles=drawing.drive_axles,
            single_tyre_axles=drawing.single_tyre_axles,
            registered_gross_kg=registered,
        )
        registered = limit if registered is None else registered
        kerb = registered * rng.randint(*_KERB_OF_100) // 100
        light = registered <= _LIGHT_KG
        electric = rng.randrange(100) < _ELECTRIC_OF_100
        return Truck(
            drawing=drawing.id,
            configuration=drawing.configuration,
            kind=drawing.kind,
            axles=axles_of(drawing, record),
            air_suspension=drawing.air,
            length_mm=record.length_mm,
            plate=plates.small() if light else plates.electric() if electric else plates.tractor(),
            trailer_plate=plates.trailer() if drawing.trailer else None,
            registered_gross_kg=registered,
            approved_load_kg=registered - kerb,
            kerb_kg=kerb,
            limit_kg=limit,
            full_permille=min(1000, record.gross_kg * 1000 // full[len(record.axle_kg)]),
            # No drawing to be picked by hand has such trailers: their owners registered.
            in_register=drawing.single_tyre_axles > 0
            or rng.randrange(100) < traffic.registered_of_100,
            plate_hidden=rng.randrange(100) < traffic.hidden_plates_of_100,
        )

    def _registered_gross(self, drawing: Drawing, rng: random.Random) -> int | None:
        """Return 行驶证总质量 of a two-axle truck; the others are registered up to their limit."""
        if drawing.configuration != "TR-02":
            return None
        table = self.scenario.two_axle_registered_gross
        return rng.choices(list(table), weights=list(table.values()))[0]


def axles_of(drawing: Drawing, record: Record) -> tuple[TruckAxle, ...]:
    """Fit *record* to *drawing*: each group's load is spread over the drawing's axles of it."""
    shares = [
        (permille // len(run) + (place < permille % len(run)))
        for run, permille in zip(drawing.runs, record.group_permille(), strict=True)
        for place in range(len(run))
    ]
    spacings = [*_spacings(drawing, record), None]
    units = [
        (unit, number) for number, (unit, letters) in enumerate(drawing.groups, 1) for _ in letters
    ]
    return tuple(
        TruckAxle(
            unit=unit,
            group=group,
            driven=letter == DRIVEN,
            tyres=TYRES[letter],
            to_next_mm=spacing,
            load_permille=share,
        )
        for letter, (unit, group), spacing, share in zip(
            drawing.letters, units, spacings, shares, strict=True
        )
    )


def _spacings(drawing: Drawing, record: Record) -> list[int]:
    """Return the spacings of the drawing's axles, the record's own where they may stand."""
    within, between = _record_spacings(record)
    numbered = [(group, letters) for group in drawing.groups for letters in group[1]]
    ends = list(accumulate(len(letters) for _, letters in drawing.groups))
    spacings = []
    for at, ((_, letter), _) in enumerate(pairwise(numbered), 1):
        if letter == STEERING and at not in ends:
            spacings.append(_clamped(between.pop(0), _TWIN_STEER_MM))
        elif at in ends:
            spacings.append(_clamped(between.pop(0), _GAP_MM))
        else:
            spacings.append(_group_spacing(drawing, numbered[at][0], within))
    return spacings


def _group_spacing(drawing: Drawing, group: tuple[str, str], within: int) -> int:
    unit, letters = group
    if unit == "trailer" and drawing.trailer_spacing_mm is not None:
        return drawing.trailer_spacing_mm
    return _clamped(within, _TRIDEM_MM if len(letters) == _TRIDEM else _TANDEM_MM)


def _record_spacings(record: Record) -> tuple[int, list[int]]:
    """Return a spacing within a group, and the gaps between the groups in order."""
    ends = set(accumulate(record.groups))
    within = [gap for at, gap in enumerate(record.spacing_mm, 1) if at not in ends]
    between = [gap for at, gap in enumerate(record.spacing_mm, 1) if at in ends]
    return (within[0] if within else _TANDEM_MM[0]), between


def _clamped(value: int, bounds: tuple[int, int]) -> int:
    low, high = bounds
    return min(max(value, low), high)
