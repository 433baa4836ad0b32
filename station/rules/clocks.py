"""The legal clocks of a case (法定期限): what runs, since when, until when, by which provision.

Made from the case's history and the law data alone; nothing here is written anywhere. An office's
clock that ran out is overdue; a party's own time that ran out has lapsed. Where the State Council's
days off of a year are not known, a clock says so: it is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from station.domain.case import Case, Done
from station.domain.clock import CHINA, local_date
from station.domain.errors import CalendarUnknown, NoLawInForce
from station.domain.officers import Role
from station.domain.procedure import Act
from station.domain.stages import OWED, Custody, Penalty, Remedy
from station.rules.deadlines import WorkingDays, last_day, last_moment
from station.rules.lawbook import LawBook
from station.rules.parameter import Confidence

DAY_KEPT: Final = "date"
"""The unit of a last day that an act states, as it was counted then or granted."""


class Running(Enum):
    """Where a clock stands."""

    RUNNING = "running"  # 进行中
    SUSPENDED = "suspended"  # 救济期间停止
    MET = "met"  # 已办
    OVERDUE = "overdue"  # 办案机关逾期、当事人逾期未履行
    LAPSED = "lapsed"  # 当事人的期间届满
    UNRECORDED = "unrecorded"  # 期限已到,本案不记录是否已办
    INCALCULABLE = "incalculable"  # 不能计算


class Whose(Enum):
    """Whose time it is, and so what it means that it is over."""

    OFFICE = "office"  # 办案机关应办
    DUTY = "duty"  # 当事人应履行
    RIGHT = "right"  # 当事人的权利,逾期即失
    UNSEEN = "unseen"  # 办案机关应办,但本案不记录是否已办


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """How long before its end a clock is warned of. No law names these: they are the house's."""

    hours: timedelta = timedelta(hours=6)
    days: int = 3


USUAL: Final = Ahead()


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalClock:
    """One deadline of a case.

    Attributes:
        key, title, source, unit: of the law data; ``title`` and ``source`` are Chinese.
        confidence: the weaker of the value's and its day's.
        began_on: local day on which the event happened.
        due_on: last local day; None when it cannot be calculated.
        due_at: the last moment, for clocks in hours only.
        authority: whose act is due; None: the party's own.
        missing_year: whose days off are not kept here, where it cannot be calculated for that.
    """

    key: str
    title: str
    source: str
    confidence: Confidence
    unit: str
    whose: Whose
    began_on: date
    due_on: date | None
    due_at: datetime | None
    state: Running
    authority: Role | None
    missing_year: int | None

    def is_over(self, at: datetime) -> bool:
        """Tell whether its time has passed at *at*: the last moment, the last day still count."""
        if self.due_at is not None:
            return at > self.due_at
        return self.due_on is not None and local_date(at) > self.due_on

    def is_soon(self, at: datetime, ahead: Ahead) -> bool:
        """Tell whether it runs at *at* and ends within the time of warning."""
        if self.state is not Running.RUNNING or self.due_on is None:
            return False
        if self.due_at is not None:
            return self.due_at - at <= ahead.hours
        return (self.due_on - local_date(at)).days <= ahead.days


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A clock that an event began, before it is known where it stands.

    ``until``: the last day as an act states it, None: by the law data.
    """

    key: str
    whose: Whose
    at: datetime | date
    met: bool = False
    suspended: bool = False
    until: date | None = None


def clocks(case: Case, at: datetime, law: LawBook, working: WorkingDays) -> tuple[LegalClock, ...]:
    """Return every clock that an event of the case began, the next due first.

    Clocks that are met or whose time has lapsed are among them, after those that run.

    Args:
        case: as it stands.
        at: the moment to look from (aware).
        law: the edition; each clock's provision is the one in force when it began.
        working: the official calendar.
    """
    found = [
        clock
        for begun in _begun(case, at, law, working)
        if (clock := _standing(case, begun, at, law, working)) is not None
    ]
    return tuple(sorted(found, key=_urgency))


def _urgency(clock: LegalClock) -> tuple[bool, date, str]:
    return clock.state in _DONE, clock.due_on or date.min, clock.key


_DONE: Final = {Running.MET, Running.LAPSED, Running.UNRECORDED}
_OVER: Final = {
    Whose.OFFICE: Running.OVERDUE,
    Whose.DUTY: Running.OVERDUE,
    Whose.RIGHT: Running.LAPSED,
    Whose.UNSEEN: Running.UNRECORDED,
}


_COPIED_OUT: Final = "procedure.copy_out"


def _standing(
    case: Case, begun: _Begun, at: datetime, law: LawBook, working: WorkingDays
) -> LegalClock | None:
    """Return where a clock stands; None when no provision was in force when it began."""
    began_on = local_date(begun.at) if isinstance(begun.at, datetime) else begun.at
    try:
        parameter = law.parameter(begun.key)
        provision = parameter.on(began_on)
    except NoLawInForce:
        return None
    due_on, due_at, missing_year = _due(begun, began_on, law, working)
    clock = LegalClock(
        key=begun.key,
        title=parameter.title,
        source=provision.source,
        confidence=_weaker(provision.confidence, provision.day_confidence),
        unit=parameter.unit if begun.until is None else DAY_KEPT,
        whose=begun.whose,
        began_on=began_on,
        due_on=due_on,
        due_at=due_at,
        state=Running.RUNNING,
        authority=_authority(case, begun),
        missing_year=missing_year,
    )
    return _with_state(clock, begun, at)


def _authority(case: Case, begun: _Begun) -> Role | None:
    """Return whose act is due: the copy is road administration's (令62号 art 44)."""
    if begun.whose in (Whose.DUTY, Whose.RIGHT):
        return None
    return Role.ROAD if begun.key == _COPIED_OUT else case.penal


def _with_state(clock: LegalClock, begun: _Begun, at: datetime) -> LegalClock:
    if begun.met:
        return replace(clock, state=Running.MET)
    if begun.suspended:
        return replace(clock, state=Running.SUSPENDED)
    if clock.due_on is None:
        return replace(clock, state=Running.INCALCULABLE)
    return replace(clock, state=_OVER[clock.whose]) if clock.is_over(at) else clock


def _due(
    begun: _Begun, began_on: date, law: LawBook, working: WorkingDays
) -> tuple[date | None, datetime | None, int | None]:
    """Return the last day, the last moment, and the year that is missing."""
    if begun.until is not None:
        return begun.until, None, None
    try:
        if isinstance(begun.at, datetime) and law.parameter(begun.key).unit == "hour":
            moment = last_moment(law, begun.key, begun.at.astimezone(CHINA))
            return moment.date(), moment, None
        return last_day(law, begun.key, began_on, working), None, None
    except CalendarUnknown as exc:
        return None, None, int(exc.fields["year"])
    except NoLawInForce:
        return None, None, None


def _weaker(one: Confidence, other: Confidence) -> Confidence:
    order = [Confidence.SEEN, Confidence.INFERRED, Confidence.RECALLED]
    return max(one, other, key=order.index)


def _begun(case: Case, at: datetime, law: LawBook, working: WorkingDays) -> Iterator[_Begun]:
    yield from _of_custody(case)
    yield from _to_decision(case)
    yield from _hearing(case)
    yield from _payment(case)
    yield from _remedies(case)
    yield from _court(case, at, law, working)
    yield from _after(case)


def _of_custody(case: Case) -> Iterator[_Begun]:
    detained = case.newest(Act.DETAIN)
    if detained is None:
        return
    gone = case.state.custody is not Custody.DETAINED
    # Of a truck that is back nobody can record any more whether it was reported.
    reported = _since(case, detained, Act.REPORT_DETENTION) is not None
    whose = Whose.UNSEEN if gone else Whose.OFFICE
    yield _Begun(key="deadline.report_detention", whose=whose, at=detained.at, met=reported)
    handed_in = gone or _since(case, detained, Act.HAND_IN_VEHICLE) is not None
    yield _Begun(key="deadline.hand_in_vehicle", whose=Whose.OFFICE, at=detained.at, met=handed_in)
    accepted = _since(case, detained, Act.ACCEPT) is not None
    yield _Begun(key="deadline.handle", whose=Whose.DUTY, at=detained.at, met=accepted or gone)
    yield _Begun(key="deadline.unclaimed_vehicle", whose=Whose.DUTY, at=detained.at, met=gone)


def _to_decision(case: Case) -> Iterator[_Begun]:
    decided = case.newest(Act.DECIDE, Act.NOT_PUNISH)
    ended = decided is not None or case.closed
    yield _Begun(key="deadline.general_case", whose=Whose.OFFICE, at=case.opened_at, met=ended)
    accepted = case.newest(Act.ACCEPT, Act.SEND_BACK)
    if accepted is not None and accepted.act is Act.ACCEPT and case.penal is Role.POLICE:
        yield _Begun(
            key="deadline.decide_clear_facts", whose=Whose.OFFICE, at=accepted.at, met=ended
        )
    if decided is not None and decided.act is Act.DECIDE:
        served = case.newest(Act.SERVE) is not None or case.fine_fen is None
        yield _Begun(key="deadline.service", whose=Whose.OFFICE, at=decided.at, met=served)


def _hearing(case: Case) -> Iterator[_Begun]:
    notice = case.newest(Act.NOTIFY)
    if notice is not None and notice.details["hearing"] == "due":
        used = case.newest(Act.ASK_HEARING, Act.WAIVE_HEARING) is not None
        until = _day(notice, "hearing_until")
        key = "deadline.hearing_request"
        yield _Begun(key=key, whose=Whose.RIGHT, at=notice.at, met=used, until=until)
    asked = case.newest(Act.ASK_HEARING)
    if asked is not None and case.penal is Role.POLICE:
        held = case.newest(Act.HOLD_HEARING, Act.NOT_PUNISH) is not None
        day = _day(asked, "asked_on")
        yield _Begun(key="deadline.hearing_held_police", whose=Whose.OFFICE, at=day, met=held)


def _payment(case: Case) -> Iterator[_Begun]:
    served, until = case.newest(Act.SERVE), case.newest(Act.SERVE, Act.DEFER)
    if served is None or until is None or until.details["pay_by"] == "":
        return
    settled = case.state.penalty not in OWED
    yield _Begun(
        key="deadline.pay",
        whose=Whose.DUTY,
        at=_day(served, "served_on"),
        met=settled,
        until=_day(until, "pay_by"),
    )
    demand = case.newest(Act.DEMAND)
    if demand is not None:
        yield _Begun(
            key="deadline.demand",
            whose=Whose.RIGHT,
            at=_day(demand, "demanded_on"),
            met=settled,
            suspended=case.state.remedy is Remedy.PENDING,
            until=_day(demand, "answer_by"),
        )


def _remedies(case: Case) -> Iterator[_Begun]:
    served = case.newest(Act.SERVE)
    if served is None:
        return
    day, revoked = _day(served, "served_on"), case.state.penalty is Penalty.REVOKED
    asked = _remedies_begun(case)
    yield _Begun(
        key="deadline.reconsideration",
        whose=Whose.RIGHT,
        at=day,
        met=revoked or bool(asked),
    )
    reviewed = _reviewed(case)
    used = revoked or "litigation" in asked
    if reviewed is not None:
        key, began = "deadline.litigation_after_reconsideration", local_date(reviewed.at)
    else:
        key, began = "deadline.litigation", day
    pending = case.state.remedy is Remedy.PENDING and not used
    yield _Begun(key=key, whose=Whose.RIGHT, at=began, met=used, suspended=pending)


def _court(case: Case, at: datetime, law: LawBook, working: WorkingDays) -> Iterator[_Begun]:
    """Yield the office's time for the court, once the party's own is over (行政强制法 art 53)."""
    if case.state.penalty not in OWED or case.state.remedy is Remedy.PENDING or not case.fine_fen:
        return
    lapsed = []
    for begun in _remedies(case):
        clock = _standing(case, begun, at, law, working)
        if clock is None or clock.due_on is None:
            return
        if clock.state is Running.RUNNING:
            return
        if clock.state is Running.LAPSED:
            lapsed.append(clock.due_on)
    applied = case.state.penalty is Penalty.IN_COURT
    if lapsed:
        yield _Begun(key="deadline.apply_to_court", whose=Whose.OFFICE, at=max(lapsed), met=applied)


def _after(case: Case) -> Iterator[_Begun]:
    undone = case.undone
    if undone is not None:
        withdrawn = _since(case, undone, Act.WITHDRAW_PUBLISHED) is not None
        key = "deadline.withdraw_published"
        yield _Begun(key=key, whose=Whose.OFFICE, at=undone.at, met=withdrawn)
    closed = case.newest(Act.CLOSE)
    if closed is not None and case.fine_fen is not None:
        copied = case.newest(Act.COPY_OUT) is not None
        yield _Begun(key=_COPIED_OUT, whose=Whose.OFFICE, at=closed.at, met=copied)


def _remedies_begun(case: Case) -> frozenset[str]:
    begun = (done for done in case.history if done.act is Act.BEGIN_REMEDY)
    return frozenset(str(done.details["kind"]) for done in begun)


def _reviewed(case: Case) -> Done | None:
    """Return the newest end of a reconsideration, None when none has ended."""
    kind, found = "", None
    for done in case.history:
        if done.act is Act.BEGIN_REMEDY:
            kind = str(done.details["kind"])
        if done.act is Act.END_REMEDY and kind == "reconsideration":
            found = done
    return found


def _since(case: Case, event: Done, act: Act) -> Done | None:
    later = case.history[case.history.index(event) + 1 :]
    return next((done for done in later if done.act is act), None)


def _day(done: Done, name: str) -> date:
    return date.fromisoformat(str(done.details[name]))
