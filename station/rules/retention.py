"""How long is kept what no case needs any more (保存期), by the law data."""

from __future__ import annotations

from datetime import date
from typing import Final

from station.rules.deadlines import months_later
from station.rules.lawbook import LawBook

RECORDINGS: Final = "retention.transport_recording"
"""Recordings that no case refers to, from the day on which they were made."""

DRIVER_COUNT: Final = "retention.driver_count"
"""Who drove, from the day of the act: for so long the act may count against him."""

PERSONAL: Final = "retention.personal"
"""What acts say of persons, from the day on which the case was closed."""


ACCESSES: Final = "retention.access_log"
"""Refused accesses, from their local day: they hold certificate numbers and addresses."""


def first_day_kept(today: date, months: int) -> date:
    """Return the day *months* before *today*: what is of that day is kept, what before is not."""
    return months_later(today, -months)


def months_kept(law: LawBook, key: str, today: date, longer: int = 0) -> int:
    """Return for how many months something is kept: never shorter than the law data says.

    Raises:
        NoLawInForce: before the first day of the rule.
    """
    return max(longer, int(law.provision(key, today).value))
