"""The standard drawings (图例): whole vehicles that an officer can pick by looking at the truck.

A drawing fixes what no scale and no camera tells: which axles are driven, the tyres, the groups
and their usual spacings, the suspension. Spacings are those of common vehicles, not measured ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from station.domain.units import Mm
from station.domain.vehicles import Axle, Tyres, Unit, Vehicle, VehicleKind
from station.rules.codes import Configuration

_TYRES = {"S": Tyres.SINGLE, "D": Tyres.DUAL, "W": Tyres.WIDE, "X": Tyres.DUAL}
_DRIVEN = "X"
_KINDS = {
    "R": VehicleKind.TRUCK,
    "A": VehicleKind.ARTICULATED,
    "C": VehicleKind.CENTRE_AXLE,
    "F": VehicleKind.FULL_TRAILER,
}
_TOKEN = re.compile(r"[SDWX]|[0-9]+|[-/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One drawing to pick from.

    Attributes:
        id: stable, e.g. ``TR-06-A/6x4``; the part after ``/`` is wheels x driven wheels of the
            motor unit and what else sets it apart.
        title: Chinese, for the console.
        vehicle: axles without weights; registered masses are not known.
    """

    id: str
    title: str
    configuration: Configuration
    vehicle: Vehicle

    @property
    def drive_axles(self) -> int:
        """Number of drive axles."""
        return sum(axle.driven for axle in self.vehicle.axles)


# Axles from the front: S single tyres, D dual, W wide, X driven with dual tyres. "-1350-" is a
# spacing within a group, " 3300 " one between groups, "/ 6000 /" the one to the trailer.
_TABLE = """
TR-02/4x2           | 二轴载货汽车(4×2)                       | S 4500 X
TR-03-R/6x4         | 三轴载货汽车(6×4)                       | S 3800 X-1350-X
TR-03-R/6x4-air     | 三轴载货汽车(6×4,空气悬架)             | S 3800 X-1350-X
TR-03-R/6x2         | 三轴载货汽车(6×2,后随动轴)             | S 4300 X-1350-D
TR-03-R/6x2-twin    | 三轴载货汽车(6×2,双转向轴)             | S-1850-S 4000 X
TR-03-A/4x2         | 三轴铰接列车(4×2牵引车、一轴半挂车)     | S 3300 X / 6000 / D
TR-03-C/4x2         | 三轴中置轴挂车列车(4×2货车、一轴挂车)   | S 4500 X / 5500 / D
TR-04-R/8x4         | 四轴载货汽车(8×4)                       | S-1850-S 3400 X-1350-X
TR-04-R/8x4-air     | 四轴载货汽车(8×4,空气悬架)             | S-1850-S 3400 X-1350-X
TR-04-R/8x2         | 四轴载货汽车(8×2)                       | S-1850-S 3900 X-1350-D
TR-04-A/4x2         | 四轴铰接列车(4×2牵引车、二轴半挂车)     | S 3300 X / 6000 / D-1310-D
TR-04-A/4x2-air     | 四轴铰接列车(4×2空气悬架牵引车、轴距1.8米以上二轴半挂车) | S 3300 X / 6000 / D-1820-D
TR-04-C/4x2         | 四轴中置轴挂车列车(4×2货车、二轴挂车)   | S 4500 X / 5500 / D-1310-D
TR-04-C/6x4         | 四轴中置轴挂车列车(6×4货车、一轴挂车)   | S 3800 X-1350-X / 5500 / D
TR-04-F/4x2         | 四轴全挂汽车列车(4×2货车、二轴挂车)     | S 4500 X / 3500 / D 4000 D
TR-05-A/6x4         | 五轴铰接列车(6×4牵引车、二轴半挂车)     | S 3300 X-1350-X / 6000 / D-1310-D
TR-05-A/6x2         | 五轴铰接列车(6×2牵引车、二轴半挂车)     | S 3000 X-1350-D / 6000 / D-1310-D
TR-05-A/4x2         | 五轴铰接列车(4×2牵引车、三轴半挂车)     | S 3300 X / 6000 / D-1310-D-1310-D
TR-05-C/6x4         | 五轴中置轴挂车列车(6×4货车、二轴挂车)   | S 3800 X-1350-X / 5500 / D-1310-D
TR-05-F/6x4         | 五轴全挂汽车列车(6×4货车、二轴挂车)     | S 3800 X-1350-X / 3500 / D 4000 D
TR-05-F/4x2         | 五轴全挂汽车列车(4×2货车、三轴挂车)     | S 4500 X / 3500 / D 4000 D-1310-D
TR-06-A/6x4         | 六轴铰接列车(6×4牵引车,双驱动轴)       | S 3300 X-1350-X / 6000 / D-1310-D-1310-D
TR-06-A/6x4-wide    | 六轴铰接列车(6×4牵引车,挂车装宽胎)     | S 3300 X-1350-X / 6000 / W-1310-W-1310-W
TR-06-A/6x4-single  | 六轴铰接列车(6×4牵引车,挂车装单胎)     | S 3300 X-1350-X / 6000 / S-1310-S-1310-S
TR-06-A/6x2         | 六轴铰接列车(6×2牵引车,单驱动轴)       | S 3000 X-1350-D / 6000 / D-1310-D-1310-D
TR-06-A/6x2-twin    | 六轴铰接列车(6×2双转向轴牵引车,单驱动轴) | S-1850-S 3000 X / 6000 / D-1310-D-1310-D
TR-06-C/6x4         | 六轴中置轴挂车列车(6×4货车、三轴挂车)   | S 3800 X-1350-X / 5500 / D-1310-D-1310-D
TR-06-C/6x2         | 六轴中置轴挂车列车(6×2货车、三轴挂车)   | S 4300 X-1350-D / 5500 / D-1310-D-1310-D
TR-06-C/8x4         | 六轴中置轴挂车列车(8×4货车、二轴挂车)   | S-1850-S 3400 X-1350-X / 5500 / D-1310-D
TR-06-C/8x2         | 六轴中置轴挂车列车(8×2货车、二轴挂车)   | S-1850-S 3900 X-1350-D / 5500 / D-1310-D
TR-06-F/6x4         | 六轴全挂汽车列车(6×4货车、三轴挂车)     | S 3800 X-1350-X / 3500 / D 4000 D-1310-D
TR-06-F/6x2         | 六轴全挂汽车列车(6×2货车、三轴挂车)     | S 4300 X-1350-D / 3500 / D 4000 D-1310-D
"""  # noqa: E501


def _drawings() -> Iterator[Drawing]:
    for line in _TABLE.strip().splitlines():
        name, title, axles = (cell.strip() for cell in line.split("|"))
        code = Configuration(name.partition("/")[0])
        kind = _KINDS.get(code.value[-1], VehicleKind.TRUCK)
        yield Drawing(
            id=name,
            title=title,
            configuration=code,
            vehicle=Vehicle(kind=kind, axles=_axles(axles), air_suspension=name.endswith("-air")),
        )


def _axles(drawn: str) -> tuple[Axle, ...]:
    axles: list[Axle] = []
    unit, group, spacing, joined = Unit.MOTOR, 1, None, False
    for mark in _TOKEN.findall(drawn):
        if mark == "-":
            joined = True
        elif mark == "/":
            unit = Unit.TRAILER
        elif mark.isdigit():
            spacing = Mm(int(mark))
        else:
            if axles:
                axles[-1] = _before(axles[-1], spacing)
                group += not joined
            axles.append(Axle(unit=unit, group=group, driven=mark == _DRIVEN, tyres=_TYRES[mark]))
            joined = False
    return tuple(axles)


def _before(axle: Axle, spacing: Mm | None) -> Axle:
    return Axle(
        unit=axle.unit, group=axle.group, driven=axle.driven, tyres=axle.tyres, to_next=spacing
    )


DRAWINGS: Mapping[str, Drawing] = MappingProxyType({item.id: item for item in _drawings()})
"""Every drawing by its id, in the order of the console's list."""
