"""The surcharge on a fine that is not paid in time (加处罚款): what it has run up to.

Source: 《行政处罚法》第七十二条、第七十三条;《行政强制法》第四十五条.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from station.domain.case import Case
from station.domain.clock import local_date
from station.domain.procedure import Act
from station.domain.stages import OWED, Remedy
from station.rules.lawbook import LawBook

_WHOLE: Final = 1000  # permille
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surcharge:
    """What is added to a fine by a day's end.

    Attributes:
        amount_fen: rounded down, never above ``cap_fen``.
        cap_fen: the most that it can become.
        days: days that counted.
        from_on: the first day after the last day to pay.
        suspended: a remedy is pending, so that no day counts now.
    """

    amount_fen: int
    cap_fen: int
    days: int
    from_on: date
    suspended: bool


def surcharge(case: Case, on: date, law: LawBook) -> Surcharge | None:
    """Return the surcharge at the end of local day *on*; None before any day counts, or settled.

    Each day counts on what of the fine was unpaid when it began: the reading in the party's favour.
    Days on which a reconsideration or a lawsuit was pending, first and last included, do not count.

    Raises:
        NoLawInForce: no surcharge in the law of the first day.
    """
    from_on = _from(case)
    if from_on is None or on < from_on or case.state.penalty not in OWED or not case.fine_fen:
        return None
    daily = int(law.provision("procedure.surcharge_daily", from_on).value)
    cap = case.fine_fen * int(law.provision("procedure.surcharge_cap", from_on).value) // _WHOLE
    counted = [day for day in _days(from_on, on) if not _pauses(case, day)]
    total = sum(_unpaid(case, day) * daily for day in counted) // _WHOLE
    return Surcharge(
        amount_fen=min(total, cap),
        cap_fen=cap,
        days=len(counted),
        from_on=from_on,
        suspended=case.state.remedy is Remedy.PENDING,
    )


def _from(case: Case) -> date | None:
    newest = case.newest(Act.DEFER, Act.SERVE)
    if newest is None or newest.details["pay_by"] == "":
        return None
    return date.fromisoformat(str(newest.details["pay_by"])) + _DAY


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _pauses(case: Case, day: date) -> bool:
    """Tell whether a remedy was pending on *day*."""
    began: date | None = None
    for done in case.history:
        if done.act is Act.BEGIN_REMEDY:
            began = date.fromisoformat(str(done.details["accepted_on"]))
        if done.act is Act.END_REMEDY and began is not None:
            if began <= day <= local_date(done.at):
                return True
            began = None
    return began is not None and began <= day


def _unpaid(case: Case, day: date) -> int:
    paid = sum(
        int(done.details["amount_fen"])
        for done in case.history
        if done.act is Act.PAY and str(done.details["paid_on"]) < day.isoformat()
    )
    return max(0, (case.fine_fen or 0) - paid)
