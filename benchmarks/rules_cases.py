"""The questions that every engine of the rules benchmark is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from station.domain.units import Kg, Mm
from station.domain.vehicles import Vehicle
from station.rules.batch import Columns
from station.rules.batch_cells import Cells
from station.rules.drawings import DRAWINGS
from station.rules.facts import Facts, Mode
from station.rules.lawbook import LawBook
from station.rules.over_limit import limit_of
from station.rules.shape import limit_key

DAY = date(2026, 3, 1)
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Question:
    """One bare look-up: the limit (kg) of a prepared vehicle on one day."""

    name: str
    vehicle: Vehicle
    key: str
    limit: int


def questions(law: LawBook) -> tuple[Question, ...]:
    """Return a look-up for every drawing of the standard."""
    asked = []
    for name, drawing in DRAWINGS.items():
        key = limit_key(drawing.vehicle)
        limit = limit_of(drawing.vehicle, key, law.on(DAY)).kg
        asked.append(Question(name, drawing.vehicle, key, limit))
    return tuple(asked)


def decisions() -> dict[str, Facts]:
    """Return facts that end in every kind of verdict, by what is special about them."""
    six = replace(
        DRAWINGS["TR-06-A/6x4"].vehicle,
        registered_gross=Kg(49_000),
        approved_load=Kg(33_000),
        kerb=Kg(15_500),
    )
    truck = replace(DRAWINGS["TR-03-R/6x2-twin"].vehicle, registered_gross=Kg(25_000))
    unsure = replace(six, air_suspension=None)

    def facts(vehicle: Vehicle, gross: int, **more: object) -> Facts:
        return Facts(occurred_on=DAY, vehicle=vehicle, gross=Kg(gross), **more)  # type: ignore[arg-type]

    return {
        "lawful": facts(six, 48_200),
        "lawful, lighter truck": facts(truck, 24_000),
        "warning": facts(six, 49_800),
        "violation, police": facts(six, 63_000),
        "violation, police, band of 30 %": facts(six, 58_000),
        "violation, road administration": facts(six, 55_400, mode=Mode.ROAD_ADMIN_ALONE),
        "violation, off site": facts(truck, 31_000, mode=Mode.OFFSITE),
        "single tyres": facts(DRAWINGS["TR-06-A/6x4-single"].vehicle, 47_000),
        "contested band": facts(DRAWINGS["TR-05-A/4x2"].vehicle, 43_500),
        "suspension not known": facts(unsure, 52_000),
        "sign of the road": facts(truck, 20_500, posted_limit=Kg(20_000)),
        "permit": facts(six, 80_000, permit_gross=Kg(85_000)),
        "too high and too wide": facts(six, 48_000, height=Mm(4_200), width=Mm(2_700)),
        "expressway entry": facts(six, 51_450, mode=Mode.EXPRESSWAY_ENTRY),
        "expressway entry refused": facts(six, 51_451, mode=Mode.EXPRESSWAY_ENTRY),
        "milder law": replace(
            facts(six, 63_000), occurred_on=date(2022, 3, 31), decided_on=date(2022, 4, 20)
        ),
    }


def vehicles() -> tuple[Vehicle, ...]:
    """Return the list of vehicles of the bulk history: every drawing."""
    return tuple(drawing.vehicle for drawing in DRAWINGS.values())


def steps(law: LawBook) -> dict[str, list[int]]:
    """Return the cells of :func:`vehicles` on the day: what the other engines are given ready."""
    place = DAY.toordinal() - EPOCH
    held = Cells(law, tuple(vehicles())).rows(place, place, entries=False, signs=False).steps
    tops = dict(zip(("lawful", "warned", "reviewed"), held.tops.tolist(), strict=False))
    return {"limit": held.limit.tolist(), **tops}


def history(rows: int) -> Columns:
    """Draw *rows* passages of one year: most below their limit, one in ten near it or above."""
    rng = np.random.default_rng(20260301)
    held = vehicles()
    vehicle = rng.integers(0, len(held), rows, dtype=np.uint16)
    axles = np.array([len(one.axles) for one in held], np.int32)[vehicle]
    gross = axles * rng.integers(2_000, 9_800, rows, dtype=np.int32)
    first = date(2025, 7, 1).toordinal() - EPOCH
    return Columns(
        day=rng.integers(first, first + 365, rows, dtype=np.int32), vehicle=vehicle, gross=gross
    )


def save(columns: Columns, folder: Path) -> None:
    """Write what the engine of another process needs."""
    np.save(folder / "vehicle.npy", columns.vehicle)
    np.save(folder / "gross.npy", columns.gross)
