"""Number plates (机动车号牌, GA 36-2018): the value, its kinds and its grammar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class PlateColour(Enum):
    """Ground colour of a plate; the value is the word used in records and on the wire."""

    YELLOW = "yellow"  # 大型汽车, 挂车
    BLUE = "blue"  # 小型汽车
    GREEN = "green"  # 小型新能源: gradient green
    YELLOW_GREEN = "yellow_green"  # 大型新能源: yellow and green
    WHITE = "white"  # 警用
    BLACK = "black"  # 使领馆, 港澳
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate as text and ground colour. ``number`` is e.g. ``蒙L12345`` or ``蒙L1234挂``."""

    number: str
    colour: PlateColour = PlateColour.UNKNOWN

    @property
    def is_trailer(self) -> bool:
        """Tell whether this is a trailer's plate (挂车号牌): tractor and trailer carry their own."""
        return self.number.endswith("挂")
