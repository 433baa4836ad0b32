"""Shapes of what is told: saved, alarmed, live."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from station.api.schemas.base import Shape
from station.api.schemas.cases import CaseOut
from station.api.schemas.devices import LaneOut
from station.api.schemas.passages import PassageOut


class AlarmOut(Shape):
    """Live message ``alarm``, and ``GET /api/alarms``: device faults, full disk, changed weight."""

    code: str
    message: str
    at: datetime
    device: str


class Saved(Shape):
    """What was asked for is durable; ``receipt`` as in :class:`PassageOut`."""

    receipt: str


class LiveOut(Shape):
    """A frame on ``WS /api/live`` (session cookie needed).

    ``kind`` is ``lane`` (:class:`LaneOut`), ``passage`` (:class:`PassageOut`), ``case``
    (:class:`CaseOut`) or ``alarm`` (:class:`AlarmOut`). The first frame is always a ``lane``.
    """

    kind: Literal["lane", "passage", "case", "alarm"]
    data: LaneOut | PassageOut | CaseOut | AlarmOut
