"""The openfisca-core side of the benchmark, run by the interpreter of its own environment.

Reads JSON lines from standard input and answers each with one: ``{"single": names}``,
``{"bulk": folder}``, ``{"time": "single"|"bulk"}``. Imports nothing of this project.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.indexed_enums import Enum
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

DAY = "2026-03-01"
STEPS = ("limit", "lawful", "warned", "reviewed")


def tax_benefit_system(table: dict[str, list[int]]) -> TaxBenefitSystem:
    """Write the table (step -> kg of each configuration) as dated parameters and formulas."""
    count = len(table["limit"])
    names = [f"c{place}" for place in range(count)]
    vehicle = build_entity(key="vehicle", plural="vehicles", label="vehicle", is_person=True)
    configurations = Enum("Configuration", {name: name for name in names})

    def number(name: str, formula: object = None) -> type:
        more = {} if formula is None else {"formula": formula}
        return type(
            name,
            (Variable,),
            {"value_type": int, "entity": vehicle, "definition_period": DateUnit.DAY, **more},
        )

    def step(name, vehicles, period, parameters):
        # Indexing a parameter node by an Enum goes element by element; an array of it does not.
        held = parameters(period)[name]
        kg = np.array([held[configuration] for configuration in names], np.int32)
        return kg[vehicles("configuration", period).view(np.ndarray)]

    def limit(vehicles, period, parameters):
        return step("limit", vehicles, period, parameters)

    def excess(vehicles, period):
        return np.maximum(vehicles("gross", period) - vehicles("limit", period), 0)

    def verdict(vehicles, period, parameters):
        gross = vehicles("gross", period)
        return sum(
            (gross > step(name, vehicles, period, parameters)).astype(np.uint8)
            for name in STEPS[1:]
        )

    system = TaxBenefitSystem([vehicle])
    system.parameters = ParameterNode(
        "",
        data={
            step: {
                name: {"values": {"2016-09-21": {"value": kg}}}
                for name, kg in zip(names, table[step], strict=True)
            }
            for step in STEPS
        },
    )
    system.add_variable(
        type(
            "configuration",
            (Variable,),
            {
                "value_type": Enum,
                "possible_values": configurations,
                "default_value": configurations.c0,
                "entity": vehicle,
                "definition_period": DateUnit.DAY,
            },
        )
    )
    system.add_variable(number("gross"))
    for name, formula in (("limit", limit), ("excess", excess), ("verdict", verdict)):
        system.add_variable(number(name, formula))
    return system


class Peer:
    """Answers the benchmark's questions."""

    def __init__(self, table: dict[str, list[int]]) -> None:
        self.system = tax_benefit_system(table)
        self.places = list(range(len(table["limit"])))
        self.vehicle = np.zeros(0, np.int32)
        self.gross = np.zeros(0, np.int32)

    def limit(self, place: int) -> int:
        """Return one limit."""
        simulation = SimulationBuilder().build_default_simulation(self.system, 1)
        simulation.set_input("configuration", DAY, np.array([place]))
        return int(simulation.calculate("limit", DAY)[0])

    def bulk(self) -> tuple[np.ndarray, ...]:
        """Return limit, excess and verdict of every record."""
        simulation = SimulationBuilder().build_default_simulation(self.system, len(self.gross))
        simulation.set_input("configuration", DAY, self.vehicle)
        simulation.set_input("gross", DAY, self.gross)
        return tuple(simulation.calculate(name, DAY) for name in ("limit", "excess", "verdict"))

    def answer(self, question: dict) -> dict:
        """Answer one question."""
        if question.get("ask") == "limits":
            return {"limits": [self.limit(place) for place in self.places]}
        if question.get("ask") == "time_single":
            begun = time.perf_counter()
            for place in self.places:
                self.limit(place)
            return {"seconds": (time.perf_counter() - begun) / len(self.places)}
        if question.get("ask") == "load":
            folder = Path(question["folder"])
            self.vehicle = np.load(folder / "vehicle.npy").astype(np.int32)
            self.gross = np.load(folder / "gross.npy")
            return {}
        begun = time.perf_counter()
        found = self.bulk()
        taken = time.perf_counter() - begun
        digest = hashlib.sha256()
        for column, kind in zip(found, (np.int32, np.int32, np.uint8), strict=True):
            digest.update(np.ascontiguousarray(column, kind))
        return {"seconds": taken, "digest": digest.hexdigest()}


def main() -> None:
    """Answer until standard input ends; the first line is the table."""
    peer = Peer(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(peer.answer(json.loads(line))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
