"""The verdict that a truck must get, from the simulators' own table of limits.

It shares no code and no number with the station's rules core: the demo holds one against the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from typing import Any, Final

import yaml


class Verdict(Enum):
    """What must come of a weighing."""

    LAWFUL = "lawful"  # 未超限, 放行
    WARNING = "warning"  # 警告后放行
    VIOLATION = "violation"  # 超限, 立案


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationLimit:
    """One row of the table, kg. None: the row has no such case."""

    limit_kg: int
    capped_by_registered_gross: bool = False
    air_suspension_kg: int | None = None
    single_drive_kg: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The table.

    Source: 《公路货运车辆超限超载认定标准》; 交通运输部令2016年第62号 第三条, 第四十三条.
    """

    warning_up_to_kg: int
    single_tyre_axle_kg: int
    configurations: Mapping[str, ConfigurationLimit]

    def limit_kg(
        self,
        configuration: str,
        *,
        air_suspension: bool,
        drive_axles: int,
        single_tyre_axles: int,
        registered_gross_kg: int | None,
    ) -> int:
        """Return the limit of one truck.

        Args:
            configuration: code of the drawing, e.g. ``TR-06-A``.
            air_suspension: of the drive axle, with dual tyres.
            drive_axles: of the motor unit.
            single_tyre_axles: trailer axles with single tyres that are not wide.
            registered_gross_kg: 行驶证总质量.
        """
        row = self.configurations[configuration]
        limit = row.limit_kg
        if air_suspension and row.air_suspension_kg is not None:
            limit = row.air_suspension_kg
        if drive_axles == 1 and row.single_drive_kg is not None:
            limit = row.single_drive_kg
        if row.capped_by_registered_gross and registered_gross_kg is not None:
            limit = min(limit, registered_gross_kg)
        return limit - single_tyre_axles * self.single_tyre_axle_kg

    def verdict(self, *, gross_kg: int, limit_kg: int) -> Verdict:
        """Return what must come of a first weighing (初检) at a station with both authorities."""
        excess = gross_kg - limit_kg
        if excess <= 0:
            return Verdict.LAWFUL
        return Verdict.WARNING if excess <= self.warning_up_to_kg else Verdict.VIOLATION


def load_limits() -> Limits:
    """Read the table from ``simulators/scenarios/limits.yaml``."""
    tree: dict[str, Any] = yaml.safe_load(scenario_text("limits.yaml"))
    rows = {code: ConfigurationLimit(**row) for code, row in tree.pop("configurations").items()}
    return Limits(configurations=rows, **tree)


def scenario_text(name: str) -> str:
    """Return the text of a file of ``simulators/scenarios``."""
    return files("simulators").joinpath("scenarios", name).read_text(encoding="utf-8")


DIVISION_KG: Final = 20
"""The scales' division (分度值): every weight on a platform is a multiple of it."""
