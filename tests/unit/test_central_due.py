"""Headquarters' list of what is due: on the edges of days, hours, holidays and years not kept."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest

from central.application.due import Actor, Asked, Due, Filed, Mark, Pressing
from central.domain.access import ALL, Scope
from station.domain.clock import CHINA
from station.domain.officers import Role
from station.domain.procedure import Act
from station.rules.clocks import Ahead
from station.rules.lawbook import lawbook
from station.working_days import OfficialCalendar
from tests.acts import TO_DECISION
from tests.fakes import NOON, FakeClock
from tests.unit.test_rules_clocks import Weekdays, case, done

ONE = timedelta(microseconds=1)
DETAINED = (Act.ORDER_TO_CORRECT, Act.DETAIN)
PAID = (*TO_DECISION, Act.TAKE_EFFECT, Act.SERVE, Act.PAY, Act.RELEASE)


class FakeCaseFiles:
    """Implements :class:`central.application.due.CaseFiles`; ``read``: case numbers, in order."""

    def __init__(self):
        self.held = {}
        self.closed_on = {}
        self.read = []

    def put(self, file, node="linhe", seq=1):
        self.held[node, file.case_no] = Filed(Mark(node, file.case_no, seq), file)

    async def marks(self, closed_since):
        since = [key for key in self.held if self.closed_on.get(key, closed_since) >= closed_since]
        return [self.held[key].mark for key in since]

    async def files(self, marks):
        self.read += [one.case_no for one in marks]
        return [self.held[one.node, one.case_no] for one in marks]


class Office:
    def __init__(self, at=NOON, working=None):
        self.files = FakeCaseFiles()
        self.clock = FakeClock(at)
        self.due = Due(
            files=self.files,
            law=lawbook(),
            working=working or Weekdays(),
            clock=self.clock,
            ahead=Ahead(hours=timedelta(hours=6), days=3),
        )

    async def at(self, moment, scope=ALL, **asked):
        self.clock.at = moment
        return await self.due(scope, Asked(**asked))

    async def standing(self, key, moment):
        page = await self.at(moment)
        (found,) = [pressing for pressing, one in page.clocks if one.clock.key == key]
        return found


def named(number, file=None):
    return dataclasses.replace(file or case(), case_no=number)


def midnight(day):
    """Return the beginning of a local day."""
    return datetime.combine(day, datetime.min.time(), CHINA).astimezone(UTC)


async def test_a_day_s_clock_is_warned_of_three_days_before_and_overdue_the_day_after():
    office = Office()
    office.files.put(done(case(), *TO_DECISION))  # decided on Sunday 1 March; served until 10 March
    key = "deadline.service"

    assert await office.standing(key, midnight(date(2026, 3, 7)) - ONE) is Pressing.RUNNING
    assert await office.standing(key, midnight(date(2026, 3, 7))) is Pressing.SOON
    assert await office.standing(key, midnight(date(2026, 3, 11)) - ONE) is Pressing.SOON
    assert await office.standing(key, midnight(date(2026, 3, 11))) is Pressing.OVERDUE


async def test_an_hours_clock_is_warned_of_six_hours_before_and_overdue_after_its_last_moment():
    office = Office()
    office.files.put(done(case(), *TO_DECISION[:5]))
    key, end = "deadline.decide_clear_facts", NOON + timedelta(hours=24)

    assert await office.standing(key, end - timedelta(hours=6) - ONE) is Pressing.RUNNING
    assert await office.standing(key, end - timedelta(hours=6)) is Pressing.SOON
    assert await office.standing(key, end) is Pressing.SOON
    assert await office.standing(key, end + ONE) is Pressing.OVERDUE


async def test_holidays_and_shifted_days_of_the_official_calendar_count():
    decided_at = datetime(2026, 2, 13, 4, tzinfo=UTC)  # 春节: 15-23 February; 14 and 28 are worked
    office = Office(at=decided_at, working=OfficialCalendar())
    office.files.put(done(case(), *TO_DECISION, at=decided_at))

    page = await office.at(decided_at)

    served = {one.clock.key: one.clock for _, one in page.clocks}["deadline.service"]
    assert (served.unit, served.due_on) == ("working_day", date(2026, 3, 2))


async def test_a_year_without_its_days_off_is_named_in_its_rows_and_stops_nothing_else():
    opened_at = datetime(2026, 11, 24, 4, tzinfo=UTC)
    office = Office(at=opened_at)
    office.files.put(dataclasses.replace(named("A"), opened_at=opened_at))
    office.files.put(named("B", done(case(), *TO_DECISION)))

    page = await office.at(opened_at, limit=500)

    assert page.missing_years == (2027,)
    *others, last = page.clocks
    assert last[0] is Pressing.INCALCULABLE
    assert (last[1].case_no, last[1].clock.key) == ("A", "deadline.general_case")
    assert (last[1].clock.missing_year, last[1].clock.due_on) == (2027, None)
    assert Pressing.OVERDUE in {pressing for pressing, _ in others}
    assert (await office.at(opened_at, pressing=Pressing.INCALCULABLE)).total == 1


async def test_the_longest_overdue_stands_first_and_pages_follow_one_another():
    office = Office()
    for number, days in (("A", 4), ("B", 0), ("C", 3)):
        opened_at = NOON + timedelta(days=days)
        office.files.put(dataclasses.replace(named(number), opened_at=opened_at))
    at = midnight(date(2026, 6, 20))

    pages = [await office.at(at, offset=first, limit=2) for first in (0, 2, 4)]

    assert [[one.case_no for _, one in page.clocks] for page in pages] == [["B", "C"], ["A"], []]
    assert [page.total for page in pages] == [3, 3, 3]
    assert pages[0].counts[Pressing.OVERDUE] == 3


@pytest.mark.parametrize(
    ("actor", "keys"),
    [
        (Actor.POLICE, {"deadline.report_detention", "deadline.hand_in_vehicle"}),
        (Actor.PARTY, {"deadline.handle", "deadline.unclaimed_vehicle"}),
        (Actor.ROAD, set()),
    ],
)
async def test_it_is_filtered_by_whose_act_is_due(actor, keys):
    office = Office()
    office.files.put(done(case(), *DETAINED))

    page = await office.at(NOON, actor=actor)

    assert keys == {one.clock.key for _, one in page.clocks} - {"deadline.general_case"}
    assert page.total == sum(page.counts.values())


async def test_where_road_administration_penalises_the_decision_is_its_own_act():
    office = Office()
    office.files.put(case(penal=Role.ROAD))

    (found,) = (await office.at(NOON)).clocks

    assert found[1].actor is Actor.ROAD


async def test_of_a_closed_case_the_copy_to_the_home_authority_is_still_due_and_no_more():
    office = Office()
    office.files.put(done(case(), *PAID, Act.CLOSE))

    (found,) = (await office.at(NOON)).clocks
    assert (found[1].clock.key, found[1].actor) == ("procedure.copy_out", Actor.ROAD)

    office.files.closed_on["linhe", "X1"] = NOON.date()
    assert (await office.at(NOON + timedelta(days=60))).clocks == ()


async def test_who_is_limited_to_some_stations_is_told_and_counted_those_alone():
    office = Office()
    office.files.put(case(), node="linhe")
    office.files.put(case(), node="wuda")

    his = await office.at(NOON, scope=Scope(frozenset({"wuda"})))

    assert [one.node for _, one in his.clocks] == ["wuda"]
    assert sum(his.counts.values()) == his.total == 1
    assert (await office.at(NOON, scope=Scope(frozenset()))).total == 0


async def test_a_case_is_worked_out_again_only_when_it_goes_on_or_a_clock_of_it_runs_out():
    office = Office()
    office.files.put(named("A"))
    office.files.put(named("B", done(case(), *TO_DECISION[:5])))
    await office.at(NOON)
    await office.at(NOON + timedelta(hours=24))
    assert office.files.read == ["A", "B"]

    await office.at(NOON + timedelta(hours=24) + ONE)
    assert office.files.read == ["A", "B", "B"]

    office.files.put(named("A", done(case(), *TO_DECISION)), seq=9)
    page = await office.at(NOON + timedelta(hours=25))
    assert office.files.read == ["A", "B", "B", "A"]
    assert ("A", "deadline.service") in {(one.case_no, one.clock.key) for _, one in page.clocks}

    del office.files.held["linhe", "A"]
    page = await office.at(NOON + timedelta(hours=25))
    assert {one.case_no for _, one in page.clocks} == {"B"}


async def test_a_clock_that_was_set_back_lets_run_again_what_had_run_out():
    office = Office()
    office.files.put(done(case(), *TO_DECISION[:5]))
    key, end = "deadline.decide_clear_facts", NOON + timedelta(hours=24)

    assert await office.standing(key, end + ONE) is Pressing.OVERDUE
    assert await office.standing(key, end) is Pressing.SOON
