"""``scenarios/fleet.yaml`` as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from simulators.traffic.limits import scenario_text

STEERING = "s"
DRIVEN = "D"
TYRES = {"s": "single", "D": "dual", "d": "dual", "w": "wide", "n": "single"}


@dataclass(frozen=True)
class Drawing:
    """One kind of truck: see the head of ``fleet.yaml`` for its letters."""

    id: str
    configuration: str
    kind: str
    motor: str
    share: int
    trailer: str = ""
    air: bool = False
    rigid: bool = False
    trailer_spacing_mm: int | None = None
    records: tuple[str, ...] = ()

    @cached_property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """Return (unit, letters) of each axle group, from the front."""
        motor = [("motor", letters) for letters in self.motor.split()]
        trailer = [("trailer", letters) for letters in self.trailer.split()]
        return tuple(motor + trailer)

    @cached_property
    def runs(self) -> tuple[str, ...]:
        """Return the letters that one group of a record stands for: steering axles go singly."""
        return tuple(
            run
            for _, letters in self.groups
            for run in (letters if letters[0] == STEERING else (letters,))
        )

    @cached_property
    def letters(self) -> str:
        """Return all axles' letters, from the front."""
        return "".join(self.runs)

    @property
    def drive_axles(self) -> int:
        """Return the number of drive axles."""
        return self.letters.count(DRIVEN)

    @property
    def single_tyre_axles(self) -> int:
        """Return the number of trailer axles with single tyres that are not wide."""
        return self.letters.count("n")


@dataclass(frozen=True)
class Traffic:
    """How dense and how lawful the traffic is."""

    trucks_per_hour: int
    violation_in: int
    warning_in: int
    registered_of_100: int
    hidden_plates_of_100: int
    unload_twice_of_100: int
    fleet_size: int
    habitual_offenders: int


@dataclass(frozen=True)
class Scenario:
    """Everything in the file."""

    drawings: tuple[Drawing, ...]
    two_axle_registered_gross: Mapping[int, int]
    traffic: Traffic
    plate_regions: Mapping[str, int]
    pauses_s: Mapping[str, int] = field(default_factory=dict)


def load_scenario() -> Scenario:
    """Read ``simulators/scenarios/fleet.yaml``."""
    tree: dict[str, Any] = yaml.safe_load(scenario_text("fleet.yaml"))
    drawings = tuple(
        Drawing(
            **{key: value for key, value in row.items() if key != "from"},
            records=tuple(row["from"]),
        )
        for row in tree.pop("drawings")
    )
    return Scenario(drawings=drawings, traffic=Traffic(**tree.pop("traffic")), **tree)
