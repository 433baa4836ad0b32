"""The facts that a verdict is given on: checked once, when they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from station.domain.errors import InvalidFacts
from station.domain.units import Kg, Mm
from station.domain.vehicles import Vehicle
from station.rules import review_codes
from station.rules.shape import HEAVIEST, limit_key

LARGEST = Mm(100_000)


class Mode(Enum):
    """How the vehicle was checked; it settles who may penalise."""

    RESIDENT = "resident"  # 驻站联合执法
    MOBILE = "mobile"  # 流动联合执法
    ROAD_ADMIN_ALONE = "road_admin_alone"  # 公路管理机构单独检查
    OFFSITE = "offsite"  # 非现场执法
    EXPRESSWAY_ENTRY = "expressway_entry"  # 高速公路入口称重


class Exemption(Enum):
    """A vehicle conforming to GB 1589 that 令62号 art 3 para 2(5) does not treat as over-limit."""

    REFRIGERATED = "refrigerated"  # 冷藏车
    SPECIAL_PURPOSE = "special_purpose"  # 专用作业车


class PermitNote(Enum):
    """What is to be said of a permit (超限运输车辆通行证), or of there being none, in a verdict."""

    OTHER_DAYS = review_codes.PERMIT_OTHER_DAYS
    OTHER_ROUTE = review_codes.PERMIT_OTHER_ROUTE
    OTHER_TRAILER = review_codes.PERMIT_OTHER_TRAILER
    TRAILER_UNREAD = review_codes.PERMIT_TRAILER_UNREAD
    ROUTE_IN_WORDS = review_codes.PERMIT_ROUTE
    UNCHECKED = review_codes.PERMIT_UNCHECKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one passage.

    Attributes:
        occurred_on: local date of the passage.
        decided_on: local date of the penalty decision, once there is one.
        vehicle: None when neither register nor officer has told.
        gross: 车货总质量, kg, of the first weighing (初检) on the certified scale.
        posted_limit: kg on the road's own sign (限载标志).
        permit_gross: kg of a permit (超限运输车辆通行证) already verified for this transport.
        permit_notes: what else is known, or is not, of permits.
        exempt: only what was verified counts.
        height, width, length: mm, vehicle and load together, from the ground.
        limit_key, mode_word, measured: read from the others once; deciding only looks up.

    Raises:
        InvalidFacts: a value out of range, or axles that contradict one another.
    """

    occurred_on: date
    vehicle: Vehicle | None
    gross: Kg
    decided_on: date | None = None
    mode: Mode = Mode.RESIDENT
    posted_limit: Kg | None = None
    permit_gross: Kg | None = None
    permit_notes: tuple[PermitNote, ...] = ()
    exempt: Exemption | None = None
    height: Mm | None = None
    width: Mm | None = None
    length: Mm | None = None
    limit_key: str | None = field(init=False, repr=False, compare=False)
    mode_word: str = field(init=False, repr=False, compare=False)
    measured: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.decided_on is not None and self.decided_on < self.occurred_on:
            raise InvalidFacts("decided before it occurred", field="decided_on")
        _in_range("gross_kg", self.gross, HEAVIEST)
        for name, mass in (
            ("posted_limit_kg", self.posted_limit),
            ("permit_gross_kg", self.permit_gross),
        ):
            _in_range(name, mass, HEAVIEST)
        for name, size in (
            ("height_mm", self.height),
            ("width_mm", self.width),
            ("length_mm", self.length),
        ):
            _in_range(name, size, LARGEST)
        if self.vehicle is not None:
            for name, mass in (
                ("registered_gross_kg", self.vehicle.registered_gross),
                ("approved_load_kg", self.vehicle.approved_load),
                ("kerb_kg", self.vehicle.kerb),
            ):
                _in_range(name, mass, HEAVIEST)
        key = None if self.vehicle is None else limit_key(self.vehicle)
        object.__setattr__(self, "limit_key", key)
        object.__setattr__(self, "mode_word", self.mode.value)
        sizes = (self.height, self.width, self.length)
        object.__setattr__(self, "measured", sizes != (None, None, None))


def _in_range(name: str, value: int | None, most: int) -> None:
    if value is not None and not 0 < value <= most:
        raise InvalidFacts(f"must be from 1 to {most}", field=name, value=value)
