"""The vehicle as the law looks at it: axles, tyres, suspension, registered masses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from station.domain.units import Kg, Mm


class VehicleKind(Enum):
    """Kinds that the limits distinguish."""

    TRUCK = "truck"  # 载货汽车
    ARTICULATED = "articulated"  # 铰接列车 (半挂)
    CENTRE_AXLE = "centre_axle"  # 中置轴挂车列车
    FULL_TRAILER = "full_trailer"  # 全挂汽车列车
    TRACTOR = "tractor"  # 拖拉机
    LOW_SPEED = "low_speed"  # 低速货车, 农用车


class Tyres(Enum):
    """Tyres at each end of an axle."""

    SINGLE = "single"  # 单轮
    DUAL = "dual"  # 双轮
    WIDE = "wide"  # 宽胎, of the nominal width that the standard asks for


class Unit(Enum):
    """Which unit of a combination an axle belongs to."""

    MOTOR = "motor"  # 汽车, 牵引车
    TRAILER = "trailer"  # 挂车


@dataclass(frozen=True, slots=True, kw_only=True)
class Axle:
    """One axle (轴), from the front of the vehicle.

    Attributes:
        group: number of the axle group (轴组) within the vehicle, from 1.
        driven: a drive axle (驱动轴).
        tyres: None when not known.
        weight: kg, when the scale tells axles apart.
        to_next: mm to the next axle, None for the last or when unknown.
    """

    unit: Unit
    group: int
    driven: bool = False
    tyres: Tyres | None = Tyres.DUAL
    weight: Kg | None = None
    to_next: Mm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What must be known of a vehicle before its limit is known.

    A static scale and a camera know none of it: it comes from the register (车辆登记) or from an
    officer who looked. ``None`` means not known.

    Attributes:
        registered_gross: 行驶证总质量, kg.
        approved_load: 核定载质量, kg.
        kerb: 整备质量, kg (of the whole combination).
    """

    kind: VehicleKind
    axles: tuple[Axle, ...]
    air_suspension: bool | None = None
    registered_gross: Kg | None = None
    approved_load: Kg | None = None
    kerb: Kg | None = None
