"""A limit that was found, with its neighbours under other readings of law and facts."""

from __future__ import annotations

from typing import NamedTuple

from station.domain.units import Kg
from station.rules.verdict import Reason


class Limit(NamedTuple):
    """The limit of one vehicle on one road, and its neighbours that settle a review.

    Attributes:
        code: of the configuration; None where the registered mass is the limit.
        kg: the limit: drawing, adjustments, and every cap.
        firm: the same without numbers that are only recalled.
        order62: ``firm`` by 令62号 instead of the drawing.
        most: ``firm`` if what is not known were in the driver's favour; ``least``: against.
        other_mode: ``firm`` with single tyres counted the other way (C4).
        missing: codes of what is not known between ``least`` and ``most``.
        notes: codes that accompany the limit in any case.
        undisputed: every reading of law and facts gives this one limit.
        lowest: of all readings; up to it nothing is in question.
    """

    code: str | None
    kg: Kg
    firm: Kg
    order62: Kg
    most: Kg
    least: Kg
    other_mode: Kg
    reasons: tuple[Reason, ...]
    compare: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    undisputed: bool = True
    lowest: Kg = Kg(0)
