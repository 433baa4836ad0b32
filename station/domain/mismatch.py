"""A vehicle not as the standard or its licence says (车辆不符): seen and passed on, not fined.

Road administration writes it down and the police of the vehicle's home are told; what follows is
theirs.

Source: 《超限运输车辆行驶公路管理规定》 (令2016年第62号); which article it is, is disputed (C2).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from station.domain.errors import InvalidFacts


class Mismatch(Enum):
    """With what the vehicle does not agree."""

    STANDARD = "standard"  # 与 GB 1589 不符
    LICENCE = "licence"  # 与行驶证记载不符


class Subject(Enum):
    """Which of the two vehicles: each has its own plate and licence."""

    TRACTOR = "tractor"  # 牵引车或者载货汽车
    TRAILER = "trailer"  # 挂车


def check_mismatch(subject: str, kinds: Sequence[str], facts: str) -> None:
    """Refuse what says nothing.

    Raises:
        InvalidFacts: no such vehicle or kind, none or one twice, or nobody said what was seen.
    """
    if subject not in {one.value for one in Subject}:
        raise InvalidFacts("no such vehicle", field="subject", why="no_subject")
    known = {one.value for one in Mismatch}
    if not kinds or len(set(kinds)) < len(kinds) or not known.issuperset(kinds):
        raise InvalidFacts("no kind of mismatch", field="kinds", why="no_mismatch")
    if not facts.strip():
        raise InvalidFacts("nothing is said of it", field="facts", why="empty")


def home_of(plate: str) -> str:
    """Return whose police are told: province and letter of the issuing office, ``蒙L``."""
    return plate[:2]
